"""Content in, PDF out. The plain engine: one WeasyPrint layout a document.

Nothing but the three packaged fonts can be loaded, and anything that WeasyPrint logs makes the document an exception:
a bill with something missing is worse than a bill that comes a day later.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from pdf_kit.qr_code import draw_codes
from statement_builder.billing.model import Record
from statement_builder.documents.content import Content
from statement_builder.errors import ConfigError
from statement_builder.rendering.compiled.weasyprint_adapter import Drawing, draw_document
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.fonts import FACES, font_path, missing_code_points
from statement_builder.rendering.templating import render_markup

STYLE_SHEETS = ("theme/theme.css", "theme/large_print.css")


_LAYOUT_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a layout may trip over: costs one document. Running out of memory or disk is not among them."""


class Rendered(Record, kw_only=True):
    """A finished document: its bytes, how many pages, and their SHA-256 in hexadecimal."""

    pdf: bytes
    pages: int
    sha256: str


class LayoutPending(Exception):
    """What this document needs is being made by another process: do another one first."""


Outcome = Rendered | DocumentError | LayoutPending
"""What becomes of one document among many."""


class Engine(Protocol):
    """Whatever turns a document's content into a PDF. The same content gives the same bytes."""

    name: str

    def render(self, content: Content) -> Rendered:
        """Render one document. `DocumentError` for what is wrong with this one, `ConfigError` for the set-up."""

    def render_all(self, contents: Sequence[Content], *, may_wait: bool = False) -> list[Outcome]:
        """Render each, or say what is wrong with it; `BeingMade` only where it `may_wait`. `ConfigError` as above."""


class PlainEngine:
    """One WeasyPrint call a document. Fonts and style sheets are read once and kept for the process's life."""

    name = "plain"

    def __init__(self, templates: Path, style_sheets: Sequence[str] = STYLE_SHEETS) -> None:
        self._templates = templates
        self._fonts = FontConfiguration()
        for name in FACES:
            font_path(name)  # WeasyPrint would not say which one is missing
        with _complaints() as complaints:
            self._styles = [_style_sheet(templates / name, self._fonts) for name in style_sheets]
        if complaints:
            raise ConfigError(
                f"The style sheets in {templates / 'theme'} have faults: {'; '.join(sorted(set(complaints)))}"
            )

    def render(self, content: Content) -> Rendered:
        return self.print_markup(render_markup(self._templates, content), identifier=content.document_id)

    def render_all(self, contents: Sequence[Content], *, may_wait: bool = False) -> list[Outcome]:
        return [self._render_or_say_why(content) for content in contents]

    def _render_or_say_why(self, content: Content) -> Rendered | DocumentError:
        try:
            return self.render(content)
        except DocumentError as exc:
            return exc

    def print_markup(self, html: str, *, identifier: str) -> Rendered:
        """Markup in, PDF out. `identifier` goes into the file in place of a random one."""
        with _complaints() as complaints:
            tree = _read(html)
            pages, pdf = self._lay_out(tree, identifier)
        _require_quiet(complaints)
        return Rendered(pdf=pdf, pages=pages, sha256=hashlib.sha256(pdf).hexdigest())

    def draw(self, markup: str) -> tuple[Drawing, Any]:
        """Lay out and draw markup for the compiled engine; with the root of its tree. Raises what `render` raises."""
        with _complaints() as complaints:
            tree = _read(markup)
            try:
                drawing = draw_document(tree, styles=self._styles, fonts=self._fonts)
            except Exception as exc:
                raise _layout_error(exc) from exc
        _require_quiet(complaints)
        return drawing, tree.etree_element

    def _lay_out(self, tree: Any, identifier: str) -> tuple[int, bytes]:
        try:
            document = tree.render(font_config=self._fonts, stylesheets=self._styles, pdf_variant="pdf/ua-1")
            pdf = document.write_pdf(pdf_identifier=identifier.encode("ascii"), pdf_variant="pdf/ua-1")
        except _LAYOUT_ERRORS as exc:
            raise _layout_error(exc) from exc
        return len(document.pages), pdf


class FontsOnly(URLFetcher):  # type: ignore[misc]
    """Refuses everything but `font:<file>`: templates reach neither the network nor the disk."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        scheme, _, name = url.partition(":")
        if scheme != "font":
            raise ValueError("documents may load nothing but the packaged fonts")
        return URLFetcherResponse(url, body=font_path(name).read_bytes(), headers={"Content-Type": "font/ttf"})


def _style_sheet(path: Path, fonts: FontConfiguration) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"The style sheet {path} cannot be read: {exc.strerror}.") from exc
    return weasyprint.CSS(string=text, font_config=fonts, url_fetcher=FontsOnly(), base_url="none:")


def _read(markup: str) -> weasyprint.HTML:
    tree = weasyprint.HTML(string=draw_codes(markup), base_url="none:", url_fetcher=FontsOnly())
    _require_glyphs("".join(tree.etree_element.itertext()))
    return tree


def _require_glyphs(text: str) -> None:
    missing = missing_code_points(text)
    if missing:
        named = ", ".join(sorted({_name_character(code_point) for code_point in missing})[:5])
        raise DocumentError(
            "GLYPH",
            f"The fonts have no letter for {named}.",
            "Correct the spelling in the billing system, or handle this document by hand.",
        )


def _name_character(code_point: int) -> str:
    """Letters by their script alone, since a few of them may be a whole name; anything else by its code point."""
    character = chr(code_point)
    if unicodedata.category(character)[0] in "LM":
        return f"{unicodedata.name(character, 'unknown').split()[0]} script"
    return f"U+{code_point:04X}"


def _layout_error(exc: Exception) -> DocumentError:
    return DocumentError(
        "LAYOUT",
        f"The page could not be laid out ({type(exc).__name__}).",
        "Report it; until then the document is held back.",
    )


def _require_quiet(complaints: list[str]) -> None:
    if complaints:
        raise DocumentError(
            "LAYOUT",
            f"The page could not be laid out cleanly: {'; '.join(sorted(set(complaints)))}.",
            "Correct the template; until then the document is held back.",
        )


class _Collector(logging.Handler):
    """Keeps what WeasyPrint complains of, without the values: those may be a patient's."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(str(record.msg))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what WeasyPrint logs while laying out."""
    collector = _Collector()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(collector)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield collector.messages
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
