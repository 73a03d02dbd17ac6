"""Patient statements: every guarantor who owes gets one a cycle, until letters take over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.statement.facts import statement_facts
from statement_builder.kinds.statement.rules import find_statement_holds, select_statement, statement_amount
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.recheck_rules import recheck_visits


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*select_statement(candidate))


def _recheck(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    def visits_cents() -> int:
        return statement_amount(candidate, selection.account_numbers).amount_cents

    return recheck_visits(candidate, selection, find_statement_holds(candidate), visits_cents)


DEFINITION = KindDefinition(
    kind=Kind.STATEMENT,
    template="statement/statement.html",
    title=N_("Hospital statement"),
    select=_select,
    facts=statement_facts,
    recheck=_recheck,
    is_candidate=lambda _: True,
    is_faulty_candidate=lambda _: True,
    items_per_page_max=(40, 4),
    sample_guarantors=2,
)
