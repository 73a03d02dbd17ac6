"""Who gets an itemized bill: people who asked for one, once for each request, about one visit at a time.

An itemized bill explains; it is not a demand. What holds a copy of a bill (law, privacy, the address) holds it too, and
the request stays open. What only holds a demand, such as an open claim or a payment plan, does not: the page then asks
for nothing, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.dates import due_date
from statement_builder.billing.model import (
    PRINTED_FORMATS,
    DocumentRequest,
    Encounter,
    FaultyAccount,
    GuarantorAccount,
    RequestKind,
)
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.invoice.asking import find_asking
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import hold_approved_without_discount
from statement_builder.policy.candidate import (
    Candidate,
    ClosingRule,
    Rule,
    apply_closing_rules,
    find_holds,
    guarantor_is_held,
)
from statement_builder.policy.channel import choose_channel, hold_unwanted_bill_on_paper
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded


def requests_for(encounter: Encounter) -> tuple[DocumentRequest, ...]:
    """The open requests for an itemized bill of this visit."""
    return tuple(each for each in encounter.requests if each.kind is RequestKind.INVOICE)


def is_asked(account: GuarantorAccount) -> bool:
    """Whether anybody asked for an itemized bill of a visit."""
    return any(requests_for(each) for each in account.encounters)


def is_faulty_asked(entry: FaultyAccount) -> bool:
    """As `is_asked`, of an account with bad rows."""
    return any(each.kind is RequestKind.INVOICE for _, each in entry.requests)


def asked_cents(account: GuarantorAccount, as_of: date) -> int:
    """What is owed on the visits that somebody asked about, by patient and insurance."""
    return sum(encounter_balance(each, as_of).balance_cents for each in account.encounters if requests_for(each))


def hold_no_charges(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit without charge lines: there is nothing to itemize."""
    for each in candidate.with_balance:
        if not any(charge.posted_on <= candidate.as_of for charge in each.charges):
            yield make_hold("NO_CHARGES", each.account_number)


def hold_other_format(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit that is asked for only in a format that a person must make (45 CFR 92.102)."""
    for each in candidate.with_balance:
        if not _printed_requests(each):
            yield make_hold("REQ_FORMAT", each.account_number)


def hold_later_requests(candidate: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
    """Hold all but the oldest request: an itemized bill is about one visit, and a recipient gets one a cycle."""
    asked = [each for each in billable if requests_for(each)]
    if asked:
        first = min(asked, key=_asked_first)
        yield from (make_hold("REQ_NEXT", each.account_number) for each in asked if each is not first)


def _asked_first(encounter: Encounter) -> tuple[date, str]:
    return min(each.asked_on for each in requests_for(encounter)), encounter.account_number


def _printed_requests(encounter: Encounter) -> tuple[DocumentRequest, ...]:
    return tuple(each for each in requests_for(encounter) if each.format in PRINTED_FORMATS)


INVOICE_RULES: tuple[Rule, ...] = (
    hold_recorded,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    guarantor_rules.hold_alternate_format,
    hold_unwanted_bill_on_paper,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_covered_patient,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
    encounter_rules.hold_above_estimate,
    hold_approved_without_discount,
    encounter_rules.hold_unknown_plan,
    hold_no_charges,
    hold_other_format,
)

INVOICE_CLOSING_RULES: tuple[ClosingRule, ...] = (hold_later_requests,)


def find_invoice_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """All reasons to hold the itemized bills that were asked for, without the choice between them.

    A paid visit is itemized too, so the rules look at every visit that somebody asked about, and at no other.
    """
    asked = tuple(each for each in candidate.account.encounters if requests_for(each))
    numbers = {"", *(each.account_number for each in asked)}
    found = find_holds(replace(candidate, with_balance=asked), INVOICE_RULES)
    return tuple(hold for hold in found if hold.account_number in numbers)


def select_invoice(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The itemized bill of the oldest request, or None if it is held, and all holds."""
    holds = apply_closing_rules(candidate, find_invoice_holds(candidate), INVOICE_CLOSING_RULES)
    held = {hold.account_number for hold in holds}
    chosen = [each for each in candidate.account.encounters if requests_for(each) and each.account_number not in held]
    if guarantor_is_held(holds) or not chosen:
        return None, holds
    (encounter,) = chosen
    channel = choose_channel(candidate, level=0)
    selection = Selection(
        kind=Kind.INVOICE,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=(encounter.account_number,),
        channel=channel,
        amount_cents=invoice_cents(candidate, encounter),
        due_on=due_date(candidate.as_of, candidate.policy.due_days),
        requests=_printed_requests(encounter),
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
    return selection, holds


def invoice_cents(candidate: Candidate, encounter: Encounter) -> int:
    """What the itemized bill asks for: the patient's balance, or nothing (`find_asking`)."""
    balance = candidate.balance(encounter)
    asking = find_asking(
        candidate.account,
        encounter,
        patient_cents=balance.patient_cents,
        pending_cents=balance.insurance_pending_cents,
        plans=candidate.plans,
    )
    return balance.patient_cents if asking.asks else 0
