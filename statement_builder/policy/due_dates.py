"""The dates to pay by that documents print, and what may not happen before them: the next mailing, and a review for
placement. One source for both, so that no step comes before its printed date."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.dates import PAPER_DAYS, due_date
from statement_builder.billing.model import Correspondence
from statement_builder.billing.selection import FINAL_LEVEL
from statement_builder.policy.settings import Policy

FIRST_LETTER_LEVEL = 2


def next_letter_level(mailed: Correspondence) -> int:
    """The level after the highest one mailed; 5 after the final notice."""
    return max(FIRST_LETTER_LEVEL, mailed.ladder_level + 1)


def letter_due_date(issued_on: date, level: int, policy: Policy) -> date:
    """The due date of a letter, and the deadline of a final notice."""
    return due_date(issued_on, policy.final_due_days if level == FINAL_LEVEL else policy.due_days)


def last_day_to_open(emailed_on: date, days: int, due_on: date | None) -> date | None:
    """The last day to open an e-mailed document before it goes on paper. None: nobody waits, because `days` is 0 or
    because paper could no longer arrive by `due_on`, the first date that the page gives."""
    if not days:
        return None
    last = emailed_on + timedelta(days=days)
    if due_on is not None:
        last = min(last, due_on - timedelta(days=PAPER_DAYS))
    return last if last > emailed_on else None


def next_mailing_on(last_mailed_on: date, policy: Policy) -> date:
    """The first date for the next statement or letter: after the minimum gap, and not before the last one's due date.

    The due date counts from the mailing, which is never before the date that the document printed.
    """
    return max(last_mailed_on + timedelta(days=policy.statement_gap_days), due_date(last_mailed_on, policy.due_days))


def placement_review_on(final_notice: Correspondence, policy: Policy, effort_on: date | None) -> date:
    """The first date when a visit may be reviewed for placement: the day after the deadline of its final notice (26 CFR
    1.501(r)-6(c)(4)(i)(A)).

    If the hospital takes collection actions, it is also not before the wait from the first statement has ended
    (1.501(r)-6(c)(3)), nor within the notice period after the oral effort of `effort_on` (1.501(r)-6(c)(4)(i)(C)): each
    comes at least 30 days before the first action.
    """
    mailed_on = final_notice.last_mailed_on
    review_on = max(
        letter_due_date(mailed_on, FINAL_LEVEL, policy) + timedelta(days=1),
        mailed_on + timedelta(days=policy.placement_wait_days),
    )
    if policy.collection_actions:
        review_on = max(review_on, final_notice.first_statement_on + timedelta(days=policy.eca_wait_days.value))
        if effort_on is not None:
            review_on = max(review_on, effort_on + timedelta(days=policy.final_notice_days.value))
    return review_on


def statements_are_done(mailed: Correspondence | None, policy: Policy) -> bool:
    """Whether all statements on a visit were mailed, so that letters follow."""
    if mailed is None:
        return False
    return mailed.ladder_level >= FIRST_LETTER_LEVEL or mailed.statements_mailed >= policy.statements_before_letters
