"""A whole batch with an encrypted archive: every verb reads what it needs, and no file in the archive is readable."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pysequoia
import pytest

from tests.commands import BATCH, RUN, call, error_message
from tests.hospital import Hospital

pytestmark = pytest.mark.hospital("new", guarantors=40)


@pytest.fixture
def encrypted(hospital: Hospital) -> Hospital:
    key = hospital.home / "archive.key"
    key.write_bytes(bytes(pysequoia.Tsk.generate(user_id="archive")))
    key.chmod(0o600)
    return Hospital(hospital.home, {"STATEMENTS_ARCHIVE": f"file://{hospital.home / 'archive'}?key={key}"})


def doctor(hospital: Hospital) -> str:
    findings = {row["part"]: row for row in call(hospital, "doctor", "--json", code=None).json}
    assert findings["encryption at rest"]["ok"]
    return str(findings["encryption at rest"]["message"])


def test_batch__runs_and_its_documents_are_what_was_sent(encrypted: Hospital, tmp_path: Path) -> None:
    summary = call(encrypted, *RUN).json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    # Two or three letters occur in random bytes by chance.
    names = [name for (name,) in encrypted.sql("SELECT last_name FROM guarantor WHERE length(last_name) >= 6")]
    assert names
    files = [path for path in (encrypted.home / "archive").rglob("*") if path.is_file()]
    encrypted_files = [path for path in files if path.name != "installation.json"]
    assert {path.suffix for path in encrypted_files} == {".pgp"}
    for path in encrypted_files:
        assert not any(name.encode() in path.read_bytes() for name in names)
        with pytest.raises(gzip.BadGzipFile):
            gzip.decompress(path.read_bytes())
    document, sha256 = encrypted.ledger("SELECT document_id, sha256 FROM document WHERE state = 'handed_off'")[0]
    call(encrypted, "get", document, "-o", str(tmp_path / "x.pdf"))
    assert hashlib.sha256((tmp_path / "x.pdf").read_bytes()).hexdigest() == sha256
    call(encrypted, "reprint", document, "--reason", "lost")
    assert call(encrypted, "show", BATCH, "--json").json["foots"]
    assert "archive encrypted (OpenPGP key" in doctor(encrypted)


def test_doctor__says_what_is_not_encrypted(hospital: Hospital) -> None:
    message = doctor(hospital)
    assert "NOT encrypted by this service: archive, ledger, print, email, mail.inbox" in message
    assert "\n" not in message


def test_another_key__says_so(encrypted: Hospital, tmp_path: Path) -> None:
    call(encrypted, *RUN)
    key = tmp_path / "other.key"
    key.write_bytes(bytes(pysequoia.Tsk.generate(user_id="other")))
    key.chmod(0o600)
    other = Hospital(encrypted.home, {"STATEMENTS_ARCHIVE": f"file://{encrypted.home / 'archive'}?key={key}"})
    (document,) = encrypted.ledger("SELECT document_id FROM document WHERE state = 'handed_off'")[0]
    message = error_message(call(other, "get", document, "-o", str(tmp_path / "x.pdf"), code=1))
    assert "cannot be decrypted" in message
