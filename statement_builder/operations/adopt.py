"""Adopt a store: a person says that a move, a restore or a new beginning was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from statement_builder.archive import Archive, open_archive
from statement_builder.errors import ConfigError
from statement_builder.ledger import Ledger
from statement_builder.operations.upgrade_ledger import archive_keys
from statement_builder.pipeline.hand_off_log import find_newest_hand_off
from statement_builder.pipeline.stores import (
    Observation,
    Store,
    list_places,
    new_installation,
    observe,
    read_owner,
    require_allowed_clock,
    write_mark,
)
from statement_builder.settings import Settings


def adopt_store(
    settings: Settings,
    store: Store,
    *,
    reason: str,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    actor: str,
) -> str:
    """Make the store part of this installation, and record who said so and why. Returns a sentence that says what
    changed.

    `ConfigError` without a reason, if nothing is to be adopted, or if the other stores belong to different
    installations.
    """
    if not reason.strip():
        raise ConfigError('statements adopt requires a reason: --reason "…"')
    with open_archive(settings.archive) as archive:
        found = observe(list_places(settings, archive), skip_unreachable=False)
        with Ledger.open(settings.ledger) as ledger:
            if store is Store.LEDGER:
                said, hand_offs = _adopt_ledger(ledger, archive, found, environ)
            else:
                said, hand_offs = _adopt_places(ledger, archive, store, found, environ), None
            ledger.installation.record_adoption(store, hand_offs=hand_offs, actor=actor, at=now(), reason=reason)
    return said


def _adopt_ledger(
    ledger: Ledger, archive: Archive, found: Sequence[Observation], environ: Mapping[str, str]
) -> tuple[str, int]:
    """Take a new ledger, or one restored from an older backup, for the one that the stores belong to."""
    if ledger.version is None:
        if not any(each.mark is not None or each.is_used for each in found):
            raise ConfigError("all stores are new: there is nothing to adopt. The first `statements run` makes them.")
        ledger.upgrade(new_installation(environ, installation_id=_read_only_owner(found)))
        known = ledger.installation.get()
        for each in found:
            write_mark(ledger, each.place, known)
        return (
            f"{ledger} is a new ledger now. It knows of nothing that was mailed: a batch of an earlier cycle would be "
            "mailed again.",
            find_newest_hand_off(archive, 0),
        )
    ledger.require_current()
    known = ledger.installation.get()
    require_allowed_clock(known, environ, str(ledger))
    newest = find_newest_hand_off(archive, known.hand_offs)
    if newest == known.hand_offs:
        raise ConfigError(f"the ledger {ledger} is the newest that the archive knows: there is nothing to adopt.")
    return (
        f"{ledger} is taken for the newest ledger. It does not know of the last {newest - known.hand_offs} hand-offs: "
        "what they mailed would be mailed again.",
        newest,
    )


def _read_only_owner(found: Sequence[Observation]) -> str:
    """The installation that the marked stores belong to; empty if none is marked."""
    owners = {read_owner(each.mark) for each in found if each.mark is not None}
    if len(owners) > 1:
        raise ConfigError(
            "the stores belong to different installations: "
            + ", ".join(f"{each.place.name} to {read_owner(each.mark)}" for each in found if each.mark is not None)
            + ". Correct the settings first."
        )
    return next(iter(owners), "")


def _adopt_places(
    ledger: Ledger, archive: Archive, store: Store, found: Sequence[Observation], environ: Mapping[str, str]
) -> str:
    ledger.require_current()
    known = ledger.installation.get()
    require_allowed_clock(known, environ, str(ledger))
    ours = [each for each in found if each.place.store is store]
    if not ours:
        raise ConfigError(f"the {store} of these settings is not a folder, so it has no mark to adopt.")
    strange = [each for each in ours if each.mark is None or read_owner(each.mark) != known.installation_id]
    if not strange:
        raise ConfigError(f"the {store} belongs to this installation already: there is nothing to adopt.")
    for each in strange:
        write_mark(ledger, each.place, known)
    places = ", ".join(f"{each.place.name} ({each.place.location})" for each in strange)
    missing = _describe_missing(ledger, archive) if store is Store.ARCHIVE else ""
    return f"{places} belongs to this installation now.{missing}"


def _describe_missing(ledger: Ledger, archive: Archive) -> str:
    """The batches that the adopted archive does not have; the first shard of each is looked for."""
    missing = [
        batch.batch_id
        for batch in ledger.batches.all()
        if not all(archive.exists(key) for key in archive_keys(ledger, batch))
    ]
    return f" It does not have the documents of {', '.join(missing)}." if missing else ""
