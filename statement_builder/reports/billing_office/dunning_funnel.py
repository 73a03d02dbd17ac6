"""The dunning funnel: what was mailed at each level, and how much of it was paid within 30, 60, and 90 days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from statement_builder.billing.model import Encounter, Record
from statement_builder.ledger.mail_figures import Mailing, MailingCount
from statement_builder.reports.billing_office.report import Column, ColumnType, Plot, Report, Row, share
from statement_builder.reports.billing_office.visits import level_title

WINDOWS_DAYS = (30, 60, 90)
"""The windows of the field's pay rates."""


class Answer(Record, kw_only=True):
    """What patients paid on the visits of one document, between its mailing and the next one about each visit."""

    document_id: str
    level: int
    mailed_on: date
    first_paid_days: int | None
    """Days from the mailing to the first payment. None: nothing was paid."""
    cents: int
    """Paid within the longest window, less refunds and returned checks."""


def find_answers(visits: Iterable[Encounter], mailings: Mapping[str, Sequence[Mailing]], as_of: date) -> list[Answer]:
    """What was paid on each document about these visits of one guarantor, which has all visits of each document.

    `mailings`: by account number, in the order of mailing. A payment answers the last mailing before its day, and no
    other: so every dollar counts once.
    """
    found: dict[str, Mailing] = {}
    days: dict[str, int] = {}
    cents: Counter[str] = Counter()
    for visit in visits:
        mine = mailings.get(visit.account_number, ())
        found |= {each.document_id: each for each in mine}
        for payment in visit.payments:
            before = [each for each in mine if each.mailed_on < payment.posted_on]
            if not before or payment.posted_on > as_of:
                continue
            answered, waited = before[-1].document_id, (payment.posted_on - before[-1].mailed_on).days
            if waited > WINDOWS_DAYS[-1]:
                continue
            cents[answered] += payment.amount_cents
            if payment.amount_cents > 0:
                days[answered] = min(waited, days.get(answered, waited))
    return [
        Answer(
            document_id=key,
            level=each.level,
            mailed_on=each.mailed_on,
            first_paid_days=days.get(key),
            cents=cents[key],
        )
        for key, each in found.items()
    ]


def report_dunning_funnel(
    counts: Iterable[MailingCount], answers: Iterable[Answer], *, since: date, as_of: date
) -> Report:
    """Documents of batches as of `since` or later, by level. `counts` is what the ledger says was mailed.

    A pay rate is of documents mailed long enough ago: those that are younger than the window are not counted in it.
    """
    mailed: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for each in counts:
        if each.mailed_on > as_of:
            continue  # handed off; the day in the mail is still to come
        mine = mailed[each.level]
        mine["documents"] += each.documents
        mine["cents"] += each.cents
        for window in WINDOWS_DAYS:
            if (as_of - each.mailed_on).days >= window:
                mine[f"old_{window}"] += each.documents
    for answer in answers:
        if answer.mailed_on > as_of:
            continue
        mine = mailed[answer.level]
        mine["collected_cents"] += answer.cents
        for window in WINDOWS_DAYS:
            is_old = (as_of - answer.mailed_on).days >= window
            if is_old and answer.first_paid_days is not None and answer.first_paid_days <= window:
                mine[f"paid_{window}"] += 1
    return Report(
        name="dunning-funnel",
        title="Dunning funnel",
        meaning=(
            "What was mailed at each level, and the share that was followed by a payment within 30, 60, and 90 days. A "
            "payment counts for the last mailing before it. A level with a low share costs postage and brings little: "
            "look at its wording, its timing, and its returned mail."
        ),
        as_of=as_of,
        columns=_columns(),
        rows=[_make_row(level, mine) for level, mine in sorted(mailed.items())],
        notes=[
            f"Documents of batches from {since} to {as_of}. Copies are not counted, and returned mail is not mailed."
        ],
        plots=(
            Plot(
                title="Documents old enough for the longest window, and paid within it",
                label="level",
                parts=(f"old_{WINDOWS_DAYS[-1]}", f"paid_{WINDOWS_DAYS[-1]}"),
                is_stacked=False,
            ),
        ),
    )


def _columns() -> tuple[Column, ...]:
    columns = [
        Column(name="level", title="level"),
        Column(name="documents", title="mailed", type=ColumnType.COUNT, adds_up=True),
        Column(name="cents", title="asked for", type=ColumnType.CENTS, adds_up=True),
    ]
    for window in WINDOWS_DAYS:
        columns += [
            Column(name=f"old_{window}", title=f"mailed {window} days ago", type=ColumnType.COUNT, adds_up=True),
            Column(name=f"paid_{window}", title=f"paid within {window}", type=ColumnType.COUNT, adds_up=True),
            Column(name=f"share_{window}", title="share", type=ColumnType.PERCENT),
        ]
    columns.append(Column(name="collected_cents", title="collected", type=ColumnType.CENTS, adds_up=True))
    return tuple(columns)


def _make_row(level: int, mine: Counter[str]) -> Row:
    shares = [
        cell
        for window in WINDOWS_DAYS
        for cell in (
            mine[f"old_{window}"],
            mine[f"paid_{window}"],
            share(mine[f"paid_{window}"], mine[f"old_{window}"]),
        )
    ]
    return (level_title(level), mine["documents"], mine["cents"], *shares, mine["collected_cents"])
