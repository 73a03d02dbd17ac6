"""The compiled engine: WeasyPrint lays out each markup structure once, and the engine fills it for all other documents.

The plain engine renders documents that cannot be filled with certainty; `fallbacks` counts them by reason.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pdf_kit.interleave import Job, interleave
from pdf_kit.qr_code import path_operators
from statement_builder.documents.content import Content
from statement_builder.rendering.compiled.compiler import HintedParagraph, compile_layout
from statement_builder.rendering.compiled.composition import Composition
from statement_builder.rendering.compiled.layout_cache import LayoutCache
from statement_builder.rendering.compiled.layouts import Layout, Outline, Paragraph
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph
from statement_builder.rendering.compiled.markup_parser import ParsedMarkup, parse_markup
from statement_builder.rendering.compiled.page_layouts import link_strings
from statement_builder.rendering.compiled.paragraphs import NotCompilable
from statement_builder.rendering.compiled.segments import Segments, find_block_elements, find_segments
from statement_builder.rendering.compiled.shaping import CannotFill
from statement_builder.rendering.compiled.specimens import SPECIMENS_MAX, Lacking, is_long, write_specimen
from statement_builder.rendering.compiled.template_lines import add_template_lines
from statement_builder.rendering.compiled.typesetter import CacheGenerations, Hints, Typesetter
from statement_builder.rendering.compiled.weasyprint_adapter import describe_document
from statement_builder.rendering.compiled.writer import PageTemplate
from statement_builder.rendering.engine import LayoutPending, Outcome, PlainEngine, Rendered
from statement_builder.rendering.errors import DocumentError, contain_document
from statement_builder.rendering.templating import environment

_PAGE_TEMPLATES_MAX = 4_000
"""Page templates in memory, at about 40 KB each; the oldest is dropped first."""


class _Waiting(NamedTuple):
    """A document that cannot be composed yet."""

    markup: str
    parsed: ParsedMarkup
    segments: Segments


class CompiledEngine:
    """Fills compiled layouts, and compiles layouts that are missing. The bytes are the same either way."""

    name = "compiled"

    def __init__(self, templates: Path, cache: Path | None = None) -> None:
        self._templates = templates
        self.cache = LayoutCache(cache, templates) if cache is not None else None
        """Layouts on disk, shared with other processes."""
        self._plain = PlainEngine(templates, notices=self.cache)
        self._outlines: dict[bytes, _ReadyOutline] = {}
        self._page_templates: dict[bytes, _ReadyTemplate] = {}
        self._typesetters: dict[Paragraph, Typesetter] = {}
        self._generations = CacheGenerations()
        self._hints = Hints(self.cache)
        self.filled = 0
        self.compiled = 0
        """Layouts that WeasyPrint made."""
        self.composed = 0
        """Layouts that were composed from parts of those."""
        self._composition = Composition(self.cache)
        self._waiting: list[_Waiting] = []
        """Documents of this group that cannot be composed yet."""
        self._collecting: set[bytes] = set()
        """Frames for which this process lays out what the group lacks; other processes wait for it."""
        self._collected: set[bytes] = set()
        """Frames for which it has."""
        self._indivisible: set[bytes] = set()
        """Keys of the blocks of specimens that had no parts."""
        self.fallbacks: Counter[str] = Counter()
        """Documents that the plain engine rendered, by reason."""

    def render(self, content: Content) -> Rendered:
        """Render one document. Raises `DocumentError` for this document, `ConfigError` for the installation."""
        (outcome,) = self.render_all([content])
        if not isinstance(outcome, Rendered):
            raise outcome
        return outcome

    def render_all(self, contents: Sequence[Content], *, may_wait: bool = False) -> list[Outcome]:
        """Render each document, or return its error. Raises `ConfigError` for the installation.

        If `may_wait`, returns `LayoutPending` for a document that is better rendered later: others may lack the same
        parts, or another process may be compiling its layout.
        """
        return interleave([self._render(content, may_wait=may_wait) for content in contents])

    def _render(self, content: Content, *, may_wait: bool) -> Job[Outcome]:
        try:
            markup = self._plain.write_markup(content)
            yield
            rendered = yield from self._fill(content, markup, may_wait=may_wait)
        except (CannotFill, NotCompilable) as exc:
            self.fallbacks[str(exc)] += 1
            return self._render_plain(content)
        except LayoutPending as exc:
            return exc
        except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
            return contain_document(exc, "laying out its pages", content.document_id)
        self.filled += 1
        return self._plain.add_notice(rendered, content)

    def _render_plain(self, content: Content) -> Rendered | DocumentError:
        try:
            return self._plain.render(content)
        except Exception as exc:  # noqa: BLE001 - as in `_render`
            return contain_document(exc, "laying out its pages", content.document_id)

    def _fill(self, content: Content, markup: str, *, may_wait: bool) -> Job[Rendered]:
        parsed = parse_markup(markup)
        yield
        outline = self._find_outline(parsed.structure)
        page_template, key = None, parsed.structure
        if outline is not None:
            with suppress(CannotFill):
                paragraphs = outline.typeset(parsed.texts)
                key = outline.layout_key(parsed, paragraphs)
                page_template = self._find_page_template(key)
        if outline is None or page_template is None:
            segments = find_segments(markup, parsed)
            ready = None if segments is None else self._compose(parsed, segments)
            if ready is None and may_wait:
                self._claim(key, segments)
            if (
                segments is not None
                and ready is None
                and (is_long(segments) or self._composition.knows_frame(segments))
            ):
                self._waiting.append(_Waiting(markup, parsed, segments))
                yield  # until the other documents of the group have said what they lack
                self._lay_out_specimens()
                ready = self._compose(parsed, segments)
            outline, page_template = ready or self._compile(content, markup, parsed, segments)
            paragraphs = outline.typeset(parsed.texts)
        yield
        return (yield from page_template.fill(content, parsed, outline, paragraphs))

    def _claim(self, key: bytes, segments: Segments | None) -> None:
        """Raise `LayoutPending` if this document is to be rendered later: after another process has made its layout, or
        with the others that lack what is rare. What is frequent was missing in the first group with its frame.
        """
        keys = (key,) if segments is None else (key, segments.frame)
        if segments is not None and self._composition.knows_frame(segments):
            if segments.frame in self._collecting:
                return
            if segments.frame in self._collected:
                raise LayoutPending
            keys = (b"specimen " + segments.frame,)
        if self.cache is not None and not all(map(self.cache.claim, keys)):
            raise LayoutPending
        if segments is not None:
            self._collecting.add(segments.frame)

    def _find_page_template(self, key: bytes) -> _ReadyTemplate | None:
        page_template = self._page_templates.get(key)
        if page_template is None and self.cache is not None and (layout := self.cache.find_layout(key)) is not None:
            page_template = self._add_page_template(key, layout)
        return page_template

    def _find_outline(self, structure: bytes) -> _ReadyOutline | None:
        outline = self._outlines.get(structure)
        if outline is None and self.cache is not None and (stored := self.cache.find_outline(structure)) is not None:
            outline = self._add_outline(structure, stored)
        return outline

    def _compose(self, parsed: ParsedMarkup, segments: Segments) -> tuple[_ReadyOutline, _ReadyTemplate] | None:
        """Compose this document's layout from parts of others, and keep it; None if WeasyPrint must lay it out."""
        ready = self._outlines.get(parsed.structure)
        if ready is None:
            outline = self._composition.find_outline(segments)
            if outline is None:
                return None
            ready = self._store_outline(parsed.structure, outline)
        try:
            paragraphs = ready.typeset(parsed.texts)
        except (CannotFill, NotCompilable):
            return None
        layout = self._composition.find_layout(segments, ready.outline, paragraphs, parsed.texts)
        if layout is None:
            return None
        key = ready.layout_key(parsed, paragraphs)
        if self.cache is not None:
            self.cache.add_layout(key, layout)
        self.composed += 1
        return ready, self._add_page_template(key, layout)

    def _lay_out_specimens(self) -> None:
        """Lay out what the waiting documents lack: once what several lack, and together for all with the same frame.

        A document that still lacks something afterwards is laid out by itself.
        """
        waiting, self._waiting = self._waiting, []
        self._collected |= self._collecting
        self._collecting.clear()
        frames = dict.fromkeys(each.segments.frame for each in waiting)
        for frame in frames:
            group = [each for each in waiting if each.segments.frame == frame]
            for _ in range(SPECIMENS_MAX):
                lacking = [
                    Lacking(each.markup, each.segments, self._find_missing(each.parsed, each.segments))
                    for each in group
                ]
                lacking = [each for each in lacking if self._indivisible.isdisjoint(each.missing.values())]
                specimen = write_specimen(lacking)
                if specimen is None:
                    break
                if not self._compile_specimen(specimen):
                    self._indivisible.update(key for each in lacking for key in each.missing.values())
                    break

    def _compile_specimen(self, markup: str) -> bool:
        """Lay out a specimen, and keep its parts. False if it has none."""
        parsed = parse_markup(markup)
        segments = find_segments(markup, parsed)
        if segments is None:
            return False
        try:
            drawing, root = self._plain.draw(markup, partial(find_block_elements, segments=segments))
            compiled = compile_layout(drawing, root, parsed, segments)
            self._add_hints(compiled.hints)
            typesetters = [self._typesetter(paragraph) for paragraph in compiled.outline.paragraphs]
            paragraphs = [each.typeset(parsed.texts) for each in typesetters]
        except Exception:  # noqa: BLE001 - one document may be to blame: each is laid out by itself, and has its error
            return False
        finally:
            self.compiled += 1
        if compiled.parts is not None:
            self._composition.add(segments, compiled.parts, compiled.outline, paragraphs, parsed.texts)
        return compiled.parts is not None

    def _find_missing(self, parsed: ParsedMarkup, segments: Segments) -> dict[int, bytes]:
        """The blocks that must be laid out before this document can be composed, and their keys."""
        outline = self._composition.find_outline(segments)
        if outline is None:
            return self._composition.find_missing(segments)
        paragraphs: list[TypesetParagraph | None] = []
        for paragraph in outline.paragraphs:
            try:
                paragraphs.append(self._typesetter(paragraph).typeset(parsed.texts))
            except CannotFill:
                paragraphs.append(None)
        return self._composition.find_missing_breaks(segments, outline, paragraphs, parsed.texts)

    def _compile(
        self, content: Content, markup: str, parsed: ParsedMarkup, segments: Segments | None
    ) -> tuple[_ReadyOutline, _ReadyTemplate]:
        """Lay out this document with WeasyPrint, and keep the layout and its parts for others."""
        if segments is None:
            drawing, root = self._plain.draw(markup)
        else:
            drawing, root = self._plain.draw(markup, partial(find_block_elements, segments=segments))
        existing = self._outlines.get(parsed.structure)
        try:
            compiled = compile_layout(drawing, root, parsed, segments)
        except NotCompilable as exc:
            jinja = environment(self._templates, content.language)
            problem = add_template_lines(str(exc), jinja, content.template, self._templates)
            self._store_outline(parsed.structure, Outline(paragraphs=(), problem=problem))
            raise NotCompilable(problem) from exc
        outline = compiled.outline if existing is None else _merge(existing.outline, compiled.outline)
        self._add_hints(compiled.hints)
        ready = self._store_outline(parsed.structure, outline)
        paragraphs = ready.typeset(parsed.texts)
        key = ready.layout_key(parsed, paragraphs)
        if self.cache is not None:
            self.cache.add_layout(key, compiled.layout)
        if segments is not None and compiled.parts is not None:
            self._composition.add(segments, compiled.parts, ready.outline, paragraphs, parsed.texts)
        self.compiled += 1
        return ready, self._add_page_template(key, compiled.layout)

    def _add_hints(self, hints: Sequence[HintedParagraph]) -> None:
        for hinted in hints:
            self._hints.add(*hinted)

    def _store_outline(self, structure: bytes, outline: Outline) -> _ReadyOutline:
        if self.cache is not None:
            self.cache.add_outline(structure, outline)
        return self._add_outline(structure, outline)

    def _add_outline(self, structure: bytes, outline: Outline) -> _ReadyOutline:
        ready = _ReadyOutline(outline, [self._typesetter(paragraph) for paragraph in outline.paragraphs])
        self._outlines[structure] = ready
        return ready

    def _add_page_template(self, key: bytes, layout: Layout) -> _ReadyTemplate:
        if len(self._page_templates) >= _PAGE_TEMPLATES_MAX:
            del self._page_templates[next(iter(self._page_templates))]
        typesetters = [self._typesetter(paragraph) for paragraph in layout.paragraphs]
        ready = self._page_templates[key] = _ReadyTemplate(PageTemplate(layout), typesetters)
        return ready

    def _typesetter(self, paragraph: Paragraph) -> Typesetter:
        if paragraph not in self._typesetters:
            self._typesetters[paragraph] = Typesetter(paragraph, self._hints, self._generations)
        return self._typesetters[paragraph]


def _merge(existing: Outline, new: Outline) -> Outline:
    """Add new paragraphs: a document of several pages has some that a single page does not (running heads)."""
    by_nodes = {_nodes_of(paragraph): paragraph for paragraph in existing.paragraphs}
    for paragraph in new.paragraphs:
        if by_nodes.setdefault(_nodes_of(paragraph), paragraph) != paragraph:
            raise CannotFill("paragraph laid out differently than in the first document")
    return Outline(paragraphs=tuple(by_nodes[nodes] for nodes in sorted(by_nodes)), fixed_nodes=existing.fixed_nodes)


def _nodes_of(paragraph: Paragraph) -> tuple[int, ...]:
    return tuple(slot.node for slot in paragraph.slots)


class _ReadyOutline:
    """An outline with its typesetters."""

    def __init__(self, outline: Outline, typesetters: list[Typesetter]) -> None:
        self.outline = outline
        # The cache of a paragraph with several texts has tuples as keys, so a lookup by one text always misses.
        self._typesetters = [(each, max(0, each.only_node), each.current) for each in typesetters]
        self._nodes = [each.node for each in typesetters]

    def typeset(self, texts: Sequence[str]) -> list[TypesetParagraph]:
        """Lay out every paragraph with a document's texts. Raises `CannotFill` if one is not certain."""
        if self.outline.problem:
            raise NotCompilable(self.outline.problem)
        return [cached.get(texts[node]) or typesetter.typeset(texts) for typesetter, node, cached in self._typesetters]

    def layout_key(self, parsed: ParsedMarkup, paragraphs: Sequence[TypesetParagraph]) -> bytes:
        """Everything that determines this document's layout: structure, line breaks, and texts within drawings."""
        breaks_by_node = zip(self._nodes, [each.breaks for each in paragraphs], strict=True)
        breaks = b"".join([b"%d:%b;" % each for each in breaks_by_node if each[1]])
        fixed = "\0".join([parsed.texts[node] for node in self.outline.fixed_nodes])
        return parsed.structure + breaks + fixed.encode()

    def indexes(self) -> dict[Typesetter, int]:
        """The index of each typesetter's paragraph in the result of `typeset`."""
        return {typesetter: index for index, (typesetter, _, _) in enumerate(self._typesetters)}


class _ReadyTemplate:
    """A page template with its typesetters."""

    def __init__(self, page_template: PageTemplate, typesetters: list[Typesetter]) -> None:
        self._page_template = page_template
        self._typesetters = typesetters
        self._breaks = list(page_template.layout.breaks)
        self._outline: _ReadyOutline | None = None
        self._indexes: list[int] = []
        """Index of each paragraph among the outline's, followed by this template's own."""
        self._own: list[Typesetter] = []
        """Typesetters of the paragraphs that the outline does not have."""

    def fill(
        self, content: Content, parsed: ParsedMarkup, outline: _ReadyOutline, paragraphs: list[TypesetParagraph]
    ) -> Job[Rendered]:
        """The finished file. `paragraphs` are the outline's, laid out with this document's texts."""
        if outline is not self._outline:
            self._arrange(outline)
        paragraphs = paragraphs + [typesetter.typeset(parsed.texts) for typesetter in self._own]
        arranged = [paragraphs[index] for index in self._indexes]
        if [each.breaks for each in arranged] != self._breaks:
            raise CannotFill("paragraph of a later page has other line breaks")
        levels: dict[str, int] = {}
        for each in [each.levels for each in arranged if each.levels]:
            levels |= {face: max(level, levels.get(face, 0)) for face, level in each.items()}
        yield
        codes = [path_operators(text) for text in parsed.codes]
        yield
        pages = self._page_template.fill_pages(arranged, codes)
        yield
        info, metadata = describe_document(parsed.title, parsed.created, parsed.modified)
        pdf = self._page_template.assemble(
            pages,
            links=link_strings(parsed.links),
            levels=levels,
            document_id=content.document_id,
            info=info,
            metadata=metadata,
        )
        return Rendered(pdf=pdf, pages=len(pages), sha256=hashlib.sha256(pdf).hexdigest())

    def _arrange(self, outline: _ReadyOutline) -> None:
        indexes = outline.indexes()
        self._own = [typesetter for typesetter in dict.fromkeys(self._typesetters) if typesetter not in indexes]
        indexes |= {typesetter: len(indexes) + index for index, typesetter in enumerate(self._own)}
        self._indexes = [indexes[typesetter] for typesetter in self._typesetters]
        self._outline = outline
