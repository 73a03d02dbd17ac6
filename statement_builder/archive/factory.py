"""Opens an archive by URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from security_kit.openpgp import PgpKeyRing, load_key_ring
from statement_builder.archive.disk import DiskArchive
from statement_builder.archive.encrypted import EncryptedArchive
from statement_builder.archive.keys import StoredObject
from statement_builder.errors import ConfigError

if TYPE_CHECKING:
    from statement_builder.archive.s3 import S3Archive

_S3_SETTINGS = {"endpoint", "kms", "retention_days", "mode"}
_MODES = {"GOVERNANCE", "COMPLIANCE"}
_RETENTION_DAYS_MAX = 36_500


class Archive(Protocol):
    """Write-once bytes by key. All failures raise `ArchiveError` with what to do."""

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        """Store `data` permanently. Writing the same content again succeeds; different content is an ArchiveError."""

    def get(self, key: str) -> bytes:
        """The whole object. ArchiveError if it does not exist."""

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`."""

    def exists(self, key: str) -> bool: ...

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`, which is a folder such as `packs/2026-11-statement/`."""

    def delete(self, key: str) -> None:
        """Delete an object with all its versions; a missing one is deleted already. `ObjectLocked` while Object Lock or
        a legal hold of the store keeps it."""

    def link(self, key: str, *, expires_s: int) -> str:
        """A URL that opens this object without credentials for `expires_s` seconds. ArchiveError if not supported."""

    def check(self) -> None:
        """Raise ArchiveError unless the archive is reachable and writable."""

    def describe_encryption(self) -> str:
        """How stored objects are encrypted, in a few words. Empty if any is not. Call it after `check`."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_archive(url: str) -> Archive:
    """Open `file:///absolute/folder` or `s3://bucket/prefix`.

    Query parameter of both: `key` (file with an OpenPGP private key; objects are encrypted before they are stored. It
    may be repeated: the first key encrypts, all decrypt). Query parameters of S3: `endpoint` (a server other than AWS),
    `kms` (key id for server-side encryption), `retention_days` (Object Lock), `mode` (GOVERNANCE or COMPLIANCE). boto3
    finds the credentials in the environment. ConfigError for any other URL, and for a key that cannot be used.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"file", "s3"}:
        raise ConfigError("archive: use file:///absolute/folder or s3://bucket/prefix")
    options = parse_qsl(parts.query, keep_blank_values=True)
    key_files = [value for name, value in options if name == "key"]
    settings = {name: value for name, value in options if name != "key"}
    keys = _load_keys(key_files)
    store: Archive = _open_disk(parts, settings) if parts.scheme == "file" else _open_s3(parts, settings)
    return EncryptedArchive(store, keys) if keys else store


def _load_keys(key_files: Sequence[str]) -> PgpKeyRing | None:
    if not key_files:
        return None
    try:
        return load_key_ring(key_files, setting="archive: key")
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


def _open_disk(parts: SplitResult, settings: Mapping[str, str]) -> DiskArchive:
    if settings:
        raise ConfigError(f"archive: {min(settings)} is not a setting of a folder. Use: key")
    if parts.netloc or not parts.path.startswith("/"):
        raise ConfigError("archive: a folder needs an absolute path after three slashes: file:///var/lib/statements")
    return DiskArchive(unquote(parts.path))


def _open_s3(parts: SplitResult, settings: Mapping[str, str]) -> S3Archive:
    # Importing boto3 takes 0.1 s, so it is imported only for S3.
    from statement_builder.archive.s3 import S3Archive, S3Location  # noqa: PLC0415

    if unknown := sorted(settings.keys() - _S3_SETTINGS):
        raise ConfigError(
            f"archive: {unknown[0]} is not an S3 setting. Use: {', '.join(sorted({*_S3_SETTINGS, 'key'}))}"
        )
    if not parts.hostname or parts.username or parts.port:
        raise ConfigError("archive: an S3 URL has a bucket, no password and no port: s3://bucket/prefix")
    mode = settings.get("mode", "GOVERNANCE").upper()
    if mode not in _MODES:
        raise ConfigError("archive: mode must be GOVERNANCE or COMPLIANCE")
    location = S3Location(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=settings.get("endpoint") or None,
        kms_key=settings.get("kms") or None,
        retention_days=_parse_days(settings.get("retention_days")),
        lock_mode="COMPLIANCE" if mode == "COMPLIANCE" else "GOVERNANCE",
    )
    return S3Archive(location)


def _parse_days(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _RETENTION_DAYS_MAX:
        raise ConfigError(f"archive: retention_days must be a number of days from 1 to {_RETENTION_DAYS_MAX}")
    return int(text)
