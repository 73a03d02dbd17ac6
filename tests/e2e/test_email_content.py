"""The content of e-mails by setting: an encrypted PDF or an expiring link. Recipients without either get paper."""

from __future__ import annotations

import email
import email.policy
import gzip
import hashlib
import io
import re
from pathlib import Path

import httpx
import pikepdf
import pytest

from tests.commands import call
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.services.faulty_s3 import FaultyS3

BATCH = f"{CYCLE}-statement"
RUN = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", "--json")
SECRET = "blue heron 47"


def make_hospital(home: Path, content: str, environ: dict[str, str] | None = None) -> Hospital:
    build_hospital(home, guarantors=40)
    settings = home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[mail]\n", f'[mail]\nemail_content = "{content}"\n'), encoding="utf-8")
    return Hospital(home, environ or {})


def messages(hospital: Hospital) -> dict[str, email.message.EmailMessage]:
    """Document id → message."""
    return {
        path.stem: email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (hospital.home / "outbox" / "email").glob("*.eml")
    }


def sha256_of(hospital: Hospital, document: str) -> str:
    return str(hospital.ledger("SELECT sha256 FROM document WHERE document_id = ?", document)[0][0])


def test_attachment__recipients_without_a_good_secret_get_paper(tmp_path: Path) -> None:
    hospital = make_hospital(tmp_path / "home", "attachment")
    by_email = hospital.sql(
        "SELECT guarantor_id FROM guarantor WHERE delivery = 'email' AND email_consent_at IS NOT NULL ORDER BY 1"
    )
    for number, (guarantor,) in enumerate(by_email):
        secret = (SECRET, "06/30/1980", None)[number % 3]
        hospital.sql("UPDATE guarantor SET email_secret = ? WHERE guarantor_id = ?", secret, guarantor)
    summary = hospital.statements(*RUN).json
    assert (summary["state"], summary["foots"]) in {("closed", True), ("handing_off", True)}
    with_secret = {row[0] for row in hospital.sql("SELECT guarantor_id FROM guarantor WHERE email_secret = ?", SECRET)}
    sent = messages(hospital)
    assert sent
    for document, message in sent.items():
        owner = hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)[0][0]
        assert owner in with_secret
        (attached,) = message.iter_attachments()
        with pikepdf.open(io.BytesIO(attached.get_content()), password=SECRET) as opened:
            assert opened.encryption.bits == 256
            assert len(opened.pages) >= 1
    refused = [
        row[0]
        for row in hospital.ledger(
            "SELECT DISTINCT document_id FROM delivery WHERE channel = 'email' AND state = 'failed'"
        )
    ]
    assert refused, "every recipient has a good secret, so this proves nothing"
    assert set(refused) <= {row["document_id"] for row in hospital.manifest_rows()}
    assert not set(refused) & set(sent)
    assert "blue heron" not in (hospital.home / "ledger.db").read_bytes().decode("latin-1")


def give_secrets(hospital: Hospital, secret: str | None) -> None:
    hospital.sql("UPDATE guarantor SET email_secret = ? WHERE delivery = 'email'", secret)


def files_with(hospital: Hospital, text: str) -> list[str]:
    """Files below the home folder that contain the text, compressed or not. The billing database is not ours."""
    found = []
    for path in hospital.home.rglob("*"):
        if not path.is_file() or path == hospital.database:
            continue
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        if text.encode() in data:
            found.append(path.name)
    return found


def opened_with(hospital: Hospital, secret: str) -> int:
    """How many attachments the secret opens. Every one must open."""
    for message in messages(hospital).values():
        (attached,) = message.iter_attachments()
        pikepdf.open(io.BytesIO(attached.get_content()), password=secret).close()
    return len(messages(hospital))


def test_attachment__no_file_contains_the_secret(tmp_path: Path) -> None:
    hospital = make_hospital(tmp_path / "home", "attachment")
    give_secrets(hospital, SECRET)
    assert "blue" in SECRET
    result = hospital.statements(*RUN)
    assert opened_with(hospital, SECRET) > 1
    assert any(hospital.home.rglob("*.jsonl.gz"))
    assert files_with(hospital, SECRET) == []
    assert SECRET not in result.out + result.err
    assert SECRET not in hospital.statements("show", BATCH, "--json").out


def test_attachment__uses_the_secret_on_file_when_it_is_sent(tmp_path: Path) -> None:
    hospital = make_hospital(tmp_path / "home", "attachment")
    give_secrets(hospital, SECRET)
    hospital.statements(*RUN[:-2], "--json", code=3)
    give_secrets(hospital, "violet otter 92")
    hospital.statements("rerun", BATCH, "--release")
    assert opened_with(hospital, "violet otter 92") > 1


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        pytest.param(None, "is missing", id="gone"),
        pytest.param("name", "is a name, an id, a date or a number", id="the-name"),
        pytest.param("sunshine", "is a common word", id="common-word"),
    ],
)
def test_attachment__secret_that_is_gone_or_bad_when_it_is_sent(
    secret: str | None, reason: str, tmp_path: Path
) -> None:
    hospital = make_hospital(tmp_path / "home", "attachment")
    give_secrets(hospital, SECRET)
    hospital.statements(*RUN[:-2], "--json", code=3)
    emailed = {row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'email'")}
    if secret == "name":
        hospital.sql("UPDATE guarantor SET email_secret = first_name || ' ' || last_name || ' 1980'")
    else:
        give_secrets(hospital, secret)
    hospital.statements("rerun", BATCH, "--release")
    assert messages(hospital) == {}
    assert emailed <= {row["document_id"] for row in hospital.manifest_rows()}
    for document in emailed:
        why = hospital.ledger("SELECT group_concat(why) FROM event WHERE subject = ?", document)[0][0]
        assert reason in why


def test_archive_link__opens_the_document(tmp_path: Path, s3_url: str) -> None:
    hospital = make_hospital(tmp_path / "home", "archive-link", {"STATEMENTS_ARCHIVE": s3_url})
    hospital.statements(*RUN)
    sent = messages(hospital)
    assert len(sent) > 1
    for document, message in sent.items():
        body = message.get_body(("html",))
        assert body is not None
        (link,) = set(re.findall(r'href="([^"]+)"', body.get_content()))
        answer = httpx.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == sha256_of(hospital, document)
        assert "X-Amz-Expires=604800" in link


def test_archive_link__failed_upload_is_retried_by_a_rerun(
    tmp_path: Path, faulty_s3: FaultyS3, faulty_s3_url: str, no_pauses: list[float]
) -> None:
    faulty_s3.inject("error-500", method="PUT", path="links/")
    hospital = make_hospital(tmp_path / "home", "archive-link", {"STATEMENTS_ARCHIVE": faulty_s3_url})
    answer = call(hospital, *RUN, code=1)
    assert "links/" in answer.err
    assert no_pauses, "the upload was not retried"
    assert "Traceback" not in answer.err
    assert messages(hospital) == {}
    assert set(hospital.ledger("SELECT DISTINCT state FROM delivery WHERE channel = 'email'")) == {("failed",)}
    faulty_s3.clear()
    call(hospital, "rerun", BATCH, "--release")
    emailed = [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'email'")]
    assert sorted(messages(hospital)) == sorted(emailed)


def test_archive_link__requires_s3(tmp_path: Path) -> None:
    hospital = make_hospital(tmp_path / "home", "archive-link")
    answer = hospital.statements(*RUN, code=2)
    assert "requires an archive on S3" in answer.err
    assert not hospital.ledger_exists()


@pytest.mark.parametrize("content", ["pdf", ""])
def test_email_content__unknown_value_is_refused(content: str, tmp_path: Path) -> None:
    answer = make_hospital(tmp_path / "home", content).statements(*RUN, code=2)
    assert "mail.email_content must be" in answer.err
