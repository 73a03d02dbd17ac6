"""What if: who would get what under another policy, side by side with the policy in force. Nothing is made.

The accounts are those that a batch pulled, or the billing system's of today. Each is decided twice by the rules of the
batch, so that a difference comes from the settings alone.
"""

from __future__ import annotations

import heapq
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial

import msgspec

from statement_builder.billing.model import FaultyAccount, Record
from statement_builder.billing.selection import Decision, Kind
from statement_builder.containment import contain
from statement_builder.errors import ConfigError
from statement_builder.kinds import decide
from statement_builder.ledger import Batch
from statement_builder.operations.access import list_subjects, record_access
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import stream_candidates
from statement_builder.pipeline.pull.entries import Entry
from statement_builder.pipeline.pull.scope import Scope
from statement_builder.policy.settings import Policy
from statement_builder.settings.checks import find_faults
from statement_builder.settings.conversion import convert_settings
from statement_builder.source import read_refusing

LISTED_MAX = 200
"""Guarantors that are listed, those whose amount changes most. The figures count everybody."""
_TEXT_CHARACTERS_MAX = 20_000


class PolicyFigures(Record, kw_only=True):
    """What one policy decides."""

    counts: dict[str, int]
    """`selected`, `held`, `exceptions`, `print`, `email`, and `level N`."""
    cents: dict[str, int]
    """`selected` and `held`."""
    holds: dict[str, int]
    """Hold code → recipients."""


class ChangedDecision(Record, kw_only=True):
    """A recipient about whom the two policies decide differently."""

    guarantor_id: str
    outcome: str
    other_outcome: str
    cents: int
    """What the document asks for; 0 if there is none."""
    other_cents: int
    level: int
    other_level: int
    codes: tuple[str, ...]
    """The holds that only the policy in force finds."""
    other_codes: tuple[str, ...]


class WhatIf(Record, kw_only=True):
    """Both policies side by side."""

    kind: Kind
    as_of: date
    batch_id: str
    """Empty: the billing system of today."""
    changes: tuple[str, ...]
    """The settings that differ: `policy.balance_min_cents: 500 → 1000`."""
    pulled: int
    now: PolicyFigures
    other: PolicyFigures
    changed_count: int
    changed: tuple[ChangedDecision, ...]


def read_other_policy(context: AppContext, text: str) -> Policy:
    """The policy in force with the settings of a TOML text: lines such as `balance_min_cents = 1000`, or a settings
    file with a table `[policy]`; its other tables are not read.

    `ConfigError` names every setting that is unknown, of the wrong type, or outside its legal limits.
    """
    if len(text) > _TEXT_CHARACTERS_MAX:
        raise ConfigError(f"The settings have more than {_TEXT_CHARACTERS_MAX:,} characters.")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(
            f"The settings are not valid TOML: {exc}. Write one a line: balance_min_cents = 1000"
        ) from exc
    table = raw.get("policy", raw)
    if not isinstance(table, dict):
        raise ConfigError("[policy] must be a table in the settings")
    in_force = msgspec.to_builtins(context.settings.policy, builtin_types=(date,))
    faults: list[str] = []
    policy = convert_settings({"policy": {**in_force, **table}}, faults).policy
    if not faults:
        faults += [
            fault
            for fault in find_faults(msgspec.structs.replace(context.settings, policy=policy))
            if fault.startswith("policy.")
        ]
    if faults:
        raise ConfigError(f"{'; '.join(fault.rstrip('.') for fault in faults)}.")
    return policy


def compare_policies(context: AppContext, kind: Kind, other: Policy, *, batch: Batch | None = None) -> WhatIf:
    """Decide every candidate under both policies. Those whom the result names are in the access log before it returns.

    `ConfigError` if the batch has no snapshot; `SourceError` if the billing system cannot be read.
    """
    if batch is not None:
        found = _compare(context.settings.policy, other, _read_snapshot(context, batch), batch.kind, batch.as_of)
        found = msgspec.structs.replace(found, batch_id=batch.batch_id)
    else:
        found = read_refusing(partial(_compare_now, context, kind, other))
    record_access(context, "console what-if", list_subjects(found.changed), batch_id=found.batch_id)
    return found


def _compare_now(context: AppContext, kind: Kind, other: Policy, refused: frozenset[int]) -> WhatIf:
    today = context.today()
    scope = Scope(source=context.settings.source.name, kind=kind, cycle=f"{today:%Y-%m}", as_of=today)
    return _compare(context.settings.policy, other, stream_candidates(context, scope, refused=refused), kind, today)


def _read_snapshot(context: AppContext, batch: Batch) -> Iterator[Entry]:
    from statement_builder.pipeline.build_worker import read_shard  # noqa: PLC0415 - imports WeasyPrint

    shards = [shard for shard in context.ledger.shards.for_batch(batch.batch_id) if not shard.is_reissue]
    if not shards:
        raise ConfigError(f"{batch.batch_id} has no snapshot yet.")
    if purged := next((shard.purged_on for shard in shards if shard.purged_on), None):
        raise ConfigError(f"The snapshot of {batch.batch_id} was purged on {purged}. Choose a later batch.")
    for number, shard in enumerate(shards, start=1):
        yield from read_shard(context.archive, shard)
        context.progress("accounts", number, len(shards))


def _compare(policy: Policy, other: Policy, entries: Iterable[Entry], kind: Kind, as_of: date) -> WhatIf:
    figures = (_Counting(), _Counting())
    pulled = changed_count = 0
    largest: list[tuple[int, str, int, ChangedDecision]] = []
    for entry in entries:
        pulled += 1
        if isinstance(entry, FaultyAccount):
            for each in figures:
                each.counts["exceptions"] += 1
            continue
        decisions = [_decide(entry, kind, each, as_of) for each in (policy, other)]
        for each, decision in zip(figures, decisions, strict=True):
            each.add(decision)
        first, second = decisions
        if first is None or second is None or first == second:
            continue
        row = _describe_change(first, second)
        if row is None:
            continue
        changed_count += 1
        weight = (abs(row.cents - row.other_cents), row.guarantor_id, changed_count, row)
        if len(largest) < LISTED_MAX:
            heapq.heappush(largest, weight)
        else:
            heapq.heappushpop(largest, weight)
    return WhatIf(
        kind=kind,
        as_of=as_of,
        batch_id="",
        changes=tuple(_list_changes(policy, other)),
        pulled=pulled,
        now=figures[0].result(),
        other=figures[1].result(),
        changed_count=changed_count,
        changed=tuple(row for *_, row in sorted(largest, key=lambda each: (-each[0], each[1]))),
    )


class _Counting:
    """The figures of one policy, as they are counted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.cents: Counter[str] = Counter()
        self.holds: Counter[str] = Counter()

    def add(self, decision: Decision | None) -> None:
        if decision is None or decision.outcome == "exception":
            self.counts["exceptions"] += 1
            return
        self.holds.update({hold.code for hold in decision.holds})
        selection = decision.selection
        amount = selection.amount_cents if selection else 0
        self.counts["selected" if selection else "held"] += 1
        self.cents["selected"] += amount
        self.cents["held"] += decision.balance_cents - amount
        if selection:
            self.counts[selection.channel.value] += 1
            if selection.level:
                self.counts[f"level {selection.level}"] += 1

    def result(self) -> PolicyFigures:
        return PolicyFigures(counts=dict(self.counts), cents=dict(self.cents), holds=dict(self.holds))


def _decide(entry: Entry, kind: Kind, policy: Policy, as_of: date) -> Decision | None:
    """The decision; None for an account whose rules fail, as in a batch an exception."""
    assert not isinstance(entry, FaultyAccount)
    try:
        return decide(entry, kind, policy, as_of)
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        contain(exc, "deciding this account", entry.guarantor.guarantor_id)
        return None


def _describe_change(first: Decision, second: Decision) -> ChangedDecision | None:
    """What differs, as far as anybody would notice: the outcome, the amount, the level, or the reasons."""
    codes = [{hold.code for hold in each.holds} for each in (first, second)]
    one, two = first.selection, second.selection
    row = ChangedDecision(
        guarantor_id=first.guarantor_id,
        outcome=first.outcome,
        other_outcome=second.outcome,
        cents=one.amount_cents if one else 0,
        other_cents=two.amount_cents if two else 0,
        level=one.level if one else 0,
        other_level=two.level if two else 0,
        codes=tuple(sorted(codes[0] - codes[1])),
        other_codes=tuple(sorted(codes[1] - codes[0])),
    )
    before = (row.outcome, row.cents, row.level, row.codes)
    return row if before != (row.other_outcome, row.other_cents, row.other_level, row.other_codes) else None


def _list_changes(policy: Policy, other: Policy) -> Iterator[str]:
    for name in policy.__struct_fields__:
        before, after = (_show(getattr(each, name)) for each in (policy, other))
        if before != after:
            yield f"policy.{name}: {before} → {after}"


def _show(value: object) -> str:
    plain = msgspec.to_builtins(value, builtin_types=(date,))
    if isinstance(plain, Mapping):
        return str(plain.get("value", ""))
    return ", ".join(map(str, plain)) if isinstance(plain, list | tuple) else str(plain)
