"""A key that its owner revoked, that has expired, or that cannot encrypt is refused when it is loaded and when used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest
from pysequoia.packet import PacketPile, Tag

from mail_house.errors import Misconfigured
from mail_house.vendors.folder import open_local_directory
from mail_house.vendors.vendor import FolderVendor
from security_kit.openpgp import PgpEncryptor, load_encryptor
from tests.mail_house.pieces import make_print_file

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(user_id="vendor <in@vendor.example>")


def load(folder: Path, certificate: bytes, now: datetime = NOW) -> PgpEncryptor:
    (folder / "vendor.pgp").write_bytes(certificate)
    return load_encryptor(str(folder / "vendor.pgp"), setting="print: pgp_key", owner="the vendor", clock=lambda: now)


def without_subkeys(certificate: pysequoia.Cert) -> bytes:
    packets = list(PacketPile.from_bytes(bytes(certificate)))
    first = next(index for index, each in enumerate(packets) if each.tag == Tag.PublicSubkey)
    return b"".join(bytes(each) for each in packets[:first])


def test_good_key__its_owner_can_decrypt(key: pysequoia.Tsk, tmp_path: Path) -> None:
    encrypted = load(tmp_path, bytes(key.extract_certificate()))(b"secret")
    assert b"secret" not in encrypted
    assert pysequoia.decrypt(encrypted, decryptor=key.decryptor()).bytes == b"secret"


def test_revoked_key__is_refused(key: pysequoia.Tsk, tmp_path: Path) -> None:
    certificate = key.extract_certificate()
    revocation = certificate.revoke(key.certifier())
    with pytest.raises(ValueError, match=r"vendor\.pgp is revoked by its owner; ask the vendor for a current key"):
        load(tmp_path, bytes(certificate) + bytes(revocation))


def test_expired_key__is_refused(key: pysequoia.Tsk, tmp_path: Path) -> None:
    certificate = key.extract_certificate().set_expiration(NOW + timedelta(hours=1), key.certifier())
    load(tmp_path, bytes(certificate))
    with pytest.raises(ValueError, match=r"expired on \d{4}-\d\d-\d\d; ask the vendor"):
        load(tmp_path, bytes(certificate), LATER)


def test_expired_encryption_subkey__is_refused(tmp_path: Path) -> None:
    """The owner has prolonged the key, but not the part of it that encrypts."""
    key = pysequoia.Tsk.generate(user_id="vendor", validity_seconds=3600)
    certificate = key.extract_certificate().set_expiration(NOW + timedelta(days=900), key.certifier())
    load(tmp_path, bytes(certificate))
    with pytest.raises(ValueError, match="no key that can encrypt, or only expired or revoked ones"):
        load(tmp_path, bytes(certificate), LATER)


def test_key_that_only_signs__is_refused(key: pysequoia.Tsk, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no key that can encrypt"):
        load(tmp_path, without_subkeys(key.extract_certificate()))


def test_key_expires_between_load_and_use__nothing_is_handed_over(key: pysequoia.Tsk, tmp_path: Path) -> None:
    certificate = key.extract_certificate().set_expiration(NOW + timedelta(hours=1), key.certifier())
    now = [NOW]
    (tmp_path / "vendor.pgp").write_bytes(bytes(certificate))
    encryptor = load_encryptor(str(tmp_path / "vendor.pgp"), setting="s", owner="the vendor", clock=lambda: now[0])
    out = tmp_path / "out"
    vendor = FolderVendor(lambda: open_local_directory(out), location="here", collects=False, encryptor=encryptor)
    now[0] = LATER
    with pytest.raises(Misconfigured, match="expired on"):
        vendor.prepare(make_print_file(pages=(1,)))
    assert list(out.iterdir()) == []
