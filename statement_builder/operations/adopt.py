"""Adopt a store: a person says that a move, a restore or a new beginning was meant.

The event is written before the marks, so that nothing is adopted without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from statement_builder.archive import Archive, open_archive
from statement_builder.errors import ConfigError
from statement_builder.ledger import STORES, Ledger, NewInstallation
from statement_builder.operations.roles import require_membership, require_role
from statement_builder.operations.upgrade_ledger import archive_keys
from statement_builder.pipeline.hand_off_log import find_newest_hand_off, has_number, write_number
from statement_builder.pipeline.places import Store, list_places
from statement_builder.pipeline.stores import (
    Observation,
    decode_mark,
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
    memberships: frozenset[str] = frozenset(),
) -> str:
    """Make the store part of this installation, and record who said so and why. Returns a sentence that says what
    changed.

    `ConfigError` without a reason, if nothing is to be adopted, or if the other stores belong to different
    installations. `NotAllowed` if none of `memberships` allows it.
    """
    if not reason.strip():
        raise ConfigError('statements adopt requires a reason: --reason "…"')
    with open_archive(settings.archive) as archive:
        found = observe(list_places(settings, archive), skip_unreachable=False)
        with Ledger.open(settings.ledger) as ledger:
            if ledger.version is None and store is Store.LEDGER:
                require_membership(settings.roles, memberships, "adopt", actor=actor)
                former = _former_installation(found)
                require_allowed_clock(former, environ, str(ledger))
                ledger.upgrade(former)
            ledger.require_current()
            require_allowed_clock(ledger.installation.get(), environ, str(ledger))
            require_role(
                ledger,
                settings.roles,
                memberships,
                "adopt",
                batch_id=STORES,
                subject=store,
                actor=actor,
                at=now(),
            )

            def record(hand_offs: int | None = None) -> None:
                ledger.installation.record_adoption(store, hand_offs=hand_offs, actor=actor, at=now(), reason=reason)

            if store is Store.LEDGER:
                return _adopt_ledger(ledger, archive, found, record)
            return _adopt_places(ledger, archive, store, found, record)


def _former_installation(found: Sequence[Observation]) -> NewInstallation:
    """The installation that the used stores belong to. A new ledger is a demonstration only if the former one was."""
    if not any(each.mark is not None or each.is_used for each in found):
        raise ConfigError("all stores are new: there is nothing to adopt. The first `statements run` makes them.")
    owners = {each.place.name: decode_mark(each.mark) for each in found if each.mark is not None}
    ids = {owner.installation if owner else "" for owner in owners.values()}
    if len(ids) > 1:
        raise ConfigError(
            "the stores belong to different installations: "
            + ", ".join(f"{name} to {owner.installation if owner else 'none'}" for name, owner in owners.items())
            + ". Correct the settings first."
        )
    return NewInstallation(
        installation_id=next(iter(ids), ""),
        is_demonstration=bool(owners) and all(owner and owner.is_demonstration for owner in owners.values()),
    )


def _adopt_ledger(
    ledger: Ledger, archive: Archive, found: Sequence[Observation], record: Callable[[int | None], None]
) -> str:
    """Take a new ledger, or one restored from an older backup, for the one that the stores belong to."""
    known = ledger.installation.get()
    unmarked = [each for each in found if each.place.name not in known.marked_places]
    newest = find_newest_hand_off(archive, known.hand_offs)
    if newest == known.hand_offs and not (unmarked and not known.has_batches):
        raise ConfigError(f"the ledger {ledger} is the newest that the archive knows: there is nothing to adopt.")
    record(newest)
    for each in unmarked:
        write_mark(ledger, each.place, known)
    if not known.has_batches:
        return (
            f"{ledger} is a new ledger. It knows of nothing that was mailed: a batch of an earlier cycle would be "
            "mailed again."
        )
    return (
        f"{ledger} is taken for the newest ledger. It does not know of the last {newest - known.hand_offs} hand-offs: "
        "what they mailed would be mailed again."
    )


def _adopt_places(
    ledger: Ledger,
    archive: Archive,
    store: Store,
    found: Sequence[Observation],
    record: Callable[[], None],
) -> str:
    known = ledger.installation.get()
    ours = [each for each in found if each.place.store is store]
    if not ours:
        raise ConfigError(f"the {store} of these settings is not a folder, so it has no mark to adopt.")
    strange = [each for each in ours if each.mark is None or read_owner(each.mark) != known.installation_id]
    is_older = store is Store.ARCHIVE and not has_number(archive, known.hand_offs)
    if not strange and not is_older:
        raise ConfigError(f"the {store} belongs to this installation already: there is nothing to adopt.")
    record()
    for each in strange:
        write_mark(ledger, each.place, known)
    missing = ""
    if store is Store.ARCHIVE:
        write_number(archive, known, known.hand_offs)
        missing = _describe_missing(ledger, archive)
    places = ", ".join(f"{each.place.name} ({each.place.location})" for each in strange or ours)
    return f"{places} belongs to this installation now.{missing}"


def _describe_missing(ledger: Ledger, archive: Archive) -> str:
    """The batches that the adopted archive does not have; the first shard of each is looked for."""
    missing = [
        batch.batch_id
        for batch in ledger.batches.all()
        if not all(archive.exists(key) for key in archive_keys(ledger, batch))
    ]
    return f" It does not have the documents of {', '.join(missing)}." if missing else ""
