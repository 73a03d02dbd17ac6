"""The letter that a plan has ended, and what happens now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from statement_builder.billing.model import Correspondence, GuarantorAccount
from statement_builder.billing.selection import FINAL_LEVEL, Selection
from statement_builder.documents.assistance import assistance_until
from statement_builder.documents.facts import DateAhead, PlanLetterFacts, VisitLine
from statement_builder.documents.plan_terms import find_plan, plan_visits, require_footing
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.policy.due_dates import next_letter_level


class NextStep(StrEnum):
    """Where the visits of an ended plan are on the dunning ladder: what is mailed next if nothing is done."""

    BILL = "bill"
    PAST_DUE = "past_due"
    SECOND_LETTER = "second_letter"
    FINAL_NOTICE = "final_notice"
    REVIEW = "review"
    """The final notice was mailed before the plan: a person decides."""


_STEPS = (NextStep.BILL, NextStep.BILL, NextStep.PAST_DUE, NextStep.SECOND_LETTER, NextStep.FINAL_NOTICE)
"""By the level of the next letter. Levels 0 and 1 are bills."""


class PlanDefaultFacts(PlanLetterFacts, kw_only=True):
    """A letter about an ended plan. `content.amount_cents` is the sum of the visits' `owed_cents`."""

    visits: tuple[VisitLine, ...]
    next_step: NextStep
    assistance_until_on: date | None
    due_on: date
    """By then the guarantor pays or calls: no dunning letter about these visits goes out before."""

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "assistance_until_on", self.assistance_until_on

    def figures(self) -> object:
        return self.visits


def default_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> PlanDefaultFacts:
    """The letter's data. CompositionError if the plan is not on file or the visits do not add up."""
    visits = plan_visits(account, selection, terms, issued_on)
    require_footing(selection, sum(each.owed_cents for each in visits))
    owed = {each.account_number for each in visits if each.owed_cents}
    mailed = [each.correspondence for each in account.encounters if each.account_number in owed]
    return PlanDefaultFacts(
        plan_id=find_plan(account, selection).plan_id,
        visits=visits,
        next_step=max((_next_step(each, terms) for each in mailed), key=list(NextStep).index, default=NextStep.BILL),
        assistance_until_on=assistance_until(account, selection, terms, issued_on),
        due_on=selection.due_on,
    )


def _next_step(mailed: Correspondence | None, terms: PrintedTerms) -> NextStep:
    """The step after the last one mailed about a visit. The ladder goes on where it stopped when the plan began."""
    if mailed is None or (mailed.ladder_level < 2 and mailed.statements_mailed < terms.statements_before_letters):
        return NextStep.BILL
    level = next_letter_level(mailed)
    return _STEPS[level] if level <= FINAL_LEVEL else NextStep.REVIEW
