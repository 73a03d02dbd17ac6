"""An archive on S3, Amazon's or anybody's. Objects are written once, checked on arrival, encrypted and locked.

Not every server honours `If-None-Match`, so a key is also looked up before it is written.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from statement_builder.archive.keys import require_hash, require_key
from statement_builder.errors import ArchiveError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 60
_ATTEMPTS_MAX = 3
_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAG_IS_MD5 = {None, "AES256"}
"""Encryption under which Amazon's entity tag is the content's MD5 (the API's `Object`): not so under a key of KMS."""
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_REFUSED = (
    "Access is refused: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that this key may s3:ListBucket the "
    "bucket (without it nobody can tell what is missing) and s3:GetObject and s3:PutObject in it."
)
_HINTS = {
    "NoSuchBucket": "There is no such bucket: make it, or correct `archive` in the settings.",
    "403": _REFUSED,
    "AccessDenied": _REFUSED,
    "InvalidAccessKeyId": _REFUSED,
    "SignatureDoesNotMatch": _REFUSED,
}


@dataclass(frozen=True, kw_only=True)
class S3Place:
    """Where, and how it is kept there."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    kms_key: str | None = None
    retention_days: int | None = None
    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"


class S3Archive:
    """See `Archive`."""

    def __init__(self, place: S3Place) -> None:
        self._place = place
        # Servers other than Amazon's do not know the checksums that boto3 would add of its own accord.
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS_MAX},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            signature_version="s3v4",  # what boto3 signs links with by itself is an older kind
            s3={"addressing_style": "path"} if place.endpoint else {},
        )
        with self._explained("the archive"):
            # A session of its own: the module's shared one keeps the first credentials that it ever saw.
            self._client: S3Client = Session().client("s3", endpoint_url=place.endpoint, config=config)

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        require_hash(key, data, sha256)
        with self._explained(key):
            found = self._head(key)
            is_ours = found is None and self._send(key, data, sha256)
            found = found or self._head(key)
            if found is None:
                raise ArchiveError(f"{key} was sent to {self} and is not there. Run this again.")
            if not self._is_same(key, found, data, sha256):
                raise ArchiveError(self._other_content(key, is_ours=is_ours))
            self._lock(key, found)

    def get(self, key: str) -> bytes:
        with self._explained(key):
            return self._client.get_object(Bucket=self._place.bucket, Key=self._name(key))["Body"].read()

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        wanted = f"bytes={offset}-{offset + length - 1}"
        with self._explained(key):
            answer = self._client.get_object(Bucket=self._place.bucket, Key=self._name(key), Range=wanted)
            data = answer["Body"].read()
        if len(data) != length:
            raise ArchiveError(f"{key} ends too early: it was damaged. Restore it from a backup of the archive.")
        return data

    def exists(self, key: str) -> bool:
        with self._explained(key):
            return self._head(key) is not None

    def link(self, key: str, *, expires_s: int) -> str:
        request = {
            "Bucket": self._place.bucket,
            "Key": self._name(key),
            "ResponseContentType": "application/pdf",
            "ResponseContentDisposition": "inline",
        }
        with self._explained(key):
            return self._client.generate_presigned_url("get_object", Params=request, ExpiresIn=expires_s)

    def check(self) -> None:
        """Write and read back one small object that is always the same."""
        probe = b"This object shows that the archive can be written to.\n"
        self.put("check.txt", probe, sha256=hashlib.sha256(probe).hexdigest())

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __str__(self) -> str:
        return f"s3://{self._place.bucket}/{self._place.prefix}"

    def _name(self, key: str) -> str:
        require_key(key)
        return f"{self._place.prefix}/{key}" if self._place.prefix else key

    def _head(self, key: str) -> Any | None:
        try:
            return self._client.head_object(Bucket=self._place.bucket, Key=self._name(key), ChecksumMode="ENABLED")
        except ClientError as exc:
            if _code(exc) not in _MISSING:
                raise
            return None

    def _send(self, key: str, data: bytes, sha256: str) -> bool:
        """Whether it was written by this: somebody may have been faster."""
        try:
            self._client.put_object(**self._object(key, data, sha256))
        except ClientError as exc:
            if _code(exc) not in _TAKEN:
                raise
            return False
        return True

    def _object(self, key: str, data: bytes, sha256: str) -> dict[str, Any]:
        """The request: refused where the key is taken or a byte was lost on the way."""
        request: dict[str, Any] = {
            "Bucket": self._place.bucket,
            "Key": self._name(key),
            "Body": data,
            "IfNoneMatch": "*",
            "ContentMD5": _base64(_md5(data).digest()),
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": _base64(bytes.fromhex(sha256)),
            "Metadata": {"sha256": sha256},
        }
        if self._place.kms_key:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._place.kms_key}
        return request

    def _lock(self, key: str, found: Any) -> None:
        """Keep the object for the days of the setting, counted from when it was written, by the server's own clock.

        Done after the write, so that a run that was killed in between is completed by the next.
        """
        if self._place.retention_days is None:
            return
        until = found["LastModified"] + timedelta(days=self._place.retention_days)
        locked_until = found.get("ObjectLockRetainUntilDate")
        if locked_until is None or locked_until < until:
            self._client.put_object_retention(
                Bucket=self._place.bucket,
                Key=self._name(key),
                Retention={"Mode": self._place.lock_mode, "RetainUntilDate": until},
            )

    def _is_same(self, key: str, found: Any, data: bytes, sha256: str) -> bool:
        """Whether the object has this content, by what the server reckoned from the bytes that it keeps: its SHA-256,
        else an entity tag that is an MD5, else those bytes themselves. What we wrote beside it proves nothing."""
        if found["ContentLength"] != len(data):
            return False
        checksum = found.get("ChecksumSHA256", "")
        if checksum and "-" not in checksum:  # with one it is of the parts that it was sent in
            return bool(checksum == _base64(bytes.fromhex(sha256)))
        tag = found["ETag"].strip('"')
        if re.fullmatch("[0-9a-f]{32}", tag) and found.get("ServerSideEncryption") in _TAG_IS_MD5:
            return bool(tag == _md5(data).hexdigest())
        body = self._client.get_object(Bucket=self._place.bucket, Key=self._name(key))["Body"].read()
        return hashlib.sha256(body).hexdigest() == sha256

    def _other_content(self, key: str, *, is_ours: bool) -> str:
        if is_ours:
            return (
                f"{key} was sent to {self} and is kept there with other content. Run this again; if it says that other "
                "content is there already, have the object deleted, and ask who runs the server why it spoilt it."
            )
        return (
            f"{key} is in {self} already with other content, and is never overwritten. Where nobody else writes to "
            "this archive, the object was damaged: restore it from a backup, or have it deleted."
        )

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        """Turn what S3 says into words that help."""
        try:
            yield
        except ClientError as exc:
            code = _code(exc)
            if code in _MISSING:
                hint = "It is not in the archive. Is the archive of the settings the right one?"
            else:
                hint = _HINTS.get(code, f"S3 says {code}. Run this again; if it says the same, ask who runs it.")
            raise ArchiveError(f"{key} in {self._where()}: {hint}") from exc
        except (BotoCoreError, ValueError) as exc:
            raise ArchiveError(f"{key} in {self._where()}: {exc}") from exc

    def _where(self) -> str:
        return f"{self} at {self._place.endpoint}" if self._place.endpoint else str(self)


def _code(exc: ClientError) -> str:
    return exc.response.get("Error", {}).get("Code", "")


def _md5(data: bytes) -> Any:
    return hashlib.md5(data, usedforsecurity=False)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
