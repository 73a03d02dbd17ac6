"""An encrypted archive: nothing readable on disk, the same bytes with the key, and words for who does not have it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pysequoia
import pytest

from statement_builder.archive import build_pack, open_archive, read_document
from statement_builder.errors import ArchiveError, ConfigError

DATA = b"Maria Nunez, 99 New Street. " * 100
PDFS = [("d1", b"%PDF one for Maria Nunez"), ("d2", b"%PDF two")]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def new_key(path: Path, mode: int = 0o600) -> Path:
    path.write_bytes(bytes(pysequoia.Tsk.generate(user_id="archive")))
    path.chmod(mode)
    return path


def url(folder: Path, *keys: Path) -> str:
    options = "&".join(f"key={key}" for key in keys)
    return f"file://{folder / 'archive'}" + (f"?{options}" if options else "")


def stored(folder: Path) -> dict[str, bytes]:
    root = folder / "archive"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_put__nothing_readable_is_stored(tmp_path: Path) -> None:
    key = new_key(tmp_path / "key")
    with open_archive(url(tmp_path, key)) as archive:
        archive.put("snapshots/b/1.gz", DATA, sha256=sha256(DATA))
        assert archive.get("snapshots/b/1.gz") == DATA
    (name,), (data,) = stored(tmp_path).keys(), stored(tmp_path).values()
    assert name == "snapshots/b/1.gz.pgp"
    assert b"Nunez" not in data
    assert pysequoia.decrypt(data, decryptor=pysequoia.Tsk.from_file(str(key)).decryptor()).bytes == DATA


def test_pack__documents_are_read_with_the_hashes_of_their_content(tmp_path: Path) -> None:
    pack = build_pack(PDFS)
    with open_archive(url(tmp_path, new_key(tmp_path / "key"))) as archive:
        archive.put("packs/b/1.zip", pack.data, sha256=pack.sha256)
        for entry, (_, pdf) in zip(pack.entries, PDFS, strict=True):
            assert read_document(archive, "packs/b/1.zip", entry.offset, entry.length, sha256(pdf)) == pdf


def test_objects_from_before_the_key__stay_readable_and_are_reported(tmp_path: Path) -> None:
    with open_archive(url(tmp_path)) as archive:
        archive.put("packs/b/1.zip", DATA, sha256=sha256(DATA))
        assert archive.describe_encryption() == ""
    with open_archive(url(tmp_path, new_key(tmp_path / "key"))) as archive:
        archive.put("packs/b/1.zip", DATA, sha256=sha256(DATA))
        assert archive.get("packs/b/1.zip") == DATA
        assert archive.read_range("packs/b/1.zip", 6, 5) == b"Nunez"
        assert archive.describe_encryption() == ""
        archive.delete("packs/b/1.zip")
        archive.put("packs/b/1.zip", DATA, sha256=sha256(DATA))
        assert archive.describe_encryption().startswith("OpenPGP key ")
    assert list(stored(tmp_path)) == ["packs/b/1.zip.pgp"]


def test_new_key__old_objects_are_read_with_the_old_one(tmp_path: Path) -> None:
    old, new = new_key(tmp_path / "old"), new_key(tmp_path / "new")
    with open_archive(url(tmp_path, old)) as archive:
        archive.put("a.zip", DATA, sha256=sha256(DATA))
    with open_archive(url(tmp_path, new, old)) as archive:
        assert archive.get("a.zip") == DATA
        archive.put("a.zip", DATA, sha256=sha256(DATA))
        archive.put("b.zip", DATA, sha256=sha256(DATA))
    with open_archive(url(tmp_path, new)) as archive:
        assert archive.get("b.zip") == DATA
        with pytest.raises(ArchiveError, match=r"a\.zip in the archive cannot be decrypted: .*another\s+`key`"):
            archive.get("a.zip")


def test_damaged_object__is_named(tmp_path: Path) -> None:
    with open_archive(url(tmp_path, new_key(tmp_path / "key"))) as archive:
        archive.put("a.zip", DATA, sha256=sha256(DATA))
        path = tmp_path / "archive" / "a.zip.pgp"
        damaged = bytearray(path.read_bytes())
        damaged[-20] ^= 1
        path.chmod(0o600)
        path.write_bytes(damaged)
        with pytest.raises(ArchiveError, match=r"a\.zip in the archive cannot be decrypted"):
            archive.get("a.zip")


def test_links__are_stored_as_recipients_open_them(tmp_path: Path) -> None:
    with open_archive(url(tmp_path, new_key(tmp_path / "key"))) as archive:
        archive.put("links/d1.pdf", DATA, sha256=sha256(DATA))
        assert archive.get("links/d1.pdf") == DATA
    assert stored(tmp_path) == {"links/d1.pdf": DATA}


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        pytest.param(None, 0, "cannot be read", id="missing"),
        pytest.param(b"hello", 0o600, "is not an OpenPGP private key", id="not-a-key"),
        pytest.param("public", 0o600, "is not an OpenPGP private key", id="public-key"),
        pytest.param("private", 0o604, "every user can access; run chmod 600", id="open-to-everybody"),
    ],
)
def test_open__unusable_key_is_refused(content: object, mode: int, message: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if content is not None:
        key = pysequoia.Tsk.generate(user_id="archive")
        parts = {"public": bytes(key.extract_certificate()), "private": bytes(key)}
        path.write_bytes(content if isinstance(content, bytes) else parts[str(content)])
        path.chmod(mode)
    with pytest.raises(ConfigError, match=message):
        open_archive(url(tmp_path, path))
