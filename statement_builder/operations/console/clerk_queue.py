"""The clerk's list in one shape: exceptions, holds and rejected mail, with the reason, what to do, age and amount."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby

from msgspec import field
from msgspec.structs import replace

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, WorkItem
from statement_builder.operations.work_queue import list_unclosed_batches, list_work_queue
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold

ITEM_ID_LENGTH = 16


class QueueKind(StrEnum):
    """What a row is about."""

    EXCEPTION = "exception"
    """An account that could not be decided, or a document that could not be made."""
    HOLD = "hold"
    MAIL = "mail"
    """Mail that the vendor rejected, or a report that a person must read."""


class QueueView(StrEnum):
    """Which rows are listed."""

    OPEN = "open"
    MINE = "mine"
    """Open, and assigned to the actor."""
    SNOOZED = "snoozed"
    DONE = "done"
    ALL = "all"


class QueueRow(Record, kw_only=True, omit_defaults=False):
    """One thing to work off. Ids only: no name and no address."""

    kind: QueueKind
    code: str
    title: str
    why: str
    what_to_do: str
    batch_id: str = field(default="", name="batch")
    guarantor_id: str = field(default="", name="guarantor")
    account_number: str = field(default="", name="account")
    document_id: str = field(default="", name="document")
    file: str = ""
    cents: int | None = None
    """The amount that waits; None where the ledger does not say it."""
    until: date | None = None
    """The day on which a hold ends without a person."""
    opened_at: datetime | None = None
    """When the batch was opened."""
    days: int | None = None
    """Days since then."""
    item: WorkItem = WorkItem(item_id="")
    """What clerks recorded about it. The same row of another batch has the same item."""

    @property
    def item_id(self) -> str:
        """A digest of the code and of whom or what the row is about: 16 hexadecimal digits."""
        parts = (self.kind.value, self.code, self.guarantor_id, self.account_number, self._mail, self.file)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:ITEM_ID_LENGTH]

    @property
    def _mail(self) -> str:
        """The document, for mail: the exception of an account may or may not have one."""
        return self.document_id if self.kind is QueueKind.MAIL else ""

    def view(self, today: date) -> QueueView:
        """Open, snoozed or done as of a day. What was done is open again for a batch that was opened later."""
        if self.item.snoozed_until is not None and self.item.snoozed_until > today:
            return QueueView.SNOOZED
        done_at = self.item.done_at
        if done_at is not None and (self.opened_at is None or self.opened_at <= done_at):
            return QueueView.DONE
        return QueueView.OPEN


class QueueGroup(Record, kw_only=True):
    """Rows with the same code, the largest amounts first."""

    code: str
    title: str
    rows: tuple[QueueRow, ...]


class QueueFilter(Record, kw_only=True):
    """What to list. Empty: everything."""

    kind: str = ""
    code: str = ""
    batch_id: str = ""
    view: QueueView = QueueView.OPEN


def list_queue(context: AppContext, wanted: QueueFilter, *, holds_max: int | None = None) -> list[QueueRow]:
    """The rows of the batches that are not closed, or of the batch that is asked for, and of the inbox.

    With `holds_max`, about so many holds of each code and batch, the largest amounts first: a batch can hold tens of
    thousands. It is at least so many that are not set aside, if there are.
    """
    if holds_max is not None:
        holds_max += context.ledger.work_items.count_set_aside(context.facility.facility_id)
    rows = _with_items(context, _list_rows(context, wanted, holds_max))
    return [row for row in rows if _is_in_view(context, row, wanted.view)]


def _with_items(context: AppContext, rows: Sequence[QueueRow]) -> list[QueueRow]:
    ids = [row.item_id for row in rows]
    found = context.ledger.work_items.find(context.facility.facility_id, sorted(set(ids)))
    return [replace(row, item=found.get(id_) or WorkItem(item_id=id_)) for row, id_ in zip(rows, ids, strict=True)]


def _is_in_view(context: AppContext, row: QueueRow, view: QueueView) -> bool:
    now = row.view(context.today())
    if view is QueueView.MINE:
        return now is QueueView.OPEN and row.item.assignee == context.actor
    return view in (QueueView.ALL, now)


def _list_rows(context: AppContext, wanted: QueueFilter, holds_max: int | None) -> list[QueueRow]:
    batches = _list_batches(context, wanted)
    rows: list[QueueRow] = []
    for each in batches:
        days = (context.today() - context.local_date(each.opened_at)).days
        if wanted.kind in {"", QueueKind.EXCEPTION}:
            rows += [row for row in _list_exceptions(context, each, days) if wanted.code in {"", row.code}]
        if wanted.kind in {"", QueueKind.HOLD}:
            codes = [wanted.code] if wanted.code else context.ledger.control_totals.get(each.batch_id).holds
            for code in codes:
                rows += _list_holds(context, each, days, code, holds_max)
    if wanted.kind in {"", QueueKind.MAIL}:
        found = _list_mail(context, batches[0] if wanted.batch_id else None)
        rows += [row for row in found if wanted.code in {"", row.code}]
    return rows


def find_rows(context: AppContext, item_ids: Sequence[str], among: QueueFilter) -> list[QueueRow]:
    """The rows with these item ids, whatever clerks did with them. `ConfigError` names an id of no row."""
    found = {row.item_id: row for row in list_queue(context, replace(among, view=QueueView.ALL))}
    for id_ in item_ids:
        if id_ not in found:
            raise ConfigError(f"{id_[:ITEM_ID_LENGTH]} is not a row of the work queue any longer. List it again.")
    return [found[id_] for id_ in dict.fromkeys(item_ids)]


def count_holds(context: AppContext, wanted: QueueFilter) -> Counter[str]:
    """Hold code → held accounts in these batches."""
    counted: Counter[str] = Counter()
    for batch in _list_batches(context, wanted):
        counted.update(context.ledger.control_totals.get(batch.batch_id).holds)
    return counted


def _list_batches(context: AppContext, wanted: QueueFilter) -> list[Batch]:
    return [context.require_batch(wanted.batch_id)] if wanted.batch_id else list_unclosed_batches(context)


def group_queue(rows: Iterable[QueueRow]) -> list[QueueGroup]:
    """By code, in the order exceptions, rejected mail, holds; each group's largest amounts first."""
    order = (QueueKind.EXCEPTION, QueueKind.MAIL, QueueKind.HOLD)

    def key(row: QueueRow) -> tuple[int, str]:
        return order.index(row.kind), row.code

    return [
        QueueGroup(
            code=code,
            title=(found := list(group))[0].title,
            rows=tuple(sorted(found, key=lambda row: (-(row.cents or 0), row.guarantor_id, row.file))),
        )
        for (_, code), group in groupby(sorted(rows, key=key), key=key)
    ]


def _list_exceptions(context: AppContext, batch: Batch, days: int) -> Iterator[QueueRow]:
    for line in context.ledger.candidates.exceptions(batch.batch_id):
        where = f"{line.result_set}.{line.column}" if line.column else line.result_set
        yield QueueRow(
            kind=QueueKind.EXCEPTION,
            code=line.code,
            title=f"exception in {where}" if where else "exception",
            why=line.message,
            what_to_do=line.fix,
            batch_id=batch.batch_id,
            guarantor_id=line.guarantor_id,
            document_id=line.document_id or "",
            cents=line.cents,
            opened_at=batch.opened_at,
            days=days,
        )


def _list_holds(context: AppContext, batch: Batch, days: int, code: str, limit: int | None) -> Iterator[QueueRow]:
    text = describe_hold(code, context.settings.policy) if code in HOLD_CODES else None
    for held in context.ledger.candidates.held_with(batch.batch_id, code, limit=limit):
        for hold in (*held.holds, *held.late_holds):
            yield QueueRow(
                kind=QueueKind.HOLD,
                code=code,
                title=text.title if text else "recorded in the billing system",
                why=text.why if text else "",
                what_to_do=text.what_to_do if text else "",
                batch_id=batch.batch_id,
                guarantor_id=held.guarantor_id,
                account_number=hold.account_number,
                cents=held.held_cents,
                until=hold.until,
                opened_at=batch.opened_at,
                days=days,
            )


def _list_mail(context: AppContext, batch: Batch | None) -> Iterator[QueueRow]:
    for row in list_work_queue(context, batch):
        yield QueueRow(
            kind=QueueKind.MAIL,
            code=row.code,
            title="mail",
            why=row.message,
            what_to_do=row.fix,
            batch_id=row.batch_id or "",
            guarantor_id=row.guarantor_id or "",
            document_id=row.document_id or "",
            file=row.file or "",
        )
