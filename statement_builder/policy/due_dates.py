"""The dates to pay by that documents print, and what may not happen before them: the next mailing, and a review for
placement. One source for both, so that no step comes before its printed date."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import Correspondence
from statement_builder.policy.channel import FINAL_LEVEL
from statement_builder.policy.settings import Policy


def letter_due_date(issued_on: date, level: int, policy: Policy) -> date:
    """The due date of a letter, and the deadline of a final notice."""
    return due_date(issued_on, policy.final_due_days if level == FINAL_LEVEL else policy.due_days)


def next_mailing_on(last_mailed_on: date, policy: Policy) -> date:
    """The first date for the next statement or letter: after the minimum gap, and not before the last one's due date.

    The due date counts from the mailing, which is never before the date that the document printed.
    """
    return max(last_mailed_on + timedelta(days=policy.statement_gap_days), due_date(last_mailed_on, policy.due_days))


def placement_review_on(final_notice: Correspondence, policy: Policy) -> date:
    """The first date when a visit may be reviewed for placement: the day after the deadline of its final notice (26 CFR
    1.501(r)-6(c)(4)(i))."""
    mailed_on = final_notice.last_mailed_on
    return max(
        letter_due_date(mailed_on, FINAL_LEVEL, policy) + timedelta(days=1),
        mailed_on + timedelta(days=policy.placement_wait_days),
    )
