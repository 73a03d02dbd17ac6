"""Find the paragraphs of a WeasyPrint layout, and match every text box with a text of the markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled.layouts import LineBreakHint, Paragraph, Slot, Style
from statement_builder.rendering.compiled.line_breaking import collapse_across_slots
from statement_builder.rendering.compiled.markup_parser import WHITE_SPACE, ParsedMarkup, collapse
from statement_builder.rendering.compiled.shaping import CannotFill

_NOT_TEXT = re.compile(r".*(svg|math|style|script|textarea|select|option|object)$")
"""Elements whose text is not drawn as words."""

Faces = Mapping[tuple[Any, ...], str]
"""Font file by `weasyprint_adapter.font_choice`."""


class NotCompilable(Exception):
    """No document of this structure can be filled, whatever its words. The message names the template's element."""


@dataclass(kw_only=True)
class FoundParagraph:
    """A paragraph in the layout: its slots, and for each line which text box belongs to which slot."""

    block: weasy.Block
    slots: list[Slot]
    lines: list[tuple[float, list[tuple[int, weasy.LineText]]]]
    """For each line its left edge in CSS pixels and its pieces: slot index and text box."""

    @property
    def paragraph(self) -> Paragraph:
        return Paragraph(slots=tuple(self.slots), width=self.block.width, align=self.block.align)


class MarkupTexts:
    """The texts of the markup, by the element that contains them."""

    def __init__(self, root: Any, parsed: ParsedMarkup) -> None:
        self._texts = parsed.texts
        self._not_words: list[int] = []
        self._by_element: dict[int, list[int]] = {}
        expected = [index for index, text in enumerate(parsed.texts) if text and text != " "]
        found = list(_element_texts(root.find("body"), is_words=True))
        if [collapse(text) for _, text, _ in found] != [parsed.texts[index] for index in expected]:
            raise NotCompilable("markup that a browser reads differently than it is written")
        for index, (element, _, is_words) in zip(expected, found, strict=True):
            if not is_words:
                self._not_words.append(index)
            self._by_element.setdefault(id(element), []).append(index)

    def in_element(self, element: Any) -> list[int]:
        """Indexes of the texts directly within an element."""
        return self._by_element.get(id(element), [])

    def text(self, index: int) -> str:
        return self._texts[index]

    def fixed(self, paragraphs: Sequence[Paragraph]) -> tuple[int, ...]:
        """Indexes of the texts that are drawn, but not as words."""
        words = {slot.node for paragraph in paragraphs for slot in paragraph.slots}
        return tuple(index for index in self._not_words if index not in words)


def _element_texts(element: Any, *, is_words: bool) -> Iterator[tuple[Any, str, bool]]:
    is_words = is_words and not _NOT_TEXT.fullmatch(str(element.tag))
    if element.text and element.text.strip(WHITE_SPACE):
        yield element, element.text, is_words
    for child in element:
        if isinstance(child.tag, str):
            yield from _element_texts(child, is_words=is_words)
        if child.tail and child.tail.strip(WHITE_SPACE):
            yield element, child.tail, is_words


class _TextMatcher:
    """Matches the text boxes of one element, in order, with the element's texts in the markup."""

    def __init__(self, texts: MarkupTexts, element: Any) -> None:
        self._texts = texts
        self._indexes = texts.in_element(element)
        self._position = 0
        self._offset = 0

    def match(self, box_text: str) -> tuple[int, bool]:
        """The index of the text that begins or continues in this box, and whether it continues."""
        stripped = box_text.strip(" ")
        for _ in range(len(self._indexes) + 1):
            if self._position < len(self._indexes):
                index = self._indexes[self._position]
                rest = self._texts.text(index)[self._offset :]
                spaces = len(rest) - len(rest.lstrip(" "))
                if rest[spaces:].startswith(stripped):
                    continues = self._offset > 0
                    self._offset += spaces + len(stripped)
                    if not self._texts.text(index)[self._offset :].strip(" "):
                        self._position, self._offset = self._position + 1, 0
                    return index, continues
                if self._offset:
                    break
                self._position += 1
            else:
                self._position = 0  # the same element again, on the next page
        raise NotCompilable("text that is not in the markup")


def find_paragraphs(blocks: Sequence[weasy.Block], texts: MarkupTexts, faces: Faces) -> list[FoundParagraph]:
    """All paragraphs, in the order of their boxes.

    A paragraph that continues on the next page is one paragraph; each repeated table head is its own.
    """
    matchers: dict[int, _TextMatcher] = {}
    paragraphs: list[FoundParagraph] = []
    latest: dict[int, FoundParagraph] = {}
    for block in blocks:
        paragraph = FoundParagraph(block=block, slots=[], lines=[])
        for line in block.lines:
            pieces = []
            for text in line:
                node, continues = _match_node(text, texts, matchers)
                if continues and not paragraph.slots:
                    paragraph = latest[node]
                if not (continues and paragraph.slots[-1].node == node):
                    paragraph.slots.append(_slot(text, node, faces))
                pieces.append((len(paragraph.slots) - 1, text))
                if node >= 0:
                    latest[node] = paragraph
            paragraph.lines.append((block.left, pieces))
            if block.width != paragraph.block.width:
                raise CannotFill("paragraph on pages of different width")
        if paragraph.block is block and any(slot.node >= 0 for slot in paragraph.slots):
            paragraphs.append(paragraph)
    _require_undivided(paragraphs)
    return paragraphs


def _require_undivided(paragraphs: Sequence[FoundParagraph]) -> None:
    """Refuse a paragraph with a page break between two of its elements: it looks like two paragraphs."""
    by_element: dict[int, list[FoundParagraph]] = {}
    for paragraph in paragraphs:
        by_element.setdefault(id(paragraph.block.element), []).append(paragraph)
    for paragraph in paragraphs:
        nodes = {slot.node for slot in paragraph.slots}
        if len(paragraph.lines) > 1 and any(slot.node < 0 for slot in paragraph.slots):
            raise CannotFill("space or number in a paragraph of several lines")
        for other in by_element[id(paragraph.block.element)]:
            if other.block.page != paragraph.block.page and nodes.isdisjoint(slot.node for slot in other.slots):
                raise CannotFill("paragraph divided by a page break")


def _match_node(text: weasy.LineText, texts: MarkupTexts, matchers: dict[int, _TextMatcher]) -> tuple[int, bool]:
    if not text.text.strip(" "):
        return -1, False
    if text.generated:
        if not re.fullmatch(r" *(\d+|[•◦▪]|\d+\.) *", text.text):
            raise NotCompilable("generated content that is not a number")
        return -1, False
    matcher = matchers.setdefault(id(text.element), _TextMatcher(texts, text.element))
    return matcher.match(text.text)


def _slot(text: weasy.LineText, node: int, faces: Faces) -> Slot:
    face = faces.get(weasy.font_choice(text.box))
    if face is None:
        raise CannotFill("font that draws only spaces")
    style = Style(
        face=face,
        scale=weasy.font_scale(text.box),
        language=weasy.language_of(text.box),
        features=weasy.shaping_features(text.box),
    )
    generated = "" if node >= 0 else text.text.strip(" ") or " "
    return Slot(node=node, text=generated, style=style, nowrap=text.nowrap)


def read_hint(found: FoundParagraph, texts: tuple[str, ...]) -> LineBreakHint:
    """WeasyPrint's line breaks of a paragraph with these texts. Raises `CannotFill` if the drawn text differs."""
    slots, lines = collapse_across_slots(texts), []
    positions = [0] * len(slots)
    for _, line in found.lines:
        spans = []
        for slot, text in line:
            start = slots[slot].find(text.drawn, positions[slot])
            if start < 0:
                raise CannotFill("text drawn differently")
            positions[slot] = start + len(text.drawn)
            spans.append((slot, start, positions[slot], start + len(text.text)))
        lines.append(tuple(spans))
    return LineBreakHint(lines=tuple(lines))
