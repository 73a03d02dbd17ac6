"""Create the ledger or bring its tables up to date, and mark the stores of an installation that has no marks yet.

No other command migrates a ledger: workers of the older release may still use it.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from statement_builder.archive import Archive, open_archive
from statement_builder.errors import StoreError
from statement_builder.ledger import Batch, Ledger
from statement_builder.pipeline.places import Store, list_places
from statement_builder.pipeline.stores import (
    Observation,
    find_problems,
    new_installation,
    observe,
    require_none,
    write_mark,
)
from statement_builder.settings import Settings


def upgrade_ledger(settings: Settings, *, environ: Mapping[str, str], is_demonstration: bool = False) -> str:
    """Upgrade the ledger in one transaction. Returns a sentence that says what was done. May be repeated.

    A new ledger is a demonstration if `is_demonstration` or if the clock is replaced. `StoreError` if a store belongs
    to another installation, or if the archive does not have the newest batch of the ledger; the tables are up to date
    then.
    """
    with open_archive(settings.archive) as archive:
        found = observe(list_places(settings, archive), skip_unreachable=False)
        with Ledger.open(settings.ledger) as ledger:
            before = ledger.version
            if before is None:
                require_none(find_problems(found, None, str(ledger)))
            new = new_installation(environ)
            ledger.upgrade(replace(new, is_demonstration=new.is_demonstration or is_demonstration))
            _mark_stores(ledger, archive, found)
            if before == ledger.version:
                return f"The tables of {ledger} have version {ledger.version} already."
            return f"The tables of {ledger} have version {ledger.version} now; before, it was {before or 'none'}."


def _mark_stores(ledger: Ledger, archive: Archive, found: list[Observation]) -> None:
    """Mark the stores that were never marked. Those of an earlier release have content, but no mark."""
    known = ledger.installation.get()
    unmarked = [each for each in found if each.mark is None and each.place.name not in known.marked_places]
    for each in unmarked:
        if each.place.store is Store.ARCHIVE:
            _require_newest_batch(ledger, archive, each.place.location)
        write_mark(ledger, each.place, known)
    require_none(find_problems([each for each in found if each not in unmarked], known, str(ledger)))


def _require_newest_batch(ledger: Ledger, archive: Archive, location: str) -> None:
    """An archive without the newest batch is the wrong one, or its disk is not mounted."""
    for batch in ledger.batches.all():
        if keys := archive_keys(ledger, batch):
            if not all(archive.exists(key) for key in keys):
                raise StoreError(
                    f"archive: {location} does not have the documents of {batch.batch_id}: a disk may not be mounted, "
                    "or the setting may name another place. Correct this, then run `statements ledger upgrade` again. "
                    'If the archive is lost, run `statements adopt archive --reason "…"`.'
                )
            return


def archive_keys(ledger: Ledger, batch: Batch) -> list[str]:
    """The archive keys of the batch's first shard that is not purged: its snapshot and, once it is built, its pack."""
    shards = [each for each in ledger.shards.for_batch(batch.batch_id) if each.purged_on is None][:1]
    return [key for shard in shards for key in (shard.snapshot_key, shard.pack_key) if key]
