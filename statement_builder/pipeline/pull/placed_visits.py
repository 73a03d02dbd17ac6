"""Hold the mail about visits that this service placed with a collection agency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from statement_builder.billing.model import GuarantorAccount, RecordedHold


def hold_placed_visits(account: GuarantorAccount, placed: Mapping[str, date]) -> GuarantorAccount:
    """The account with a hold on each visit in `placed`, which has since when it is with an agency."""
    holds = tuple(
        RecordedHold(
            hold_id=f"placed-{each.account_number}",
            code="PLACED",
            placed_on=placed[each.account_number],
            account_number=each.account_number,
        )
        for each in account.encounters
        if each.account_number in placed
    )
    return replace(account, holds=(*account.holds, *holds)) if holds else account
