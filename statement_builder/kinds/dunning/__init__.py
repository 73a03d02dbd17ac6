"""Dunning letters: past-due letter, second letter, final notice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.selection import FINAL_LEVEL, Hold, Kind, Selection
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.dunning.facts import letter_facts
from statement_builder.kinds.dunning.rules import find_dunning_holds, letter_cents, select_letter
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.due_dates import letter_due_date
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*select_letter(candidate))


def _recheck(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    def visits_cents() -> int:
        printed = [each for each in candidate.account.encounters if each.account_number in selection.account_numbers]
        return letter_cents(candidate, printed)

    yield from recheck_visits(candidate, selection, find_dunning_holds(candidate), visits_cents)
    yield from _recheck_notice_period(candidate, selection, as_of)


def _recheck_notice_period(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    """Hold a final notice that waited too long to leave the legal 30 days (26 CFR 1.501(r)-6(c)(4)(i))."""
    if selection.level != FINAL_LEVEL:
        return
    due_on = letter_due_date(candidate.as_of, selection.level, candidate.policy)
    if (due_on - as_of).days < candidate.policy.final_notice_days.value:
        yield make_hold("NOTICE_SHORT")


DEFINITION = KindDefinition(
    kind=Kind.DUNNING,
    template="letter/letter.html",
    title=N_("Letter about your hospital bill"),
    select=_select,
    facts=letter_facts,
    recheck=_recheck,
    sample_guarantors=14,
)
