"""Proves that Amazon SNS sent a notification, and for a topic of ours (AWS: "Verifying the signatures of Amazon SNS
messages").

Anybody can publish with a topic of their own, and SNS signs it: the topic is compared too. The certificate comes from
SNS itself, over HTTPS.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection

import httpx
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from mail_house.errors import Retryable
from mail_house.limits import LimitExceeded

FetchCertificate = Callable[[str], bytes]
"""Takes the certificate's URL and returns it in PEM. Raises Retryable if it cannot be fetched."""

_TIMEOUT_S = 10.0
_CERTIFICATE_URL = re.compile(
    r"https://sns\.([a-z0-9-]{1,32})\.amazonaws\.com(?:\.cn)?/SimpleNotificationService-[0-9a-f]{1,64}\.pem"
)
_HASHES: dict[str, HashAlgorithm] = {
    "1": SHA1(),  # noqa: S303 - AWS's default; a forger needs a second preimage, not a collision
    "2": SHA256(),
}


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What SNS signs, and the signature."""

    type: str = msgspec.field(name="Type")
    message_id: str = msgspec.field(name="MessageId", default="")
    topic_arn: str = msgspec.field(name="TopicArn", default="")
    subject: str | None = msgspec.field(name="Subject", default=None)
    message: str = msgspec.field(name="Message", default="")
    timestamp: str = msgspec.field(name="Timestamp", default="")
    signature_version: str = msgspec.field(name="SignatureVersion", default="")
    signature: str = msgspec.field(name="Signature", default="")
    signing_cert_url: str = msgspec.field(name="SigningCertURL", default="")


def decode_notification(data: bytes) -> Notification | None:
    """Return the notification in a JSON text. None if it is something else."""
    try:
        found = msgspec.json.decode(data, type=Notification)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if found.type == "Notification" else None


def fetch_once(fetch: FetchCertificate) -> FetchCertificate:
    """Return a `fetch` that remembers each certificate, and each failure to fetch one: a server that is down is asked
    once, and not once for each message."""
    found: dict[str, bytes | Retryable] = {}

    def fetch_or_recall(url: str) -> bytes:
        if url not in found:
            try:
                found[url] = fetch(url)
            except Retryable as exc:
                found[url] = exc
        result = found[url]
        if isinstance(result, Retryable):
            raise Retryable(str(result)) from result
        return result

    return fetch_or_recall


def find_forgery(notification: Notification, topics: Collection[str], fetch: FetchCertificate) -> str:
    """Return why this is not a notification of one of the topics, in words for an operator; empty if it is. Raises
    Retryable if the certificate cannot be fetched."""
    if notification.topic_arn not in topics:
        return "its SNS topic is not in mail.sns_topics"
    url = _CERTIFICATE_URL.fullmatch(notification.signing_cert_url)
    if url is None or url[1] != notification.topic_arn.split(":")[3]:
        return "its certificate is not from Amazon SNS in the region of the topic"
    algorithm = _HASHES.get(notification.signature_version)
    if algorithm is None:
        return "its signature has an unknown version"
    try:
        key = load_pem_x509_certificate(fetch(url[0])).public_key()
        if not isinstance(key, RSAPublicKey):
            return "its certificate has no RSA key"
        signature = base64.b64decode(notification.signature, validate=True)
        key.verify(signature, _signed_text(notification), PKCS1v15(), algorithm)
    except LimitExceeded:
        raise  # the time is over, which says nothing about the signature
    except (InvalidSignature, binascii.Error, ValueError):
        return "its SNS signature is wrong"
    return ""


def _signed_text(notification: Notification) -> bytes:
    fields = {
        "Message": notification.message,
        "MessageId": notification.message_id,
        "Subject": notification.subject,
        "Timestamp": notification.timestamp,
        "TopicArn": notification.topic_arn,
        "Type": notification.type,
    }
    return "".join(f"{name}\n{value}\n" for name, value in fields.items() if value is not None).encode()


def fetch_certificate(url: str) -> bytes:
    """Fetch a certificate from SNS."""
    try:
        response = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=False)
        response.raise_for_status()
    except httpx.HTTPError as exc:
        raise Retryable(
            f"the certificate of Amazon SNS cannot be fetched ({type(exc).__name__}): allow HTTPS to the host in the "
            "notification's SigningCertURL, then run this again"
        ) from exc
    return response.content
