"""What the answers to requests share: which requests are open, and what holds every answer about a visit.

What holds a copy of a bill (law, privacy, the address) holds an answer too, and the request stays open. What only holds
a demand, such as an open claim or a payment plan, does not: an answer that asks for nothing says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import (
    PRINTED_FORMATS,
    DocumentRequest,
    Encounter,
    FaultyAccount,
    GuarantorAccount,
    RequestKind,
)
from statement_builder.billing.selection import Hold
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import hold_approved_without_discount
from statement_builder.policy.candidate import Candidate, Rule, find_holds
from statement_builder.policy.channel import hold_unwanted_bill_on_paper
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recorded_holds import hold_recorded

PRIVACY_RULES: tuple[Rule, ...] = (
    hold_recorded,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    guarantor_rules.hold_alternate_format,
    hold_unwanted_bill_on_paper,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
)
"""What holds every answer, also one that prints no amount."""
LISTED_CODES = ("REQ_FORMAT", "REQ_LATE", "VERIFY_LATE")
"""Holds of requests that a person must act on. The work queue lists them with the age of the request."""
AMOUNT_RULES: tuple[Rule, ...] = (
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_covered_patient,
    encounter_rules.hold_above_estimate,
    hold_approved_without_discount,
    encounter_rules.hold_unknown_plan,
)
"""What holds an answer that prints the amounts of a visit."""


class Requests:
    """The open requests of one kind."""

    def __init__(self, kind: RequestKind) -> None:
        self.kind = kind

    def of(self, encounter: Encounter) -> tuple[DocumentRequest, ...]:
        """Those about a visit, oldest first."""
        found = [each for each in encounter.requests if each.kind is self.kind]
        return tuple(sorted(found, key=lambda each: (each.asked_on, each.request_id)))

    def printed(self, encounter: Encounter) -> tuple[DocumentRequest, ...]:
        """Those about a visit that ask for print."""
        return tuple(each for each in self.of(encounter) if each.format in PRINTED_FORMATS)

    def visits(self, account: GuarantorAccount) -> tuple[Encounter, ...]:
        """The visits that somebody asked about, the oldest request first; what only a state's law asks for is last."""
        asked = [each for each in account.encounters if self.of(each)]
        return tuple(sorted(asked, key=self._order))

    def _order(self, encounter: Encounter) -> tuple[bool, date, str]:
        by_people = [each for each in self.of(encounter) if not each.state_rule]
        first = (by_people or self.of(encounter))[0]
        return not by_people, first.asked_on, encounter.account_number

    def are_open(self, account: GuarantorAccount) -> bool:
        """Whether anybody asked."""
        return any(self.of(each) for each in account.encounters)

    def are_asked_by_people(self, account: GuarantorAccount) -> bool:
        """Whether any person asked: not only a state's law."""
        return any(not asked.state_rule for each in account.encounters for asked in self.of(each))

    def are_in(self, entry: FaultyAccount) -> bool:
        """As `are_open`, of an account with bad rows."""
        return any(each.kind is self.kind for _, each in entry.requests)

    def owed_cents(self, account: GuarantorAccount, as_of: date) -> int:
        """What is owed on the visits that somebody asked about, by patient and insurance."""
        return sum(encounter_balance(each, as_of).balance_cents for each in self.visits(account))

    def find_holds(self, candidate: Candidate, rules: Iterable[Rule]) -> tuple[Hold, ...]:
        """The holds on the guarantor and on the visits that somebody asked about, paid ones too."""
        asked = self.visits(candidate.account)
        numbers = {"", *(each.account_number for each in asked)}
        found = find_holds(replace(candidate, with_balance=asked), rules)
        return tuple(hold for hold in found if hold.account_number in numbers)

    def hold_other_format(self, candidate: Candidate) -> Iterable[Hold]:
        """Hold a visit that is asked about only in a format that a person must make (45 CFR 92.102)."""
        for each in candidate.with_balance:
            if self.of(each) and not self.printed(each):
                yield make_hold("REQ_FORMAT", each.account_number, since=self.of(each)[0].asked_on)

    def hold_later(self, _: Candidate, billable: tuple[Encounter, ...]) -> Iterable[Hold]:
        """Hold all but the oldest request: an answer is about one visit, and a recipient gets one a cycle."""
        asked = sorted((each for each in billable if self.of(each)), key=self._order)
        yield from (make_hold("REQ_NEXT", each.account_number) for each in asked[1:])


def hold_overdue(candidate: Candidate, requests: Requests, holds: Iterable[Hold]) -> Iterable[Hold]:
    """List the visits whose requests are held for longer than the law or the policy allows for the answer."""
    held = {hold.account_number for hold in holds}
    for each in requests.visits(candidate.account):
        if held & {"", each.account_number}:
            late = [asked for asked in requests.of(each) if asked.answer_by and asked.answer_by < candidate.as_of]
            if late:
                yield make_hold("REQ_LATE", each.account_number, since=late[0].asked_on)


def first_unheld(requests: Requests, account: GuarantorAccount, holds: Iterable[Hold]) -> Encounter | None:
    """The visit that is answered now. None: all are held."""
    held = {hold.account_number for hold in holds}
    if "" in held:
        return None
    return next((each for each in requests.visits(account) if each.account_number not in held), None)
