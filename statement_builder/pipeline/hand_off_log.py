"""The log of hand-offs in the archive, which shows when the ledger or the archive was restored from an older backup.

The ledger counts each hand-off before the archive gets an object with its number. A number in the archive that the
ledger has not reached was therefore counted by a newer ledger: one that knows of mail which this one would send again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from statement_builder.archive import Archive
from statement_builder.billing.model import Record
from statement_builder.errors import StoreError
from statement_builder.ledger import Installation, Ledger

_FOLDER = "hand-offs/"


class HandOffNumber(Record, kw_only=True):
    """The content of one object of the log."""

    installation: str
    number: int


def count_hand_off(ledger: Ledger, archive: Archive) -> None:
    """Count a hand-off in the ledger, then in the archive. Call it before anything leaves.

    StoreError if the archive has seen a newer ledger. Also writes the object of a process that died in between.
    """
    require_latest_ledger(ledger, archive)
    known = ledger.installation.get()
    for number in (known.hand_offs, ledger.installation.begin_hand_off()):
        write_number(archive, known, number)


def has_number(archive: Archive, number: int) -> bool:
    """Whether the archive has seen this hand-off. There is none with the number 0."""
    return not number or archive.exists(_key(number))


def write_number(archive: Archive, known: Installation, number: int) -> None:
    """Write the object of this number, unless there is one: an adopted archive has another installation's."""
    if not has_number(archive, number):
        data = msgspec.json.encode(HandOffNumber(installation=known.installation_id, number=number))
        archive.put(_key(number), data, sha256=hashlib.sha256(data).hexdigest())


def require_latest_ledger(ledger: Ledger, archive: Archive) -> None:
    """StoreError if the archive has seen a hand-off that the ledger does not know."""
    newest = _find_newest(archive)
    known = ledger.installation.get().hand_offs  # read last: the ledger counts before the archive
    if newest > known:
        raise StoreError(
            f"the ledger {ledger} knows of {known} hand-offs, and the archive of more: the ledger was restored from an "
            "older backup, or another copy of it is in use. What was mailed since would be mailed again. Restore the "
            "newest backup. If there is none, compare with the vendor (docs/operate/upgrades-and-backups.md), then "
            'run `statements adopt ledger --reason "…"`.'
        )


def require_latest_archive(ledger: Ledger, archive: Archive) -> None:
    """StoreError if the archive does not have the hand-offs that the ledger knows.

    The newest may be missing, if a process died between the ledger and the archive, but not the one before it too.
    """
    known = ledger.installation.get().hand_offs
    if not has_number(archive, known) and not has_number(archive, known - 1):
        raise StoreError(
            f"archive: the ledger knows of {known} hand-offs, and the archive not of the last two: the archive was "
            "restored from an older backup, so documents that were mailed may be missing. Restore the newest backup. "
            'If there is none, run `statements adopt archive --reason "…"`.'
        )


def find_newest_hand_off(archive: Archive, known: int) -> int:
    """The number of the newest hand-off that the archive has seen; at least `known`."""
    return max(known, _find_newest(archive))


def _find_newest(archive: Archive) -> int:
    """The highest number in the archive; 0 if it has none. An adopted archive lacks the numbers before its adoption."""
    return max((int(Path(each.key).stem) for each in archive.list_objects(_FOLDER)), default=0)


def _key(number: int) -> str:
    return f"{_FOLDER}{number:08d}.json"
