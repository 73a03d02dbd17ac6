"""The reading level of running text, by `textstat`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

import textstat
import tinyhtml5

SENTENCE_WORDS_MAX = 30
"""A longer sentence must be read twice."""

_RUNNING = frozenset({"p", "li", "h2"})
_PHONE_NUMBER = re.compile(r"\(?\b\d{3}\)?[\s-]\d{3}-\d{4}\b")
_WEB_ADDRESS = re.compile(r"\b(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:/\S*)?\b")

_CENTS = re.compile(r"(?<=\d)\.\d\d\b")
_SENTENCE = re.compile(r"[^.?!]*\w[^.?!]*[.?!](?=\s|$)")
"""Ends in a full stop or a question mark. A label or an address does not."""


class Scale(NamedTuple):
    """A published formula for one language, and the scores that a reader of 13 to 14 years (US grade 8) understands."""

    formula: str
    """A function of `textstat`."""
    min: float
    max: float

    def allows(self, score: float) -> bool:
        return self.min <= score <= self.max


SCALES = {
    # Grades of US schools (Kincaid et al. 1975).
    "en": Scale(formula="flesch_kincaid_grade", min=-4, max=8),
    # Reading ease from 0 to 100 (Fernandez Huerta 1959): 60 to 70 is grades 8 and 9, above it is easier.
    "es": Scale(formula="fernandez_huerta", min=65, max=207),
}


def measure(sentences: list[str], language: str) -> float:
    """The score of a text on the scale of its language. KeyError if the language has no scale yet."""
    textstat.set_lang(language)
    try:
        return float(getattr(textstat, SCALES[language].formula)(" ".join(sentences)))
    finally:
        textstat.set_lang("en")


def running_text(html: str, part: str = "body") -> list[str]:
    """The sentences of the first element with this tag or class: in paragraphs, list items, and headings.

    Without tables, addresses, and labels, which nobody reads as sentences and which would make the text look easier. A
    telephone number and a web address count as one short word each, and an amount has no cents.
    """
    tree = tinyhtml5.parse(html, namespace_html_elements=False)
    root = next(each for each in tree.iter() if part in (each.tag, *each.get("class", "").split()))
    return [sentence.strip() for block in _blocks(root) for sentence in _SENTENCE.findall(block)]


def _blocks(element: Element) -> Iterator[str]:
    if element.tag in {"table", "svg"}:
        return
    if element.tag in _RUNNING:
        text = " ".join("".join(element.itertext()).split())
        yield _WEB_ADDRESS.sub("web", _PHONE_NUMBER.sub("phone", _CENTS.sub("", text)))
        return
    for child in element:
        yield from _blocks(child)
