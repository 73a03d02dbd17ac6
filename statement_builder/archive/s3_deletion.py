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
    for request in list(_requests_for(client, bucket, key)):
        try:
            client.delete_object(**request)
        except ClientError as exc:
            is_denied = exc.response.get("Error", {}).get("Code", "") in _DENIED
            if is_denied and (lock := _find_lock_of(client, request)):
                raise ObjectLocked(f"{name} {lock}") from exc
            raise


def find_lock(client: S3Client, bucket: str, key: str) -> str:
    """Why the store keeps a version of this key, to complete a sentence. Empty if it keeps none."""
    return next(filter(None, (_find_lock_of(client, each) for each in _requests_for(client, bucket, key))), "")


def _requests_for(client: S3Client, bucket: str, key: str) -> Iterator[Any]:
    for version in _versions_of(client, bucket, key):
        yield {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})


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


def _find_lock_of(client: S3Client, request: Any) -> str:
    try:
        found = client.head_object(**request)
    except ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "")
        if code in _WITHOUT_LOCK:  # missing, or a delete marker
            return ""
        raise
    if found.get("ObjectLockLegalHoldStatus") == "ON":
        return "has a legal hold in the S3 store"
    until, at = found.get("ObjectLockRetainUntilDate"), _answered_at(found)
    if until is not None and (at is None or until > at):
        return f"is kept by S3 Object Lock until {until:%Y-%m-%d}"
    return ""


def _answered_at(answer: Any) -> datetime | None:
    """The store's own time, by which a lock runs. None if its answer has none (RFC 9110, 6.6.1)."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    return parsedate_to_datetime(date) if date else None
