"""Evidence packets: two persons, exhibits by their hash, nobody else's visits, and a trace of who saw what."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pypdf
import pytest

from statement_builder.operations.evidence import write
from statement_builder.operations.queries import write_private
from tests.commands import call, error_message
from tests.e2e.test_release import BEN
from tests.e2e.test_tracking import return_mail, track
from tests.hospital import Hospital, needs_other_users

pytestmark = pytest.mark.hospital("mailed", guarantors=40)
REASON = ("--reason", "sample of the auditor")


@pytest.fixture
def household(hospital: Hospital) -> tuple[str, list[str]]:
    """A document with several visits, and their accounts in printed order."""
    ((document, _),) = hospital.ledger(
        "SELECT document_id, count(*) FROM document_account JOIN document USING (document_id) "
        "WHERE state = 'handed_off' AND kind = 'statement' GROUP BY 1 HAVING count(*) BETWEEN 3 AND 9 LIMIT 1"
    )
    rows = hospital.ledger(
        "SELECT account_number FROM document_account WHERE document_id = ? ORDER BY position", document
    )
    return document, [account for (account,) in rows]


def single(hospital: Hospital) -> tuple[str, str]:
    """A document about one visit, and its account."""
    ((document, account, _),) = hospital.ledger(
        "SELECT document_id, min(account_number), count(*) FROM document_account JOIN document USING (document_id) "
        "WHERE state = 'handed_off' AND channel = 'print' GROUP BY 1 HAVING count(*) = 1 LIMIT 1"
    )
    return document, account


def request(hospital: Hospital, *accounts: str, kind: str = "bad-debt") -> str:
    return str(call(hospital, "evidence", kind, *accounts, *REASON, "--json").json["packet_id"])


def draft(hospital: Hospital, packet: str) -> tuple[list[str], dict[str, Any]]:
    """The text of each page, and what was written."""
    path = hospital.home / "draft.pdf"
    written = call(hospital, "evidence", "draft", packet, "-o", str(path), "--json").json
    return texts(path.read_bytes()), written


def texts(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def name_officer(hospital: Hospital, *users: str) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n[evidence]\nofficers = {json.dumps(users)}\n", encoding="utf-8")


def approved(hospital: Hospital, packet: str) -> None:
    """Ben approves what the draft says."""
    name_officer(hospital, str(BEN))
    content = draft(hospital, packet)[1]["content_sha256"]
    call(hospital.as_user(BEN), "evidence", "approve", packet, "--content", content[:16], "--reason", "read it")


def events(hospital: Hospital) -> list[str]:
    return [what for (what,) in hospital.ledger("SELECT what FROM event WHERE batch_id = 'evidence' ORDER BY event_id")]


def test_draft__has_cover_index_log_proof_and_exhibit(hospital: Hospital) -> None:
    document, account = single(hospital)
    pages, written = draft(hospital, request(hospital, account))
    ((sha256,),) = hospital.ledger("SELECT sha256 FROM document WHERE document_id = ?", document)
    assert "Draft. Not approved." in pages[0]
    assert sha256 in pages[0].replace(" ", "")
    assert "Medicaid remittance advice" in pages[0], "what must be attached"
    records = " ".join(pages[1:])
    assert "counts as mailed" in records
    ((print_file,),) = hospital.ledger("SELECT print_file FROM delivery WHERE document_id = ?", document)
    assert print_file in records.replace(" ", "")
    assert f"Document {document}" in pages[-1]
    assert all(f"page {number} of {len(pages)}" in page for number, page in enumerate(pages, start=1))
    assert all("DRAFT, NOT APPROVED" in page for page in pages)
    assert (written["exhibits"], written["redacted"], written["withheld"]) == (1, 0, 0)


def test_draft__bookmarks_lead_to_the_pages_that_the_index_names(hospital: Hospital) -> None:
    _, account = single(hospital)
    draft(hospital, request(hospital, account))
    reader = pypdf.PdfReader(hospital.home / "draft.pdf")
    outline: Any = reader.outline  # destinations, each followed by the list of those below it
    first, item, children = outline
    assert reader.get_destination_page_number(first) == 0
    place: Any = reader.get_destination_page_number(item)
    assert texts((hospital.home / "draft.pdf").read_bytes())[place].startswith(f"A. Account {account}")
    assert [child.title.partition(" ")[0] for child in children] == ["A-1"]


def test_exhibit__shows_only_the_accounts_of_the_packet(hospital: Hospital, household: tuple[str, list[str]]) -> None:
    document, (kept, *others) = household
    pages, written = draft(hospital, request(hospital, kept))
    text = " ".join(pages)
    assert kept in text
    for other in others:
        assert other not in text
    assert written["redacted"] == 1
    assert f"Redacted: {len(others)} other visits were removed." in text
    assert f"Document {document}" in text


def test_exhibit__of_all_its_accounts_is_the_archived_file(
    hospital: Hospital, household: tuple[str, list[str]]
) -> None:
    _, accounts = household
    assert draft(hospital, request(hospital, *accounts))[1]["redacted"] == 0


def test_exhibit__damaged_in_the_archive_is_withheld(hospital: Hospital) -> None:
    document, account = single(hospital)
    ((key, offset),) = hospital.ledger('SELECT pack_key, "offset" FROM document WHERE document_id = ?', document)
    (pack,) = (hospital.home / "archive").rglob(Path(key).name)
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[offset + 100] ^= 1
    pack.write_bytes(data)
    pages, written = draft(hospital, request(hospital, account))
    assert written["withheld"] == 1
    assert "the archive does not have the file that the ledger recorded" in pages[0]
    assert not any(f"Document {document}" in page for page in pages)


def test_log__has_returned_mail_and_holds(hospital: Hospital) -> None:
    document, account = single(hospital)
    return_mail(hospital, document)
    track(hospital)
    pages, _ = draft(hospital, request(hospital, account))
    assert "returned by the post office" in " ".join(pages)
    assert "not counted" in pages[0], "it does not count as mailed"


def test_medicare__facts_and_faults_are_in_the_packet(hospital: Hospital) -> None:
    _, account = single(hospital)
    hospital.sql("UPDATE medicare_bad_debt SET account_number = ? WHERE last_name = 'Brandt'", account)
    text = " ".join(draft(hospital, request(hospital, account))[0])
    assert "Medicare remittance advice" in text
    assert "collection effort ceased" in text
    assert "SHORT_EFFORT" in text
    assert "42 CFR 413.89(e)(2)(i)(A)(4)-(5)" in text


def test_small_claims__has_the_charges_and_what_counsel_adds(hospital: Hospital) -> None:
    _, account = single(hospital)
    text = " ".join(draft(hospital, request(hospital, account, kind="small-claims"))[0])
    assert "Itemized bill" in text
    ((cents,),) = hospital.sql("SELECT sum(amount_cents) FROM charge WHERE account_number = ?", account)
    assert f"${cents // 100:,}.{cents % 100:02}" in text
    for paper in ("SCRA", "PACER", "Affidavit of the custodian"):
        assert paper in text


@needs_other_users
def test_packet__is_written_after_an_officer_approved_it(hospital: Hospital, household: tuple[str, list[str]]) -> None:
    _, (kept, *others) = household
    packet = request(hospital, kept)
    folder = hospital.home / "out"
    folder.mkdir()
    assert "waits for an officer" in error_message(call(hospital, "evidence", "write", packet, "-o", "out", code=3))
    assert list(folder.iterdir()) == []
    approved(hospital, packet)
    call(hospital, "evidence", "write", packet, "-o", "out")
    pdf = folder / f"{packet}.pdf"
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    pages = texts(pdf.read_bytes())
    assert f"Approved by {BEN}@" in pages[0]
    assert not any("DRAFT" in page for page in pages)
    with zipfile.ZipFile(folder / f"{packet}.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files[f"{packet}.pdf"] == pdf.read_bytes()
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"}
    (exhibit,) = [row for row in csv.DictReader(io.StringIO(files["manifest.csv"].decode())) if row["exhibit"]]
    assert exhibit["state"] == "redacted"
    assert exhibit["sha256"] == sums[exhibit["file"]] != exhibit["archive_sha256"]
    exhibit_text = " ".join(texts(files[exhibit["file"]]))
    assert not any(other in exhibit_text or other.encode() in files["log.csv"] for other in others)
    assert {row["account"] for row in csv.DictReader(io.StringIO(files["log.csv"].decode()))} == {kept}
    assert events(hospital) == ["requested", "approved", "written"]


@needs_other_users
def test_packet__written_again_is_the_same(hospital: Hospital) -> None:
    packet = request(hospital, single(hospital)[1])
    approved(hospital, packet)
    written = []
    for folder in ("one", "two"):
        (hospital.home / folder).mkdir()
        call(hospital, "evidence", "write", packet, "-o", folder)
        written.append([path.read_bytes() for path in sorted((hospital.home / folder).iterdir())])
    assert written[0] == written[1]


class KilledError(BaseException):
    """Stands for the death of the process: no handler of an error sees it."""


@needs_other_users
@pytest.mark.parametrize(
    ("place", "files"),
    [
        pytest.param("make_zip", 0, id="before-the-event"),
        pytest.param("first-file", 0, id="after-the-event"),
        pytest.param("second-file", 1, id="between-the-files"),
    ],
)
def test_packet__killed_while_it_is_written_is_complete_after_the_next_run(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, place: str, files: int
) -> None:
    packet = request(hospital, single(hospital)[1])
    approved(hospital, packet)
    folder = hospital.home / "out"
    folder.mkdir()
    left = [files]

    def die(*arguments: Any) -> None:
        if place == "make_zip" or not left[0]:
            raise KilledError
        left[0] -= 1
        write_private(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(write, "make_zip" if place == "make_zip" else "write_private", die)
        with pytest.raises(KilledError):
            call(hospital, "evidence", "write", packet, "-o", "out")
    assert len(list(folder.iterdir())) == files
    call(hospital, "evidence", "write", packet, "-o", "out")
    with zipfile.ZipFile(folder / f"{packet}.zip") as archive:
        assert archive.read(f"{packet}.pdf") == (folder / f"{packet}.pdf").read_bytes()
    assert set(events(hospital)) == {"requested", "approved", "written"}


@needs_other_users
def test_packet__that_has_changed_needs_another_approval(hospital: Hospital) -> None:
    document, account = single(hospital)
    packet = request(hospital, account)
    approved(hospital, packet)
    return_mail(hospital, document)
    track(hospital)
    (hospital.home / "out").mkdir()
    assert "has changed since its approval" in error_message(
        call(hospital, "evidence", "write", packet, "-o", "out", code=3)
    )


@needs_other_users
@pytest.mark.parametrize(
    ("officers", "message"),
    [
        pytest.param((), "name the officers", id="nobody-is-named"),
        pytest.param(("ana",), "by an officer named", id="not-an-officer"),
        pytest.param((str(BEN),), "because you requested it", id="requested-it"),
    ],
)
def test_approve__only_by_an_officer_who_did_not_request_it(
    hospital: Hospital, officers: tuple[str, ...], message: str
) -> None:
    name_officer(hospital, *officers)
    _, account = single(hospital)
    asker = hospital.as_user(BEN) if str(BEN) in officers else hospital
    packet = str(call(asker, "evidence", "bad-debt", account, *REASON, "--json").json["packet_id"])
    result = call(
        hospital.as_user(BEN), "evidence", "approve", packet, "--content", "0" * 16, "--reason", "x", code=None
    )
    assert result.code in {2, 3}
    assert message in result.err
    assert events(hospital) == ["requested"]


@needs_other_users
def test_approve__only_what_was_read(hospital: Hospital) -> None:
    packet = request(hospital, single(hospital)[1])
    name_officer(hospital, str(BEN))
    stopped = call(hospital.as_user(BEN), "evidence", "approve", packet, "--content", "0" * 64, "--reason", "x", code=3)
    assert "has other contents than you name" in stopped.err
    assert events(hospital) == ["requested"]


def test_request__again_on_the_same_day_is_the_same_packet(hospital: Hospital) -> None:
    _, account = single(hospital)
    assert request(hospital, account) == request(hospital, account)
    assert events(hospital) == ["requested"]


def test_request__of_a_sample_list(hospital: Hospital, household: tuple[str, list[str]]) -> None:
    _, accounts = household
    lines = "\r\n".join(["account,note", *(f'"{account}",x' for account in accounts), ""])
    (hospital.home / "sample.csv").write_text(lines, encoding="utf-8-sig")
    packet = call(hospital, "evidence", "bad-debt", "--sample", "sample.csv", *REASON, "--json").json
    assert packet["accounts"] == accounts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("bad-debt", *REASON), "1 to 200 accounts", id="no-account"),
        pytest.param(("bad-debt", "NO-SUCH", *REASON), "no document in this ledger", id="unknown-account"),
        pytest.param(("bad-debt", "--sample", "gone.csv", *REASON), "cannot be read", id="no-list"),
        pytest.param(("bad-debt", "7001", "--reason", " "), "requires a reason", id="no-reason"),
        pytest.param(("draft", "EV-1", "-o", "x.pdf"), "There is no evidence packet", id="unknown-packet"),
    ],
)
def test_evidence__refuses_with_one_sentence(hospital: Hospital, arguments: tuple[str, ...], message: str) -> None:
    assert message in error_message(call(hospital, "evidence", *arguments, code=2))


def test_small_claims__is_against_one_guarantor(hospital: Hospital) -> None:
    rows = hospital.ledger(
        "SELECT guarantor_id, min(account_number) FROM document JOIN document_account USING (document_id) GROUP BY 1"
    )
    accounts = [account for _, account in rows[:2]]
    message = error_message(call(hospital, "evidence", "small-claims", *accounts, *REASON, code=2))
    assert "against one guarantor" in message


def test_draft__is_a_view_of_its_documents(hospital: Hospital) -> None:
    document, account = single(hospital)
    draft(hospital, request(hospital, account))
    ((what, purpose),) = hospital.ledger("SELECT what, purpose FROM access ORDER BY access_id DESC LIMIT 1")
    assert (what, purpose) == ("evidence draft", REASON[1])
    assert (document,) in hospital.ledger("SELECT document_id FROM access_subject")


def test_purged_snapshot__withholds_a_document_with_other_visits(
    hospital: Hospital, household: tuple[str, list[str]]
) -> None:
    document, (kept, *_) = household
    ((key,),) = hospital.ledger(
        "SELECT snapshot_key FROM shard JOIN document USING (batch_id, sequence) WHERE document_id = ?", document
    )
    (snapshot,) = (hospital.home / "archive").rglob(Path(key).name)
    snapshot.chmod(0o600)
    snapshot.write_bytes(b"damaged")
    pages, written = draft(hospital, request(hospital, kept))
    assert written["withheld"] == 1
    assert "it shows other visits" in pages[0]
