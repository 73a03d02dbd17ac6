"""Split a document's markup into its structure, which determines the layout, and its texts, which fill the layout.

The structure is every tag and attribute, and whether there is text between tags. The text itself, link URLs and code
contents are not part of it. Statements with different words share a layout if their lines break in the same places.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from pdf_kit.qr_code import CODE
from statement_builder.billing.model import Record

WHITE_SPACE = " \t\n\r\f"
"""White space that CSS collapses, without the no-break space."""
_COLLAPSED_MAX = 10_000
_TAGS = re.compile(r"<([^>]*)>")
_TITLE = re.compile(r"<title>([^<]*)</title>")
_DATES = re.compile(r'(<meta name="dcterms\.(created|modified)" content=")([^"]*)"')
_LINK = re.compile(r'(<a [^<]*?\bhref=")(https?://[^"]*)')


class ParsedMarkup(Record, kw_only=True):
    """One document's markup, split into structure and texts."""

    structure: bytes
    """Hash of tags and attributes, without links and codes."""
    texts: tuple[str, ...]
    """Texts between the tags of the body, in order, unescaped, with white space collapsed; many are empty."""
    title: str
    created: str
    modified: str
    """Dates as in the markup (`2026-11-20`)."""
    links: tuple[str, ...] = ()
    """URLs of the body's web links, in order."""
    codes: tuple[str, ...] = ()
    """Contents of the QR codes, in order."""


def parse_markup(markup: str) -> ParsedMarkup:
    """Split markup as the templates write it: attributes are quoted and contain no `>`."""
    head, _, body = markup.partition("</head>")
    values = _read_head(head)
    parts = split_body(body)
    texts = list(map(_COLLAPSED.__getitem__, parts[0::2]))
    kinds = kinds_of(texts)
    tags = "<".join(parts[1::2])
    links: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    if "<a " in tags:
        tags, links = _extract(_LINK, tags)
    if "<path class" in tags:
        tags, codes = _extract(CODE, tags)
    digest = hashlib.blake2b(f"{values.structure}\0{tags}\0{kinds}".encode(), digest_size=16).digest()
    return ParsedMarkup(
        structure=digest,
        texts=tuple(texts),
        title=values.title,
        created=values.created,
        modified=values.modified,
        links=tuple(map(html.unescape, links)),
        codes=tuple(map(html.unescape, codes)),
    )


class _Head(NamedTuple):
    """The values of the head, and the head without them."""

    title: str
    created: str
    modified: str
    structure: str


@lru_cache(maxsize=256)
def _read_head(head: str) -> _Head:
    title = _TITLE.search(head)
    dates = {name: value for _, name, value in _DATES.findall(head)}
    return _Head(
        title=collapse(title.group(1)).strip(WHITE_SPACE) if title else "",
        created=dates.get("created", ""),
        modified=dates.get("modified", ""),
        structure=_DATES.sub(r'\1"', _TITLE.sub("", head)),
    )


def kinds_of(texts: Iterable[str]) -> str:
    """For each text a digit: empty, a space, or other. Of the texts, only this is part of the structure."""
    return "".join(["0" if not text else "1" if text == " " else "2" for text in texts])


def head_structure(head: str) -> str:
    """The markup's head without its values: language, size of print, and so on."""
    return _read_head(head).structure


def without_targets(tags: str) -> str:
    """Tags without the URLs of links and the contents of QR codes."""
    return _extract(CODE, _extract(_LINK, tags)[0])[0]


def split_body(body: str) -> list[str]:
    """Texts and tags by turns. Without angle brackets in texts and attributes, every bracket is a boundary."""
    if body.count("<") == body.count(">"):
        return body.replace("<", ">").split(">")
    return _TAGS.split(body)


class _CollapseCache(dict[str, str]):
    """Caches `collapse`, since most texts recur."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _COLLAPSED_MAX:
            self.clear()
        collapsed = self[text] = collapse(text)
        return collapsed


_COLLAPSED = _CollapseCache()


def _extract(pattern: re.Pattern[str], tags: str) -> tuple[str, tuple[str, ...]]:
    """The tags without the second group of each match, and those groups."""
    parts = pattern.split(tags)
    return "".join([part for index, part in enumerate(parts) if index % 3 != 2]), tuple(parts[2::3])


def collapse(text: str) -> str:
    """Collapse each run of white space to one space, and resolve character references."""
    if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
        collapsed = " ".join(re.split(f"[{WHITE_SPACE}]+", text))
    else:
        collapsed = text
    return html.unescape(collapsed) if "&" in collapsed else collapsed
