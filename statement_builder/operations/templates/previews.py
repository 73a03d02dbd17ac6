"""What a kind of document looks like: sample pages of every level, language and size, now and as last approved."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.operations.sample_contents import sample_variants
from statement_builder.operations.templates.versions import open_approved, read_template_state
from statement_builder.pipeline.context import AppContext, open_templates
from statement_builder.resources import languages

if TYPE_CHECKING:
    from statement_builder.rendering import PlainEngine


class Preview(Record, kw_only=True):
    """One sample document."""

    level: int
    language: str
    large_print: bool
    now: bytes
    """The PDF with the templates in use; empty if it could not be made."""
    approved: bytes
    """The PDF with the templates that were approved last; empty if there are none, or it could not be made."""
    problem: str
    """Why the PDF could not be made."""


class TemplatePreview(Record, kw_only=True):
    """A kind of document under two versions of the templates."""

    kind: Kind
    version: str
    approved_version: str
    """Empty: no other version was approved, or the archive has no copy of it."""
    previews: tuple[Preview, ...]


def preview_templates(context: AppContext, kind: Kind) -> TemplatePreview:
    """Render the samples of a kind. Nothing is recorded: no page has anybody's data."""
    from statement_builder.rendering import PlainEngine  # noqa: PLC0415 - imports WeasyPrint

    state = read_template_state(context)
    templates = open_templates(context.settings)
    with TemporaryDirectory() as folder:
        last = state.last_approved
        approved = open_approved(context, last.template_version, Path(folder) / "approved") if last else None
        engine = PlainEngine(templates)
        old_engine = PlainEngine(approved) if approved else None
        contents = list(sample_variants(Path(folder), kind, context.settings, tuple(languages(templates))))
        previews = []
        for number, content in enumerate(contents, start=1):
            now, problem = _render(engine, content)
            before, _ = _render(old_engine, content) if old_engine else (b"", "")
            previews.append(
                Preview(
                    level=content.level,
                    language=content.language,
                    large_print=content.large_print,
                    now=now,
                    approved=before,
                    problem=problem,
                )
            )
            context.progress("samples", number, len(contents))
    return TemplatePreview(
        kind=kind,
        version=state.version,
        approved_version=last.template_version if last and approved else "",
        previews=tuple(previews),
    )


def _render(engine: PlainEngine, content: Content) -> tuple[bytes, str]:
    from statement_builder.rendering import DocumentError  # noqa: PLC0415

    try:
        return engine.render(content).pdf, ""
    except DocumentError as exc:
        return b"", exc.message
