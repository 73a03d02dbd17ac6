"""Write-once archive on disk or S3 for snapshots of pulled accounts and packs of rendered documents."""

from statement_builder.archive.factory import Archive, check_archive_url, open_archive
from statement_builder.archive.keys import StoredObject
from statement_builder.archive.pack import Pack, PackEntry, PackReader, build_pack, naming_document, read_document
from statement_builder.archive.snapshot import read_snapshot, write_snapshot

__all__ = [
    "Archive",
    "Pack",
    "PackEntry",
    "PackReader",
    "StoredObject",
    "build_pack",
    "check_archive_url",
    "naming_document",
    "open_archive",
    "read_document",
    "read_snapshot",
    "write_snapshot",
]
