"""Lists for collection agencies, what was sent and reported, and what each agency has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import indented, new_table, out, print_line, say
from statement_builder.operations.wording import format_dollars
from statement_builder.policy.hold_codes import HOLD_CODES

if TYPE_CHECKING:
    from statement_builder.operations.placement.changes import RecalledPlacement
    from statement_builder.operations.placement.collect import CollectedReports
    from statement_builder.operations.placement.propose import PlacementList
    from statement_builder.operations.placement.send import SentPlacements
    from statement_builder.operations.placement.show import PlacementListDetails
    from statement_builder.operations.placement.status import PlacementStatus
    from statement_builder.operations.tracking.tracking_alerts import Alert


def show_placement_list(found: PlacementList) -> None:
    """Print the figures of one list, and what to do next."""
    say(f"{found.batch_id} is {found.state.value}: {_visits(found.accounts)}, {format_dollars(found.cents)}")
    for each in found.agencies:
        indented(f"{each.agency_id}: {_visits(each.accounts)}, {format_dollars(each.cents)}")
    if found.dropped:
        indented(f"{_visits(found.dropped)} of these not sent")
    say(f"Refused: {_visits(found.refused)}, {format_dollars(found.refused_cents)}")
    for code, count in found.reasons.items():
        indented(f"{code}: {count:,} ({HOLD_CODES[code].title})")
    say(f"Letters go on: {_visits(found.not_due)}, {format_dollars(found.not_due_cents)}")
    if found.unreadable:
        say(f"With bad rows: {found.unreadable:,} accounts. `statements source check` lists them.")
    if found.state.value == "proposed":
        say(f"A second person decides: `statements placement approve {found.batch_id}`, or `reject`.")
    elif found.state.value == "approved":
        say("`statements placement send` sends it.")


def show_placement_lists(found: Sequence[PlacementList]) -> None:
    """Print one line per list."""
    if not found:
        say("There is no list. `statements place --cycle …` proposes one.")
        return
    table = new_table()
    for title in ("list", "as of", "state", "visits", "amount", "dropped", "refused", "proposed by", "decided by"):
        is_number = title in {"visits", "amount", "dropped", "refused"}
        table.add_column(title, overflow="fold", justify="right" if is_number else "left")
    for each in found:
        cells = (
            each.batch_id,
            each.as_of.isoformat(),
            each.state.value,
            f"{each.accounts:,}",
            format_dollars(each.cents),
            f"{each.dropped:,}",
            f"{each.refused:,}",
            each.proposed_by,
            each.decided_by,
        )
        table.add_row(*(Text(cell) for cell in cells))
    out.print(table)


def show_placement_details(found: PlacementListDetails) -> None:
    """Print the visits of a list, the refused ones with every reason, and the figures."""
    table = new_table()
    for title in ("placement", "guarantor", "account", "agency", "amount", "state"):
        table.add_column(title, overflow="fold", justify="right" if title == "amount" else "left")
    for each in found.visits:
        cells = (each.placement_id, each.guarantor_id, each.account_number, each.agency_id)
        table.add_row(*(Text(cell) for cell in (*cells, format_dollars(each.cents), each.state.value)))
    if found.visits:
        out.print(table)
    for refused in found.refused:
        when = ", after the approval" if refused.late else ""
        print_line(f"Refused{when}: {refused.guarantor_id}, account {refused.account_number}")
        for reason in refused.reasons:
            until = f" (until {reason.until})" if reason.until else ""
            indented(f"{reason.code}: {reason.title}{until}. {reason.what_to_do}")
    show_placement_list(found.summary)


def show_sent_placements(result: SentPlacements) -> None:
    """Print the files that were delivered, and what was not sent."""
    if not result.files:
        out.print("Nothing new: no file for an agency.")
    for name in result.files:
        print_line(f"{name} is delivered.")
    if result.placed:
        out.print(f"{_visits(result.placed)} placed, {format_dollars(result.placed_cents)}")
    if result.changes:
        out.print("1 change told" if result.changes == 1 else f"{result.changes:,} changes told")
    if result.dropped:
        out.print(f"{_visits(result.dropped)} not sent; `statements placement show` has the reasons.")
    _show_alerts(result.alerts)


def show_recalled_placement(result: RecalledPlacement) -> None:
    """Print what was recalled."""
    say(f"Placement {result.placement_id} is recalled from {result.agency_id}. Letters stay on hold until it confirms.")
    for name in result.files:
        print_line(f"{name} is delivered.")
    _show_alerts(result.alerts)


def show_collected_reports(result: CollectedReports) -> None:
    """Print the files that were read, and what agencies reported."""
    if not result.files:
        out.print("No new files from agencies.")
    for file in result.files:
        figures = f"{file.news:,} booked, {file.unchanged:,} known, {file.quarantined:,} held back"
        print_line(f"{file.name} ({file.file_type}): {figures}; moved to {file.folder}")
    for what, count in result.rows.items():
        indented(f"{what}: {count:,}")
    _show_alerts(result.alerts)


def show_placement_status(found: PlacementStatus) -> None:
    """Print what went to each agency, what came of it, and whether it foots."""
    if not found.agencies:
        say("No agency has, or had, a visit.")
    for each in found.agencies:
        say(f"{each.agency_id}: {_visits(each.placed)} placed, {format_dollars(each.placed_cents)}")
        collected = f"{format_dollars(each.collected_cents)}, of which it keeps {format_dollars(each.fee_cents)}"
        ended = f"{each.recalled:,} recalled, {each.returned:,} returned, {each.closed:,} closed"
        indented(f"refused: {each.refused:,}, {format_dollars(each.refused_cents)}")
        indented(f"collected: {collected}")
        indented(f"paid to the hospital: {format_dollars(each.direct_cents)}")
        indented(f"adjusted: {format_dollars(each.adjusted_cents)}")
        indented(f"ended: {ended}; left of them {format_dollars(each.ended_cents)}")
        indented(
            f"open: {each.open:,}, {format_dollars(each.open_cents)}; {each.not_answered:,} not answered, "
            f"{each.recalling:,} recalls not confirmed"
        )
        indented("foots" if each.foots else "DOES NOT FOOT")
    _show_alerts(found.alerts)


def _visits(count: int) -> str:
    return "1 visit" if count == 1 else f"{count:,} visits"


def _show_alerts(alerts: Iterable[Alert]) -> None:
    for alert in alerts:
        print_line(f"{alert.code}: {alert.message}")
        indented(f"Runbook: {alert.runbook}")
