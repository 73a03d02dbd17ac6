"""The page that the demo ends with: pictures of the documents, the control tables, and links to every file.

One self-contained HTML file. It loads nothing from the network, and its links are relative, so it works as a file.
"""

from __future__ import annotations

import base64
import email
import email.policy
import io
import os
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium

from statement_builder.billing.model import Record
from statement_builder.ledger import ArchivedControlSheet, Batch
from statement_builder.operations.queries import PrintFileSummary, list_print_files, write_private
from statement_builder.operations.summaries import BatchSummary
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.rendering.templating import environment

TEMPLATE = "demo/index.html"
_PICTURE_SCALE = 1.4
"""Pixels per point: 100 dpi."""
_PICTURE_COLORS = 64
"""A palette makes a picture a third of its size."""


class Example(Record, kw_only=True):
    """One sample document."""

    title: str
    path: Path
    """The PDF file."""
    pages: int


class _Picture(Record, kw_only=True):
    title: str
    pages: int
    href: str
    source: str
    """The first page as a `data:` URL."""


class _PrintFile(Record, kw_only=True):
    summary: PrintFileSummary
    pdf: str
    manifest: str
    control_file: str


class _Hold(Record, kw_only=True):
    code: str
    title: str
    accounts: int


class _Section(Record, kw_only=True):
    """One batch."""

    summary: BatchSummary
    holds: tuple[_Hold, ...]
    print_files: tuple[_PrintFile, ...]
    control_sheet: str
    """A link to the archived PDF; empty if the batch is not closed."""


class _Email(Record, kw_only=True):
    href: str
    subject: str
    text: str


def write_demo_page(
    context: AppContext, home: Path, batches: Sequence[tuple[Batch, BatchSummary]], examples: Sequence[Example]
) -> Path:
    """Write `demo/index.html` below `home` and return its path."""
    page = home / "demo" / "index.html"
    page.parent.mkdir(exist_ok=True)
    emails = sorted((home / "outbox" / "email").glob("*.eml"))
    markup = (
        environment(context.templates, "en")
        .get_template(TEMPLATE)
        .render(
            facility=context.facility,
            today=context.today(),
            pictures=[_draw(example, page.parent) for example in examples],
            sections=[_describe(context, home, batch, summary) for batch, summary in batches],
            emails=len(emails),
            email=_read_email(emails[0], page.parent) if emails else None,
            count="{:,}".format,
        )
    )
    write_private(page, markup.encode())
    return page


def _draw(example: Example, folder: Path) -> _Picture:
    with pdfium.PdfDocument(example.path) as pdf:
        picture = pdf[0].render(scale=_PICTURE_SCALE).to_pil().convert("RGB").quantize(_PICTURE_COLORS)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    source = f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
    return _Picture(title=example.title, pages=example.pages, href=_link(example.path, folder), source=source)


def _describe(context: AppContext, home: Path, batch: Batch, summary: BatchSummary) -> _Section:
    folder, outbox = home / "demo", home / "outbox" / "print"
    holds = sorted(summary.holds.items(), key=lambda pair: (-pair[1], pair[0]))
    events = context.ledger.events.for_batch(batch.batch_id, subject=batch.batch_id)
    sheets = [event.data for event in events if isinstance(event.data, ArchivedControlSheet)]
    return _Section(
        summary=summary,
        holds=tuple(_Hold(code=code, title=HOLD_CODES[code].title, accounts=accounts) for code, accounts in holds),
        print_files=tuple(
            _PrintFile(
                summary=file,
                pdf=_link(outbox / f"{file.name}.pdf", folder),
                manifest=_link(outbox / f"{file.name}.csv", folder),
                control_file=_link(outbox / f"{file.name}.ctl", folder),
            )
            for file in list_print_files(context, batch)
        ),
        control_sheet=_link(home / "archive" / sheets[-1].pdf_key, folder) if sheets else "",
    )


def _read_email(path: Path, folder: Path) -> _Email:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return _Email(href=_link(path, folder), subject=str(message["Subject"]), text=text.strip())


def _link(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
