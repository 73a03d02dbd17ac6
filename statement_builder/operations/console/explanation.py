"""Why somebody gets a document or not, rule by rule: in a batch, from its snapshot, or now, from the billing system."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from statement_builder.billing.clocks import Clock, find_clocks
from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.selection import Hold, Kind
from statement_builder.errors import ConfigError
from statement_builder.kinds import explain
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.access import record_access, subject
from statement_builder.operations.clocks import clock_rules
from statement_builder.operations.console.reasons import Reason, describe_fault, describe_reason
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import find_candidates
from statement_builder.pipeline.pull.entries import Entry
from statement_builder.pipeline.pull.scope import Scope, scope_of
from statement_builder.policy.settings import Policy

EXCEPTION = "exception"


class RuleLine(Record, kw_only=True):
    """A rule that was applied, and what it found; nothing if it lets the document go."""

    says: str
    """A sentence of the rule's documentation; empty for a rule that needs none."""
    reasons: tuple[Reason, ...]


class Explained(Record, kw_only=True):
    """One decision about one recipient. No name and no address."""

    kind: Kind
    as_of: date
    guarantor_id: str
    """The recipient: the guarantor, or somebody else who gets a part of the guarantor's mail."""
    outcome: str
    """`selected`, `held`, or `exception`."""
    balance_cents: int
    amount_cents: int
    channel: str
    """`print` or `email` if it is selected."""
    level: int
    account_numbers: tuple[str, ...]
    """The visits on the document."""
    reasons: tuple[Reason, ...]
    rules: tuple[RuleLine, ...]


class LookedAgain(Record, kw_only=True):
    """What would happen to a guarantor today."""

    guarantor_id: str
    kind: Kind
    as_of: date
    decisions: tuple[Explained, ...]
    """Empty if the billing system has nothing of this guarantor that a batch of the kind would decide about."""
    clocks: tuple[Clock, ...]
    """The legal clocks of the guarantor's visits."""


def look_again(context: AppContext, guarantor_id: str, kind: Kind) -> LookedAgain:
    """Read a guarantor from the billing system now, and say what a batch of the kind would decide, and why. It writes
    nothing but the access log.

    `SourceError` if the billing system cannot be read.
    """
    scope = _scope_now(context, kind)
    owner = guarantor_of(guarantor_id)
    entries = read_guarantor(context, scope, owner)
    rules = clock_rules(context.settings.policy)
    visits = {
        visit.account_number: visit
        for entry in entries
        if isinstance(entry, GuarantorAccount)
        for visit in entry.encounters
    }
    record_access(context, "console look again", [subject(guarantor_id=owner)])
    return LookedAgain(
        guarantor_id=owner,
        kind=kind,
        as_of=scope.as_of,
        decisions=tuple(explain_entry(entry, kind, context.settings.policy, scope.as_of) for entry in entries),
        clocks=tuple(clock for visit in visits.values() for clock in find_clocks(visit, rules, scope.as_of)),
    )


def read_guarantor(context: AppContext, scope: Scope, guarantor_id: str) -> list[Entry]:
    """What the billing system has of one guarantor: the candidates of a kind, one for each recipient. `SourceError` if
    it cannot be read."""
    own = find_candidates(context, scope, only={guarantor_id})
    return [entry for entry in own if _subject_of(entry) == guarantor_id]  # bad rows of everybody come with it


def explain_in_batch(context: AppContext, batch: Batch, guarantor_id: str) -> list[Explained]:
    """What the batch decided about a guarantor, again from its snapshot, and why, under today's policy. The caller
    records the view.

    `ConfigError` if the batch did not decide about the guarantor, or its snapshot was purged; `ArchiveError` if it is
    not the one that was pulled.
    """
    from statement_builder.pipeline.build_worker import read_shard  # noqa: PLC0415 - imports WeasyPrint

    decisions = context.ledger.candidates.decisions([batch.batch_id], guarantor_id)
    if not decisions:
        raise ConfigError(f"Batch {batch.batch_id} has decided nothing about this guarantor.")
    explained = []
    for sequence in sorted({each.sequence for each in decisions}):
        shard = context.ledger.shards.require(batch.batch_id, sequence)
        if shard.purged_on is not None:
            raise ConfigError(f"The snapshot of {batch.batch_id} was purged on {shard.purged_on}.")
        explained += [
            explain_entry(entry, batch.kind, context.settings.policy, batch.as_of)
            for entry in read_shard(context.archive, shard)
            if _subject_of(entry) == guarantor_of(guarantor_id)
        ]
    return explained


def explain_entry(entry: Entry, kind: Kind, policy: Policy, as_of: date) -> Explained:
    """The decision about one entry of the billing system or a snapshot, rule by rule. Pure."""
    if isinstance(entry, FaultyAccount):
        return _explain_fault(entry, kind, as_of)
    decision, rules = explain(entry, kind, policy, as_of)
    selection = decision.selection

    def describe(holds: tuple[Hold, ...]) -> tuple[Reason, ...]:
        return tuple(describe_reason(hold, policy) for hold in holds)

    return Explained(
        kind=kind,
        as_of=as_of,
        guarantor_id=decision.guarantor_id,
        outcome=decision.outcome,
        balance_cents=decision.balance_cents,
        amount_cents=selection.amount_cents if selection else 0,
        channel=selection.channel.value if selection else "",
        level=selection.level if selection else 0,
        account_numbers=selection.account_numbers if selection else (),
        reasons=(*describe(decision.holds), *map(describe_fault, decision.faults)),
        rules=tuple(
            RuleLine(says=rule.says, reasons=describe(rule.holds)) for rule in rules if rule.says or rule.holds
        ),
    )


def _explain_fault(entry: FaultyAccount, kind: Kind, as_of: date) -> Explained:
    faults: tuple[Fault, ...] = entry.faults
    return Explained(
        kind=kind,
        as_of=as_of,
        guarantor_id=entry.subject,
        outcome=EXCEPTION,
        balance_cents=entry.cents,
        amount_cents=0,
        channel="",
        level=0,
        account_numbers=(),
        reasons=tuple(map(describe_fault, faults)),
        rules=(),
    )


def _scope_now(context: AppContext, kind: Kind) -> Scope:
    """The accounts that a batch would read today: the open batch of the kind, or one of today."""
    today = context.today()
    open_batches = [
        batch
        for batch in context.ledger.batches.all()
        if batch.kind is kind and batch.state is not BatchState.CLOSED and batch.limit is None
    ]
    if open_batches:
        return replace(scope_of(open_batches[0]), as_of=today)
    return Scope(source=context.settings.source.name, kind=kind, cycle=f"{today:%Y-%m-%d}", as_of=today)


def _subject_of(entry: Entry) -> str:
    """The guarantor whom an entry is about, or the account or row of an entry without one."""
    return guarantor_of(entry.subject if isinstance(entry, FaultyAccount) else entry.guarantor.guarantor_id)
