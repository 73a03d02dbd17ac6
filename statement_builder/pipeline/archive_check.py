"""Look at everything in the archive that a hand-off needs, before the first file leaves.

A pack or snapshot that is found damaged halfway leaves some of the batch mailed and some not. Only hashes are compared:
the pages were verified when they were built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from statement_builder.errors import ArchiveError
from statement_builder.ledger import Batch, Document, Shard
from statement_builder.pipeline.context import AppContext

_THREADS = 2
_NAMED_MAX = 10
"""Damaged documents that a message names."""


def require_intact_archive(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Compare the packs and snapshots of these shards with the hashes in the ledger.

    ArchiveError names each damaged or missing file, and the documents in it that are damaged.
    """
    files = [
        (shard, key, sha256)
        for shard in shards
        for key, sha256 in ((shard.snapshot_key, shard.snapshot_sha256), (shard.pack_key, shard.pack_sha256))
        if key and sha256
    ]
    with ThreadPoolExecutor(_THREADS) as pool:  # neither reading nor hashing holds the interpreter's lock
        intact = pool.map(lambda file: _has_hash(context, file[1], file[2]), files)
        damaged = [file for file, is_intact in zip(files, intact, strict=True) if not is_intact]
    if damaged:
        problems = " ".join(_describe(context, shard, key) for shard, key, _ in damaged)
        raise ArchiveError(
            f"batch {batch.batch_id}: the archive is damaged, so nothing was handed off now. {problems} Restore these "
            f"files from a backup of the archive, then run `statements rerun {batch.batch_id}`."
        )


def _has_hash(context: AppContext, key: str, sha256: str) -> bool:
    try:
        return context.archive.is_intact(key, sha256)
    except ArchiveError:  # a bad sector is damage too; `_describe` says what cannot be read
        return False


def _describe(context: AppContext, shard: Shard, key: str) -> str:
    try:
        data = context.archive.get(key) if context.archive.exists(key) else None
    except ArchiveError as exc:
        return f"{_describe_unreadable(context, shard, key)} {exc}"
    if key == shard.pack_key:
        return _describe_pack(context, shard, data)
    what = "is missing" if data is None else "is not the file that was pulled"
    return f"{key} {what}: the addresses of shard {shard.sequence} are not known."


def _describe_unreadable(context: AppContext, shard: Shard, key: str) -> str:
    if key != shard.pack_key:
        return f"{key} cannot be read: the addresses of shard {shard.sequence} are not known."
    documents = _documents_of(context, shard)
    return f"{key} cannot be read, with {len(documents):,} documents: {_name(documents)}."


def _documents_of(context: AppContext, shard: Shard) -> list[Document]:
    documents = context.ledger.documents.for_batch(shard.batch_id, sequence=shard.sequence)
    return [document for document in documents if document.sha256]


def _describe_pack(context: AppContext, shard: Shard, pack: bytes | None) -> str:
    """Which documents of the pack are damaged."""
    documents = _documents_of(context, shard)
    if pack is None:
        return f"{shard.pack_key} is missing, with {len(documents):,} documents: {_name(documents)}."
    damaged = [document for document in documents if not _is_intact(pack, document)]
    if not damaged:
        return f"{shard.pack_key} is damaged outside its documents, which are intact."
    return f"{shard.pack_key} is damaged: {len(damaged):,} of {len(documents):,} documents differ: {_name(damaged)}."


def _is_intact(pack: bytes, document: Document) -> bool:
    pdf = memoryview(pack)[document.offset : document.offset + document.length]
    return hashlib.sha256(pdf).hexdigest() == document.sha256


def _name(documents: Sequence[Document]) -> str:
    names = ", ".join(document.document_id for document in documents[:_NAMED_MAX])
    more = len(documents) - _NAMED_MAX
    return f"{names} and {more:,} more" if more > 0 else names
