"""The claim against an estate: the case, the basis, the amount by visit, its class, and every charge as an exhibit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.model import Encounter, Estate, GuarantorAccount, Record
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, Facts, VisitLine
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines
from statement_builder.policy.estates.probate import PROBATE_RULES, find_deadline


class ClaimCharge(Record, kw_only=True):
    """One line of the itemized statement."""

    account_number: str
    service_on: date
    description: str
    """Empty if the visit is sensitive."""
    code: str
    quantity: int
    amount_cents: int


class EstateClaimFacts(Facts, kw_only=True):
    """A claim. `claimed_cents` is the sum of the visits, and of the two classes."""

    decedent_name: str
    died_on: date
    court: str
    county: str
    state: str
    case_number: str
    appointed_on: date
    visits: tuple[VisitLine, ...]
    """By date of service. `owed_cents` of each is claimed."""
    charges: tuple[ClaimCharge, ...]
    """Exhibit A: every charge of these visits, by date."""
    service_first_on: date
    service_last_on: date
    claimed_cents: int
    last_illness_on: date | None
    """When the last illness began. None: nothing is claimed as an expense of it."""
    last_illness_cents: int
    """The part for the last illness, which the law pays before other debts (UPC 3-805(a)(4))."""
    other_cents: int
    last_illness_numbers: tuple[str, ...]
    """The account numbers of the visits in it."""
    law: str
    """The statute with the time to present a claim."""
    priority_law: str
    present_until_on: date
    """The last day of that time."""
    signer: str
    signer_title: str
    is_certified: bool

    def printed_ids(self) -> tuple[str, ...]:
        return (self.case_number,)

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "present_until_on", self.present_until_on

    def figures(self) -> object:
        return self.visits, self.charges, self.last_illness_cents, self.case_number


def claim_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> EstateClaimFacts:
    """The claim's data. CompositionError if the case is not on file or complete, or an amount does not add up."""
    estate = _require_estate(account, selection, issued_on)
    rule = PROBATE_RULES[estate.state]
    assert estate.opened_on is not None
    visits = visit_lines(account, encounter_balances(account, issued_on, selection.account_numbers), terms, issued_on)
    encounters = [each for each in account.encounters if each.account_number in selection.account_numbers]
    ill = tuple(each.account_number for each in encounters if _is_of_last_illness(each, estate))
    ill_cents = sum(each.owed_cents for each in visits if each.account_number in ill)
    facts = EstateClaimFacts(
        decedent_name=estate.decedent_name,
        died_on=estate.died_on,
        court=estate.court,
        county=estate.county,
        state=estate.state,
        case_number=estate.case_number,
        appointed_on=estate.opened_on,
        visits=visits,
        charges=tuple(sorted(_charges(encounters, issued_on), key=lambda each: (each.service_on, each.account_number))),
        service_first_on=min(each.service_from for each in visits),
        service_last_on=max(each.service_to for each in visits),
        claimed_cents=sum(each.owed_cents for each in visits),
        last_illness_on=estate.last_illness_on if ill else None,
        last_illness_cents=ill_cents,
        other_cents=sum(each.owed_cents for each in visits if each.account_number not in ill),
        last_illness_numbers=ill,
        law=rule.citation,
        priority_law=rule.priority,
        present_until_on=find_deadline(estate, rule).last_on,
        signer=terms.estate_signer,
        signer_title=terms.estate_signer_title,
        is_certified=selection.kind in terms.certified_kinds,
    )
    _require_footing(facts, selection)
    return facts


def _require_estate(account: GuarantorAccount, selection: Selection, issued_on: date) -> Estate:
    estates = [each for each in account.estates if each.state in PROBATE_RULES and each.opened_on is not None]
    if len(account.estates) != 1 or not estates or not selection.account_numbers or estates[0].died_on > issued_on:
        raise CompositionError(
            "ESTATE",
            f"The probate case of guarantor {selection.guarantor_id}'s claim is not on file or not complete.",
            "Correct the estate in the billing system.",
        )
    return estates[0]


def _is_of_last_illness(encounter: Encounter, estate: Estate) -> bool:
    """Whether the visit was care of the decedent in the last illness."""
    began_on = estate.last_illness_on
    return (
        began_on is not None
        and bool(estate.patient_id)
        and encounter.patient_id == estate.patient_id
        and encounter.service_to >= began_on
        and encounter.service_from <= estate.died_on
    )


def _charges(encounters: Iterable[Encounter], issued_on: date) -> Iterator[ClaimCharge]:
    for encounter in encounters:
        hidden = encounter.sensitive
        for each in encounter.charges:
            if each.posted_on <= issued_on:
                yield ClaimCharge(
                    account_number=encounter.account_number,
                    service_on=each.service_on,
                    description="" if hidden else each.description,
                    code="" if hidden else each.code,
                    quantity=each.quantity,
                    amount_cents=each.amount_cents,
                )


def _require_footing(facts: EstateClaimFacts, selection: Selection) -> None:
    foots = (
        facts.claimed_cents == facts.last_illness_cents + facts.other_cents == selection.amount_cents
        and sum(each.amount_cents for each in facts.charges) == sum(each.charges_cents for each in facts.visits)
        and all(each.owed_cents > 0 for each in facts.visits)
    )
    if not foots:
        raise CompositionError(
            "FOOTING",
            f"The visits on guarantor {selection.guarantor_id}'s claim do not add up to the selected amount.",
            "Check the account's transactions in the billing system. If they are correct, report this as a bug.",
        )
