"""Take a document's markup apart: its structure, which decides the layout, and its texts, which fill it.

The structure is every tag and attribute and whether there is text between them; what the text says is not part of it,
nor where links lead to and what codes show. So two statements whose sentences differ share a layout, as long as their
lines break alike.
"""

from __future__ import annotations

import hashlib
import html
import re
from functools import lru_cache
from typing import NamedTuple

from pdf_kit.qr_code import CODE
from statement_builder.billing.model import Record

WHITE = " \t\n\r\f"
"""What CSS collapses; a no-break space is not among it."""
_COLLAPSED_MAX = 10_000
_TAGS = re.compile(r"<([^>]*)>")
_TITLE = re.compile(r"<title>([^<]*)</title>")
_DATES = re.compile(r'(<meta name="dcterms\.(created|modified)" content=")([^"]*)"')
_LINK = re.compile(r'(<a [^<]*?\bhref=")(https?://[^"]*)')


class ParsedMarkup(Record, kw_only=True):
    """One document's markup, taken apart."""

    structure: bytes
    """Hash of tags and attributes, without links and codes."""
    texts: tuple[str, ...]
    """Between the tags of the body, in order, unescaped, with white space collapsed; many are empty."""
    title: str
    created: str
    modified: str
    """Dates as in the markup (`2026-11-20`)."""
    links: tuple[str, ...] = ()
    """Where the body's links to the web lead to, in its order."""
    codes: tuple[str, ...] = ()
    """What its codes say, in its order: see `qr_code`."""


def parse_markup(markup: str) -> ParsedMarkup:
    """Split markup as the templates make it: attributes are quoted and have no `>` in them."""
    head, _, body = markup.partition("</head>")
    known = _read_head(head)
    parts = _split(body)
    texts = list(map(_collapsed.__getitem__, parts[0::2]))
    shape = "".join(["0" if not text else "1" if text == " " else "2" for text in texts])
    tags = "<".join(parts[1::2])
    links: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    if "<a " in tags:
        tags, links = _take_out(_LINK, tags)
    if "<path class" in tags:
        tags, codes = _take_out(CODE, tags)
    digest = hashlib.blake2b(f"{known.structure}\0{tags}\0{shape}".encode(), digest_size=16).digest()
    return ParsedMarkup(
        structure=digest,
        texts=tuple(texts),
        title=known.title,
        created=known.created,
        modified=known.modified,
        links=tuple(map(html.unescape, links)),
        codes=tuple(map(html.unescape, codes)),
    )


class _Head(NamedTuple):
    """What the head says, and the head without that."""

    title: str
    created: str
    modified: str
    structure: str


@lru_cache(maxsize=256)
def _read_head(head: str) -> _Head:
    title = _TITLE.search(head)
    dates = {name: value for _, name, value in _DATES.findall(head)}
    return _Head(
        title=collapse(title.group(1)).strip(WHITE) if title else "",
        created=dates.get("created", ""),
        modified=dates.get("modified", ""),
        structure=_DATES.sub(r'\1"', _TITLE.sub("", head)),
    )


def _split(body: str) -> list[str]:
    """Texts and tags in turns. Where no text and no attribute has an angle bracket, every bracket divides."""
    if body.count("<") == body.count(">"):
        return body.replace("<", ">").split(">")
    return _TAGS.split(body)


class _Collapsed(dict[str, str]):
    """Texts as they stand in the markup, and collapsed; the most of them come again."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _COLLAPSED_MAX:
            self.clear()
        known = self[text] = collapse(text)
        return known


_collapsed = _Collapsed()


def _take_out(form: re.Pattern[str], tags: str) -> tuple[str, tuple[str, ...]]:
    """The tags without the second group of each match, and those groups."""
    parts = form.split(tags)
    return "".join([part for place, part in enumerate(parts) if place % 3 != 2]), tuple(parts[2::3])


def collapse(text: str) -> str:
    """Runs of white space as one blank, character references resolved."""
    if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
        collapsed = " ".join(re.split(f"[{WHITE}]+", text))
    else:
        collapsed = text
    return html.unescape(collapsed) if "&" in collapsed else collapsed
