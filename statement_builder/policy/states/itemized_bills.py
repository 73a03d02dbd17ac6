"""What states require about itemized bills. One file per state that requires something, in `itemized_bill_rules`.

In every state, a person gets a copy of billing records within 30 days (45 CFR 164.524(b)(2)): that is the limit of
`policy.itemized_bill_days`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import msgspec

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.entities import group_visits
from statement_builder.billing.model import DocumentRequest, Encounter, GuarantorAccount, Record, RequestKind
from statement_builder.policy.settings import Policy
from statement_builder.policy.states.state_files import read_states

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_RULE_ID = "law:first-bill:"


class ItemizedState(Record, kw_only=True):
    """One state's rule, with its source."""

    answer_days: Annotated[int, msgspec.Meta(ge=1, le=365)]
    """Days from a request to its answer."""
    from_discharge: bool
    """The days run from the last day of service, if that is later than the request."""
    with_first_bill: bool
    """A visit's first bill comes with an itemized one, and letters about late payment wait for it."""
    citation: _Text
    reviewed: date
    """When compliance last reviewed the numbers and the citation."""
    note: _Text


ITEMIZED_STATES = read_states("itemized_bill_rules", ItemizedState)
"""State code to its rule. A state without a file requires nothing of its own."""


def is_with_first_bill(state: str, policy: Policy) -> bool:
    """Whether a facility in this state sends an itemized bill with each first bill."""
    rule = ITEMIZED_STATES.get(state)
    return policy.itemized_first_bill and rule is not None and rule.with_first_bill


def complete_requests(
    account: GuarantorAccount, policy: Policy, state: str, as_of: date, *, sent: frozenset[str]
) -> GuarantorAccount:
    """The account with the last day for the answer to each request for an itemized bill, and with the requests that the
    state's law makes: for each visit with a balance of the patient whose account number is not in `sent`."""
    by_law = is_with_first_bill(state, policy)
    if not by_law and not any(each.requests for each in account.encounters):
        return account
    encounters, groups = [], group_visits(account)
    for each in account.encounters:
        requests = tuple(_with_deadline(request, each, policy, state) for request in each.requests)
        own = each.account_number not in groups  # the law is about the hospital's bills
        if by_law and own and each.account_number not in sent and encounter_balance(each, as_of).patient_cents > 0:
            requests = (*requests, _rule_request(state, as_of))
        encounters.append(msgspec.structs.replace(each, requests=requests))
    return msgspec.structs.replace(account, encounters=tuple(encounters))


def is_rule_request(request: DocumentRequest) -> bool:
    """Whether a state's law made this request, also where only its id is known."""
    return request.request_id.startswith(_RULE_ID)


def _rule_request(state: str, as_of: date) -> DocumentRequest:
    return DocumentRequest(request_id=f"{_RULE_ID}{state}", kind=RequestKind.INVOICE, asked_on=as_of, state_rule=state)


def _with_deadline(request: DocumentRequest, encounter: Encounter, policy: Policy, state: str) -> DocumentRequest:
    if request.kind is not RequestKind.INVOICE:
        return request
    return msgspec.structs.replace(request, answer_by=answer_by(request, encounter, policy, state))


def answer_by(request: DocumentRequest, encounter: Encounter, policy: Policy, state: str) -> date:
    """The last day for the answer: the earlier one of the state's and of the policy's."""
    by_policy = request.asked_on + timedelta(days=policy.itemized_bill_days)
    if (rule := ITEMIZED_STATES.get(state)) is None:
        return by_policy
    start = max(request.asked_on, encounter.service_to) if rule.from_discharge else request.asked_on
    return min(by_policy, start + timedelta(days=rule.answer_days))
