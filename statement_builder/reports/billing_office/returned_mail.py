"""Returned mail: what did not reach its reader, and whether it was sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from statement_builder.ledger.mail_figures import ReturnedMail
from statement_builder.reports.billing_office.report import Column, ColumnType, Plot, Report, Row, share

GOAL_PERCENT = 2
"""Returned mail stays below this in a well-kept address file."""


def report_returned_mail(
    returned: Iterable[ReturnedMail],
    local_date: Callable[[datetime], date],
    *,
    mailed: int,
    lost: int,
    since: date,
    as_of: date,
) -> Report:
    """Every attempt that was returned or bounced from `since` on. `local_date` gives the facility's day of a
    moment. `mailed` and `lost` are the attempts that left from that day on, and those of them that did not arrive."""
    rate = share(lost, mailed)
    shown = "none" if rate is None else f"{rate // 100}.{rate % 100:02d} %"
    return Report(
        name="returned-mail",
        title="Returned mail",
        meaning=(
            "Mail that was returned by the postal service, and e-mail that bounced. Correct each address in the "
            f"billing system: the next batch mails to it, and its clocks start then. Goal: below {GOAL_PERCENT} %."
        ),
        as_of=as_of,
        columns=(
            Column(name="guarantor", title="guarantor", type=ColumnType.GUARANTOR),
            Column(name="document", title="document", type=ColumnType.DOCUMENT),
            Column(name="kind", title="kind"),
            Column(name="channel", title="channel"),
            Column(name="amount_cents", title="amount", type=ColumnType.CENTS, adds_up=True),
            Column(name="issued_on", title="dated", type=ColumnType.DATE),
            Column(name="returned_on", title="returned", type=ColumnType.DATE),
            Column(name="days", title="days ago", type=ColumnType.COUNT),
            Column(name="state", title="state"),
        ),
        rows=(_make_row(each, local_date(each.returned_at), as_of) for each in returned),
        notes=[f"Of {mailed:,} pieces and e-mails that left from {since} on, {lost:,} did not arrive: {shown}."],
        plots=(Plot(title="Returned by month", label="returned_on", parts=(), by_month=True),),
    )


def _make_row(each: ReturnedMail, returned_on: date, as_of: date) -> Row:
    state = "sent again" if each.was_sent_again else "to be sent again" if each.is_due_again else "open"
    return (
        each.guarantor_id,
        each.document_id,
        each.kind.value,
        each.channel.value,
        each.amount_cents,
        each.issued_on,
        returned_on,
        (as_of - returned_on).days,
        state,
    )
