"""What a person orders by a button, and what came of it: what travels between a page and the process of its action."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import IO, TYPE_CHECKING

from statement_builder.billing.model import Record
from statement_builder.operations.console.explanation import LookedAgain
from statement_builder.operations.console.name_search import NameSearch
from statement_builder.operations.reports.screen import ScreenReport
from statement_builder.operations.templates.previews import TemplatePreview
from statement_builder.operations.what_if import WhatIf
from statement_builder.pipeline.context import AppContext
from statement_builder.web.languages import DEFAULT

if TYPE_CHECKING:
    from statement_builder.operations.evidence.write import WrittenPacket  # imports WeasyPrint

NOW = "now"
"""The subject of a `what-if` about the billing system of today."""


class ReportOptions(Record, kw_only=True):
    """Of which report, and how it is wanted."""

    as_of: date | None = None
    since: date | None = None
    days: int | None = None
    batch_id: str = ""
    purpose: str = ""
    file_format: str = ""
    """Empty: on the page."""
    language: str = DEFAULT
    """Of the page."""


class Order(Record, kw_only=True):
    """What a person asked for. `subject` is the id of a batch or of a document, or the name of a print file or
    report."""

    verb: str
    subject: str
    actor: str
    memberships: frozenset[str]
    reason: str = ""
    accepted: tuple[str, ...] = ()
    """Release checks that the person accepts, by code."""
    seen: str = ""
    """The fingerprint of what they were shown."""
    sent: bool = False
    """For `resolve`: whether the document was sent."""
    report: ReportOptions | None = None
    """For `report`."""
    kind: str = ""
    """For `look-again`: the kind of document. For `request-evidence`: the kind of packet."""
    until: date | None = None
    """For `hold`: the first day without it."""
    asked_on: date | None = None
    asked_format: str = ""
    """For `request`: when somebody asked, and in which format."""
    policy_text: str = ""
    """For `what-if`: the settings that differ."""
    name: str = ""
    """For `find-name`: what was typed. It is kept in memory only."""
    accounts: tuple[str, ...] = ()
    """For `request-evidence`: account numbers."""
    source: str = ""
    corrections: tuple[tuple[int, str], ...] = ()
    """For `read-rows-again` and `set-file-aside`: who sent the file, and the corrected lines."""
    file_format: str = ""
    """For `write-evidence`: `pdf` or `zip`."""


class Done(Record, kw_only=True):
    """What came of it."""

    message: str
    changes: tuple[str, ...] = ()
    """For `preview-correct`: what the correction would change."""
    before: bytes = b""
    after: bytes = b""
    """For `preview-correct`: the PDF of the document, and that of its correction."""
    looked: LookedAgain | None = None
    """For `look-again`."""
    templates: TemplatePreview | None = None
    """For `preview-templates`."""
    what_if: WhatIf | None = None
    """For `what-if`."""
    names: NameSearch | None = None
    """For `find-name`."""
    screen: ScreenReport | None = None
    """For `report` on a page."""
    packet_id: str = ""
    """For `request-evidence`: what was requested."""
    packet: WrittenPacket | None = None
    """For `draft-evidence`: what the draft says."""


Action = Callable[[AppContext, Order], Done]
FileAction = Callable[[AppContext, Order, IO[bytes]], Done]
"""An action that can write a file, which the visitor then downloads."""
