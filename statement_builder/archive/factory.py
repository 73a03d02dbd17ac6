"""Open an archive by its URL."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from statement_builder.archive.disk import DiskArchive
from statement_builder.errors import ConfigError

if TYPE_CHECKING:
    from statement_builder.archive.s3 import S3Archive

_S3_SETTINGS = {"endpoint", "kms", "retention_days", "mode"}
_MODES = {"GOVERNANCE", "COMPLIANCE"}
_RETENTION_DAYS_MAX = 36_500


class Archive(Protocol):
    """Bytes by key, written once. Everything that goes wrong is one `ArchiveError` that says what to do."""

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        """Keep `data` for good. The same content again is fine; other content under the same key is refused."""

    def get(self, key: str) -> bytes:
        """All of it."""

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`."""

    def exists(self, key: str) -> bool: ...

    def link(self, key: str, *, expires_s: int) -> str:
        """An address that opens this object for whoever has it, for so long. ArchiveError where there is none."""

    def check(self) -> None:
        """Raise ArchiveError unless it can be reached and written to."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_archive(url: str) -> Archive:
    """`file:///absolute/folder`, or `s3://bucket/prefix` with, after a `?`, any of: `endpoint` (another server than
    Amazon's), `kms` (key id for server-side encryption), `retention_days` (Object Lock) and `mode` (GOVERNANCE or
    COMPLIANCE). Keys for S3 come from the environment, as boto3 looks for them. ConfigError for any other URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _open_disk(parts)
    if parts.scheme == "s3":
        return _open_s3(parts)
    raise ConfigError("archive: use file:///absolute/folder or s3://bucket/prefix")


def _open_disk(parts: SplitResult) -> DiskArchive:
    if parts.netloc or not parts.path.startswith("/") or parts.query:
        raise ConfigError("archive: a folder needs its absolute path and three slashes: file:///var/lib/statements")
    return DiskArchive(unquote(parts.path))


def _open_s3(parts: SplitResult) -> S3Archive:
    # boto3 takes a tenth of a second to import: only who uses S3 waits for it.
    from statement_builder.archive.s3 import S3Archive, S3Place  # noqa: PLC0415

    settings = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(settings.keys() - _S3_SETTINGS):
        raise ConfigError(f"archive: {unknown[0]} is not a setting of S3. There are: {', '.join(sorted(_S3_SETTINGS))}")
    if not parts.hostname or parts.username or parts.port:
        raise ConfigError("archive: S3 needs a bucket and no password in the URL: s3://bucket/prefix")
    mode = settings.get("mode", "GOVERNANCE").upper()
    if mode not in _MODES:
        raise ConfigError("archive: mode is GOVERNANCE or COMPLIANCE")
    place = S3Place(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=settings.get("endpoint") or None,
        kms_key=settings.get("kms") or None,
        retention_days=_parse_days(settings.get("retention_days")),
        lock_mode="COMPLIANCE" if mode == "COMPLIANCE" else "GOVERNANCE",
    )
    return S3Archive(place)


def _parse_days(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _RETENTION_DAYS_MAX:
        raise ConfigError(f"archive: retention_days is a number of days, 1 to {_RETENTION_DAYS_MAX}")
    return int(text)
