"""The compiled engine: each structure of page is laid out by WeasyPrint once, and filled for every other document.

What cannot be filled with certainty is rendered by the plain engine, and counted with the reason.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from statement_builder.documents.content import Content
from statement_builder.rendering.assembler import Plate
from statement_builder.rendering.compiler import NotFixed, compile_layout
from statement_builder.rendering.engine import PlainEngine, Rendered
from statement_builder.rendering.layouts import Lesson, Outline, Paragraph
from statement_builder.rendering.markup import render_markup
from statement_builder.rendering.skeleton import Anatomy, take_apart
from statement_builder.rendering.typeface import meanings_of
from statement_builder.rendering.typesetter import SetParagraph, Unclear, place_lines, set_paragraph
from statement_builder.rendering.weasy_internals import describe_document

_SET_MAX = 50_000
"""Paragraphs that are remembered as set: phrases and amounts come again, names do not."""


class CompiledEngine:
    """Fills compiled layouts; for a document that has none yet, compiles one. Gives the same bytes either way."""

    name = "compiled"

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._plain = PlainEngine(templates)
        self._outlines: dict[bytes, _KnownOutline] = {}
        self._plates: dict[bytes, _KnownPlate] = {}
        self._setters: dict[Paragraph, _Setter] = {}
        self.filled = 0
        self.compiled = 0
        self.unclear: Counter[str] = Counter()
        self.fallbacks: Counter[str] = Counter()
        """Documents that the plain engine rendered, by reason."""

    def render(self, content: Content) -> Rendered:
        """Render one document. `DocumentError` for what is wrong with this one, `ConfigError` for the set-up."""
        markup = render_markup(self._templates, content)
        anatomy = take_apart(markup)
        try:
            rendered = self._fill(content, markup, anatomy)
        except (Unclear, NotFixed) as exc:
            self.fallbacks[str(exc)] += 1
            return self._plain.render(content)
        self.filled += 1
        return rendered

    def _fill(self, content: Content, markup: str, anatomy: Anatomy) -> Rendered:
        plate = self._find_plate(anatomy) or self._compile(content, markup, anatomy)
        return plate.print_document(content, anatomy)

    def _find_plate(self, anatomy: Anatomy) -> _KnownPlate | None:
        """The plate for this document, if there is one and it is certain that it is the one."""
        outline = self._outlines.get(anatomy.structure)
        if outline is None:
            return None
        try:
            return self._plates.get(outline.key(anatomy))
        except Unclear as exc:
            self.unclear[exc.reason] += 1
            return None

    def _compile(self, content: Content, markup: str, anatomy: Anatomy) -> _KnownPlate:
        drawing, root = self._plain.draw(markup, content)
        known = self._outlines.get(anatomy.structure)
        try:
            outline, layout = compile_layout(drawing, root, anatomy)
        except NotFixed as exc:
            self._outlines[anatomy.structure] = _KnownOutline(Outline(paragraphs=(), trouble=str(exc)), [])
            raise
        if known is not None:
            outline = _merge(known.outline, outline)
        for lesson in layout.lessons:
            self._setter(lesson.paragraph).learn(lesson)
        known = self._outlines[anatomy.structure] = self._know_outline(outline)
        self.compiled += 1
        plate = _KnownPlate(Plate(layout), [self._setter(paragraph) for paragraph in layout.paragraphs])
        self._plates[known.key(anatomy)] = plate
        return plate

    def _know_outline(self, outline: Outline) -> _KnownOutline:
        return _KnownOutline(outline, [self._setter(paragraph) for paragraph in outline.paragraphs])

    def _setter(self, paragraph: Paragraph) -> _Setter:
        if paragraph not in self._setters:
            self._setters[paragraph] = _Setter(paragraph)
        return self._setters[paragraph]


def _merge(known: Outline, found: Outline) -> Outline:
    """A document of several pages shows paragraphs that one of a single page does not (running heads)."""
    by_nodes = {_nodes_of(paragraph): paragraph for paragraph in known.paragraphs}
    for paragraph in found.paragraphs:
        if by_nodes.setdefault(_nodes_of(paragraph), paragraph) != paragraph:
            raise Unclear("paragraph set otherwise than in the first document")
    return Outline(
        paragraphs=tuple(by_nodes[nodes] for nodes in sorted(by_nodes)), fixed_nodes=known.fixed_nodes
    )


def _nodes_of(paragraph: Paragraph) -> tuple[int, ...]:
    return tuple(slot.node for slot in paragraph.slots)


class _Set(NamedTuple):
    """A paragraph set with certain words, all of whose letters are embedded."""

    lines: SetParagraph
    steps: dict[str, int] | None
    """Faces of which more than the smallest subset is needed."""
    broken: bytes
    """Where it breaks, and empty for a single line: this, and nothing else of the words, decides the layout."""


class _Setter:
    """Sets one paragraph, and remembers what it has set."""

    def __init__(self, paragraph: Paragraph) -> None:
        self._paragraph = paragraph
        self._slots = [(slot.node, slot.text) for slot in paragraph.slots]
        self._only = paragraph.slots[0].node if len(paragraph.slots) == 1 else -1
        self._done: dict[str | tuple[str, ...], _Set] = {}

    def set(self, texts: Sequence[str]) -> _Set:
        """`Unclear` when it cannot be set with certainty."""
        if self._only >= 0:
            words: str | tuple[str, ...] = texts[self._only]
        else:
            words = tuple([texts[node] if node >= 0 else text for node, text in self._slots])
        done = self._done.get(words)
        if done is None:
            if len(self._done) >= _SET_MAX:
                self._done.clear()
            done = self._done[words] = self._set((words,) if isinstance(words, str) else words)
        return done

    def learn(self, lesson: Lesson) -> None:
        """Remember how WeasyPrint set these words."""
        words = lesson.words[0] if self._only >= 0 else lesson.words
        self._done[words] = self._embed(place_lines(lesson.paragraph, lesson.lines))

    def _set(self, words: tuple[str, ...]) -> _Set:
        return self._embed(set_paragraph(self._paragraph, words))

    def _embed(self, lines: SetParagraph) -> _Set:
        steps: dict[str, int] = {}
        for line in lines.lines:
            for piece in line:
                if piece.shaped is not None:
                    face = self._paragraph.slots[piece.slot].style.face
                    steps[face] = max(steps.get(face, 0), _step(face, piece.shaped.glyphs))
        wide = {face: step for face, step in steps.items() if step}
        broken = b"%d:%b;" % (self._slots[0][0], lines.pattern) if len(lines.lines) > 1 else b""
        return _Set(lines, wide or None, broken)


def _step(face: str, glyphs: tuple[tuple[int, str], ...]) -> int:
    """The smallest subset that has the glyphs. Each has to stand for the same text there: that is what is extracted."""
    meanings, step = meanings_of(face), 0
    for glyph, text in glyphs:
        meaning, needed = meanings.get(glyph, ("", 0))
        if meaning != text:
            raise Unclear("glyphs")
        step = max(step, needed)
    return step


class _KnownOutline:
    """An outline ready for use."""

    def __init__(self, outline: Outline, setters: list[_Setter]) -> None:
        self.outline = outline
        self._setters = setters

    def key(self, anatomy: Anatomy) -> bytes:
        """What decides this document's layout: structure, line breaks, and texts within drawings."""
        if self.outline.trouble:
            raise NotFixed(self.outline.trouble)
        texts = anatomy.texts
        breaks = b"".join([setter.set(texts).broken for setter in self._setters])
        fixed = "\0".join([texts[node] for node in self.outline.fixed_nodes])
        return anatomy.structure + breaks + fixed.encode()


class _KnownPlate:
    """A plate with what sets its paragraphs."""

    def __init__(self, plate: Plate, setters: list[_Setter]) -> None:
        self._plate = plate
        self._setters = setters

    def print_document(self, content: Content, anatomy: Anatomy) -> Rendered:
        """The finished file."""
        texts = anatomy.texts
        paragraphs = [setter.set(texts) for setter in self._setters]
        steps: dict[str, int] = {}
        for paragraph in paragraphs:
            if paragraph.steps:
                steps |= {face: max(step, steps.get(face, 0)) for face, step in paragraph.steps.items()}
        info, metadata = describe_document(anatomy.title, anatomy.created, anatomy.modified)
        pages = self._plate.fill_pages([paragraph.lines for paragraph in paragraphs])
        pdf = self._plate.assemble(pages, steps=steps, document_id=content.document_id, info=info, metadata=metadata)
        return Rendered(pdf=pdf, pages=len(pages), sha256=hashlib.sha256(pdf).hexdigest())
