"""Opens an archive by URL."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from statement_builder.archive.disk import DiskArchive
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

    def is_intact(self, key: str, sha256: str) -> bool:
        """Whether the object exists with this content. Reads it, unless the server has its own SHA-256 of it."""

    def read_mark(self) -> bytes | None:
        """The mark of the installation that the archive belongs to; None if it has none."""

    def write_mark(self, mark: bytes) -> None:
        """Write the mark, or replace it. It is the only object that is ever replaced, and no retention applies to
        it."""

    def is_used(self) -> bool:
        """Whether it has any object but the mark and the probe of `check`."""

    def link(self, key: str, *, expires_s: int) -> str:
        """A URL that opens this object without credentials for `expires_s` seconds. ArchiveError if not supported."""

    def check(self) -> None:
        """Raise ArchiveError unless the archive is reachable and writable."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_archive(url: str) -> Archive:
    """Open `file:///absolute/folder` or `s3://bucket/prefix`.

    Query parameters for S3: `endpoint` (URL of a server other than AWS), `kms` (key id for server-side encryption),
    `retention_days` (Object Lock), `mode` (GOVERNANCE or COMPLIANCE). boto3 finds the credentials in the environment.
    ConfigError for any other URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _open_disk(parts)
    if parts.scheme == "s3":
        return _open_s3(parts)
    raise ConfigError("archive: use file:///absolute/folder or s3://bucket/prefix")


def check_archive_url(url: str) -> None:
    """ConfigError for a URL that `open_archive` refuses. Opens nothing."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        _read_s3_options(parts)
    else:
        open_archive(url)


def _open_disk(parts: SplitResult) -> DiskArchive:
    if parts.netloc or not parts.path.startswith("/") or parts.query:
        raise ConfigError("archive: a folder needs an absolute path after three slashes: file:///var/lib/statements")
    return DiskArchive(unquote(parts.path))


def _open_s3(parts: SplitResult) -> S3Archive:
    options = _read_s3_options(parts)
    # Importing boto3 takes 0.1 s, so it is imported only for S3.
    from statement_builder.archive.s3 import S3Archive, S3Location  # noqa: PLC0415

    location = S3Location(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=options.get("endpoint") or None,
        kms_key=options.get("kms") or None,
        retention_days=_parse_days(options.get("retention_days")),
        lock_mode="COMPLIANCE" if options["mode"] == "COMPLIANCE" else "GOVERNANCE",
    )
    return S3Archive(location)


def _read_s3_options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - _S3_SETTINGS):
        raise ConfigError(f"archive: {unknown[0]} is not an S3 setting. Use: {', '.join(sorted(_S3_SETTINGS))}")
    if not parts.hostname or parts.username or parts.port:
        raise ConfigError("archive: an S3 URL has a bucket, no password and no port: s3://bucket/prefix")
    options["mode"] = options.get("mode", "GOVERNANCE").upper()
    if options["mode"] not in _MODES:
        raise ConfigError("archive: mode must be GOVERNANCE or COMPLIANCE")
    _parse_days(options.get("retention_days"))
    return options


def _parse_days(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _RETENTION_DAYS_MAX:
        raise ConfigError(f"archive: retention_days must be a number of days from 1 to {_RETENTION_DAYS_MAX}")
    return int(text)
