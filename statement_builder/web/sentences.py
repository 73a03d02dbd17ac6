"""Sentences of the operations in the visitor's language: reasons, refusals, questions, and what came of an action.

The operations speak English, and the ledger keeps what they said. A sentence with ids or figures in it is found in the
catalog by its template, `batch {1} is not built yet.`; what a person wrote matches none and is shown as written.
Nothing is decided by the text: what is not found is shown in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from statement_builder.billing.model import Record

_PLACE = re.compile(r"\{(\w+)\}")
_END = re.compile(r"[.?!:] ")
_ENDS_MAX = 24
"""Sentences in one text. A longer one is not ours."""
_DEPTH_MAX = 3
"""A value in a sentence can be a sentence, and so on."""
_OUR_WORDS_MIN = 4
_LITERAL_MIN = 3
"""Letters that a template must have: a shorter one would match anything."""


class Template(Record, frozen=True):
    """A sentence with places: what is between them, their names, and its translation."""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    @property
    def first_word(self) -> str:
        """The word that every such sentence starts with; empty if it starts with a value."""
        word, blank, _ = self.literals[0].partition(" ")
        return word if blank else ""

    def match(self, text: str) -> dict[str, str] | None:
        """The values at the places; None if the text is another sentence. Takes time linear in the text."""
        first, *middle, last = self.literals
        if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
            return None
        at, end, values = len(first), len(text) - len(last), []
        for literal in middle:
            found = text.find(literal, at, end)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(literal)
        return dict(zip(self.names, [*values, text[at:end]], strict=True))

    def fill(self, values: Mapping[str, str]) -> str:
        """The translation with these values."""
        return _PLACE.sub(lambda place: values[place[1]], self.translation)


class Sentences:
    """Finds the translations of whole sentences."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts`: English → the visitor's language, with the same places in braces."""
        self._exact = {english: other for english, other in texts.items() if not _PLACE.search(english)}
        templates = [_read_template(english, other) for english, other in texts.items() if _PLACE.search(english)]
        by_word: dict[str, list[Template]] = {}
        for each in filter(None, templates):
            by_word.setdefault(each.first_word, []).append(each)
        anything = by_word.pop("", [])
        self._by_word = {word: _most_own_first([*some, *anything]) for word, some in by_word.items()}
        self._anything = _most_own_first(anything)

    def say(self, text: str) -> str:
        """The text in the visitor's language, sentence by sentence."""
        return self._say(text, _DEPTH_MAX) if text and self._exact else text

    def say_remark(self, text: str) -> str:
        """As `say`, for a text that a person may have written: a few words are shown as they are."""
        return text if len(text.split()) < _OUR_WORDS_MIN else self.say(text)

    def _say(self, text: str, depth: int) -> str:
        if (whole := self._find(text, depth)) is not None:
            return whole
        ends = [match.start() + 1 for match in _END.finditer(text)]
        if not ends or len(ends) > _ENDS_MAX:
            return text
        for end in reversed(ends):
            if (found := self._find(text[:end], depth)) is not None:
                return f"{found} {self._say(text[end + 1 :], depth)}"
        return f"{text[: ends[0]]} {self._say(text[ends[0] + 1 :], depth)}"

    def _find(self, text: str, depth: int) -> str | None:
        """The translation of one sentence, with or without what ends it."""
        for shown, end in ((text, ""), (text[:-1], text[-1:])):
            if end not in ("", ".", ":"):
                continue
            if shown in self._exact:
                return self._exact[shown] + end
            for template in self._by_word.get(shown.partition(" ")[0], self._anything):
                if (values := template.match(shown)) is not None:
                    said = {name: self._say(value, depth - 1) if depth else value for name, value in values.items()}
                    return template.fill(said) + end
        return None


def _most_own_first(templates: list[Template]) -> list[Template]:
    return sorted(templates, key=lambda each: -sum(map(len, each.literals)))


def list_places(text: str) -> list[str]:
    """The names in braces."""
    return sorted(set(_PLACE.findall(text)))


def _read_template(english: str, translation: str) -> Template | None:
    parts = _PLACE.split(english)
    literals = tuple(parts[::2])
    letters = sum(character.isalpha() for literal in literals for character in literal)
    if letters < _LITERAL_MIN:
        return None
    return Template(literals=literals, names=tuple(parts[1::2]), translation=translation)
