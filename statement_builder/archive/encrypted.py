"""An archive whose objects are encrypted with OpenPGP before they are stored, on disk or on S3.

Objects are encrypted whole: a snapshot or a pack, not each document. Keys, hashes, offsets and lengths stay those of
the content, so the ledger does not know. An encrypted object's name ends with `.pgp`. Objects from before the setting
stay readable as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from security_kit.openpgp import PgpKeyRing
from statement_builder.archive.keys import StoredObject, check_hash, check_key
from statement_builder.closing import Closing
from statement_builder.errors import ArchiveError

if TYPE_CHECKING:
    from statement_builder.archive.factory import Archive

_SUFFIX = ".pgp"
_OPENED_WITHOUT_KEY = "links/"
"""What recipients open with a link, without our key. The store's own encryption applies to it."""


class EncryptedArchive(Closing):
    """See `Archive`."""

    def __init__(self, store: Archive, keys: PgpKeyRing) -> None:
        self._store = store
        self._keys = keys
        self._last: tuple[str, bytes] = ("", b"")
        """The object read last: documents are read one after the other from the same pack."""

    def put(self, key: str, data: bytes, *, sha256: str) -> None:
        check_key(key)
        check_hash(key, data, sha256)
        if key.startswith(_OPENED_WITHOUT_KEY) or self._has_plain(key):
            self._store.put(key, data, sha256=sha256)
            return
        if self._store.exists(key + _SUFFIX):
            self._require_same(key, data)
            return
        encrypted = self._encrypt(data)
        try:
            self._store.put(key + _SUFFIX, encrypted, sha256=hashlib.sha256(encrypted).hexdigest())
        except ArchiveError:
            if not self._store.exists(key + _SUFFIX):
                raise
            self._require_same(key, data)  # another process was faster: its bytes differ, and its content must not

    def get(self, key: str) -> bytes:
        check_key(key)
        last_key, last_data = self._last  # one read: threads share the archive
        if last_key == key:
            return last_data
        if key.startswith(_OPENED_WITHOUT_KEY) or self._has_plain(key):
            return self._store.get(key)
        data = self._decrypt(key, self._store.get(key + _SUFFIX))
        self._last = (key, data)
        return data

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        if self._last[0] != key and self._has_plain(key):
            return self._store.read_range(key, offset, length)
        data = self.get(key)[offset : offset + length]
        if len(data) != length:
            raise ArchiveError(f"{key} is damaged: it is too short. Restore it from a backup of the archive.")
        return data

    def exists(self, key: str) -> bool:
        return self._store.exists(key + _SUFFIX) or self._store.exists(key)

    def find_lock(self, key: str) -> str:
        return self._store.find_lock(key + _SUFFIX) or self._store.find_lock(key)

    def delete_unfinished(self, prefix: str) -> int:
        return self._store.delete_unfinished(prefix)

    def is_intact(self, key: str, sha256: str) -> bool:
        if key.startswith(_OPENED_WITHOUT_KEY) or self._has_plain(key):
            return self._store.is_intact(key, sha256)
        if not self.exists(key):
            return False
        encrypted = self._store.get(key + _SUFFIX)
        try:
            data = self._keys.decrypt(encrypted)
        except ValueError:
            return False
        return hashlib.sha256(data).hexdigest() == sha256

    def read_mark(self) -> bytes | None:
        return self._store.read_mark()

    def write_mark(self, mark: bytes) -> None:
        self._store.write_mark(mark)

    def is_used(self) -> bool:
        return self._store.is_used()

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        for each in self._store.list_objects(prefix):
            yield StoredObject(each.key.removesuffix(_SUFFIX), each.written_at)

    def delete(self, key: str) -> None:
        self._last = ("", b"")
        for name in (key + _SUFFIX, key):
            self._store.delete(name)

    def link(self, key: str, *, expires_s: int) -> str:
        return self._store.link(key, expires_s=expires_s)

    def check(self) -> None:
        self._store.check()

    def describe_encryption(self) -> str:
        for folder in ("snapshots", "packs"):
            for each in self._store.list_objects(folder):
                if not each.key.endswith(_SUFFIX):
                    return ""
        return f"OpenPGP key {self._keys.fingerprint[-16:]}"

    def close(self) -> None:
        self._store.close()

    def _has_plain(self, key: str) -> bool:
        """Whether the object is from before the setting."""
        return not self._store.exists(key + _SUFFIX) and self._store.exists(key)

    def _require_same(self, key: str, data: bytes) -> None:
        if self._decrypt(key, self._store.get(key + _SUFFIX)) != data:
            raise ArchiveError(
                f"{key} is already in the archive with different content and is never overwritten. If only this "
                "service writes to the archive, the file is damaged: restore it from a backup."
            )

    def _encrypt(self, data: bytes) -> bytes:
        try:
            return self._keys.encrypt(data)
        except ValueError as exc:
            raise ArchiveError(f"{exc}. Put a current key first in `archive`, and keep the old one after it.") from exc

    def _decrypt(self, key: str, data: bytes) -> bytes:
        try:
            return self._keys.decrypt(data)
        except ValueError as exc:
            raise ArchiveError(
                f"{key} in the archive cannot be decrypted: {exc}. Add the key that it was encrypted to as another "
                "`key` in `archive`, or restore the object from a backup."
            ) from exc
