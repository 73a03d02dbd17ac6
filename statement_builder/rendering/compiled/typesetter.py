"""Lay out paragraphs and cache the results, shared by all paragraphs of an engine."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from statement_builder.rendering.compiled.layout_cache import LayoutCache
from statement_builder.rendering.compiled.layouts import LineBreakHint, Paragraph
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph, apply_hint, typeset
from statement_builder.rendering.compiled.shaping import CannotFill

_CACHED_MAX = 30_000
"""Cached paragraphs, at 0.4 KB each, before the older generation is dropped."""


class CacheGenerations:
    """Limits the cached paragraphs of all typesetters together.

    When the cache is full, entries that were not used since it was last full are dropped. So common phrases stay, and
    names go.
    """

    def __init__(self) -> None:
        self.typesetters: list[Typesetter] = []
        self._count = 0

    def make_room(self) -> None:
        """For one more entry."""
        self._count += 1
        if self._count > _CACHED_MAX:
            self._count = 1
            for typesetter in self.typesetters:
                typesetter.start_generation()


class Hints:
    """WeasyPrint's line breaks for texts of which `line_breaking` is not certain, whatever document they are in."""

    def __init__(self, cache: LayoutCache | None) -> None:
        self._cache = cache
        self._hints: dict[tuple[Paragraph, tuple[str, ...]], LineBreakHint] = {}
        """Without a cache."""

    def add(self, paragraph: Paragraph, texts: tuple[str, ...], hint: LineBreakHint) -> None:
        anywhere = _without_nodes(paragraph)
        if self._cache is None:
            self._hints[anywhere, texts] = hint
        else:
            self._cache.add_hint(anywhere, texts, hint)

    def find(self, paragraph: Paragraph, texts: tuple[str, ...]) -> LineBreakHint | None:
        anywhere = _without_nodes(paragraph)
        return self._hints.get((anywhere, texts)) if self._cache is None else self._cache.find_hint(anywhere, texts)


def _without_nodes(paragraph: Paragraph) -> Paragraph:
    """A paragraph with its texts numbered from 0."""
    slots = [replace(slot, node=min(slot.node, number)) for number, slot in enumerate(paragraph.slots)]
    return replace(paragraph, slots=tuple(slots))


class Typesetter:
    """Lays out one paragraph of a layout with the words of many documents."""

    def __init__(self, paragraph: Paragraph, hints: Hints, generations: CacheGenerations) -> None:
        self._paragraph = paragraph
        self._hints = hints
        self.node = paragraph.slots[0].node
        self._slots = [(slot.node, slot.text) for slot in paragraph.slots]
        self.only_node = paragraph.slots[0].node if len(paragraph.slots) == 1 else -1
        """The paragraph's only text; -1 if it has several."""
        self._generations = generations
        self.current: dict[str | tuple[str, ...], TypesetParagraph] = {}
        """Current generation, by the paragraph's only text or the tuple of its texts."""
        self._previous: dict[str | tuple[str, ...], TypesetParagraph] = {}
        generations.typesetters.append(self)

    def typeset(self, texts: Sequence[str]) -> TypesetParagraph:
        """Lay out the paragraph with a document's texts. Raises `CannotFill` if the result is not certain."""
        if self.only_node >= 0:
            key: str | tuple[str, ...] = texts[self.only_node]
        else:
            key = tuple([texts[node] if node >= 0 else text for node, text in self._slots])
        paragraph = self.current.get(key)
        if paragraph is None:
            self._generations.make_room()
            paragraph = self._previous.get(key) or self._typeset((key,) if isinstance(key, str) else key)
            self.current[key] = paragraph
        return paragraph

    def start_generation(self) -> None:
        """Drop the previous generation. Entries of the current one are dropped next time unless they are used."""
        self._previous = dict(self.current)
        self.current.clear()

    def _typeset(self, texts: tuple[str, ...]) -> TypesetParagraph:
        try:
            return typeset(self._paragraph, texts)
        except CannotFill:
            hint = self._hints.find(self._paragraph, texts)
            if hint is None:
                raise
            return apply_hint(self._paragraph, texts, hint)
