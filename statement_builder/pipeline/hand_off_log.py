"""The log of hand-offs in the archive, which shows when the ledger was restored from an older backup.

The ledger counts each hand-off before the archive gets an object with its number. A number in the archive that the
ledger has not reached therefore was counted by a newer ledger: one that knows of mail which this one would send again.
"""

from __future__ import annotations

import hashlib

import msgspec

from statement_builder.archive import Archive
from statement_builder.billing.model import Record
from statement_builder.errors import StoreError
from statement_builder.ledger import Ledger


class HandOffNumber(Record, kw_only=True):
    """The content of one object of the log."""

    installation: str
    number: int


def count_hand_off(ledger: Ledger, archive: Archive) -> None:
    """Count a hand-off in the ledger, then in the archive. Call it before anything leaves.

    StoreError if the archive has seen a newer ledger. Also writes the object of a process that died in between.
    """
    require_latest(ledger, archive)
    known = ledger.installation.get()
    for number in (known.hand_offs, ledger.installation.begin_hand_off()):
        if number:
            data = msgspec.json.encode(HandOffNumber(installation=known.installation_id, number=number))
            archive.put(_key(number), data, sha256=hashlib.sha256(data).hexdigest())


def require_latest(ledger: Ledger, archive: Archive) -> None:
    """StoreError if the archive has seen a hand-off that the ledger does not know."""
    known = ledger.installation.get().hand_offs
    while archive.exists(_key(known + 1)):
        current = ledger.installation.get().hand_offs
        if current == known:
            raise StoreError(
                f"the ledger {ledger} knows of {known} hand-offs, and the archive of more: the ledger was restored "
                "from an older backup, or another copy of it is in use. What was mailed since would be mailed again. "
                "Restore the newest backup. If there is none, compare with the vendor "
                '(docs/operate/upgrades-and-backups.md), then run `statements adopt ledger --reason "…"`.'
            )
        known = current


def find_newest_hand_off(archive: Archive, known: int) -> int:
    """The number of the newest hand-off that the archive has seen; at least `known`."""
    while archive.exists(_key(known + 1)):
        known += 1
    return known


def _key(number: int) -> str:
    return f"hand-offs/{number:08d}.json"
