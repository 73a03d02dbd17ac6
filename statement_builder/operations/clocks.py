"""The legal clocks of one account, from what was mailed and what the billing system says was paid."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from statement_builder.billing.clocks import Clock, ClockName, ClockRule, ClockRules, find_clocks
from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import GuarantorAccount
from statement_builder.ledger import FoundDocument
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull.candidates import find_candidates
from statement_builder.pipeline.pull.scope import scope_of
from statement_builder.policy.settings import Policy


def clock_rules(policy: Policy) -> ClockRules:
    """The length and the citation of each clock, as the facility's policy sets them."""
    numbers = {
        ClockName.ECA_WAIT: policy.eca_wait_days,
        ClockName.ASSISTANCE: policy.assistance_days,
        ClockName.MEDICARE: policy.medicare_collection_days,
        ClockName.DISPUTE: policy.estimate_dispute_days,
    }
    return {name: ClockRule(days=number.value, citation=number.citation) for name, number in numbers.items()}


def read_clocks(context: AppContext, account_number: str, found: Sequence[FoundDocument]) -> tuple[Clock, ...]:
    """The clocks of this account; `found` are its documents. Empty if the text is not the number of a mailed account.

    Payments restart a clock, so this reads the guarantor's account in the billing system. SourceError if it cannot be
    read.
    """
    own = [each.document for each in found if account_number in each.document.accounts]
    if not own:
        return ()
    scope = replace(scope_of(context.require_batch(own[0].batch_id)), as_of=context.today(), limit=None)
    rules = clock_rules(context.settings.policy)
    return tuple(
        clock
        for entry in find_candidates(context, scope, only={guarantor_of(own[0].guarantor_id)})
        if isinstance(entry, GuarantorAccount)
        for encounter in entry.encounters
        if encounter.account_number == account_number
        for clock in find_clocks(encounter, rules, context.today())
    )
