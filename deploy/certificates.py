"""Make a certificate authority and a certificate for each server of the compose file, unless they exist.

The authority signs once and its key is forgotten, so nobody can issue another certificate that the programs trust.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERVERS = {"postgres": 999, "s3": 0}
"""Host name of each server, and the user id that it runs as in its image."""
VALID_DAYS = 3650


def write_certificates(folder: Path, *, owners: bool) -> None:
    """Write `ca.crt`, and a `.crt` and a `.key` for each server. `owners`: give each key to its server's user."""
    authority = folder / "ca.crt"
    if authority.exists():
        return
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("statements compose")
    usage = x509.BasicConstraints(ca=True, path_length=0)
    ca = _sign(_builder(ca_name, ca_key, ca_name).add_extension(usage, critical=True), ca_key)
    for host, user_id in SERVERS.items():
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(host), key, ca_name)
        names = x509.SubjectAlternativeName([x509.DNSName(host), x509.DNSName("localhost")])
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{host}.key"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(private)
        if owners:
            os.chown(path, user_id, user_id)
        (folder / f"{host}.crt").write_bytes(_sign(builder.add_extension(names, critical=False), ca_key))
    part = authority.with_suffix(".part")
    part.write_bytes(ca)
    part.rename(authority)  # last: its presence says that all are complete


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        builder.add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


if __name__ == "__main__":
    write_certificates(Path(sys.argv[1]), owners=os.geteuid() == 0)
