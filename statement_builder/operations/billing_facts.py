"""What the ledger knows of the collection effort about accounts: for Exhibit 2A and for evidence packets alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from statement_builder.pipeline.context import AppContext
from statement_builder.policy.cost_report.medicare_bad_debts import BillingFacts


def read_billing_facts(context: AppContext, accounts: Sequence[str]) -> dict[str, BillingFacts]:
    """Account → the bills and letters that count as mailed, and when collection agencies had it."""
    facility_id = context.facility.facility_id
    mailings = context.ledger.mail_figures.mailings(facility_id, accounts, since=date.min)
    stays = context.ledger.placements.agency_stays(facility_id, accounts)
    days = context.settings.policy.medicare_collection_days.value
    found = {}
    for account in accounts:
        stay = stays.get(account)
        found[account] = BillingFacts(
            mailed_on=tuple(sorted(each.mailed_on for each in mailings.get(account, ()))),
            placed_on=stay.placed_on if stay else None,
            returned_on=stay.returned_on if stay else None,
            collection_days=days,
        )
    return found
