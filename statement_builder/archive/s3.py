"""An archive on AWS S3 or a compatible server. Objects are written once, verified on write, encrypted and locked.

Not every server supports `If-None-Match`, so a key is also looked up before it is written.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from security_kit.transport import require_https
from statement_builder.archive.keys import MARK, PROBE, StoredObject, check_hash, check_key
from statement_builder.archive.s3_deletion import delete_every_version, find_lock
from statement_builder.closing import Closing
from statement_builder.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 60
_ATTEMPTS_MAX = 3
_NOT_FOUND_CODES = {"404", "NoSuchKey", "NotFound"}
_TAG_IS_MD5 = {None, "AES256"}
"""Encryption modes where the ETag is the MD5 of the content (S3 API, `Object`). With KMS it is not."""
_CONFLICT_CODES = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_ACCESS_DENIED = (
    "Access denied. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that this key has s3:GetObject, "
    "s3:PutObject and s3:ListBucket (required to detect missing objects) on the bucket."
)
_HINTS = {
    "NoSuchBucket": "The bucket does not exist. Create it, or correct `archive` in the settings.",
    "403": _ACCESS_DENIED,
    "AccessDenied": _ACCESS_DENIED,
    "InvalidAccessKeyId": _ACCESS_DENIED,
    "SignatureDoesNotMatch": _ACCESS_DENIED,
}


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """The bucket, and how objects are stored in it."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    kms_key: str | None = None
    retention_days: int | None = None
    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"


def new_session() -> Session:
    """A session that shares nothing with others but the files that describe the service. boto3's default session would
    cache the first credentials that it finds."""
    session = botocore.session.Session()
    session.register_component("data_loader", _data_loader())
    return Session(botocore_session=session)


@cache
def _data_loader() -> Any:
    """botocore's description of the service, parsed once: that takes five times as long as the rest of a client."""
    return botocore.session.Session().get_component("data_loader")


class S3Archive(Closing):
    """See `Archive`."""

    def __init__(self, location: S3Location) -> None:
        self._location = location
        # Servers other than AWS do not support the checksums that boto3 adds by default.
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS_MAX},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            signature_version="s3v4",  # boto3 signs links with an older version by default
            s3={"addressing_style": "path"} if location.endpoint else {},
        )
        with self._translate_errors("the archive"):
            self._client: S3Client = new_session().client("s3", endpoint_url=location.endpoint, config=config)
        try:
            # The client's own address: the AWS variables and configuration file may set another one.
            require_https(self._client.meta.endpoint_url, setting="archive: S3 endpoint")
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        check_hash(key, data, sha256)
        with self._translate_errors(key):
            found = self._head(key)
            answer = self._upload(key, data, sha256) if found is None else None
            if answer is not None and self._location.retention_days is None and _is_proven(answer, data, sha256):
                return
            found = found or self._head(key)
            if found is None:
                raise ArchiveError(f"{key} was uploaded to {self} but is not there. Run this again.")
            if not self._has_content(key, found, data, sha256):
                raise ArchiveError(self._describe_mismatch(key, is_ours=answer is not None))
            self._set_retention(key, found)

    def get(self, key: str) -> bytes:
        with self._translate_errors(key):
            return self._client.get_object(Bucket=self._location.bucket, Key=self._object_key(key))["Body"].read()

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        byte_range = f"bytes={offset}-{offset + length - 1}"
        with self._translate_errors(key):
            response = self._client.get_object(
                Bucket=self._location.bucket, Key=self._object_key(key), Range=byte_range
            )
            data = response["Body"].read()
        if len(data) != length:
            raise ArchiveError(f"{key} is damaged: it is too short. Restore it from a backup of the archive.")
        return data

    def exists(self, key: str) -> bool:
        with self._translate_errors(key):
            return self._head(key) is not None

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        whole = self._object_key(prefix.removesuffix("/")) + "/"
        cut = len(whole) - len(prefix.removesuffix("/")) - 1
        with self._translate_errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._location.bucket, Prefix=whole)
            for each in (item for page in pages for item in page.get("Contents", ())):
                yield StoredObject(each["Key"][cut:], each["LastModified"].astimezone(UTC))

    def delete(self, key: str) -> None:
        with self._translate_errors(key):
            delete_every_version(self._client, self._location.bucket, self._object_key(key), name=key)

    def find_lock(self, key: str) -> str:
        with self._translate_errors(key):
            return find_lock(self._client, self._location.bucket, self._object_key(key))

    def delete_unfinished(self, prefix: str) -> int:
        """None: an object is there as a whole or not at all."""
        check_key(prefix.removesuffix("/"))
        return 0

    def is_intact(self, key: str, sha256: str) -> bool:
        with self._translate_errors(key):
            found = self._head(key)
        if found is None:
            return False
        checksum = found.get("ChecksumSHA256", "")
        if _is_of_whole_object(checksum):
            return bool(checksum == _base64(bytes.fromhex(sha256)))
        return hashlib.sha256(self.get(key)).hexdigest() == sha256

    def read_mark(self) -> bytes | None:
        with self._translate_errors(MARK):
            try:
                return self._client.get_object(Bucket=self._location.bucket, Key=self._object_key(MARK))["Body"].read()
            except ClientError as exc:
                if _code(exc) not in _NOT_FOUND_CODES:
                    raise
                return None

    def write_mark(self, mark: bytes) -> None:
        request = self._put_request(MARK, mark, hashlib.sha256(mark).hexdigest())
        del request["IfNoneMatch"]
        with self._translate_errors(MARK):
            self._client.put_object(**request)

    def is_used(self) -> bool:
        prefix = self._object_key(MARK).removesuffix(MARK)
        with self._translate_errors("the archive"):
            found = self._client.list_objects_v2(Bucket=self._location.bucket, Prefix=prefix, MaxKeys=3)
        return any(each["Key"].removeprefix(prefix) not in {MARK, PROBE} for each in found.get("Contents", ()))

    def link(self, key: str, *, expires_s: int) -> str:
        request = {
            "Bucket": self._location.bucket,
            "Key": self._object_key(key),
            "ResponseContentType": "application/pdf",
            "ResponseContentDisposition": "inline",
        }
        with self._translate_errors(key):
            return self._client.generate_presigned_url("get_object", Params=request, ExpiresIn=expires_s)

    def check(self) -> None:
        """Write one small object that is always the same, and verify it."""
        probe = b"This object shows that the archive can be written to.\n"
        self.put(PROBE, probe, sha256=hashlib.sha256(probe).hexdigest())

    def describe_encryption(self) -> str:
        """As the server says of the object that `check` wrote."""
        with self._translate_errors("check.txt"):
            found = self._head("check.txt") or {}
        return str(found.get("ServerSideEncryption", ""))

    def close(self) -> None:
        self._client.close()

    def __str__(self) -> str:
        return f"s3://{self._location.bucket}/{self._location.prefix}"

    def _object_key(self, key: str) -> str:
        check_key(key)
        return f"{self._location.prefix}/{key}" if self._location.prefix else key

    def _head(self, key: str) -> Any | None:
        try:
            return self._client.head_object(
                Bucket=self._location.bucket, Key=self._object_key(key), ChecksumMode="ENABLED"
            )
        except ClientError as exc:
            if _code(exc) not in _NOT_FOUND_CODES:
                raise
            return None

    def _upload(self, key: str, data: bytes, sha256: str) -> Any | None:
        """What the server says of the object that this call wrote. None if another process wrote it first."""
        try:
            return self._client.put_object(**self._put_request(key, data, sha256))
        except ClientError as exc:
            if _code(exc) not in _CONFLICT_CODES:
                raise
            return None

    def _put_request(self, key: str, data: bytes, sha256: str) -> dict[str, Any]:
        """The PutObject request. The server rejects it if the key exists or the data was damaged in transit."""
        request: dict[str, Any] = {
            "Bucket": self._location.bucket,
            "Key": self._object_key(key),
            "Body": data,
            "IfNoneMatch": "*",
            "ContentMD5": _base64(_md5(data).digest()),
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": _base64(bytes.fromhex(sha256)),
            "Metadata": {"sha256": sha256},
        }
        if self._location.kms_key:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._location.kms_key}
        return request

    def _set_retention(self, key: str, found: Any) -> None:
        """Set Object Lock retention of `retention_days` from the time of the write, by the server's clock.

        This follows the write, so the next run completes it if this run is killed in between.
        """
        if self._location.retention_days is None:
            return
        until = found["LastModified"] + timedelta(days=self._location.retention_days)
        locked_until = found.get("ObjectLockRetainUntilDate")
        if locked_until is None or locked_until < until:
            self._client.put_object_retention(
                Bucket=self._location.bucket,
                Key=self._object_key(key),
                Retention={"Mode": self._location.lock_mode, "RetainUntilDate": until},
            )

    def _has_content(self, key: str, found: Any, data: bytes, sha256: str) -> bool:
        """Whether the stored object has this content: by the server's SHA-256, else by an ETag that is an MD5, else by
        downloading it. Our own metadata is not evidence of what is stored."""
        if found["ContentLength"] != len(data):
            return False
        proven = _is_proven(found, data, sha256)
        if proven is not None:
            return proven
        body = self._client.get_object(Bucket=self._location.bucket, Key=self._object_key(key))["Body"].read()
        return hashlib.sha256(body).hexdigest() == sha256

    def _describe_mismatch(self, key: str, *, is_ours: bool) -> str:
        if is_ours:
            return (
                f"{key} was uploaded to {self} but is stored with different content. Run this again. If it reports "
                "different content again, have the object deleted and report the corruption to the server's operator."
            )
        return (
            f"{key} is already in {self} with different content and is never overwritten. If only this service writes "
            "to the archive, the object is damaged: restore it from a backup, or have it deleted."
        )

    @contextmanager
    def _translate_errors(self, key: str) -> Iterator[None]:
        """Raise S3 errors as an ArchiveError that says what to do."""
        try:
            yield
        except ClientError as exc:
            code = _code(exc)
            if code in _NOT_FOUND_CODES:
                hint = "It is not in the archive. Check `archive` in the settings."
            else:
                hint = _HINTS.get(
                    code, f"S3 error {code}. Run this again. If the error persists, contact the server's operator."
                )
            raise ArchiveError(f"{key} in {self._describe_location()}: {hint}") from exc
        except (BotoCoreError, ValueError) as exc:
            raise ArchiveError(f"{key} in {self._describe_location()}: {exc}") from exc

    def _describe_location(self) -> str:
        return f"{self} at {self._location.endpoint}" if self._location.endpoint else str(self)


def _code(exc: ClientError) -> str:
    return exc.response.get("Error", {}).get("Code", "")


def _is_proven(answer: Any, data: bytes, sha256: str) -> bool | None:
    """Whether the object has this content, by a checksum that the server calculated. None if it reports none."""
    checksum = answer.get("ChecksumSHA256", "")
    if _is_of_whole_object(checksum):
        return bool(checksum == _base64(bytes.fromhex(sha256)))
    tag = answer.get("ETag", "").strip('"')
    if re.fullmatch("[0-9a-f]{32}", tag) and answer.get("ServerSideEncryption") in _TAG_IS_MD5:
        return bool(tag == _md5(data).hexdigest())
    return None


def _is_of_whole_object(checksum: str) -> bool:
    return bool(checksum) and "-" not in checksum  # a dash marks a checksum of multipart checksums


def _md5(data: bytes) -> Any:
    return hashlib.md5(data, usedforsecurity=False)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
