"""Signs notifications as Amazon SNS does, with a key and a certificate of our own."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mail_house.errors import Retryable

TOPIC = "arn:aws:sns:us-east-1:000000000000:bounces"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
"""The order of the developer guide, "Verifying the signatures of Amazon SNS messages"."""


@dataclass
class SnsSigner:
    """Also serves its certificate, in place of SNS."""

    version: str = "2"
    is_reachable: bool = True
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if not self.is_reachable:
            raise Retryable("the certificate of Amazon SNS cannot be fetched")
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        start = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=3650))
            .sign(self.key, SHA256())
        )
        return certificate.public_bytes(Encoding.PEM)

    def notification(self, message: str, *, subject: str | None = "Amazon SES", **changes: str) -> bytes:
        """`changes` replace fields after the signature was made."""
        fields = {
            "Type": "Notification",
            "MessageId": "11111111-2222-5333-8444-555555555555",
            "TopicArn": TOPIC,
            "Message": message,
            "Timestamp": "2026-11-07T15:00:06.000Z",
        } | ({"Subject": subject} if subject else {})
        text = "".join(f"{name}\n{fields[name]}\n" for name in SIGNED if name in fields)
        algorithm = SHA1() if self.version == "1" else SHA256()
        signature = self.key.sign(text.encode(), PKCS1v15(), algorithm)
        fields["SignatureVersion"] = self.version
        fields["Signature"] = base64.b64encode(signature).decode()
        fields["SigningCertURL"] = CERTIFICATE_URL
        return json.dumps(fields | changes).encode()
