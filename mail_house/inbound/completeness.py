"""Whether a file that somebody else writes is complete: cut at the end of a line, a part of it looks like the whole."""

from __future__ import annotations

_TEMPORARY_SUFFIXES = (
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".filepart",
    ".crdownload",
    ".uploading",
    ".inprogress",
    ".writing",
    "~",
)


def has_temporary_name(name: str) -> bool:
    """Whether the name is one that transfer programs give to a file until it is complete."""
    return name.startswith((".", "~")) or name.lower().endswith(_TEMPORARY_SUFFIXES)


def has_settled(changed_at: float, settled_before: float) -> bool:
    """Whether the file was last changed before a moment that is long enough ago. Both are POSIX timestamps."""
    return changed_at <= settled_before
