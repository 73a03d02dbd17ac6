"""Whether a file that somebody else writes is complete: cut at the end of a line, a part of it looks like the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

HasSettled = Callable[[str, float, int], bool]
"""Whether a file is complete: its name, the POSIX timestamp of its last change, and its size in bytes."""
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


def always(name: str, changed_at: float, size: int) -> bool:
    """A `HasSettled` for which every file is complete."""
    return True


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is dated in the future, as a run saw it. All times are POSIX timestamps."""

    changed_at: float
    size: int
    since: float
    """The first run that saw it with this date and size."""
    first_seen: float
    """The first run that saw it at all."""


class Settling:
    """Tells which files have not changed for a while. Pure: the clock and what earlier runs saw are arguments.

    The date of a file is its file system's, and a wrong clock may set it years ahead. Such a file is complete when two
    runs, `settle_s` apart, saw the same date and size.
    """

    def __init__(self, *, now: float, settle_s: float, seen: Mapping[str, Sighting]) -> None:
        self._now, self._settle_s, self._seen = now, settle_s, seen
        self._unchanged: set[str] = set()
        self.sightings: dict[str, Sighting] = {}
        """What this run saw, for the next one."""

    def of(self, source: str) -> HasSettled:
        """How to tell it of the files of one folder."""
        return lambda name, changed_at, size: self._has_settled(f"{source}{name}", changed_at, size)

    def ahead_for(self, seconds: float) -> list[str]:
        """The files that are dated in the future and have kept changing for this long, by source and name."""
        return sorted(
            key
            for key, each in self.sightings.items()
            if key not in self._unchanged and self._now - each.first_seen >= seconds
        )

    def _has_settled(self, key: str, changed_at: float, size: int) -> bool:
        if changed_at <= self._now:
            return changed_at <= self._now - self._settle_s
        known = self._seen.get(key)
        if known is None or (known.changed_at, known.size) != (changed_at, size):
            first_seen = self._now if known is None else known.first_seen
            self.sightings[key] = Sighting(changed_at=changed_at, size=size, since=self._now, first_seen=first_seen)
            return False
        self.sightings[key] = known
        is_unchanged = self._now - known.since >= self._settle_s
        if is_unchanged:
            self._unchanged.add(key)
        return is_unchanged
