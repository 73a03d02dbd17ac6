"""Record who is about to look at data of persons, before it is shown: without a record, nothing is shown.

A command that shows or exports data of single persons calls `record_access` between reading and printing. Figures of a
whole batch are not data of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from msgspec import field

from statement_builder.billing.identifiers import BATCH_ID_PATTERN, DOCUMENT_ID_PATTERN, guarantor_of
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.errors import ConfigError
from statement_builder.ledger import AccessSubject, DeliveryState, Ledger, LegalHold
from statement_builder.pipeline.context import AppContext

ACCOUNTING_YEARS = 6
"""How far back an accounting of disclosures reaches (45 CFR 164.528(a)(1))."""
_NOT_SENT = frozenset({DeliveryState.CLAIMED, DeliveryState.COMMITTING, DeliveryState.FAILED})
_DOCUMENT_ID, _BATCH_ID = re.compile(DOCUMENT_ID_PATTERN), re.compile(BATCH_ID_PATTERN)


class ViewRow(Record, kw_only=True):
    """Somebody of this organization looked at the guarantor's data, or exported it."""

    at: datetime
    actor: str
    what: str
    """The command."""
    purpose: str
    batch_id: str = field(name="batch")
    document_ids: tuple[str, ...] = field(name="documents")


class DisclosureRow(Record, kw_only=True):
    """A document of the guarantor was handed to somebody else: to the print vendor, or to a mail server."""

    at: datetime
    document_id: str = field(name="document")
    channel: Channel
    recipient: str
    print_file: str
    state: DeliveryState


class AccessReport(Record, kw_only=True):
    """Who saw the data of one guarantor since a day, and to whom it was given."""

    guarantor_id: str = field(name="guarantor")
    since: date
    views: tuple[ViewRow, ...]
    disclosures: tuple[DisclosureRow, ...]


def record_access(
    context: AppContext, what: str, subjects: Iterable[AccessSubject], *, batch_id: str = "", purpose: str = ""
) -> None:
    """Record that the actor is about to see the data of these subjects. `LedgerError` if it cannot be recorded, and
    `ConfigError` if there is no ledger to record it in."""
    named = list(subjects)
    require_ledger(context.ledger, len(named))
    context.ledger.access.record(what, named, batch_id=batch_id, purpose=purpose, actor=context.actor, at=context.now())


def require_ledger(ledger: Ledger, subjects: int) -> None:
    """`ConfigError` if data of so many subjects would be shown, and there is no ledger to record it in."""
    if subjects and ledger.is_stand_in:
        raise ConfigError(
            f"this shows data of {subjects:,} guarantors or documents, and there is no ledger that could record who "
            "looks at it. Create it with `statements ledger upgrade`, or correct `ledger` in the settings."
        )


def subject(guarantor_id: str | None = None, document_id: str | None = None) -> AccessSubject:
    """A guarantor, a document, or both."""
    return AccessSubject(guarantor_id=guarantor_id or "", document_id=document_id or "")


def list_subjects(*shown: object) -> list[AccessSubject]:
    """Everybody whom something shown names: in the fields `guarantor_id` and `document_id` of records, and by the
    document ids in any text. Pass all that is shown, so that a new field cannot be left out."""
    found = dict.fromkeys(_find_subjects(shown))
    complete = {each.document_id for each in found if each.guarantor_id}
    return [each for each in found if each.guarantor_id or each.document_id not in complete]


def list_legal_hold_subjects(context: AppContext, holds: Sequence[LegalHold]) -> list[AccessSubject]:
    """Everybody whom these legal holds name. One on an account is about its guarantors, one on a batch about nobody."""
    subjects = list_subjects(holds)
    for hold in holds:
        if _DOCUMENT_ID.fullmatch(hold.subject) or _BATCH_ID.fullmatch(hold.subject):
            continue
        found = context.ledger.documents.find(hold.subject)
        owners = {each.document.guarantor_id for each in found if hold.subject in each.document.accounts}
        subjects += [subject(each) for each in sorted(owners) or [hold.subject]]
    return subjects


def _find_subjects(value: object) -> Iterator[AccessSubject]:
    if isinstance(value, str):
        yield from (subject(document_id=each) for each in _DOCUMENT_ID.findall(value))
    elif isinstance(value, Record):
        own = subject(getattr(value, "guarantor_id", None), getattr(value, "document_id", None))
        if own.guarantor_id or own.document_id:
            yield own
        for name in value.__struct_fields__:
            yield from _find_subjects(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from _find_subjects(value.values())
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        for each in value:
            yield from _find_subjects(each)


def report_access(context: AppContext, guarantor_id: str, *, since: date | None) -> AccessReport:
    """Account for every view and disclosure of a guarantor's data (45 CFR 164.528), oldest first.

    `since`: the first day, in the facility's time zone. None: six years ago.
    """
    today = context.today()
    first = since or today.replace(year=today.year - ACCOUNTING_YEARS, day=min(today.day, 28))
    start = datetime.combine(first, time.min, ZoneInfo(context.facility.time_zone))
    return AccessReport(
        guarantor_id=guarantor_id,
        since=first,
        views=tuple(
            ViewRow(
                at=each.at,
                actor=each.actor,
                what=each.what,
                purpose=each.purpose,
                batch_id=each.batch_id,
                document_ids=each.document_ids,
            )
            for each in context.ledger.access.for_guarantor(guarantor_of(guarantor_id), since=start)
        ),
        disclosures=_list_disclosures(context, guarantor_of(guarantor_id), start),
    )


def _list_disclosures(context: AppContext, guarantor_id: str, start: datetime) -> tuple[DisclosureRow, ...]:
    found = context.ledger.deliveries.for_guarantor(guarantor_id)
    rows = [
        DisclosureRow(
            at=each.claimed_at,
            document_id=each.document_id,
            channel=each.channel,
            recipient=each.vendor,
            print_file=each.print_file,
            state=each.state,
        )
        for each in found
        if each.state not in _NOT_SENT and each.claimed_at >= start
    ]
    return tuple(sorted(rows, key=lambda row: (row.at, row.document_id)))
