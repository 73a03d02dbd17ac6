"""OpenPGP encryption: only the vendor can read the files in its folder and in the folder's backups."""

from __future__ import annotations

from pathlib import Path

import pysequoia


class PgpEncryptor:
    """Encrypts to one certificate. Encrypting the same bytes twice gives different results: each has its own session
    key."""

    suffix = ".pgp"

    def __init__(self, certificate: pysequoia.Cert) -> None:
        self._certificate = certificate

    def __call__(self, data: bytes) -> bytes:
        return bytes(pysequoia.encrypt(data, recipients=[self._certificate], armor=False))


def load_encryptor(key_file: str) -> PgpEncryptor:
    """Load the vendor's public key, armored or binary.

    Raises ValueError, naming the file, if it is missing, is not a key, or the key has expired.
    """
    try:
        encryptor = PgpEncryptor(pysequoia.Cert.from_bytes(Path(key_file).read_bytes()))
        encryptor(b"test")
    except OSError as exc:
        raise ValueError(f"print: pgp_key names {key_file}, which cannot be read ({exc.strerror})") from exc
    except Exception as exc:
        raise ValueError(
            f"print: {key_file} cannot be used to encrypt: it is not a key, or it has expired; ask the vendor for a "
            "current key"
        ) from exc
    return encryptor
