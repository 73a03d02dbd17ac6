"""When and how each state lets a creditor present a claim against an estate. One file per state in `probate_rules`.

A state without a file is not on file: a person decides, and no deadline is guessed.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from statement_builder.billing.dates import add_months
from statement_builder.billing.model import Estate, Record
from statement_builder.policy.states.state_files import read_states

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=3_650)]


class Period(Record, kw_only=True):
    """A time in the words of a statute: `{ months = 4 }` is not 120 days."""

    months: _Count = 0
    days: _Count = 0

    def __post_init__(self) -> None:
        """ValueError unless it is months or days, and longer than nothing."""
        if (self.months > 0) == (self.days > 0):
            raise ValueError("a period has months or days")

    def after(self, day: date) -> date:
        """The last day of the period."""
        return add_months(day, self.months) + timedelta(days=self.days)


class PresentedBy(StrEnum):
    """What makes a claim count."""

    MAIL = "mail"
    """A written statement mailed to the personal representative (UPC 3-804(1))."""
    COURT = "court"
    """A filing with the court, on its form."""
    SUIT = "suit"
    """A lawsuit against the personal representative."""


class ProbateRule(Record, kw_only=True):
    """One state's rule, with its source."""

    after_opening: Period | None = None
    """Time to present a claim after the representative was appointed. None: it does not start there."""
    after_publication: Period | None = None
    """The same after the first publication of the notice to creditors."""
    after_notice: Period | None = None
    """The same after a notice to this creditor was mailed or delivered. The later of these ends counts."""
    after_death: Period
    """The end for every creditor, with or without a notice."""
    presented_by: PresentedBy
    needs_signature: bool = False
    """The statute requires a signature or an oath by hand, which a print vendor cannot give."""
    needs_certified_mail: bool = False
    """The statute requires certified mail with a return receipt."""
    form: str = ""
    """The court's form, if it requires one."""
    priority: _Text
    """The statute that puts the expenses of the last illness before other debts."""
    citation: _Text
    reviewed: date
    """When compliance last reviewed the numbers and the citation."""
    note: _Text


class ClaimDeadline(Record, kw_only=True):
    """When a claim must be presented."""

    first_on: date
    """The end of the first period that runs: the date to work to."""
    last_on: date
    """The last day by the statute, which lets the later of two periods count."""

    def work_by(self, today: date) -> date:
        """The date to work to: the first, or once that has passed, the last."""
        return self.first_on if today <= self.first_on else self.last_on


def find_deadline(estate: Estate, rule: ProbateRule) -> ClaimDeadline:
    """The deadline by the dates on file. The end after a death always runs."""
    starts = (
        (rule.after_opening, estate.opened_on),
        (rule.after_publication, estate.published_on),
        (rule.after_notice, estate.notice_on),
    )
    ends = [period.after(start) for period, start in starts if period is not None and start is not None]
    bar_on = rule.after_death.after(estate.died_on)
    return ClaimDeadline(first_on=min([bar_on, *ends]), last_on=min(bar_on, max(ends, default=bar_on)))


PROBATE_RULES = read_states("probate_rules", ProbateRule)
"""State code to its rule."""
