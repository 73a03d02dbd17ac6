"""Delete an S3 object for good: in a bucket with versions, a plain delete only hides it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from statement_builder.errors import ObjectLocked

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_DENIED = {"AccessDenied", "403", "InvalidRequest"}
_WITHOUT_VERSIONS = {"NotImplemented", "MethodNotAllowed", "501", "405"}
_WITHOUT_LOCK = {"404", "NoSuchKey", "NotFound", "405", "MethodNotAllowed"}


def delete_every_version(client: S3Client, bucket: str, key: str, *, name: str) -> None:
    """Delete all versions and delete markers of one key. `name` is the key in messages.

    Raises `ObjectLocked` if Object Lock still keeps a version, and `ClientError` otherwise. Never bypasses a lock.
    """
    for version in list(_versions_of(client, bucket, key)):
        request: Any = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        try:
            client.delete_object(**request)
        except ClientError as exc:
            is_denied = exc.response.get("Error", {}).get("Code", "") in _DENIED
            if is_denied and (lock := _find_lock(client, request, _answered_at(exc))):
                raise ObjectLocked(f"{name} {lock}") from exc
            raise


def _answered_at(error: ClientError) -> datetime | None:
    """The store's own time, by which a lock runs. None if its answer has none (RFC 9110, 6.6.1)."""
    date = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    return parsedate_to_datetime(date) if date else None


def _versions_of(client: S3Client, bucket: str, key: str) -> Iterator[str]:
    """The ids of all versions and delete markers of one key. One empty id if the server has no versions."""
    found = False
    try:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if each["Key"] == key:
                    found = True
                    yield each.get("VersionId", "")
    except ClientError as exc:
        if exc.response.get("Error", {}).get("Code", "") not in _WITHOUT_VERSIONS:
            raise
    if not found:
        yield ""


def _find_lock(client: S3Client, request: Any, at: datetime | None) -> str:
    """Why the store keeps this version, to complete a sentence. Empty if it does not."""
    try:
        found = client.head_object(**request)
    except ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "")
        if code in _WITHOUT_LOCK:  # missing, or a delete marker
            return ""
        raise
    if found.get("ObjectLockLegalHoldStatus") == "ON":
        return "has a legal hold in the S3 store"
    until = found.get("ObjectLockRetainUntilDate")
    if until is not None and (at is None or until > at):
        return f"is kept by S3 Object Lock until {until:%Y-%m-%d}"
    return ""
