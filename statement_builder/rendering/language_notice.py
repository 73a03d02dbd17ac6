"""The notice that language assistance and auxiliary aids are free (45 CFR 92.11), in English and 15 languages.

A document for a reader of a language that documents do not exist in ends with it. The document's own layout has empty
pages for it, so that its page numbers count them and it compiles as every other. The notice itself is laid out once by
WeasyPrint, which shapes Arabic, Devanagari, and Chinese, and then drawn over those pages.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pikepdf

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.billing.model import Record
from statement_builder.documents.content import Content
from statement_builder.errors import ConfigError
from statement_builder.rendering.overlay import body_element, overlay, parents_of_page
from statement_builder.rendering.templating import environment, unbroken

TEMPLATE = "language_notice/notice.html"
STYLE_SHEETS = ("language_notice/notice.css",)
NATIONAL = "US"
LANGUAGES_COUNT = 15
_FACES = frozenset({"latin", "arabic", "devanagari", "cjk", "korean"})
_RELAY = " (TTY: 711)"
_MARKED = re.compile(rb"/\w+\s<</MCID (\d+)>>\sBDC")


class Notice(Record, kw_only=True):
    """The notice in one language: a table of `languages.toml`."""

    code: str
    """BCP 47."""
    name: str
    """The language's own name."""
    face: str
    text: str

    @property
    def direction(self) -> str:
        return "rtl" if self.face == "arabic" else "ltr"

    def filled(self, phone: str) -> str:
        """The text with the telephone number, which stays left to right in a text from right to left."""
        number = unbroken(phone + _RELAY)
        return self.text.replace("{phone}", f"\u2066{number}\u2069" if self.direction == "rtl" else number)


class StateLanguages(Record, kw_only=True):
    """A state's table of `states.toml`."""

    languages: tuple[str, ...]
    citation: str
    reviewed: date


class PrintedNotice(Record, kw_only=True):
    """The notice laid out as a PDF of `pages` pages."""

    pdf: bytes
    pages: int


class NoticeStore(Protocol):
    """Keeps printed notices for other processes with the same templates, fonts, and libraries."""

    def find_notice(self, markup: str) -> PrintedNotice | None: ...

    def add_notice(self, markup: str, notice: PrintedNotice) -> None: ...


class LanguageNotice:
    """The notices of one folder of templates. `open_printer` returns the function that lays out markup as a PDF.

    `store` keeps what it printed: opening a printer, and one notice, takes half a second.
    """

    def __init__(
        self, templates: Path, open_printer: Callable[[], Callable[[str], bytes]], store: NoticeStore | None = None
    ) -> None:
        self._templates = templates
        self._open_printer = open_printer
        self._store = store
        self._printer: Callable[[str], bytes] | None = None
        self._found: dict[tuple[str, str, str, bool], PrintedNotice] = {}

    def count_pages(self, content: Content) -> int:
        """The pages that the document's notice takes; 0 for a document without one."""
        if not content.other_language:
            return 0
        return self._find(content).pages

    def add_to(self, pdf: bytes, content: Content) -> bytes:
        """The document with the notice on its last pages. The same document gives the same bytes."""
        if not content.other_language:
            return pdf
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf)) as document, pikepdf.open(io.BytesIO(self._find(content).pdf)) as notice:
            languages = [each.code for each in self._notices(content)]
            elements = iter(zip(_paragraphs(body_element(notice)), languages, strict=True))
            pages = list(document.pages)[-len(notice.pages) :]
            for page, source in zip(pages, notice.pages, strict=True):
                _draw(document, page, notice, source, elements)
            document.save(out, deterministic_id=True)
        return out.getvalue()

    def _notices(self, content: Content) -> tuple[Notice, ...]:
        """English, the reader's language if there is a notice in it, and the others of the facility's state."""
        notices = find_notices(self._templates, content.facility.return_address.state)
        primary = content.other_language.partition("-")[0].casefold()
        return tuple(sorted(notices, key=lambda notice: (notice.code != SOURCE_LANGUAGE, notice.code != primary)))

    def _find(self, content: Content) -> PrintedNotice:
        """The notice for the document's facility, language and size."""
        facility = content.facility
        key = (facility.return_address.state, facility.phone, content.other_language, content.large_print)
        if key not in self._found:
            template = environment(self._templates, SOURCE_LANGUAGE).get_template(TEMPLATE)
            markup = template.render(
                notices=self._notices(content), phone=facility.phone, large_print=content.large_print
            )
            kept = self._store.find_notice(markup) if self._store is not None else None
            self._found[key] = kept or self._print(markup)
        return self._found[key]

    def _print(self, markup: str) -> PrintedNotice:
        if self._printer is None:
            self._printer = self._open_printer()
        pdf = self._printer(markup)
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            printed = PrintedNotice(pdf=pdf, pages=len(opened.pages))
        if self._store is not None:
            self._store.add_notice(markup, printed)
        return printed


def check_notices(templates: Path) -> None:
    """Raise `ConfigError` for damaged data of any state, in the files as they are now."""
    load_states.cache_clear()
    find_notices.cache_clear()
    for state in load_states(templates):
        find_notices(templates, state)


@lru_cache(maxsize=8)
def load_states(templates: Path) -> dict[str, StateLanguages]:
    """The languages by state. Raises `ConfigError` for damaged data."""
    states: dict[str, StateLanguages] = _load(templates / "language_notice" / "states.toml", dict[str, StateLanguages])
    return states


@lru_cache(maxsize=8)
def find_notices(templates: Path, state: str) -> tuple[Notice, ...]:
    """The notices of a state (two letters), English first; a state without a table has the national ones.

    Raises `ConfigError` for damaged data, a language without a notice, or a table of fewer than 15 languages.
    """
    states = load_states(templates)
    listed = states.get(state, states.get(NATIONAL))
    path = templates / "language_notice" / "languages.toml"
    tables = _load(path, dict[str, dict[str, str]])
    if listed is None or len(set(listed.languages)) != LANGUAGES_COUNT:
        raise ConfigError(f"states.toml beside {path}: {state} must list {LANGUAGES_COUNT} languages, each once.")
    notices = []
    for code in (SOURCE_LANGUAGE, *listed.languages):
        try:
            notice = msgspec.convert({"code": code, **tables[code]}, Notice)
        except (KeyError, msgspec.ValidationError) as exc:
            raise ConfigError(f"{path}: the table of {code!r} is missing or incomplete, and {state} lists it.") from exc
        if notice.face not in _FACES or notice.text.count("{phone}") != 1:
            raise ConfigError(f"{path}: {code!r} must have a known face, and {{phone}} once in its text.")
        notices.append(notice)
    return tuple(notices)


def _load(path: Path, kind: Any) -> Any:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except (OSError, ValueError, msgspec.ValidationError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}") from exc


def _draw(
    document: pikepdf.Pdf,
    page: pikepdf.Page,
    notice: pikepdf.Pdf,
    source: pikepdf.Page,
    elements: Iterator[tuple[pikepdf.Object, str]],
) -> None:
    """Draw one page of the notice, and tag each of its paragraphs with its language (PDF/UA, ISO 14289-1, 7.2)."""
    source.contents_coalesce()
    operators = source.Contents.read_bytes()
    parents, body = parents_of_page(document, page), body_element(document)
    first = len(parents)
    left = len({int(number) for number in _MARKED.findall(operators)})
    numbered: dict[int, pikepdf.Object] = {}
    while left:
        element, language = next(elements)
        numbers = sorted(_numbers(element))
        paragraph = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.StructElem,
                S=pikepdf.Name.P,
                P=body,
                Pg=page.obj,
                K=pikepdf.Array([first + number for number in numbers]),
                Lang=language,
            )
        )
        body.K.append(paragraph)
        numbered |= dict.fromkeys(numbers, paragraph)
        left -= len(numbers)
    parents.extend([numbered[number] for number in sorted(numbered)])
    operators = _MARKED.sub(lambda found: b"/P <</MCID %d>> BDC" % (first + int(found[1])), operators)
    overlay(document, page, notice, source, operators=operators, prefix="Notice")


def _paragraphs(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The paragraphs below a structure element, in reading order."""
    for child in _children(element):
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            if child.S == pikepdf.Name.P:
                yield child
            else:
                yield from _paragraphs(child)


def _numbers(element: pikepdf.Object) -> Iterator[int]:
    """The numbers of the marked content below a structure element."""
    for child in _children(element):
        if isinstance(child, int):
            yield child
        elif "/MCID" in child:
            yield int(child.MCID)
        else:
            yield from _numbers(child)


def _children(element: pikepdf.Object) -> list[pikepdf.Object | int]:
    kids = element.get("/K", pikepdf.Array())
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]
