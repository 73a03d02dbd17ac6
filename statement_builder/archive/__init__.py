"""What was pulled and what was made, kept exactly as it was: snapshots and packs, on disk or S3, written once."""

from statement_builder.archive.factory import Archive, open_archive
from statement_builder.archive.pack import Pack, PackEntry, PackReader, build_pack, read_document
from statement_builder.archive.snapshot import read_snapshot, write_snapshot

__all__ = [
    "Archive",
    "Pack",
    "PackEntry",
    "PackReader",
    "build_pack",
    "open_archive",
    "read_document",
    "read_snapshot",
    "write_snapshot",
]
