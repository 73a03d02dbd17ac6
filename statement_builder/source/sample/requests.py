"""Requests for itemized bills, and disputed bills, of the sample hospital. They are added after a household's other
rows, and draw no random number, so that they change nothing else."""

from __future__ import annotations

from statement_builder.billing.model import RequestFormat, RequestKind
from statement_builder.billing.request_terms import RequestObstacle
from statement_builder.source.sample import scenarios
from statement_builder.source.sample.distribution import DISPUTED, ONE_OF_EACH
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.scenarios import Scenario

_ODD_CASES: dict[Scenario, RequestFormat | None] = {
    scenarios.paid_off: None,
    scenarios.credit: None,
    scenarios.insurance_pending: None,
    scenarios.not_final_billed: None,
    scenarios.sensitive_visit: None,
    scenarios.denied: None,
    scenarios.plan_lapsed: None,
    scenarios.assistance_application: None,
    scenarios.unapplied_payment: None,
    scenarios.above_estimate: RequestFormat.LARGE_PRINT,
    scenarios.blank_address: None,
    scenarios.confidential_teenager: None,
    scenarios.attorney_client: None,
    scenarios.long_stay: None,
    scenarios.family: None,
    scenarios.pending_and_final: RequestFormat.BRAILLE,
    DISPUTED: None,
}
"""Whose first household asks about each of its visits, and in what format."""
_REPLIES: dict[Scenario, RequestObstacle] = {
    scenarios.mailed_recently: RequestObstacle.IDENTITY,
    scenarios.small_balance: RequestObstacle.NOT_OURS,
    scenarios.paid_today: RequestObstacle.SENT,
}
"""Whose first household gets a letter instead of the itemized bill, and why. Others get one by what holds the bill."""
_REVIEWED = {scenarios.reminder: "payment_posted insurance_posted", scenarios.new_statement: None}
"""Of which scenarios some households dispute a bill, and what its review corrected."""
_DISPUTES_EVERY = 24
"""Of these households after the first ones, one in so many disputes its first visit's bill."""
_ORDINARY = frozenset({scenarios.new_statement, scenarios.family, scenarios.reminder, scenarios.letter_2_due})
_EVERY = 8
"""Of the ordinary households after the first ones, one in so many asks about its first visit."""


def add_requests(household: Household, scenario: Scenario) -> None:
    """Add the requests of a household whose scenario has added all other rows."""
    if household.number < len(ONE_OF_EACH):
        if scenario in _ODD_CASES:
            for days_ago, account in enumerate(household.accounts, 2):
                household.add_request(account, days_ago=days_ago, requested_format=_ODD_CASES[scenario])
        if scenario in _REPLIES:
            reviewed_on = household.day(1)
            household.add_request(
                household.accounts[0], days_ago=5, obstacle=_REPLIES[scenario], reviewed_on=reviewed_on
            )
        if scenario is DISPUTED:
            household.add_request(household.accounts[0], days_ago=9, kind=RequestKind.VERIFICATION)
        if household.number == 0:
            _add_review(household, None)
    elif scenario in _REVIEWED and household.number % _DISPUTES_EVERY == _DISPUTES_EVERY // 2 + 1:
        _add_review(household, _REVIEWED[scenario])
    elif scenario in _ORDINARY and household.number % _EVERY == 0:
        household.add_request(household.accounts[0], days_ago=3)


def _add_review(household: Household, corrected_items: str | None) -> None:
    """The bill of the first visit was disputed, and the review is finished."""
    household.add_request(
        household.accounts[0],
        days_ago=12,
        kind=RequestKind.VERIFICATION,
        reviewed_on=household.day(1),
        corrected_items=corrected_items,
    )
