"""The carrier: a sheet with the address on file now, before the pages of a document, which stay as they are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.documents.content import Recipient
from statement_builder.rendering.engine import PlainEngine, Rendered
from statement_builder.rendering.templating import environment

TEMPLATE = "carrier/carrier.html"


class _Carrier(Record, kw_only=True):
    """What the windows are filled from, as in a document's content."""

    document_id: str
    facility: Facility
    recipient: Recipient
    language: str


def render_carrier(
    document_id: str, recipient: Recipient, *, facility: Facility, language: str, templates: Path
) -> Rendered:
    """One page. The same recipient gives the same bytes. `DocumentError` where the address cannot be set."""
    content = _Carrier(document_id=document_id, facility=facility, recipient=recipient, language=language)
    markup = environment(templates, language).get_template(TEMPLATE).render(content=content)
    return _engine(templates).print_markup(markup, identifier=document_id)


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates)
