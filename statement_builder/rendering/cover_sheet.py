"""The cover sheet: a page with the current address, in front of a document whose pages stay unchanged."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.documents.content import Recipient
from statement_builder.rendering.engine import PlainEngine, Rendered
from statement_builder.rendering.templating import environment

TEMPLATE = "cover_sheet/cover_sheet.html"


class _CoverSheet(Record, kw_only=True):
    """The fields that the windows print, named as in a document's content."""

    document_id: str
    facility: Facility
    recipient: Recipient
    language: str


def render_cover_sheet(
    document_id: str, recipient: Recipient, *, facility: Facility, language: str, templates: Path
) -> Rendered:
    """Render one page; the same input gives the same bytes. Raises `DocumentError` if the address cannot be printed."""
    content = _CoverSheet(document_id=document_id, facility=facility, recipient=recipient, language=language)
    markup = environment(templates, language).get_template(TEMPLATE).render(content=content)
    return _engine(templates).print_markup(markup, identifier=document_id)


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates)
