"""The data of a document, in cents and dates. The templates format it.

`dates_ahead` of a kind of document lists the dates that a reader should act on or expect; `compose` refuses a document
that would print one of them after it has passed. A new date is added there, or to the test's list of dates that look
back.

There are no diagnosis codes, medical record numbers, or birth dates: a template cannot print what is not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from statement_builder.billing.balance import Aging, RollForward
from statement_builder.billing.dates import PAPER_DAYS, last_of_month
from statement_builder.billing.model import FinancialClass, Record
from statement_builder.billing.selection import CollectionAction, PreAssignmentItem
from statement_builder.documents.reasons import ReasonPart

DateAhead = tuple[str, date | None]
"""The name of a field and its date. None: nothing is printed."""


class Facts(Record, kw_only=True):
    """The data of one kind of document. Each kind has a record of its own."""

    def dates_ahead(self) -> Iterator[DateAhead]:
        """The dates that a reader should act on or expect."""
        raise NotImplementedError

    def figures(self) -> object:
        """What a reader compares with an insurer's explanation or with an own record: a correction that changes none of
        it, nor a word, is none."""
        raise NotImplementedError

    def shown_cents(self, asked_cents: int) -> int:
        """The amount at the top of page 1: what the document asks for, unless it tells of another amount."""
        return asked_cents

    def printed_ids(self) -> tuple[str, ...]:
        """Ids of the billing system on the page, besides the guarantor and the accounts."""
        return ()


class PlanLetterFacts(Facts, kw_only=True):
    """The base of letters about one payment plan, whose number they print."""

    plan_id: str

    def printed_ids(self) -> tuple[str, ...]:
        return (self.plan_id,)


class VisitLine(Record, kw_only=True):
    """One encounter as printed: `charges - insurance - adjustments - payments - pending = owed`, to the cent."""

    account_number: str
    patient_name: str
    service_from: date
    service_to: date
    description: str
    """Empty if `sensitive`: the page then says only "Medical services"."""
    sensitive: bool = False
    facility_name: str = ""
    """Where the visit was. Empty if `sensitive`: the name of a clinic can tell what it treats."""
    insurance_name: str = ""
    """Empty if unknown or `sensitive`."""
    insured: bool = False
    """Anything on file shows that insurance is part of this visit."""
    denied: bool = False
    on_plan: bool = False
    charges_cents: int
    insurance_cents: int
    """Net of `taken_back_cents`. Negative: insurance took back more than it has paid."""
    taken_back_cents: int = 0
    adjustments_cents: int
    """Discounts, charity, and write-offs together."""
    charity_cents: int = 0
    write_off_cents: int = 0
    payments_cents: int
    """Net of `returned_cents`."""
    returned_cents: int = 0
    """Refunds and returned checks."""
    pending_cents: int = 0
    owed_cents: int
    reasons: tuple[ReasonPart, ...] = ()
    """Why the patient owes `owed_cents`. Empty on a letter."""
    estimate_cents: int | None = None
    """The good faith estimate."""
    dispute_until_on: date | None = None
    """The last day to dispute charges far above the estimate. None: they are not, or the day has passed or is near."""

    @property
    def discounts_cents(self) -> int:
        return self.adjustments_cents - self.charity_cents - self.write_off_cents


class BilledBy(Record, kw_only=True):
    """A physician group, as a page names it beside the hospital."""

    name: str
    tax_id: str
    phone: str
    in_assistance_policy: bool
    """Whether the hospital's financial assistance policy covers its bills."""


class VisitSection(Record, kw_only=True):
    """The visits that one party bills, on a statement of several. The sums are those of its visits, to the cent."""

    billed_by: BilledBy | None
    """None: the hospital."""
    visits: tuple[VisitLine, ...]
    charges_cents: int
    insurance_cents: int
    adjustments_cents: int
    payments_cents: int
    owed_cents: int


class PendingVisit(Record, kw_only=True):
    """A visit whose claim is open. The statement mentions it and asks for nothing."""

    patient_name: str
    service_from: date
    service_to: date
    description: str
    """Empty if `sensitive`."""
    sensitive: bool
    insurance_name: str
    """Empty if unknown or `sensitive`."""


class PlanLine(Record, kw_only=True):
    """A payment plan's part of the statement."""

    plan_id: str
    due_cents: int
    remaining_cents: int
    missed_count: int


_WIDE_CENTS = 100_000_000
"""$1,000,000.00 is wider than a column of the statement's table of visits."""


class StatementFacts(Facts, kw_only=True):
    """A statement (levels 0 and 1). Totals are sums of the visits. `content.amount_cents` = owed - plan_later."""

    visits: tuple[VisitLine, ...]
    """By date of service, or section by section."""
    sections: tuple[VisitSection, ...] = ()
    """All visits by who bills them: the hospital first, then the groups by name. Empty: all are the hospital's."""
    charges_cents: int
    insurance_cents: int
    taken_back_cents: int = 0
    adjustments_cents: int
    charity_cents: int = 0
    write_off_cents: int = 0
    payments_cents: int
    returned_cents: int = 0
    pending_cents: int
    owed_cents: int
    plan_later_cents: int
    """Owed on payment plans, but not due on this statement."""
    plans: tuple[PlanLine, ...]
    roll_forward: RollForward
    aging: Aging
    pending_visits: tuple[PendingVisit, ...] = ()
    credit_cents: int = 0
    """The credit on other visits, which is not used for this bill. Never negative."""
    bill_number: int = 0
    """Which statement about these visits this is. 0: they differ, or it is not known."""
    bill_count: int = 0
    """Statements about these visits before the first letter. 0: as `bill_number`."""
    asks_plans_only: bool = False
    """Whether it asks for agreed installments and nothing else, so that it offers no other plan."""
    installment_count: int = 0
    """Monthly payments that the billing office offers for this bill. 0: no offer by number."""
    installment_cents: int = 0
    """The largest of these payments."""
    insured: bool = False
    """Insurance is part of a visit."""
    denied: bool = False
    """Insurance denied a visit."""
    adjustment_kinds: tuple[str, ...] = ()
    """Those of `discount`, `charity`, and `write_off` that a visit has. The page names each by its own word."""
    raised: tuple[str, ...] = ()
    """Those of `insurance`, `adjustments`, and `payments` that raise what is owed on a visit: a take-back, say."""
    has_split: bool = False
    """The insurer's split explains a visit, so a glossary explains its words."""
    shows_adjustments: bool = False
    shows_payments: bool = False
    """The table has this column. Uninsured readers get no column of zeros."""
    has_changes: bool = False
    """Something was posted since the last bill."""
    due_on: date

    @property
    def discounts_cents(self) -> int:
        return self.adjustments_cents - self.charity_cents - self.write_off_cents

    @property
    def has_wide_amounts(self) -> bool:
        """Whether an amount of the tables has seven digits or more before the point: six do not fit side by side."""
        lines: tuple[StatementFacts | VisitLine | RollForward, ...] = (self, *self.visits, self.roll_forward)
        amounts = [abs(self.owed_cents) + self.pending_cents]
        for each in lines:
            amounts += each.charges_cents, each.insurance_cents, each.adjustments_cents, each.payments_cents
        amounts += [visit.estimate_cents or 0 for visit in self.visits]
        return max(*amounts, -min(amounts)) >= _WIDE_CENTS

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        for visit in self.visits:
            yield "dispute_until_on", visit.dispute_until_on

    @property
    def has_hospital_visits(self) -> bool:
        """Whether the hospital itself bills any of the visits."""
        return not self.sections or any(each.billed_by is None for each in self.sections)

    def figures(self) -> object:
        plans = tuple((plan.due_cents, plan.remaining_cents) for plan in self.plans)
        billed_by = tuple(each.billed_by for each in self.sections)
        return self.visits, self.plan_later_cents, plans, billed_by


class EstimatePayment(Record, kw_only=True):
    """One suggested payment toward the unpaid part of the estimate."""

    due_on: date
    amount_cents: int


class ObNoticeFacts(Facts, kw_only=True):
    """An estimate before a birth, never a bill. It contains nothing owed for other visits."""

    patient_name: str
    expected_delivery_on: date
    """Printed as month and year only."""
    estimate_on: date
    estimate_basis: str
    insurance_name: str
    good_faith_estimate_id: str
    plan_year_ends_on: date | None
    """Set only if the plan year is still to end, before the birth: deductibles then reset."""
    estimate_cents: int
    """`estimate = paid + remaining`."""
    paid_cents: int
    """Deposits toward the estimate. 0 if more was refunded than paid, and at most the estimate."""
    remaining_cents: int
    payments: tuple[EstimatePayment, ...]
    """The first is the payment of this notice: `content.amount_cents` by `due_on`. Each later one has a later date. The
    amounts add up to `remaining_cents`, so no payment has two dates or two amounts on the page."""
    due_on: date

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "expected_delivery_on", last_of_month(self.expected_delivery_on)
        yield "plan_year_ends_on", self.plan_year_ends_on
        for payment in self.payments:
            yield "payments.due_on", payment.due_on

    def figures(self) -> object:
        return self.patient_name, self.insurance_name, self.estimate_cents, self.paid_cents


class AssignedVisit(Record, kw_only=True):
    """A visit that an agency may get, with the health plan on record."""

    visit: VisitLine
    plan: FinancialClass | None
    """The type of the plan. None: there is no record of one."""


class PreAssignment(Record, kw_only=True):
    """What a person is told before a debt is assigned to a collection agency."""

    items: tuple[PreAssignmentItem, ...]
    visits: tuple[AssignedVisit, ...]
    told_on: tuple[date, ...]
    """When the bills and letters about these visits were mailed, each with the notice about financial assistance."""
    decided_on: date | None
    """The latest decision on an application. None: there is none."""


class LetterFacts(Facts, kw_only=True):
    """A dunning letter. `owed_cents` is the sum of the visits and the amount due."""

    visits: tuple[VisitLine, ...]
    owed_cents: int
    first_billed_on: date | None
    """The earliest first-statement date of these visits."""
    assistance_until_on: date | None
    """The last date to apply for financial assistance for all of these visits. None: the letter prints no date."""
    collection_actions: tuple[CollectionAction, ...]
    """What may happen after `due_on`. Empty: the letter is not a final notice, or the hospital takes no action."""
    agency_name: str
    pre_assignment: PreAssignment | None = None
    """What the state's law has a final notice say before the agency gets the account. None: nothing."""
    due_on: date

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "assistance_until_on", self.assistance_until_on

    def figures(self) -> object:
        return self.visits


def find_past_dates(facts: Facts, on: date) -> tuple[str, ...]:
    """The fields that would print a date as if it lay ahead, although it is before `on`: the document's date, or the
    day on which it is mailed."""
    return tuple(dict.fromkeys(name for name, day in facts.dates_ahead() if day is not None and day < on))


def first_date_ahead(facts: Facts) -> date | None:
    """The earliest date that a reader should act on or expect: what a page says must be read before it."""
    return min((day for _, day in facts.dates_ahead() if day is not None), default=None)


def while_ahead(day: date, issued_on: date) -> date | None:
    """A last day to do something, or None if it would have passed when paper of this date is read: no date is better
    than a wrong one. Only for dates that a document can leave out."""
    return day if day >= issued_on + timedelta(days=PAPER_DAYS) else None
