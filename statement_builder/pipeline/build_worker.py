"""Build one shard of the snapshot: decisions, documents and one pack in the archive. The caller records the result.

Nothing here reads or writes the ledger, so several processes can build shards at once. Building a shard twice gives the
same bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from deflate import zlib_compress
from msgspec.structs import replace

from mail_house.profiles import Profile
from mail_house.secret import KeyRing
from statement_builder.archive import Archive, Pack, PackEntry, build_pack, open_archive, read_snapshot
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.postal import is_domestic
from statement_builder.billing.selection import Channel, Decision, Selection
from statement_builder.containment import Problem, contain, died, faulty_account
from statement_builder.documents import CompositionError, Content, PrintedTerms, document_id
from statement_builder.errors import ArchiveError
from statement_builder.kinds import candidate_cents, compose, decide, definition_of
from statement_builder.ledger import Batch, DocumentState, NewCandidate, NewDocument, Outcome, Shard
from statement_builder.pipeline.page_notes import Notes, PageNotes, read_page_notes
from statement_builder.pipeline.payment_codes import payment_check
from statement_builder.pipeline.pull.requests import requests_of
from statement_builder.pipeline.workers import report_progress
from statement_builder.policy import Policy
from statement_builder.policy.states.pre_assignment import pre_assignment_rule
from statement_builder.rendering import (
    CompiledEngine,
    DocumentError,
    EnvelopeWindows,
    ForeignIds,
    PlainEngine,
    Rendered,
    VerifiedRenderer,
)
from statement_builder.settings import Settings
from statement_builder.stopwatch import Spent, Stopwatch

if TYPE_CHECKING:
    from statement_builder.pipeline.context import (
        AppContext,  # imports vendors and mail servers, which workers do not need
    )


class BuildPlan(Record, kw_only=True):
    """Everything that a worker process needs to build shards of one batch."""

    settings: Settings
    facility: Facility
    profile: Profile
    templates: Path
    batch: Batch
    payment_keys: KeyRing
    notes: PageNotes = PageNotes()


class BuiltShard(Record, kw_only=True):
    """The result of building one shard, ready to be recorded."""

    candidates: tuple[NewCandidate, ...]
    documents: tuple[NewDocument, ...]
    pack_key: str | None
    """None when the shard has no document that could be rendered."""
    pack_sha256: str | None
    spent: Mapping[str, Spent]
    """Time by stage."""


class _Draft(Record, kw_only=True):
    """A selected document: its content, or the error that prevented it."""

    account: GuarantorAccount
    selection: Selection
    document_id: str
    notes: Notes | None
    content: Content | CompositionError


def plan_build(context: AppContext, batch: Batch) -> BuildPlan:
    """Collect what worker processes need for this batch."""
    return BuildPlan(
        settings=context.settings,
        facility=context.facility,
        profile=context.profile(),
        templates=context.templates,
        batch=batch,
        payment_keys=context.payment_keys(),
        notes=read_page_notes(context.settings, context.facility, context.environ),
    )


class BuildPart(Record, kw_only=True):
    """Build only the entries from `first` to before `end`, and keep nothing: do they end the worker process?"""

    shard: Shard
    first: int
    end: int


class BuildWithout(Record, kw_only=True):
    """Build a shard in which these entries, by index, are exceptions: they ended every worker process."""

    shard: Shard
    fatal: tuple[int, ...]


BuildTask = Shard | BuildPart | BuildWithout


class BuildHalving:
    """How `WorkerPool` finds the entries of a shard that end its worker."""

    @staticmethod
    def count(task: BuildTask) -> int:
        return task.candidates if isinstance(task, Shard) else 1

    @staticmethod
    def part(task: BuildTask, first: int, end: int) -> BuildTask:
        assert isinstance(task, Shard)
        return BuildPart(shard=task, first=first, end=end)

    @staticmethod
    def without(task: BuildTask, fatal: Sequence[int]) -> BuildTask:
        assert isinstance(task, Shard)
        return BuildWithout(shard=task, fatal=tuple(fatal))


PackedShard = bytes
"""A `BuiltShard` as compressed MessagePack: while a large batch is pulled, many wait in memory to be recorded."""
_encode_built = msgspec.msgpack.Encoder().encode
_decode_built = msgspec.msgpack.Decoder(BuiltShard).decode


def unpack_built(packed: PackedShard) -> BuiltShard:
    """Decode what a builder returned."""
    return _decode_built(zlib.decompress(packed))


def open_builder(plan: BuildPlan, archive: Archive | None = None) -> Callable[[BuildTask], PackedShard]:
    """A function that builds one shard. Opens its own archive when none is given, as a worker process must."""
    if archive is None:
        archive = open_archive(plan.settings.archive)
        archive.read_mark()  # from now on it refuses to write where the mark has gone, such as a lost mount
    builder = ShardBuilder(plan, archive)

    def build(task: BuildTask) -> PackedShard:
        if isinstance(task, BuildPart):
            builder.try_part(task)
            return b""
        built = builder(task) if isinstance(task, Shard) else builder(task.shard, task.fatal)
        return bytes(zlib_compress(_encode_built(built), 1))

    return build


class _ProgressWatch(Stopwatch):
    """Restarts the worker's time limit at each stage, such as laying out the next few dozen documents."""

    def __enter__(self) -> None:
        report_progress()
        super().__enter__()


class ShardBuilder:
    """Builds the shards of one batch, one after another. Raises `ConfigError` for invalid templates or fonts."""

    def __init__(self, plan: BuildPlan, archive: Archive) -> None:
        self._plan = plan
        self._archive = archive
        self._watch = _ProgressWatch()
        self._renderer = _open_renderer(plan, self._watch)

    def __call__(self, shard: Shard, fatal: Sequence[int] = ()) -> BuiltShard:
        """Decide, compose, render, verify and pack one shard. Raises `ArchiveError` for a damaged snapshot.

        The entries with the indexes in `fatal` become exceptions without being looked at.
        """
        with self._watch("archive"):
            entries = list(read_shard(self._archive, shard))
        for index in fatal:
            entries[index] = self._faulty(entries[index], died("making the document of"))
        candidates, drafts, outcomes = self._make(entries)
        with self._watch("archive"):
            built = self._pack(shard, candidates, drafts, outcomes)
        return replace(built, spent=self._watch.take())

    def try_part(self, part: BuildPart) -> None:
        """Make the documents of a few entries and drop them."""
        self._make(list(read_shard(self._archive, part.shard))[part.first : part.end])

    def _make(
        self, entries: Sequence[GuarantorAccount | FaultyAccount]
    ) -> tuple[list[NewCandidate], list[_Draft], dict[str, _Outcome]]:
        with self._watch("select"):
            candidates, selected = self._select(entries)
        with self._watch("compose"):
            drafts = [self._draft(account, selection) for account, selection in selected]
        own_ids = {
            entry.guarantor.guarantor_id: frozenset([each.account_number for each in entry.encounters])
            for entry in entries
            if isinstance(entry, GuarantorAccount)
        }
        return candidates, drafts, self._render(drafts, ForeignIds(accounts_by_guarantor=own_ids))

    def _select(
        self, entries: Sequence[GuarantorAccount | FaultyAccount]
    ) -> tuple[list[NewCandidate], list[tuple[GuarantorAccount, Selection]]]:
        """Decide on each entry. Returns every candidate, and the selected accounts with their selections."""
        plan = self._plan
        candidates: list[NewCandidate] = []
        selected: list[tuple[GuarantorAccount, Selection]] = []
        for entry in entries:
            if isinstance(entry, FaultyAccount):
                candidates.append(_faulty_candidate(entry))
                continue
            try:
                decision = decide(entry, plan.batch.kind, plan.settings.policy, plan.batch.as_of)
            except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
                problem = contain(exc, "deciding about this account", entry.guarantor.guarantor_id)
                candidates.append(_faulty_candidate(self._faulty(entry, problem)))
                continue
            candidates.append(_candidate(entry, decision))
            if decision.outcome == "selected" and decision.selection is not None:
                selected.append((entry, decision.selection))
        return candidates, selected

    def _draft(self, account: GuarantorAccount, selection: Selection) -> _Draft:
        plan, guarantor_id = self._plan, account.guarantor.guarantor_id
        own_id = document_id(plan.facility.facility_id, plan.batch.cycle, plan.batch.kind, guarantor_id)
        notes = None
        content: Content | CompositionError
        try:
            notes = plan.notes.of(account, selection, plan.batch.as_of)
            content = compose(
                account,
                selection,
                plan.facility,
                terms=printed_terms(plan.settings.policy, plan.facility),
                batch_cycle=plan.batch.cycle,
                issued_on=plan.batch.as_of,
                payment_check=payment_check(plan.payment_keys),
                message=notes.message,
                enrollment_code=notes.enrollment_code,
            )
            if (
                selection.channel is Channel.PRINT
                and not plan.profile.mails_abroad
                and not is_domestic(account.guarantor.mailing_address)
            ):
                content = CompositionError(
                    "MAIL_ABROAD",
                    "The print vendor takes mail to addresses in the United States only.",
                    "Mail this one by hand, or use a vendor that mails abroad.",
                )
            elif _needs_certified_mail(selection, plan.settings.policy) and not _can_certify(account, plan.profile):
                content = CompositionError(
                    "NOT_CERTIFIED",
                    "It goes by certified mail, which the print vendor does not have for this address.",
                    "Use a vendor with certified mail (certified_service in the print profile), mail this one by hand, "
                    "or take its kind out of policy.certified_kinds.",
                )
            elif definition_of(content.kind).count_items(content) > items_max(content, plan.profile):
                content = CompositionError(
                    "TOO_LONG",
                    f"It has more lines than fit on {plan.profile.pages_max} pages, the most that the print profile's "
                    "largest envelope takes.",
                    _TOO_LONG_FIX,
                )
        except CompositionError as exc:
            content = exc
        except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
            content = CompositionError(*contain(exc, "composing this document", own_id))
        return _Draft(account=account, selection=selection, document_id=own_id, notes=notes, content=content)

    def _faulty(self, entry: GuarantorAccount | FaultyAccount, problem: Problem) -> FaultyAccount:
        """The account as an exception with the cents that the pull counted, so that the totals foot."""
        if isinstance(entry, FaultyAccount):
            return entry
        batch = self._plan.batch
        cents = candidate_cents(entry, batch.kind, batch.as_of) or 0
        return faulty_account(entry.guarantor.guarantor_id, problem, cents=cents, requests=requests_of(entry))

    def _render(self, drafts: Sequence[_Draft], foreign: ForeignIds) -> dict[str, _Outcome]:
        """Document id to its pages or its error, in mailing order."""
        contents = [draft.content for draft in drafts if isinstance(draft.content, Content)]
        printed = iter(self._renderer.render_all(contents, foreign))
        pages_max = self._plan.profile.pages_max
        return {
            draft.document_id: check_page_limit(next(printed), pages_max)
            if isinstance(draft.content, Content)
            else draft.content
            for draft in drafts
        }

    def _pack(
        self,
        shard: Shard,
        candidates: Sequence[NewCandidate],
        drafts: Sequence[_Draft],
        outcomes: Mapping[str, _Outcome],
    ) -> BuiltShard:
        pack = build_pack([(each, outcome.pdf) for each, outcome in outcomes.items() if isinstance(outcome, Rendered)])
        entries = {entry.document_id: entry for entry in pack.entries}
        key = None
        if entries:
            key = pack_key(shard.batch_id, shard.sequence, pack)
            self._archive.put(key, pack.data, sha256=pack.sha256)
        issued_on = self._plan.batch.as_of
        return BuiltShard(
            candidates=tuple(candidates),
            documents=tuple([_document(draft, issued_on, outcomes[draft.document_id], entries) for draft in drafts]),
            pack_key=key,
            pack_sha256=pack.sha256 if key else None,
            spent={},
        )


def _needs_certified_mail(selection: Selection, policy: Policy) -> bool:
    return selection.channel is Channel.PRINT and selection.kind in policy.certified_kinds


def _can_certify(account: GuarantorAccount, profile: Profile) -> bool:
    """Whether the vendor certifies mail to the recipient: in the United States, if the profile names the service."""
    return bool(profile.certified_service) and is_domestic(account.guarantor.mailing_address)


_Outcome = Rendered | DocumentError | CompositionError


def items_max(content: Content, profile: Profile) -> int:
    """A document with more visits, or lines, fits no envelope. It is never laid out, which would take minutes and much
    memory."""
    return definition_of(content.kind).items_per_page_max[content.large_print] * profile.pages_max


def _open_renderer(plan: BuildPlan, watch: Stopwatch) -> VerifiedRenderer:
    render, windows = plan.settings.render, envelope_windows(plan.profile)
    if render.engine == "plain":
        return VerifiedRenderer(PlainEngine(plan.templates), plan.templates, windows, watch)
    engine = CompiledEngine(plan.templates, Path(render.layouts))
    return VerifiedRenderer(engine, plan.templates, windows, watch, engine.cache)


def read_shard(archive: Archive, shard: Shard) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The shard's entries as they were pulled. Raises `ArchiveError` when the file's hash is not the recorded one."""
    data = archive.get(shard.snapshot_key)
    if hashlib.sha256(data).hexdigest() != shard.snapshot_sha256:
        raise ArchiveError(
            f"{shard.snapshot_key} is not the file that was pulled (its hash differs). Restore it from a backup of the "
            "archive; nothing was built from it."
        )
    return read_snapshot(data)


def envelope_windows(profile: Profile) -> EnvelopeWindows:
    """The profile's envelope windows and blank zones in the form that rendering takes, in inches."""
    return EnvelopeWindows(
        sender=profile.return_window,
        recipient=profile.recipient_window,
        clear=profile.clear_in,
        play_down=profile.play_down_in,
        clear_zones=profile.blank_zones,
        print_margin=profile.print_margin_in,
    )


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


def printed_terms(policy: Policy, facility: Facility) -> PrintedTerms:
    """The policy numbers, and the rules of the facility's state, that documents print or calculate with."""
    before_placement = pre_assignment_rule(policy, facility.return_address.state)
    return PrintedTerms(
        plan_grace_days=policy.plan_grace_days,
        plan_lapse_days=policy.plan_lapse_days,
        plan_cure_days=policy.plan_cure_days,
        plan_letter_required=policy.plan_letter_required,
        pay_by_week=policy.ob_pay_by_week,
        installments_max=policy.ob_installments_max,
        courtesy_after_week=policy.ob_courtesy_after_week,
        assistance_days=policy.assistance_days.value,
        final_due_days=policy.final_due_days,
        collection_actions=policy.collection_actions,
        estimate_dispute_days=policy.estimate_dispute_days.value,
        statements_before_letters=policy.statements_before_letters,
        payment_plan_months_max=policy.payment_plan_months_max,
        payment_plan_min_cents=policy.payment_plan_min_cents,
        plan_letter_mode=policy.plan_letter_mode,
        disclosure_installments_max=policy.disclosure_installments_max.value,
        payroll_revocation_days=policy.payroll_revocation_days,
        agency_name=policy.agency_name,
        pre_assignment_items=before_placement.items if before_placement is not None else (),
        assistance_respond_days=policy.assistance_respond_days,
        assistance_refund_days=policy.assistance_refund_days,
        assistance_refund_min_cents=policy.assistance_refund_min_cents.value,
        estate_signer=policy.estate_signer,
        estate_signer_title=policy.estate_signer_title,
        certified_kinds=policy.certified_kinds,
    )


_TOO_LONG_FIX = "Mail a summary by hand, or split the account in the billing system."


def check_page_limit(outcome: Rendered | DocumentError, pages_max: int) -> Rendered | DocumentError:
    """Turn a document that fits no envelope into an error, so that a clerk handles it."""
    if isinstance(outcome, Rendered) and outcome.pages > pages_max:
        problem = f"It has {outcome.pages} pages, and the print profile's largest envelope takes {pages_max}."
        return DocumentError("TOO_LONG", problem, _TOO_LONG_FIX)
    return outcome


def _document(draft: _Draft, issued_on: date, outcome: _Outcome, entries: Mapping[str, PackEntry]) -> NewDocument:
    selection, guarantor = draft.selection, draft.account.guarantor
    base = NewDocument(
        document_id=draft.document_id,
        guarantor_id=guarantor.guarantor_id,
        kind=selection.kind,
        level=selection.level,
        channel=selection.channel,
        language=guarantor.language,
        accounts=selection.account_numbers,
        requests=selection.requests,
        episode_id=selection.episode_id,
        cause_id=selection.cause_id,
        amount_cents=selection.amount_cents,
        issued_on=issued_on,
        due_on=selection.due_on,
        state=DocumentState.ERROR,
        postal_key=guarantor.mailing_address.postal_code,
    )
    if draft.notes is not None:
        base = replace(base, **draft.notes.codes)
    if not isinstance(outcome, Rendered):
        return replace(base, error_code=outcome.code, error_message=outcome.message, error_fix=outcome.fix)
    return with_pack_entry(base, outcome, entries[draft.document_id])


def pack_key(batch_id: str, sequence: int, pack: Pack) -> str:
    """The archive key of a pack. It contains the hash, so a retry with other bytes gets another key."""
    return f"packs/{batch_id}/{sequence:05d}-{pack.sha256[:12]}.zip"


def with_pack_entry(document: NewDocument, rendered: Rendered, entry: PackEntry) -> NewDocument:
    """The document as rendered, with its position in the archived pack."""
    return replace(
        document,
        state=DocumentState.RENDERED,
        sha256=rendered.sha256,
        pages=rendered.pages,
        offset=entry.offset,
        length=entry.length,
    )
