"""OpenPGP encryption to a key that is valid at the moment of use: not expired, not revoked, able to encrypt.

pysequoia encrypts to an expired or revoked key without complaint, so both are checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pysequoia
from pysequoia.packet import Packet, PacketPile, SignatureType, Tag

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time, aware."""
    return datetime.now(UTC)


class PgpEncryptor:
    """Encrypts to one certificate. Encrypting the same bytes twice gives different results: each has its own session
    key."""

    suffix = ".pgp"

    def __init__(self, certificate: pysequoia.Cert, *, what: str, clock: Clock = utc_now) -> None:
        self._certificate = certificate
        self._what = what
        self._clock = clock

    def __call__(self, data: bytes) -> bytes:
        """Raises ValueError if the key has expired since it was loaded."""
        try:
            return _encrypt(data, self._certificate, self._clock())
        except ValueError as exc:
            raise ValueError(f"{self._what} {exc}") from exc


def load_encryptor(key_file: str, *, setting: str, owner: str, clock: Clock = utc_now) -> PgpEncryptor:
    """Load a public key, armored or binary. `setting` and `owner` (who can issue a new key) are for messages.

    Raises ValueError, naming the file, if it is missing, is not a key, is revoked or expired, or cannot encrypt.
    """
    what = f"{setting}: {key_file}"
    try:
        certificate = pysequoia.Cert.from_bytes(Path(key_file).read_bytes())
    except OSError as exc:
        raise ValueError(f"{setting} names {key_file}, which cannot be read ({exc.strerror})") from exc
    except Exception as exc:
        raise ValueError(f"{what} is not an OpenPGP public key; ask {owner} for a current key") from exc
    try:
        _encrypt(b"test", certificate, clock())
    except ValueError as exc:
        raise ValueError(f"{what} {exc}; ask {owner} for a current key") from exc
    return PgpEncryptor(certificate, what=what, clock=clock)


def _encrypt(data: bytes, certificate: pysequoia.Cert, now: datetime) -> bytes:
    usable = _usable_certificate(certificate, now)
    try:
        return bytes(pysequoia.encrypt(data, recipients=[usable], armor=False))
    except RuntimeError as exc:
        raise ValueError("has no key that can encrypt, or only expired or revoked ones") from exc


def _usable_certificate(certificate: pysequoia.Cert, now: datetime) -> pysequoia.Cert:
    """The certificate without expired subkeys. Raises ValueError if the whole key is revoked or expired."""
    if certificate.is_revoked:
        raise ValueError("is revoked by its owner")
    if certificate.expiration is not None and certificate.expiration <= now:
        raise ValueError(f"expired on {certificate.expiration:%Y-%m-%d}")
    groups: list[list[Packet]] = [[]]
    for packet in PacketPile.from_bytes(bytes(certificate)):
        if packet.tag == Tag.PublicSubkey:
            groups.append([])
        groups[-1].append(packet)
    kept = [groups[0], *(subkey for subkey in groups[1:] if _is_alive(subkey, now))]
    if len(kept) == len(groups):
        return certificate
    return pysequoia.Cert.from_packets([packet for group in kept for packet in group])


def _is_alive(subkey: Sequence[Packet], now: datetime) -> bool:
    """Whether a subkey, with its signatures, has not expired. The newest binding signature counts (RFC 9580)."""
    bindings = [each for each in subkey[1:] if each.signature_type == SignatureType.SubkeyBinding]
    dated = [(each.signature_created, each.key_validity_period) for each in bindings if each.signature_created]
    created = subkey[0].key_created
    if not dated or created is None:
        return False
    period = max(dated, key=lambda each: each[0])[1]
    return not period or created + period > now


class PgpKeyRing:
    """Encrypts to the first of some private keys, and decrypts what was encrypted to any of them."""

    def __init__(self, keys: Sequence[pysequoia.Tsk], *, what: str, clock: Clock = utc_now) -> None:
        certificate = keys[0].extract_certificate()
        self.fingerprint = certificate.fingerprint
        self._encrypt = PgpEncryptor(certificate, what=what, clock=clock)
        self._decryptors = [key.decryptor() for key in keys]

    def encrypt(self, data: bytes) -> bytes:
        """Raises ValueError if the key has expired since it was loaded."""
        return self._encrypt(data)

    def decrypt(self, data: bytes) -> bytes:
        """Raises ValueError if no key fits, or the data was changed."""
        for decryptor in self._decryptors:
            try:
                found = pysequoia.decrypt(data, decryptor=decryptor).bytes
            except RuntimeError:  # another key, or damaged: the text does not tell reliably
                continue
            if found is not None:
                return bytes(found)
        raise ValueError("it is damaged, or was encrypted to another key")


def load_key_ring(key_files: Sequence[str], *, setting: str, clock: Clock = utc_now) -> PgpKeyRing:
    """Load private keys without a password, armored or binary. The first one encrypts.

    Raises ValueError, naming the file, if one is missing, open to every user, or not a private key, or if the first
    one is revoked, expired, or cannot encrypt.
    """
    keys = [_load_private_key(key_file, setting=setting) for key_file in key_files]
    ring = PgpKeyRing(keys, what=f"{setting}: {key_files[0]}", clock=clock)
    ring.encrypt(b"test")
    return ring


def _load_private_key(key_file: str, *, setting: str) -> pysequoia.Tsk:
    path = Path(key_file)
    try:
        data, mode = path.read_bytes(), path.stat().st_mode
    except OSError as exc:
        raise ValueError(f"{setting} names {key_file}, which cannot be read ({exc.strerror})") from exc
    if mode & 0o007:
        raise ValueError(f"{setting}: {key_file} is a private key that every user can access; run chmod 600 {key_file}")
    try:
        key = pysequoia.Tsk.from_bytes(data)
        key.decryptor()
    except Exception as exc:
        raise ValueError(f"{setting}: {key_file} is not an OpenPGP private key without a password") from exc
    return key
