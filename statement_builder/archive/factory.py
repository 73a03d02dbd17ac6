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

    def find_lock(self, key: str) -> str:
        """Why `delete` would be refused, to complete a sentence about the object. Empty if it would not."""

    def delete_unfinished(self, prefix: str) -> int:
        """Delete what killed writers left below a folder of keys. Returns its number. Nothing may be writing there."""

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
    parts, options, key_files = _read_url(url)
    keys = _load_keys(key_files)
    store: Archive = _open_disk(parts) if parts.scheme == "file" else _open_s3(parts, options)
    return EncryptedArchive(store, keys) if keys else store


def check_archive_url(url: str) -> None:
    """ConfigError for a URL or key that `open_archive` refuses. Opens nothing."""
    _, _, key_files = _read_url(url)
    _load_keys(key_files)


def _read_url(url: str) -> tuple[SplitResult, dict[str, str], list[str]]:
    """The URL's parts, its options without the keys, and the key files."""
    parts = urlsplit(url)
    if parts.scheme not in {"file", "s3"}:
        raise ConfigError("archive: use file:///absolute/folder or s3://bucket/prefix")
    given = parse_qsl(parts.query, keep_blank_values=True)
    options = {name: value for name, value in given if name != "key"}
    _check_disk(parts, options) if parts.scheme == "file" else _check_s3(parts, options)
    return parts, options, [value for name, value in given if name == "key"]


def _check_disk(parts: SplitResult, options: Mapping[str, str]) -> None:
    if options:
        raise ConfigError(f"archive: {min(options)} is not a setting of a folder. Use: key")
    if parts.netloc or not parts.path.startswith("/"):
        raise ConfigError("archive: a folder needs an absolute path after three slashes: file:///var/lib/statements")


def _check_s3(parts: SplitResult, options: Mapping[str, str]) -> None:
    if unknown := sorted(options.keys() - _S3_SETTINGS):
        raise ConfigError(
            f"archive: {unknown[0]} is not an S3 setting. Use: {', '.join(sorted({*_S3_SETTINGS, 'key'}))}"
        )
    if not parts.hostname or parts.username or parts.port:
        raise ConfigError("archive: an S3 URL has a bucket, no password and no port: s3://bucket/prefix")
    if options.get("mode", "GOVERNANCE").upper() not in _MODES:
        raise ConfigError("archive: mode must be GOVERNANCE or COMPLIANCE")
    _parse_days(options.get("retention_days"))


def _load_keys(key_files: Sequence[str]) -> PgpKeyRing | None:
    if not key_files:
        return None
    try:
        return load_key_ring(key_files, setting="archive: key")
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


def _open_disk(parts: SplitResult) -> DiskArchive:
    return DiskArchive(unquote(parts.path))


def _open_s3(parts: SplitResult, options: Mapping[str, str]) -> S3Archive:
    # Importing boto3 takes 0.1 s, so it is imported only for S3.
    from statement_builder.archive.s3 import S3Archive, S3Location  # noqa: PLC0415

    location = S3Location(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=options.get("endpoint") or None,
        kms_key=options.get("kms") or None,
        retention_days=_parse_days(options.get("retention_days")),
        lock_mode="COMPLIANCE" if options.get("mode", "").upper() == "COMPLIANCE" else "GOVERNANCE",
    )
    return S3Archive(location)


def _parse_days(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _RETENTION_DAYS_MAX:
        raise ConfigError(f"archive: retention_days must be a number of days from 1 to {_RETENTION_DAYS_MAX}")
    return int(text)
