"""One list for collection agencies: its visits, and why each other visit was refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from statement_builder.billing.model import Record
from statement_builder.ledger.placement import Refusal
from statement_builder.ledger.states import PlacementState
from statement_builder.operations.placement.decide import require_list
from statement_builder.operations.placement.propose import PlacementList, summarize_list
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.policy.settings import Policy


class ListedVisit(Record, kw_only=True):
    """A visit that passed every gate."""

    placement_id: str
    account_number: str
    guarantor_id: str
    agency_id: str
    cents: int
    state: PlacementState


class RefusalReason(Record, kw_only=True, omit_defaults=False):
    """One reason, in a clerk's words."""

    code: str
    title: str
    what_to_do: str
    until: date | None


class RefusedVisit(Record, kw_only=True):
    """A visit that was not placed, with every reason."""

    account_number: str
    guarantor_id: str
    late: bool
    """Whether it was on the approved list, and something changed since."""
    reasons: tuple[RefusalReason, ...]


class PlacementListDetails(Record, kw_only=True):
    """A list with its visits."""

    summary: PlacementList
    visits: tuple[ListedVisit, ...]
    refused: tuple[RefusedVisit, ...]


def show_list(context: AppContext, batch_id: str) -> PlacementListDetails:
    """The list with this id. `ConfigError` if there is none."""
    batch = require_list(context, batch_id)
    refusals = context.ledger.placement_lists.refusals(batch_id)
    return PlacementListDetails(
        summary=summarize_list(context, batch),
        visits=tuple(
            ListedVisit(
                placement_id=each.placement_id,
                account_number=each.account_number,
                guarantor_id=each.guarantor_id,
                agency_id=each.agency_id,
                cents=each.placed_cents,
                state=each.state,
            )
            for each in context.ledger.placements.of_list(batch_id)
        ),
        refused=tuple(_group(refusals, context.settings.policy)),
    )


def _group(refusals: Iterable[Refusal], policy: Policy) -> Iterable[RefusedVisit]:
    for (guarantor_id, account, late), some in groupby(
        refusals, key=lambda each: (each.guarantor_id, each.account_number, each.late)
    ):
        yield RefusedVisit(
            account_number=account,
            guarantor_id=guarantor_id,
            late=late,
            reasons=tuple(_explain(each, policy) for each in some),
        )


def _explain(refusal: Refusal, policy: Policy) -> RefusalReason:
    text = describe_hold(refusal.code, policy) if refusal.code in HOLD_CODES else None
    return RefusalReason(
        code=refusal.code,
        title=text.title if text else refusal.code,
        what_to_do=text.what_to_do if text else "",
        until=refusal.until,
    )
