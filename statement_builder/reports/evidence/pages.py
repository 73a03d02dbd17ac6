"""Renders the pages of a packet that are not exhibits: cover, index, what to attach, and each account's records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.rendering import PlainEngine
from statement_builder.rendering.fonts import missing_code_points
from statement_builder.rendering.templating import environment
from statement_builder.reports.evidence.contents import AccountEvidence, PacketContents

FRONT = "reports/evidence_front.html"
RECORDS = "reports/evidence_records.html"
STYLE_SHEET = "reports/report.css"


class Approval(Record, kw_only=True):
    """Who approved the packet; both empty in a draft."""

    by: str = ""
    at: datetime | None = None


class IndexedPages(NamedTuple):
    """Where the parts of a packet begin, by page number from 1: the records of each account, and each exhibit."""

    records: Mapping[str, int]
    """Letter of the account → page."""
    exhibits: Mapping[str, int]
    """Label of the exhibit → page."""


def render_front(
    contents: PacketContents,
    digest: str,
    approval: Approval,
    pages: IndexedPages,
    *,
    facility: Facility,
    templates: Path,
) -> bytes:
    """Cover, index, and what to attach, as a PDF. The same arguments give the same bytes."""
    return _render(
        FRONT,
        templates,
        facility,
        identifier=contents.packet_id,
        contents=contents,
        digest=digest,
        approval=approval,
        pages=pages,
    )


def render_records(contents: PacketContents, account: AccountEvidence, *, facility: Facility, templates: Path) -> bytes:
    """The summary, the log, the checks, and the proofs of mailing of one account, as a PDF."""
    identifier = f"{contents.packet_id}-{account.letter}"
    return _render(RECORDS, templates, facility, identifier=identifier, contents=contents, account=account)


def _render(name: str, templates: Path, facility: Facility, *, identifier: str, **values: object) -> bytes:
    zone = ZoneInfo(facility.time_zone)

    def local(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"

    template = environment(templates, "en").get_template(name)
    markup = template.render(facility=facility, local=local, is_date=_is_date, is_cents=_is_cents, **values)
    # An actor's or a vendor's name may have characters that the fonts lack.
    printable = markup.translate(dict.fromkeys(missing_code_points(markup), "?"))
    return _engine(templates).print_markup(printable, identifier=identifier).pdf


def _is_date(value: object) -> bool:
    return isinstance(value, date)


def _is_cents(value: object) -> bool:
    return isinstance(value, int)


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates, (STYLE_SHEET,))
