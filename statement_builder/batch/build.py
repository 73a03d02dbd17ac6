"""Build: a shard of the snapshot becomes decisions, documents and one pack, recorded in one transaction.

The shard is the unit of retry: one that is recorded is never touched again by a re-run, one that is not is done
afresh and comes out the same, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from mail_house.profiles import Profile
from mail_house.profiles import Rect as ProfileRect
from statement_builder.archive import Pack, PackEntry, build_pack, read_snapshot
from statement_builder.batch.service import Service
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Decision, Selection
from statement_builder.documents import CompositionError, Content, Terms, compose, document_id
from statement_builder.errors import ArchiveError
from statement_builder.ledger import (
    Batch,
    BatchState,
    DocumentState,
    LockPart,
    NewCandidate,
    NewDocument,
    Outcome,
    Shard,
    ShardState,
    held_already,
    part_of,
)
from statement_builder.policy import Policy, decide
from statement_builder.rendering import (
    CompiledEngine,
    DocumentError,
    ForeignIds,
    Rect,
    Rendered,
    RenderPool,
    Windows,
    template_version,
)

FILLED_PER_WORKER_MAX = 20_000
"""Documents until a worker is replaced: filling leaves nothing behind, the few layouts that it compiles do."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A selected document on its way: what it is to say, or what stopped it."""

    account: GuarantorAccount
    selection: Selection
    document_id: str
    issued_on: date
    outcome: Content | CompositionError


def build_batch(service: Service, batch: Batch) -> None:
    """Build every shard that is not built yet, one after the other; the documents of each in parallel."""
    if batch.state is not BatchState.PULLED:
        return
    build_shards(service, batch, service.ledger.shards(batch.batch_id))
    service.ledger.set_state(batch.batch_id, BatchState.BUILT, actor=service.actor, at=service.now())


def build_shards(service: Service, batch: Batch, shards: Sequence[Shard], lock_part: LockPart = held_already) -> None:
    """Build those of these shards that are not built yet. `BatchBusy` where another process has one of them in hand."""
    waiting = [shard for shard in shards if shard.state is ShardState.PULLED]
    candidates_max = sum(shard.candidates for shard in shards)
    done = candidates_max - sum(shard.candidates for shard in waiting)
    if not waiting:
        return
    version = template_version(service.templates)
    with open_render_pool(service) as pool:
        for shard in waiting:
            with lock_part(part_of(shard)):
                if service.ledger.shard(batch.batch_id, shard.sequence).state is ShardState.PULLED:
                    build_shard(service, batch, shard, pool=pool, version=version)
            done += shard.candidates
            service.progress("build", done, candidates_max)


def build_shard(service: Service, batch: Batch, shard: Shard, *, pool: RenderPool, version: str) -> None:
    """Decide, compose, render, verify, pack and record one shard."""
    candidates: list[NewCandidate] = []
    drafts: list[Draft] = []
    own_ids: dict[str, frozenset[str]] = {}
    for entry in read_shard(service, shard):
        if isinstance(entry, FaultyAccount):
            candidates.append(_faulty_candidate(entry))
            continue
        decision = decide(entry, batch.kind, service.settings.policy, batch.as_of)
        candidates.append(_candidate(entry, decision))
        own_ids[entry.guarantor.guarantor_id] = frozenset(e.account_number for e in entry.encounters)
        if decision.outcome == "selected" and decision.selection is not None:
            drafts.append(_draft(service, batch, entry, decision.selection))
    foreign = ForeignIds(accounts_by_guarantor=own_ids)
    documents, pack = _render(drafts, pool, foreign, pages_max=service.profile().pages_max)
    pack_key = _store_pack(service, batch, shard, pack) if pack.entries else None
    service.ledger.record_shard(
        batch.batch_id,
        shard.sequence,
        candidates=candidates,
        documents=documents,
        pack_key=pack_key,
        pack_sha256=pack.sha256 if pack_key else None,
        template_version=version,
        at=service.now(),
    )


def read_shard(service: Service, shard: Shard) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The shard's entries as they were pulled. `ArchiveError` when the file is not the one that was written."""
    data = service.archive.get(shard.snapshot_key)
    if hashlib.sha256(data).hexdigest() != shard.snapshot_sha256:
        raise ArchiveError(
            f"{shard.snapshot_key} is not the file that was pulled (its hash differs). Restore it from a backup of the "
            "archive; nothing was built from it."
        )
    return read_snapshot(data)


def open_render_pool(service: Service) -> RenderPool:
    """Worker processes for rendering; their set-up errors surface before the first document."""
    windows = windows_of(service.profile())
    render = service.settings.render
    if render.engine == "plain":
        return RenderPool(workers=service.workers, templates=service.templates, windows=windows)
    return RenderPool(
        workers=service.workers,
        templates=service.templates,
        windows=windows,
        documents_per_worker_max=FILLED_PER_WORKER_MAX,
        make_engine=partial(CompiledEngine, cache=Path(render.layouts)),
    )


def windows_of(profile: Profile) -> Windows:
    """The envelope as rendering knows it."""
    return Windows(
        sender=_rect(profile.return_window),
        recipient=_rect(profile.recipient_window),
        clear=profile.clear_in,
        play_down=profile.play_down_in,
        clear_zones=tuple(_rect(zone) for zone in profile.blank_zones),
    )


def _rect(window: ProfileRect) -> Rect:
    return Rect(left=window.left_in, top=window.top_in, width=window.width_in, height=window.height_in)


def _faulty_candidate(entry: FaultyAccount) -> NewCandidate:
    return NewCandidate(
        subject=entry.subject,
        guarantor_id=entry.subject,
        outcome=Outcome.EXCEPTION,
        balance_cents=entry.cents,
        amount_cents=0,
        holds=(),
        faults=entry.faults,
    )


def _candidate(account: GuarantorAccount, decision: Decision) -> NewCandidate:
    selection = decision.selection if decision.outcome == "selected" else None
    return NewCandidate(
        subject=account.guarantor.guarantor_id,
        guarantor_id=account.guarantor.guarantor_id,
        outcome=Outcome(decision.outcome),
        balance_cents=decision.balance_cents,
        amount_cents=selection.amount_cents if selection else 0,
        holds=decision.holds,
        faults=decision.faults,
    )


def _draft(service: Service, batch: Batch, account: GuarantorAccount, selection: Selection) -> Draft:
    own_id = document_id(service.facility.facility_id, batch.cycle, batch.kind, account.guarantor.guarantor_id)
    outcome: Content | CompositionError
    try:
        outcome = compose(
            account,
            selection,
            service.facility,
            terms=terms_of(service.settings.policy),
            batch_cycle=batch.cycle,
            issued_on=batch.as_of,
        )
    except CompositionError as exc:
        outcome = exc
    return Draft(account=account, selection=selection, document_id=own_id, issued_on=batch.as_of, outcome=outcome)


def terms_of(policy: Policy) -> Terms:
    """The numbers of the policy that documents print or reckon with."""
    return Terms(
        plan_grace_days=policy.plan_grace_days,
        plan_lapse_days=policy.plan_lapse_days,
        pay_by_week=policy.ob_pay_by_week,
        installments_max=policy.ob_installments_max,
        courtesy_after_week=policy.ob_courtesy_after_week,
        assistance_days=policy.assistance_days.value,
        agency_name=policy.agency_name,
    )


def _render(
    drafts: Sequence[Draft], pool: RenderPool, foreign: ForeignIds, *, pages_max: int
) -> tuple[list[NewDocument], Pack]:
    """Every draft as a document, rendered or in error, and the pack of those rendered, all in mailing order."""
    composed = [draft for draft in drafts if isinstance(draft.outcome, Content)]
    contents = [draft.outcome for draft in composed if isinstance(draft.outcome, Content)]
    outcomes: dict[str, Rendered | DocumentError | CompositionError] = {
        draft.document_id: _fit_for_mail(outcome, pages_max)
        for draft, outcome in zip(composed, pool.render_all(contents, foreign), strict=True)
    }
    outcomes |= {draft.document_id: draft.outcome for draft in drafts if isinstance(draft.outcome, CompositionError)}
    pack = build_pack([(key, outcome.pdf) for key, outcome in outcomes.items() if isinstance(outcome, Rendered)])
    places = {entry.document_id: entry for entry in pack.entries}
    return [_document(draft, outcomes[draft.document_id], places) for draft in drafts], pack


def _fit_for_mail(outcome: Rendered | DocumentError, pages_max: int) -> Rendered | DocumentError:
    """A document that no envelope takes is one for a person, not for the vendor."""
    if isinstance(outcome, Rendered) and outcome.pages > pages_max:
        return DocumentError(
            "TOO_LONG",
            f"It has {outcome.pages} pages, and no envelope of the print profile takes more than {pages_max}.",
            "Send this person a summary by hand, or split the account in the billing system.",
        )
    return outcome


def _document(
    draft: Draft, outcome: Rendered | DocumentError | CompositionError, places: Mapping[str, PackEntry]
) -> NewDocument:
    selection, guarantor = draft.selection, draft.account.guarantor
    base = NewDocument(
        document_id=draft.document_id,
        guarantor_id=guarantor.guarantor_id,
        kind=selection.kind,
        level=selection.level,
        channel=selection.channel,
        language=guarantor.language,
        accounts=selection.account_numbers,
        episode_id=selection.episode_id,
        amount_cents=selection.amount_cents,
        issued_on=draft.issued_on,
        state=DocumentState.ERROR,
        postal_key=guarantor.mailing_address.postal_code,
    )
    if not isinstance(outcome, Rendered):
        return replace(base, error_code=outcome.code, error_message=outcome.message, error_fix=outcome.fix)
    entry = places[draft.document_id]
    return replace(
        base,
        state=DocumentState.RENDERED,
        sha256=outcome.sha256,
        pages=outcome.pages,
        offset=entry.offset,
        length=entry.length,
    )


def _store_pack(service: Service, batch: Batch, shard: Shard, pack: Pack) -> str:
    """Under a key that carries its hash: another attempt with other bytes (new templates, say) never meets this one."""
    key = f"packs/{batch.batch_id}/{shard.sequence:05d}-{pack.sha256[:12]}.zip"
    service.archive.put(key, pack.data, sha256=pack.sha256)
    return key
