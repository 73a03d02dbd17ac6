"""Packs: ZIP files that any tool opens, with each document as one byte range."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from statement_builder.archive import build_pack, open_archive, read_document
from statement_builder.errors import ArchiveError

MEMBERS = [
    ("0b7c1f9e-0000-5000-8000-000000000001", b"%PDF-1.7 one"),
    ("0b7c1f9e-0000-5000-8000-000000000002", b"%PDF two"),
]


def test_build_pack__entries_have_the_byte_ranges() -> None:
    pack = build_pack(MEMBERS)
    found = [(entry.document_id, pack.data[entry.offset : entry.offset + entry.length]) for entry in pack.entries]
    assert found == MEMBERS
    assert pack.sha256 == hashlib.sha256(pack.data).hexdigest()


def test_build_pack__is_a_standard_zip_with_uncompressed_documents(tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(build_pack(MEMBERS).data)
    subprocess.run([sys.executable, "-m", "zipfile", "-t", str(path)], check=True, capture_output=True)
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [f"{document_id}.pdf" for document_id, _ in MEMBERS]
        assert {info.compress_type for info in opened.infolist()} == {zipfile.ZIP_STORED}
        assert opened.read(f"{MEMBERS[1][0]}.pdf") == MEMBERS[1][1]


def test_build_pack__same_members_give_same_bytes() -> None:
    first = build_pack(MEMBERS)
    assert first == build_pack(list(MEMBERS))
    with zipfile.ZipFile(BytesIO(first.data)) as opened:
        assert {info.date_time[:3] for info in opened.infolist()} == {(1980, 1, 1)}


def test_build_pack__1000_documents_need_no_zip64() -> None:
    pack = build_pack([(f"{n:036d}", b"%PDF" + bytes(1000)) for n in range(1000)])
    assert len(pack.entries) == 1000
    assert b"PK\x06\x06" not in pack.data[-4096:]


def test_build_pack__no_members() -> None:
    assert build_pack([]).entries == ()


def test_read_document__detects_damage(tmp_path: Path) -> None:
    pack = build_pack(MEMBERS)
    entry = pack.entries[1]
    sha256 = hashlib.sha256(MEMBERS[1][1]).hexdigest()
    with open_archive(f"file://{tmp_path}/archive") as archive:
        archive.put("p.zip", pack.data, sha256=pack.sha256)
        assert read_document(archive, "p.zip", entry.offset, entry.length, sha256) == MEMBERS[1][1]
        path = tmp_path / "archive" / "p.zip"
        damaged = bytearray(pack.data)
        damaged[entry.offset + 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(damaged)
        with pytest.raises(ArchiveError, match=r"p\.zip is damaged"):
            read_document(archive, "p.zip", entry.offset, entry.length, sha256)
