"""The compiled engine: each structure of page is laid out by WeasyPrint once, and filled for every other document.

What cannot be filled with certainty is rendered by the plain engine, and counted with the reason.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pdf_kit.interleave import Steps, in_lockstep
from pdf_kit.qr_code import path_operators
from statement_builder.documents.content import Content
from statement_builder.rendering.compiled.compiler import NotCompilable, compile_layout, link_strings
from statement_builder.rendering.compiled.layout_cache import LayoutStore
from statement_builder.rendering.compiled.layouts import Layout, LineBreakHint, Outline, Paragraph
from statement_builder.rendering.compiled.line_breaking import SetParagraph, apply_hint, set_paragraph
from statement_builder.rendering.compiled.markup_parser import ParsedMarkup, parse_markup
from statement_builder.rendering.compiled.shaping import CannotFill
from statement_builder.rendering.compiled.template_lines import name_lines
from statement_builder.rendering.compiled.weasyprint_adapter import describe_document
from statement_builder.rendering.compiled.writer import PageTemplate
from statement_builder.rendering.engine import LayoutPending, Outcome, PlainEngine, Rendered
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.templating import environment, render_markup

_SET_MAX = 30_000
"""Paragraphs that are remembered as set, at 0.4 KB each, until those before them are forgotten."""
_PLATES_MAX = 4_000
"""Layouts in memory, at about 40 KB each; the oldest goes first."""


class CompiledEngine:
    """Fills compiled layouts; for a document that has none yet, compiles one. Gives the same bytes either way."""

    name = "compiled"

    def __init__(self, templates: Path, cache: Path | None = None) -> None:
        self._templates = templates
        self._plain = PlainEngine(templates)
        self.store = LayoutStore(cache, templates) if cache is not None else None
        """Where layouts are kept for other processes."""
        self._outlines: dict[bytes, _KnownOutline] = {}
        self._plates: dict[bytes, _KnownTemplate] = {}
        self._setters: dict[Paragraph, _Setter] = {}
        self._memory = _Memory()
        self.filled = 0
        self.compiled = 0
        self.fallbacks: Counter[str] = Counter()
        """Documents that the plain engine rendered, by reason."""

    def render(self, content: Content) -> Rendered:
        """Render one document. `DocumentError` for what is wrong with this one, `ConfigError` for the set-up."""
        (outcome,) = self.render_all([content])
        if not isinstance(outcome, Rendered):
            raise outcome
        return outcome

    def render_all(self, contents: Sequence[Content], *, may_wait: bool = False) -> list[Outcome]:
        """Render each, or say what is wrong with it. `ConfigError` for the set-up.

        `BeingMade` where a layout is being made by another process, if it `may_wait` for that.
        """
        return in_lockstep([self._render(content, may_wait=may_wait) for content in contents])

    def _render(self, content: Content, *, may_wait: bool) -> Steps[Outcome]:
        try:
            markup = render_markup(self._templates, content)
            yield
            rendered = yield from self._fill(content, markup, may_wait=may_wait)
        except (CannotFill, NotCompilable) as exc:
            self.fallbacks[str(exc)] += 1
            return self._render_plainly(content)
        except (DocumentError, LayoutPending) as exc:
            return exc
        self.filled += 1
        return rendered

    def _render_plainly(self, content: Content) -> Rendered | DocumentError:
        try:
            return self._plain.render(content)
        except DocumentError as exc:
            return exc

    def _fill(self, content: Content, markup: str, *, may_wait: bool) -> Steps[Rendered]:
        parsed = parse_markup(markup)
        yield
        outline = self._find_outline(parsed.structure)
        page_template, key = None, parsed.structure
        if outline is not None:
            with suppress(CannotFill):
                done = outline.set(parsed.texts)
                key = outline.key(parsed, done)
                page_template = self._find_plate(key)
        if outline is None or page_template is None:
            if may_wait and self.store is not None and not self.store.begin(key):
                raise LayoutPending
            outline, page_template = self._compile(content, markup, parsed)
            done = outline.set(parsed.texts)
        yield
        return (yield from page_template.print_document(content, parsed, outline, done))

    def _find_plate(self, key: bytes) -> _KnownTemplate | None:
        page_template = self._plates.get(key)
        if page_template is None and self.store is not None and (layout := self.store.find_layout(key)) is not None:
            page_template = self._add_plate(key, layout)
        return page_template

    def _find_outline(self, structure: bytes) -> _KnownOutline | None:
        known = self._outlines.get(structure)
        if known is None and self.store is not None and (outline := self.store.find_outline(structure)) is not None:
            known = self._add_outline(structure, outline)
        return known

    def _compile(self, content: Content, markup: str, parsed: ParsedMarkup) -> tuple[_KnownOutline, _KnownTemplate]:
        """Lay this document out, and keep what others can be filled into."""
        drawing, root = self._plain.draw(markup)
        known = self._outlines.get(parsed.structure)
        try:
            compiled = compile_layout(drawing, root, parsed)
        except NotCompilable as exc:
            written_with = environment(self._templates, content.language)
            trouble = name_lines(str(exc), written_with, content.template, self._templates)
            self._keep_outline(parsed.structure, Outline(paragraphs=(), trouble=trouble))
            raise NotCompilable(trouble) from exc
        outline = compiled.outline if known is None else _merge(known.outline, compiled.outline)
        for taught in compiled.lessons:
            self._setter(taught.paragraph).learn(taught.words, taught.hint)
            if self.store is not None:
                self.store.keep_hint(*taught)
        kept = self._keep_outline(parsed.structure, outline)
        key = kept.key(parsed, kept.set(parsed.texts))
        if self.store is not None:
            self.store.keep_layout(key, compiled.layout)
        self.compiled += 1
        return kept, self._add_plate(key, compiled.layout)

    def _keep_outline(self, structure: bytes, outline: Outline) -> _KnownOutline:
        if self.store is not None:
            self.store.keep_outline(structure, outline)
        return self._add_outline(structure, outline)

    def _add_outline(self, structure: bytes, outline: Outline) -> _KnownOutline:
        known = _KnownOutline(outline, [self._setter(paragraph) for paragraph in outline.paragraphs])
        self._outlines[structure] = known
        return known

    def _add_plate(self, key: bytes, layout: Layout) -> _KnownTemplate:
        if len(self._plates) >= _PLATES_MAX:
            del self._plates[next(iter(self._plates))]
        page_template = _KnownTemplate(
            PageTemplate(layout), [self._setter(paragraph) for paragraph in layout.paragraphs]
        )
        self._plates[key] = page_template
        return page_template

    def _setter(self, paragraph: Paragraph) -> _Setter:
        if paragraph not in self._setters:
            self._setters[paragraph] = _Setter(paragraph, self.store, self._memory)
        return self._setters[paragraph]


def _merge(known: Outline, found: Outline) -> Outline:
    """A document of several pages shows paragraphs that one of a single page does not (running heads)."""
    by_nodes = {_nodes_of(paragraph): paragraph for paragraph in known.paragraphs}
    for paragraph in found.paragraphs:
        if by_nodes.setdefault(_nodes_of(paragraph), paragraph) != paragraph:
            raise CannotFill("paragraph set otherwise than in the first document")
    return Outline(paragraphs=tuple(by_nodes[nodes] for nodes in sorted(by_nodes)), fixed_nodes=known.fixed_nodes)


def _nodes_of(paragraph: Paragraph) -> tuple[int, ...]:
    return tuple(slot.node for slot in paragraph.slots)


class _Memory:
    """What all setters remember together. When it is full, what was not asked for since it was full before is
    forgotten: so phrases stay, and names go."""

    def __init__(self) -> None:
        self.setters: list[_Setter] = []
        self._count = 0

    def make_room(self) -> None:
        """For one more."""
        self._count += 1
        if self._count > _SET_MAX:
            self._count = 1
            for setter in self.setters:
                setter.grow_old()


class _Setter:
    """Sets one paragraph, and remembers what it has set."""

    def __init__(self, paragraph: Paragraph, store: LayoutStore | None, memory: _Memory) -> None:
        self._paragraph = paragraph
        self._store = store
        self.node = paragraph.slots[0].node
        self._slots = [(slot.node, slot.text) for slot in paragraph.slots]
        self.only = paragraph.slots[0].node if len(paragraph.slots) == 1 else -1
        """The one text that it says; -1 where there are several."""
        self._memory = memory
        self.known: dict[str | tuple[str, ...], SetParagraph] = {}
        """By what it says: one text, or several as a tuple."""
        self._old: dict[str | tuple[str, ...], SetParagraph] = {}
        memory.setters.append(self)

    def set(self, texts: Sequence[str]) -> SetParagraph:
        """`Unclear` when it cannot be set with certainty."""
        if self.only >= 0:
            words: str | tuple[str, ...] = texts[self.only]
        else:
            words = tuple([texts[node] if node >= 0 else text for node, text in self._slots])
        done = self.known.get(words)
        if done is None:
            self._memory.make_room()
            done = self._old.get(words) or self._set((words,) if isinstance(words, str) else words)
            self.known[words] = done
        return done

    def grow_old(self) -> None:
        """What is remembered is kept for once more, and no longer unless it is asked for."""
        self._old = dict(self.known)
        self.known.clear()

    def learn(self, words: tuple[str, ...], hint: LineBreakHint) -> None:
        """Remember how WeasyPrint breaks these words."""
        known = words[0] if self.only >= 0 else words
        self.known[known] = apply_hint(self._paragraph, words, hint)

    def _set(self, words: tuple[str, ...]) -> SetParagraph:
        try:
            return set_paragraph(self._paragraph, words)
        except CannotFill:
            hint = self._store.find_hint(self._paragraph, words) if self._store is not None else None
            if hint is None:
                raise
            return apply_hint(self._paragraph, words, hint)


class _KnownOutline:
    """An outline ready for use."""

    def __init__(self, outline: Outline, setters: list[_Setter]) -> None:
        self.outline = outline
        # Those of several texts are never found by one of them, so they are asked themselves.
        self._setters = [(setter, max(0, setter.only), setter.known) for setter in setters]
        self._nodes = [setter.node for setter in setters]

    def set(self, texts: Sequence[str]) -> list[SetParagraph]:
        """Every paragraph, set with a document's words. `Unclear` when one cannot be set with certainty."""
        if self.outline.trouble:
            raise NotCompilable(self.outline.trouble)
        return [known.get(texts[node]) or setter.set(texts) for setter, node, known in self._setters]

    def key(self, parsed: ParsedMarkup, done: Sequence[SetParagraph]) -> bytes:
        """What decides this document's layout: structure, line breaks, and texts within drawings."""
        placed = zip(self._nodes, [each.breaks for each in done], strict=True)
        breaks = b"".join([b"%d:%b;" % each for each in placed if each[1]])
        fixed = "\0".join([parsed.texts[node] for node in self.outline.fixed_nodes])
        return parsed.structure + breaks + fixed.encode()

    def places(self) -> dict[_Setter, int]:
        """Which of what `set` gives is each setter's."""
        return {setter: place for place, (setter, _, _) in enumerate(self._setters)}


class _KnownTemplate:
    """A plate with what sets its paragraphs."""

    def __init__(self, page_template: PageTemplate, setters: list[_Setter]) -> None:
        self._plate = page_template
        self._setters = setters
        self._breaks = list(page_template.layout.breaks)
        self._outline: _KnownOutline | None = None
        self._places: list[int] = []
        """Where each paragraph is among those of the outline, followed by the plate's own."""
        self._own: list[_Setter] = []
        """What sets the paragraphs that the outline does not have."""

    def print_document(
        self, content: Content, parsed: ParsedMarkup, outline: _KnownOutline, done: list[SetParagraph]
    ) -> Steps[Rendered]:
        """The finished file. `done` are the outline's paragraphs, set with this document's words."""
        if outline is not self._outline:
            self._arrange(outline)
        done = done + [setter.set(parsed.texts) for setter in self._own]
        arranged = [done[place] for place in self._places]
        if [each.breaks for each in arranged] != self._breaks:
            raise CannotFill("paragraph of a further page broken otherwise")
        steps: dict[str, int] = {}
        for each in [each.steps for each in arranged if each.steps]:
            steps |= {face: max(step, steps.get(face, 0)) for face, step in each.items()}
        yield
        codes = [path_operators(text) for text in parsed.codes]
        yield
        pages = self._plate.fill_pages(arranged, codes)
        yield
        info, metadata = describe_document(parsed.title, parsed.created, parsed.modified)
        pdf = self._plate.assemble(
            pages,
            links=link_strings(parsed.links),
            steps=steps,
            document_id=content.document_id,
            info=info,
            metadata=metadata,
        )
        return Rendered(pdf=pdf, pages=len(pages), sha256=hashlib.sha256(pdf).hexdigest())

    def _arrange(self, outline: _KnownOutline) -> None:
        places = outline.places()
        self._own = [setter for setter in dict.fromkeys(self._setters) if setter not in places]
        places |= {setter: len(places) + place for place, setter in enumerate(self._own)}
        self._places = [places[setter] for setter in self._setters]
        self._outline = outline
