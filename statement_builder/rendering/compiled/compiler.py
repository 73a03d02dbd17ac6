"""Compile one document, laid out by WeasyPrint, into a layout that other documents can be filled into.

Every layout is checked with the document that it was made from: filled with that document's words, it must give exactly
what WeasyPrint drew. Otherwise there is no layout, and the plain engine renders the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled.block_cutting import Source, cut_blocks
from statement_builder.rendering.compiled.blocks import BlockTexts, NotDivisible, Parts
from statement_builder.rendering.compiled.composer import (
    NotComposable,
    compose_layout,
    finish,
    require_same_drawing,
)
from statement_builder.rendering.compiled.composition import sort_paragraphs
from statement_builder.rendering.compiled.flow import Place, place_blocks
from statement_builder.rendering.compiled.frames import lengthen
from statement_builder.rendering.compiled.layouts import FontUse, Layout, LineBreakHint, Outline, Paragraph
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph, apply_hint, typeset
from statement_builder.rendering.compiled.markup_parser import ParsedMarkup
from statement_builder.rendering.compiled.page_layouts import cut_codes, cut_pages, find_cuts, find_links
from statement_builder.rendering.compiled.paragraphs import (
    Faces,
    FoundParagraph,
    MarkupTexts,
    NotCompilable,
    find_paragraphs,
    read_hint,
)
from statement_builder.rendering.compiled.segments import Segments
from statement_builder.rendering.compiled.shaping import CannotFill
from statement_builder.rendering.compiled.writer import PACKED_OBJECTS_MAX, pack_objects
from statement_builder.rendering.fonts import FACES, font_path


class HintedParagraph(NamedTuple):
    """A paragraph with certain texts, and WeasyPrint's line breaks for them."""

    paragraph: Paragraph
    texts: tuple[str, ...]
    hint: LineBreakHint


class Compiled(NamedTuple):
    """The result of compiling one document."""

    outline: Outline
    layout: Layout
    hints: list[HintedParagraph]
    parts: Parts | None
    """For the layouts of other documents; None if this one cannot be divided."""


def compile_layout(
    drawing: weasy.Drawing, root: Any, parsed: ParsedMarkup, segments: Segments | None = None
) -> Compiled:
    """Compile the structure's outline, and the layout for this document's line breaks.

    Hints have WeasyPrint's line breaks for paragraphs that `line_breaking` is not certain of.

    Raises `NotCompilable` if no document of this template can be compiled, `CannotFill` if this document cannot be.
    """
    if not weasy.has_plain_metadata(drawing):
        raise NotCompilable("metadata other than title and dates")
    blocks, problem = weasy.find_blocks(drawing)
    texts = MarkupTexts(root, parsed)
    found = find_paragraphs(blocks, texts, _faces(drawing, blocks))
    problem = problem or next((each.block.problem for each in found if each.block.problem), "")
    if problem:
        raise NotCompilable(problem)
    paragraphs = tuple(each.paragraph for each in found)
    hints: list[HintedParagraph] = []
    typeset_paragraphs = _typeset_all(found, paragraphs, parsed.texts, hints)
    cuts = find_cuts(drawing, found, typeset_paragraphs)
    links = find_links(drawing, root, parsed.links)
    streams, others = weasy.static_objects(drawing, {link.number for link in links})
    if len(others) > PACKED_OBJECTS_MAX:
        raise CannotFill("more objects than the object table can number")
    layout = Layout(
        paragraphs=paragraphs,
        breaks=tuple(each.breaks for each in typeset_paragraphs),
        pages=cut_codes(cut_pages(drawing, cuts), root, parsed.codes),
        streams=tuple(streams),
        packed_numbers=tuple(number for number, _ in others),
        object_stream=pack_objects(others),
        fonts=_fonts(drawing),
        links=links,
        catalog=drawing.pdf.catalog.number,
        metadata=weasy.metadata_number(drawing),
        objects_count=len(drawing.pdf.objects),
    )
    outline = Outline(paragraphs=_outline_paragraphs(paragraphs), fixed_nodes=texts.fixed(paragraphs))
    parts = None
    if segments is not None and drawing.painting.owners:
        own_texts = BlockTexts(paragraphs=outline.paragraphs, fixed_nodes=outline.fixed_nodes)
        with suppress(NotDivisible, NotComposable):
            cut = cut_blocks(
                Source(
                    drawing,
                    segments,
                    found,
                    typeset_paragraphs,
                    cuts,
                    root,
                    parsed.codes,
                    layout.fonts,
                    links,
                    own_texts,
                )
            )
            layout = _recompose(cut, segments, layout)
            parts = cut  # only now: others are composed of parts that gave what WeasyPrint drew
    return Compiled(outline=outline, layout=finish(layout), hints=hints, parts=parts)


def _recompose(parts: Parts, segments: Segments, layout: Layout) -> Layout:
    """The layout composed from its own parts, so that its bytes do not depend on whose parts are used; unchanged if the
    places of its blocks cannot be predicted. Raises `NotComposable` if the parts do not give what WeasyPrint drew, even
    where it placed them: then no other document is composed of them."""
    places = place_blocks(segments, parts.blocks, dict(parts.measures).get)
    drawn = [Place(*place) for place in parts.places]
    pages = 1 + max(place.page for place in drawn)
    composed = compose_layout(lengthen(parts.frame, pages), segments, parts.blocks, places or drawn)
    require_same_drawing(composed, layout)
    return layout if places is None else composed


def _outline_paragraphs(paragraphs: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    """Each paragraph that does not depend on the number of pages, once."""
    independent = {
        paragraph for paragraph in paragraphs if all(slot.node >= 0 or slot.text == " " for slot in paragraph.slots)
    }
    return tuple(sort_paragraphs(independent))


def _typeset_all(
    found: Sequence[FoundParagraph],
    paragraphs: Sequence[Paragraph],
    texts: Sequence[str],
    hints: list[HintedParagraph],
) -> list[TypesetParagraph]:
    """This document's paragraphs. Adds a hint for each one that is not certain."""
    done = []
    for each, paragraph in zip(found, paragraphs, strict=True):
        slot_texts = tuple(texts[slot.node] if slot.node >= 0 else slot.text for slot in paragraph.slots)
        try:
            done.append(typeset(paragraph, slot_texts))
        except CannotFill:
            hint = read_hint(each, slot_texts)
            done.append(apply_hint(paragraph, slot_texts, hint))
            hints.append(HintedParagraph(paragraph, slot_texts, hint))
    return done


def _faces(drawing: weasy.Drawing, blocks: Sequence[weasy.Block]) -> Faces:
    """The font file for each font choice that was drawn."""
    faces = {id(font): _face_of(font) for font in drawing.document.fonts.values()}
    found: dict[tuple[Any, ...], str] = {}
    for block in blocks:
        for line in block.lines:
            for text in line:
                drawn_text = drawing.texts.get(id(text.box))
                if drawn_text is not None and drawn_text.font is not None:
                    found[weasy.font_choice(text.box)] = faces[id(drawn_text.font)]
    return found


def _face_of(font: Any) -> str:
    """The packaged file that WeasyPrint read a font from."""
    for name in FACES:
        if weasy.is_font_of(font, _face_file(name)):
            return name
    raise NotCompilable("font that is not one of the packaged faces")


@lru_cache(maxsize=8)
def _face_file(name: str) -> bytes:
    return font_path(name).read_bytes()


def _fonts(drawing: weasy.Drawing) -> tuple[FontUse, ...]:
    return tuple(
        FontUse(
            resource=font.hash,
            name=font.name.decode("ascii").removeprefix("/"),
            family=font.family,
            face=_face_of(font),
            ascent=font.ascent,
            descent=font.descent,
            flags=font.flags,
            numbers=weasy.font_numbers(drawing, font),
        )
        for font in drawing.document.fonts.values()
    )
