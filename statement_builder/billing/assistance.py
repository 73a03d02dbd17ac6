"""What one decision on financial assistance did to a visit, and the events that letters about applications answer."""

from __future__ import annotations

import hashlib
from datetime import date

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import ApplicationStatus, AssistanceRecord, Encounter, InsuranceKind, Record

INCOMPLETE_LETTER = "assistance-incomplete"
DECISION_LETTER = "assistance-decision"
"""The kinds of the letters. `billing.selection.Kind` has them too, and imports this package."""
_DISCOUNTS = frozenset({InsuranceKind.CHARITY, InsuranceKind.WRITE_OFF, InsuranceKind.OTHER})


class VisitHelp(Record, kw_only=True):
    """What a decision did to one visit: `part = help + paid + pending + left`, to the cent."""

    account_number: str
    part_cents: int
    """The patient's part before the help."""
    help_cents: int
    """The discounts that posted since the application."""
    paid_cents: int
    """What the patient has paid."""
    pending_cents: int
    """What insurance is still expected to pay."""
    left_cents: int
    """The patient's balance. Negative: the patient has paid more than the part that is left."""


def covers(record: AssistanceRecord, encounter: Encounter) -> bool:
    """Whether an application is about a visit: it names it or all of them, and the care was not later."""
    own = record.account_number in ("", encounter.account_number)
    return own and encounter.service_from <= record.occurred_on


def has_discount(encounter: Encounter, since: date) -> bool:
    """Whether any discount of the hospital posted on a visit since a day."""
    return any(
        each.kind in _DISCOUNTS and each.amount_cents > 0 and each.posted_on >= since for each in encounter.insurance
    )


def discount_cents(encounter: Encounter, since: date, as_of: date) -> int:
    """The hospital's discounts that posted on a visit from `since` to `as_of`."""
    posted = [each for each in encounter.insurance if each.kind in _DISCOUNTS and since <= each.posted_on <= as_of]
    return sum(each.amount_cents for each in posted)


def visit_help(encounter: Encounter, since: date, as_of: date) -> VisitHelp:
    """What the discounts since an application was received did to a visit."""
    balance, help_cents = encounter_balance(encounter, as_of), discount_cents(encounter, since, as_of)
    return VisitHelp(
        account_number=encounter.account_number,
        part_cents=balance.balance_cents + help_cents + balance.patient_paid_cents,
        help_cents=help_cents,
        paid_cents=balance.patient_paid_cents,
        pending_cents=balance.insurance_pending_cents,
        left_cents=balance.patient_cents,
    )


def application_cause(record: AssistanceRecord) -> str:
    """The event id of an application's status. Other missing items, another date, or another decision make another
    event; a new row for one more visit does not."""
    facts: tuple[object, ...] = (record.status, record.decided_on, record.basis, record.discount_percent)
    if record.status is ApplicationStatus.INCOMPLETE:
        facts = (record.status, *sorted(record.missing), record.respond_by)
    digest = hashlib.sha256(repr([str(each) for each in facts]).encode()).hexdigest()
    return f"{record.assistance_id}:{digest[:32]}"


def application_of_cause(cause_id: str) -> str:
    """The application of an `application_cause`, whatever characters its id has."""
    return cause_id.rpartition(":")[0]
