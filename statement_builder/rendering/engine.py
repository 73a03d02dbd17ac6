"""The plain engine: renders each document's content as a PDF with WeasyPrint.

Documents can load only the project's fonts, and anything that WeasyPrint logs is an error: an incomplete bill is worse
than a late one.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from pdf_kit.qr_code import draw_codes
from statement_builder.billing.model import Record
from statement_builder.documents.content import Content
from statement_builder.errors import ConfigError
from statement_builder.rendering.compiled.weasyprint_adapter import Drawing, draw_document
from statement_builder.rendering.errors import DocumentError, contain_document
from statement_builder.rendering.fonts import FACES, NOTICE_FACES, font_path, missing_code_points, notice_code_points
from statement_builder.rendering.language_notice import STYLE_SHEETS as NOTICE_SHEETS
from statement_builder.rendering.language_notice import LanguageNotice, NoticeStore
from statement_builder.rendering.templating import render_markup

STYLE_SHEETS = ("theme/theme.css", "theme/large_print.css")

_LAYOUT_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors in a layout, which fail one document. Running out of memory or disk stops the batch instead."""


class Rendered(Record, kw_only=True):
    """A finished document: its bytes, page count, and SHA-256 in hexadecimal."""

    pdf: bytes
    pages: int
    sha256: str


class LayoutPending(Exception):
    """This document's layout is not there yet: render other documents first.

    Another process may be compiling it, or other documents may lack the same parts.
    """


Outcome = Rendered | DocumentError | LayoutPending
"""The result for one document of many."""


class Engine(Protocol):
    """Renders a document's content as a PDF. The same content gives the same bytes."""

    name: str

    def render(self, content: Content) -> Rendered:
        """Render one document. Raises `DocumentError` for this document, `ConfigError` for the installation."""

    def render_all(self, contents: Sequence[Content], *, may_wait: bool = False) -> list[Outcome]:
        """Render each document, or return its error. Raises `ConfigError` as `render` does.

        `LayoutPending` is returned only if `may_wait`.
        """


class _Press(NamedTuple):
    """What WeasyPrint needs for every document."""

    styles: list[Any]
    fonts: FontConfiguration


class PlainEngine:
    """Calls WeasyPrint for each document. Reads fonts and style sheets once per process, for the first document."""

    name = "plain"

    def __init__(
        self,
        templates: Path,
        style_sheets: Sequence[str] = STYLE_SHEETS,
        *,
        faces: Sequence[str] = FACES,
        covered: frozenset[int] | None = None,
        notices: NoticeStore | None = None,
    ) -> None:
        """`faces` are the fonts of the style sheets, and `covered` their code points if they are not the text fonts.
        `notices` keeps printed notices of language assistance for other processes."""
        self._templates = templates
        self.notice = LanguageNotice(templates, lambda: _open_notice_printer(templates), notices)
        self._style_sheets, self._faces = style_sheets, faces
        self._covered = covered

    @cached_property
    def _press(self) -> _Press:
        """Opened for the first document that WeasyPrint lays out: with all layouts compiled, there is none.

        Raises `ConfigError` for a damaged style sheet or a missing font.
        """
        fonts = FontConfiguration()
        return _Press(_load_style_sheets(self._templates, self._style_sheets, self._faces, fonts), fonts)

    def render(self, content: Content) -> Rendered:
        rendered = self.print_markup(self.write_markup(content), identifier=content.document_id)
        return self.add_notice(rendered, content)

    def write_markup(self, content: Content) -> str:
        """The document as HTML, with empty pages for its notice of language assistance. Raises what `render` raises."""
        return render_markup(self._templates, content, notice_pages=self.notice.count_pages(content))

    def add_notice(self, rendered: Rendered, content: Content) -> Rendered:
        """The document with its notice of language assistance, if it has one, on its last pages."""
        if not content.other_language:
            return rendered
        pdf = self.notice.add_to(rendered.pdf, content)
        return Rendered(pdf=pdf, pages=rendered.pages, sha256=hashlib.sha256(pdf).hexdigest())

    def render_all(self, contents: Sequence[Content], *, may_wait: bool = False) -> list[Outcome]:
        return [self._try_render(content) for content in contents]

    def _try_render(self, content: Content) -> Rendered | DocumentError:
        try:
            return self.render(content)
        except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
            return contain_document(exc, "laying out its pages", content.document_id)

    def print_markup(self, html: str, *, identifier: str) -> Rendered:
        """Render HTML as a PDF. The file gets `identifier` instead of a random one."""
        press = self._press
        with _collect_warnings() as warnings:
            tree = self._parse(html)
            pages, pdf = _lay_out(tree, identifier, press)
        _require_no_warnings(warnings)
        return Rendered(pdf=pdf, pages=pages, sha256=hashlib.sha256(pdf).hexdigest())

    def draw(
        self, markup: str, find_blocks: Callable[[Any], tuple[Sequence[Any], Sequence[Any]]] = lambda _: ((), ())
    ) -> tuple[Drawing, Any]:
        """Lay out and draw markup for the compiled engine. Returns the drawing and the markup's root element.

        `find_blocks` finds, in the root element, the elements whose drawing is recorded, and those around them.

        Raises what `render` raises.
        """
        press = self._press
        with _collect_warnings() as warnings:
            tree = self._parse(markup)
            try:
                blocks, around = find_blocks(tree.etree_element)
                drawing = draw_document(tree, styles=press.styles, fonts=press.fonts, blocks=blocks, around=around)
            except Exception as exc:
                raise _layout_error(exc) from exc
        _require_no_warnings(warnings)
        return drawing, tree.etree_element

    def _parse(self, markup: str) -> weasyprint.HTML:
        tree = weasyprint.HTML(string=draw_codes(markup), base_url="none:", url_fetcher=FontsOnly())
        _require_glyphs("".join(tree.etree_element.itertext()), self._covered)
        return tree


def _lay_out(tree: Any, identifier: str, press: _Press) -> tuple[int, bytes]:
    try:
        document = tree.render(font_config=press.fonts, stylesheets=press.styles, pdf_variant="pdf/ua-1")
        pdf = document.write_pdf(pdf_identifier=identifier.encode("ascii"), pdf_variant="pdf/ua-1")
    except _LAYOUT_ERRORS as exc:
        raise _layout_error(exc) from exc
    return len(document.pages), pdf


def _open_notice_printer(templates: Path) -> Callable[[str], bytes]:
    engine = PlainEngine(templates, NOTICE_SHEETS, faces=NOTICE_FACES, covered=notice_code_points())
    return lambda markup: engine.print_markup(markup, identifier="language-notice").pdf


class FontsOnly(URLFetcher):  # type: ignore[misc]
    """Loads only `font:<file>`: templates can reach neither the network nor the disk."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        scheme, _, name = url.partition(":")
        if scheme != "font":
            raise ValueError("Documents may load only the packaged fonts")
        return URLFetcherResponse(url, body=font_path(name).read_bytes(), headers={"Content-Type": "font/ttf"})


def check_style(templates: Path) -> None:
    """Raise `ConfigError` if documents have a damaged style sheet, or a font that is missing."""
    _load_style_sheets(templates, STYLE_SHEETS, FACES, FontConfiguration())


def check_notice_style(templates: Path) -> None:
    """Raise `ConfigError` if the notice of language assistance has a damaged style sheet, or a font that is missing."""
    _load_style_sheets(templates, NOTICE_SHEETS, NOTICE_FACES, None)


def _load_style_sheets(
    templates: Path, names: Sequence[str], faces: Sequence[str], fonts: FontConfiguration | None
) -> list[Any]:
    """Read the style sheets, and load their fonts into `fonts`: a copy of each font file on disk. None loads none."""
    for face in faces:
        font_path(face)  # WeasyPrint would not name the missing file
    with _collect_warnings() as warnings:
        styles = [_style_sheet(templates / name, fonts) for name in names]
    if warnings:
        folders = ", ".join(sorted({str((templates / name).parent) for name in names}))
        raise ConfigError(f"The style sheets in {folders} have errors: {'; '.join(sorted(set(warnings)))}")
    return styles


def _style_sheet(path: Path, fonts: FontConfiguration | None) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"The style sheet {path} cannot be read: {exc.strerror}.") from exc
    return weasyprint.CSS(string=text, font_config=fonts, url_fetcher=FontsOnly(), base_url="none:")


def _require_glyphs(text: str, covered: frozenset[int] | None) -> None:
    missing = missing_code_points(text, covered)
    if missing:
        names = ", ".join(sorted({_describe_character(code_point) for code_point in missing})[:5])
        raise DocumentError(
            "GLYPH",
            f"The fonts have no glyph for {names}.",
            "Correct the spelling in the billing system, or prepare this document manually.",
        )


def _describe_character(code_point: int) -> str:
    """Letters by script only, since a few of them may be a whole name; other characters by code point."""
    character = chr(code_point)
    if unicodedata.category(character)[0] in "LM":
        return f"{unicodedata.name(character, 'unknown').split()[0]} script"
    return f"U+{code_point:04X}"


def _layout_error(exc: Exception) -> DocumentError:
    return DocumentError(
        "LAYOUT",
        f"The page could not be laid out ({type(exc).__name__}).",
        "Report this error. The document is not mailed.",
    )


def _require_no_warnings(warnings: list[str]) -> None:
    if warnings:
        raise DocumentError(
            "LAYOUT",
            f"The page could not be laid out cleanly: {'; '.join(sorted(set(warnings)))}.",
            "Correct the template. The document is not mailed.",
        )


class _WarningCollector(logging.Handler):
    """Collects WeasyPrint's warnings without their values, which may be a patient's data."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(str(record.msg))


@contextmanager
def _collect_warnings() -> Iterator[list[str]]:
    """Collect WeasyPrint's warnings instead of logging them."""
    collector = _WarningCollector()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(collector)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield collector.messages
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
