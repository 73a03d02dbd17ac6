"""OpenPGP: what lies in a vendor's folder, and in its backups, is for the vendor alone to read."""

from __future__ import annotations

from pathlib import Path

import pysequoia


class PgpEncryptor:
    """Encrypts to one certificate. The same bytes sealed twice are not the same: each has a session key of its own."""

    suffix = ".pgp"

    def __init__(self, certificate: pysequoia.Cert) -> None:
        self._certificate = certificate

    def __call__(self, data: bytes) -> bytes:
        return bytes(pysequoia.encrypt(data, recipients=[self._certificate], armor=False))


def load_encryptor(key_file: str) -> PgpEncryptor:
    """The vendor's public key, armoured or not.

    Raises ValueError that names the file where nothing can be encrypted with it: it is missing, no key, or has expired.
    """
    try:
        seal = PgpEncryptor(pysequoia.Cert.from_bytes(Path(key_file).read_bytes()))
        seal(b"trial")
    except OSError as exc:
        raise ValueError(f"print: pgp_key names {key_file}, which cannot be read ({exc.strerror})") from exc
    except Exception as exc:
        raise ValueError(f"print: nothing can be encrypted with {key_file}; ask the vendor for a current key") from exc
    return seal
