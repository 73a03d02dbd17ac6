"""Who gets an itemized bill: people who asked for one, once for each request, about one visit at a time.

An itemized bill explains; it is not a demand. What holds a copy of a bill (law, privacy, the address) holds it too, and
the request stays open. What only holds a demand, such as an open claim or a payment plan, does not: the page then asks
for nothing, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import Encounter, RequestKind
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.documents.asking import find_asking
from statement_builder.kinds.statement.rules import find_statement_holds
from statement_builder.policy.candidate import Candidate, ClosingRule, Rule, apply_closing_rules
from statement_builder.policy.channel import choose_channel
from statement_builder.policy.group_bills import group_digests
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.requests import AMOUNT_RULES, PRIVACY_RULES, Requests, first_unheld, hold_overdue

REQUESTS = Requests(RequestKind.INVOICE)
_SPACES_OUT_BILLS = frozenset({"DUPRUN", "MINDAYS", "PMT_TODAY", "LADDER", "GROUP_DONE"})
"""Holds of a statement on a visit that was billed already, or is billed a little later."""


def hold_no_charges(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit without charge lines: there is nothing to itemize."""
    for each in candidate.with_balance:
        if not any(charge.posted_on <= candidate.as_of for charge in each.charges):
            yield make_hold("NO_CHARGES", each.account_number)


def hold_obstacle(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit while a person recorded why its itemized bill is not sent: a letter says so instead."""
    for each in candidate.with_balance:
        if any(asked.obstacle for asked in REQUESTS.of(each)):
            yield make_hold("REQ_OBSTACLE", each.account_number)


def hold_before_first_bill(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit that only a state's law asks about until its first bill."""
    by_law = [each for each in candidate.with_balance if all(asked.state_rule for asked in REQUESTS.of(each))]
    if by_law:
        with_balance = [each for each in candidate.account.encounters if candidate.balance(each).balance_cents]
        billing = replace(candidate, kind=Kind.STATEMENT, with_balance=tuple(with_balance))
        held = {hold.account_number for hold in find_statement_holds(billing) if hold.code not in _SPACES_OUT_BILLS}
        for each in by_law:
            if held & {"", each.account_number}:
                yield make_hold("ITEMIZED_WAIT", each.account_number)


INVOICE_RULES: tuple[Rule, ...] = (
    *PRIVACY_RULES,
    *AMOUNT_RULES,
    hold_no_charges,
    REQUESTS.hold_other_format,
    hold_obstacle,
    hold_before_first_bill,
)

INVOICE_CLOSING_RULES: tuple[ClosingRule, ...] = (REQUESTS.hold_later,)


def find_invoice_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """All holds on the itemized bills that were asked for, without the choice between them."""
    return REQUESTS.find_holds(candidate, INVOICE_RULES)


def select_invoice(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The itemized bill of the oldest request, or None if it is held, and all holds."""
    found = find_invoice_holds(candidate)
    found = (*found, *hold_overdue(candidate, REQUESTS, found))
    holds = apply_closing_rules(candidate, found, INVOICE_CLOSING_RULES)
    encounter = first_unheld(REQUESTS, candidate.account, holds)
    if encounter is None:
        return None, holds
    channel = choose_channel(candidate, level=0)
    selection = Selection(
        kind=Kind.INVOICE,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=(encounter.account_number,),
        channel=channel,
        amount_cents=invoice_cents(candidate, encounter),
        due_on=due_date(candidate.as_of, candidate.policy.due_days),
        requests=REQUESTS.printed(encounter),
        billed_by=group_digests(candidate.account, (encounter.account_number,)),
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
