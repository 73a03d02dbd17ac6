"""What the mail of each cycle costs: postage, sheets, and e-mails, at the rates of the hospital's contracts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.model import Record
from statement_builder.ledger.mail_figures import MailVolume
from statement_builder.reports.billing_office.report import Column, ColumnType, Plot, Report, Row

_PER = 1_000
_COSTS = ("postage_cents", "print_cents", "email_cents")


class MailRates(Record, kw_only=True):
    """Contract prices in cents for 1,000, because one e-mail costs less than a cent."""

    letter_postage: int
    flat_postage: int
    envelope: int
    sheet: int
    email: int


def report_mail_cost(volumes: Iterable[MailVolume], rates: MailRates, *, since: date, as_of: date) -> Report:
    """One line for each batch as of `since` or later. Each cost is rounded half up to a cent, once a line."""
    return Report(
        name="mail-cost",
        title="Cost of mail",
        meaning=(
            "Pieces, sheets, and e-mails of each batch, and what they cost at the rates in `[costs]`. Compare it with "
            "the vendor's invoice: it must have the same pieces and sheets. The last column falls when more guarantors "
            "sign up for e-mail."
        ),
        as_of=as_of,
        columns=(
            Column(name="batch", title="batch"),
            Column(name="letters", title="letters", type=ColumnType.COUNT, adds_up=True),
            Column(name="flats", title="flats", type=ColumnType.COUNT, adds_up=True),
            Column(name="sheets", title="sheets", type=ColumnType.COUNT, adds_up=True),
            Column(name="emails", title="e-mails", type=ColumnType.COUNT, adds_up=True),
            Column(name="postage_cents", title="postage", type=ColumnType.CENTS, adds_up=True),
            Column(name="print_cents", title="print and envelopes", type=ColumnType.CENTS, adds_up=True),
            Column(name="email_cents", title="e-mail", type=ColumnType.CENTS, adds_up=True),
            Column(name="total_cents", title="total", type=ColumnType.CENTS, adds_up=True),
            Column(name="each_cents", title="each document", type=ColumnType.CENTS),
        ),
        rows=[_make_row(each, rates) for each in volumes],
        notes=[
            f"Batches as of {since} to {as_of}, with copies, corrections, and pieces that were sent again. Print files "
            "that the vendor refused cost nothing.",
            *_note_unset_rates(rates),
        ],
        plots=(
            Plot(title="Cost by batch", label="batch", parts=_COSTS),
            Plot(title="Cost by month", label="batch", parts=_COSTS, by_month=True),
        ),
    )


def _make_row(volume: MailVolume, rates: MailRates) -> Row:
    pieces = volume.letters + volume.flats
    postage = _round(volume.letters * rates.letter_postage + volume.flats * rates.flat_postage)
    printed = _round(volume.sheets * rates.sheet + pieces * rates.envelope)
    emailed = _round(volume.emails * rates.email)
    total, documents = postage + printed + emailed, pieces + volume.emails
    return (
        volume.batch_id,
        volume.letters,
        volume.flats,
        volume.sheets,
        volume.emails,
        postage,
        printed,
        emailed,
        total,
        (2 * total + documents) // (2 * documents) if documents else None,
    )


def _round(cents_times_1000: int) -> int:
    """Cents, rounded half up. The one place where a cost is rounded."""
    return (cents_times_1000 + _PER // 2) // _PER


def _note_unset_rates(rates: MailRates) -> list[str]:
    missing = [name for name in rates.__struct_fields__ if not getattr(rates, name)]
    if not missing:
        return []
    names = ", ".join(f"costs.{name}_per_1000_cents" for name in missing)
    return [f"These rates are not set, and count as 0: {names}."]
