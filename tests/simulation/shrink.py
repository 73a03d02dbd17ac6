"""Finds the shortest history that still fails: fewer households, then fewer kinds and faults, then fewer events.

Delta debugging (Zeller and Hildebrandt, IEEE Transactions on Software Engineering 28(2), 2002), with each candidate
history simulated from its first day. A history fails if it violates the same rule, of any household.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from statement_builder.billing.selection import Kind
from tests.simulation.lives import START
from tests.simulation.simulation import Outcome, Plan, draw_events

T = TypeVar("T")
Run = Callable[[Plan], Outcome]
RUNS_MAX = 80
QUIET: tuple[dict[str, Any], ...] = (
    {"outages_permille": 0},
    {"faults_permille": 0},
    {"rejects_permille": 0},
    {"late_permille": 0},
    {"stale_feed_permille": 0},
    {"has_desks": False},
)
"""What can be left out of the office's conduct."""


class Shrinker:
    """Shrinks the plan of a failing outcome. `run` simulates until the first violation."""

    def __init__(self, run: Run, failed: Outcome, report: Callable[[str], None] = lambda _line: None) -> None:
        self._run = run
        self._report = report
        self._runs = 0
        self.rule = failed.violations[0].rule
        self.best = failed

    def shrink(self) -> Outcome:
        """The smallest failing outcome that was found within `RUNS_MAX` simulations."""
        first = self.best.violations[0]
        days = (first.day - START).days + 1
        base = replace(self.best.plan, days=days)
        if first.household is not None:
            self._try(replace(base, only=frozenset({first.household})))
        if self.best.plan.only is None:
            numbers = sorted({each.household for each in self.best.events})
            self._minimize(numbers, lambda kept: replace(base, only=frozenset(kept)))
        self._drop_conduct()
        self._drop_events()
        return self.best

    def _drop_conduct(self) -> None:
        """Leave out the kinds of document that do not matter, which makes the rest faster, then what goes wrong in the
        office."""
        self._minimize(sorted(self.best.plan.conduct.kinds), self._with_kinds)
        for changes in QUIET:
            conduct = replace(self.best.plan.conduct, **changes)
            self._try(replace(self.best.plan, conduct=conduct))

    def _with_kinds(self, kept: Sequence[Kind]) -> Plan:
        return replace(self.best.plan, conduct=replace(self.best.plan.conduct, kinds=frozenset(kept)))

    def _drop_events(self) -> None:
        plan = replace(self.best.plan, left_out=frozenset())
        count = len(draw_events(plan)[1])
        everything = frozenset(range(count))
        kept = sorted(everything - self.best.plan.left_out)
        self._minimize(kept, lambda part: replace(self.best.plan, left_out=everything - frozenset(part)))

    def _minimize(self, items: Sequence[T], plan_of: Callable[[Sequence[T]], Plan]) -> list[T]:
        """The fewest items with which the plan still fails: try to leave out halves, then quarters, and so on."""
        kept, parts = list(items), 2
        while len(kept) >= 2 and self._runs < RUNS_MAX:
            size = -(-len(kept) // parts)
            chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
            for chunk in chunks:
                rest = [each for each in kept if each not in chunk]
                if rest and self._try(plan_of(rest)):
                    kept, parts = rest, max(parts - 1, 2)
                    break
            else:
                if parts >= len(kept):
                    break
                parts = min(len(kept), parts * 2)
        return kept

    def _try(self, plan: Plan) -> bool:
        """Simulate a smaller plan; keep it if it fails in the same way."""
        if self._runs >= RUNS_MAX:
            return False
        self._runs += 1
        outcome = self._run(plan)
        fails = any(each.rule == self.rule for each in outcome.violations)
        if fails:
            days = (outcome.ended_on - START).days + 1
            self.best = replace(outcome, plan=replace(plan, days=min(plan.days, days)))
            self._report(
                f"{len(outcome.events)} events of {len({each.household for each in outcome.events})} households"
            )
        return fails


def describe_history(outcome: Outcome) -> str:
    """The history of a failing simulation as lines: what happened, what left, what the office met, what is wrong."""
    lines = [f"seed {outcome.plan.seed}, {outcome.plan.guarantors} guarantors, to {outcome.ended_on}"]
    dated = [(each.day, str(each)) for each in outcome.events]
    for letter in outcome.mail.letters.values():
        what = f"{letter.kind} {letter.level}" if letter.level else letter.kind
        for attempt in letter.attempts:
            departure = attempt.departure
            about = f"{letter.document_id[:8]} {letter.household.guarantor_id} {' '.join(letter.accounts)}".rstrip()
            dated.append(
                (departure.day, f"{departure.day} -> {what} by {departure.channel} {about} {letter.amount_cents} cents")
            )
            if attempt.mailed_on and departure.channel == "print":
                dated.append((attempt.mailed_on, f"{attempt.mailed_on} mailed {letter.document_id[:8]}"))
            if attempt.failed_on:
                dated.append((attempt.failed_on, f"{attempt.failed_on} {attempt.failure} {letter.document_id[:8]}"))
    lines += [text for _, text in sorted(dated, key=lambda each: each[0])]
    lines += [f"office: {line}" for line in outcome.log if "alert" not in line][-10:]
    lines += [f"WRONG {violation}" for violation in outcome.violations]
    return "\n".join(lines)
