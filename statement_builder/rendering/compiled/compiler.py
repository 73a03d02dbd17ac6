"""One document laid out by WeasyPrint becomes a layout that others can be filled into.

Every layout is proved on the document it was made from: filled with that document's own words it has to give, piece by
piece, what WeasyPrint drew. Otherwise there is no layout, and the document is rendered plainly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from pdf_kit.qr_code import path_operators, svg_path
from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled.layouts import (
    FontUse,
    Hole,
    Layout,
    LineBreakHint,
    LinkUse,
    Outline,
    PageLayout,
    Paragraph,
    Slot,
    Style,
    code_mark,
)
from statement_builder.rendering.compiled.line_breaking import (
    Piece,
    SetParagraph,
    apply_hint,
    collapse_between,
    set_paragraph,
)
from statement_builder.rendering.compiled.markup_parser import WHITE, ParsedMarkup, collapse
from statement_builder.rendering.compiled.shaping import CannotFill
from statement_builder.rendering.compiled.writer import pack_objects
from statement_builder.rendering.fonts import FACES, font_path

_CLOSE = 0.002
"""CSS pixels between where WeasyPrint draws a piece and where it is filled in: rounding only."""
_DRAWN_TEXTS = re.compile(r".*(svg|math|style|script|textarea|select|option|object)$")
"""Elements whose text is not set as words."""
_RULES = re.compile(
    rb"/Artifact\nBMC\nq\nq\n((?:/\S+ gs\n)?[\d. ]+ RG\n[\d.]+ w\n)[-\d. ]+ m\n[-\d. ]+ l\nS\nQ\nQ\nEMC\n"
    rb"(?:/Artifact\nBMC\nq\nq\n\1[-\d. ]+ m\n[-\d. ]+ l\nS\nQ\nQ\nEMC\n)+"
)
_RULE = re.compile(rb"/Artifact\nBMC\nq\nq\n([-\d. ]+ m\n[-\d. ]+ l\nS\n)Q\nQ\nEMC\n")
_PATH = "{http://www.w3.org/2000/svg}path"


class TaughtParagraph(NamedTuple):
    """A lesson, and what it is about."""

    paragraph: Paragraph
    words: tuple[str, ...]
    hint: LineBreakHint


class Compiled(NamedTuple):
    """What one document's layout gives for others."""

    outline: Outline
    layout: Layout
    lessons: list[TaughtParagraph]


class _Cut(NamedTuple):
    """A hole, and the first and the last of the operators that it takes the place of."""

    matrix: int
    shown: int
    hole: Hole


class NotCompilable(Exception):
    """Documents of this structure cannot be filled, whatever they say. The message names the template's element."""


@dataclass(kw_only=True)
class _Run:
    """A paragraph as it was found: its slots, and for each line which text box belongs to which slot."""

    block: weasy.Block
    slots: list[Slot]
    lines: list[tuple[float, list[tuple[int, weasy.LineText]]]]
    """Where the line's room begins, and its pieces."""


def compile_layout(drawing: weasy.Drawing, root: Any, parsed: ParsedMarkup) -> Compiled:
    """The outline of the structure and the layout for this way of breaking its lines.

    Where the typesetter is not certain of a paragraph, a lesson says how WeasyPrint set it.

    `NotFixed` when the template cannot be compiled, `Unclear` when this document cannot be.
    """
    if not weasy.has_plain_metadata(drawing):
        raise NotCompilable("metadata beside title and dates")
    blocks, trouble = weasy.find_blocks(drawing)
    nodes = _Nodes(root, parsed)
    faces = _faces(drawing, blocks)
    runs = _find_runs(blocks, nodes, faces)
    trouble = trouble or next((run.block.trouble for run in runs if run.block.trouble), "")
    if trouble:
        raise NotCompilable(trouble)
    paragraphs = tuple(Paragraph(slots=tuple(run.slots), width=run.block.width, align=run.block.align) for run in runs)
    lessons: list[TaughtParagraph] = []
    done = _set_all(runs, paragraphs, parsed.texts, lessons)
    pages = _cut_out_codes(_cut_pages(drawing, runs, done), root, parsed.codes)
    links = _find_links(drawing, root, parsed.links)
    streams, others = weasy.static_objects(drawing, {link.number for link in links})
    layout = Layout(
        paragraphs=paragraphs,
        breaks=tuple(each.breaks for each in done),
        pages=pages,
        streams=tuple(streams),
        packed=tuple(number for number, _ in others),
        object_stream=pack_objects(others),
        fonts=_fonts(drawing),
        links=links,
        catalog=drawing.pdf.catalog.number,
        metadata=weasy.metadata_number(drawing),
        objects_count=len(drawing.pdf.objects),
    )
    outline = Outline(paragraphs=_outline(paragraphs), fixed_nodes=nodes.fixed(paragraphs))
    return Compiled(outline=outline, layout=layout, lessons=lessons)


def _outline(paragraphs: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    """Those that do not depend on the number of pages, each once."""
    steady = {
        paragraph for paragraph in paragraphs if all(slot.node >= 0 or slot.text == " " for slot in paragraph.slots)
    }
    return tuple(sorted(steady, key=lambda paragraph: [slot.node for slot in paragraph.slots]))


class _Nodes:
    """The texts of the markup, by the element they stand in."""

    def __init__(self, root: Any, parsed: ParsedMarkup) -> None:
        self._texts = parsed.texts
        self._drawn: list[int] = []
        self._by_element: dict[int, list[int]] = {}
        expected = [index for index, text in enumerate(parsed.texts) if text and text != " "]
        found = list(_texts_of(root.find("body"), drawn=False))
        if [collapse(text) for _, text, _ in found] != [parsed.texts[index] for index in expected]:
            raise NotCompilable("markup that a browser would read otherwise than it is written")
        for index, (element, _, drawn) in zip(expected, found, strict=True):
            if drawn:
                self._drawn.append(index)
            self._by_element.setdefault(id(element), []).append(index)

    def of(self, element: Any) -> list[int]:
        """Indices of the texts directly in an element."""
        return self._by_element.get(id(element), [])

    def text(self, index: int) -> str:
        return self._texts[index]

    def fixed(self, paragraphs: Sequence[Paragraph]) -> tuple[int, ...]:
        """Texts that are drawn, but not as words."""
        set_as_words = {slot.node for paragraph in paragraphs for slot in paragraph.slots}
        return tuple(index for index in self._drawn if index not in set_as_words)


def _texts_of(element: Any, *, drawn: bool) -> Any:
    drawn = drawn or bool(_DRAWN_TEXTS.fullmatch(str(element.tag)))
    if element.text and element.text.strip(WHITE):
        yield element, element.text, drawn
    for child in element:
        if isinstance(child.tag, str):
            yield from _texts_of(child, drawn=drawn)
        if child.tail and child.tail.strip(WHITE):
            yield element, child.tail, drawn


class _Reader:
    """Reads the text boxes of one element in their order, and says which text of the markup each belongs to."""

    def __init__(self, nodes: _Nodes, element: Any) -> None:
        self._nodes = nodes
        self._indices = nodes.of(element)
        self._place = 0
        self._offset = 0

    def read(self, text: str) -> tuple[int, bool]:
        """The index of the text that this box's begins or goes on, and whether it goes on."""
        wanted = text.strip(" ")
        for _ in range(len(self._indices) + 1):
            if self._place < len(self._indices):
                index = self._indices[self._place]
                rest = self._nodes.text(index)[self._offset :]
                blanks = len(rest) - len(rest.lstrip(" "))
                if rest[blanks:].startswith(wanted):
                    goes_on = self._offset > 0
                    self._offset += blanks + len(wanted)
                    if not self._nodes.text(index)[self._offset :].strip(" "):
                        self._place, self._offset = self._place + 1, 0
                    return index, goes_on
                if self._offset:
                    break
                self._place += 1
            else:
                self._place = 0  # the same element again, on the next page
        raise NotCompilable("text that is not found in the markup")


def _find_runs(blocks: Sequence[weasy.Block], nodes: _Nodes, faces: Mapping[tuple[Any, ...], str]) -> list[_Run]:
    """Paragraphs in the order of their boxes. One that goes on on the next page is one run; repeated heads are many."""
    readers: dict[int, _Reader] = {}
    runs: list[_Run] = []
    latest: dict[int, _Run] = {}
    for block in blocks:
        run = _Run(block=block, slots=[], lines=[])
        for line in block.lines:
            placed = []
            for text in line:
                node, goes_on = _node_of(text, nodes, readers)
                if goes_on and not run.slots:
                    run = latest[node]
                if not (goes_on and run.slots[-1].node == node):
                    run.slots.append(_slot(text, node, faces))
                placed.append((len(run.slots) - 1, text))
                if node >= 0:
                    latest[node] = run
            run.lines.append((block.left, placed))
            if block.width != run.block.width:
                raise CannotFill("paragraph over pages of different width")
        if run.block is block and any(slot.node >= 0 for slot in run.slots):
            runs.append(run)
    _require_whole(runs)
    return runs


def _require_whole(runs: Sequence[_Run]) -> None:
    """A paragraph parted by a page break between two of its elements looks like two: that is not certain enough."""
    by_element: dict[int, list[_Run]] = {}
    for run in runs:
        by_element.setdefault(id(run.block.element), []).append(run)
    for run in runs:
        nodes = {slot.node for slot in run.slots}
        if len(run.lines) > 1 and any(slot.node < 0 for slot in run.slots):
            raise CannotFill("blank or number in a paragraph of several lines")
        for other in by_element[id(run.block.element)]:
            if other.block.page != run.block.page and nodes.isdisjoint(slot.node for slot in other.slots):
                raise CannotFill("paragraph parted by a page break")


def _node_of(text: weasy.LineText, nodes: _Nodes, readers: dict[int, _Reader]) -> tuple[int, bool]:
    if not text.text.strip(" "):
        return -1, False
    if text.generated:
        if not re.fullmatch(r" *(\d+|[•◦▪]|\d+\.) *", text.text):
            raise NotCompilable("generated content that is not a number")
        return -1, False
    reader = readers.setdefault(id(text.element), _Reader(nodes, text.element))
    return reader.read(text.text)


def _slot(text: weasy.LineText, node: int, faces: Mapping[tuple[Any, ...], str]) -> Slot:
    face = faces.get(weasy.font_choice(text.box))
    if face is None:
        raise CannotFill("font that draws nothing but blanks")
    style = Style(
        face=face,
        scale=weasy.font_scale(text.box),
        language=weasy.language_of(text.box),
        features=weasy.shaping_features(text.box),
    )
    generated = "" if node >= 0 else text.text.strip(" ") or " "
    return Slot(node=node, text=generated, style=style, nowrap=text.nowrap)


def _faces(drawing: weasy.Drawing, blocks: Sequence[weasy.Block]) -> dict[tuple[Any, ...], str]:
    """Font file by what the style says, as found in what was drawn."""
    faces = {id(font): _face_of(font) for font in drawing.document.fonts.values()}
    found: dict[tuple[Any, ...], str] = {}
    for block in blocks:
        for line in block.lines:
            for text in line:
                note = drawing.texts.get(id(text.box))
                if note is not None and note.font is not None:
                    found[weasy.font_choice(text.box)] = faces[id(note.font)]
    return found


def _face_of(font: Any) -> str:
    """Which of the packaged files a font of WeasyPrint's was read from."""
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


def _set_all(
    runs: Sequence[_Run], paragraphs: Sequence[Paragraph], texts: Sequence[str], lessons: list[TaughtParagraph]
) -> list[SetParagraph]:
    """This document's paragraphs. For those that are not certain `lessons` gets how WeasyPrint has set them."""
    done = []
    for run, paragraph in zip(runs, paragraphs, strict=True):
        words = tuple(texts[slot.node] if slot.node >= 0 else slot.text for slot in paragraph.slots)
        try:
            done.append(set_paragraph(paragraph, words))
        except CannotFill:
            hint = _read_hint(run, words)
            done.append(apply_hint(paragraph, words, hint))
            lessons.append(TaughtParagraph(paragraph, words, hint))
    return done


def _read_hint(run: _Run, words: tuple[str, ...]) -> LineBreakHint:
    slots, lines = collapse_between(words), []
    positions = [0] * len(slots)
    for _, line in run.lines:
        spans = []
        for slot, text in line:
            start = slots[slot].find(text.drawn, positions[slot])
            if start < 0:
                raise CannotFill("text drawn otherwise")
            positions[slot] = start + len(text.drawn)
            spans.append((slot, start, positions[slot], start + len(text.text)))
        lines.append(tuple(spans))
    return LineBreakHint(lines=tuple(lines))


def _cut_pages(drawing: weasy.Drawing, runs: Sequence[_Run], done: Sequence[SetParagraph]) -> tuple[PageLayout, ...]:
    """Each page's stream with a hole for every piece of text; each proved to be filled as it was drawn."""
    cuts: dict[int, list[_Cut]] = {id(stream): [] for stream in drawing.page_streams}
    for number, (run, paragraph) in enumerate(zip(runs, done, strict=True)):
        found = [[slot for slot, _ in line] for _, line in run.lines]
        if found != [[piece.slot for piece in line] for line in paragraph.lines]:
            raise CannotFill("lines broken otherwise")
        for line_number, ((left, line), pieces) in enumerate(zip(run.lines, paragraph.lines, strict=True)):
            for piece_number, ((_, text), piece) in enumerate(zip(line, pieces, strict=True)):
                note = _require_note(drawing, text, piece)
                if not piece.operand:
                    continue
                if id(note.stream) not in cuts:
                    raise NotCompilable("text in a group (opacity, for one)")
                _prove(note, left + piece.x, piece.operand)
                hole = _hole(note, number, line_number, piece_number, left)
                cuts[id(note.stream)].append(_Cut(note.matrix, note.shown, hole))
    return tuple(_page(stream, cuts[id(stream)]) for stream in drawing.page_streams)


def _require_note(drawing: weasy.Drawing, text: weasy.LineText, piece: Piece) -> weasy.DrawnText:
    """How a piece of text was drawn: once, and at all if and only if it is not blank."""
    note = drawing.texts.get(id(text.box))
    if note is None or note.trouble or (note.shown < 0) == bool(piece.operand):
        raise CannotFill(note.trouble if note and note.trouble else "text drawn otherwise")
    return note


def _hole(note: weasy.DrawnText, paragraph: int, line: int, piece: int, left: float) -> Hole:
    operators = note.stream.stream
    between = weasy.operator_bytes(operators[note.matrix + 1 : note.shown])
    return Hole(
        paragraph=paragraph,
        line=line,
        piece=piece,
        left=left,
        y=operators[note.matrix].split()[5],
        between=between + b"\n" if between else b"",
    )


def _prove(note: weasy.DrawnText, x: float, operand: bytes) -> None:
    """What is filled in is what WeasyPrint drew, at the same place."""
    operators = note.stream.stream
    *scale, drawn_x, _, _ = operators[note.matrix].split()
    drawn = re.sub(rb">-?0<|><", b"", operators[note.shown].removesuffix(b" TJ").strip(b"[]"))
    drawn = re.sub(rb">-?0$", b">", drawn)
    if scale != [b"1", b"0", b"0", b"-1"] or abs(float(drawn_x) - x) > _CLOSE or drawn != operand:
        raise CannotFill("text drawn otherwise")


def _page(stream: Any, cuts: list[_Cut]) -> PageLayout:
    chunks, start = [], 0
    cuts.sort(key=lambda cut: cut.matrix)
    for matrix, shown, _ in cuts:
        chunks.append(_join_rules(weasy.operator_bytes(stream.stream[start:matrix]) + b"\n"))
        start = shown + 1
    chunks.append(_join_rules(weasy.operator_bytes(stream.stream[start:])))
    return PageLayout(number=stream.number, chunks=tuple(chunks), holes=tuple(cut.hole for cut in cuts))


def _join_rules(chunk: bytes) -> bytes:
    """Rules that follow each other in one colour and width, each stroked as before, but set up once: a table has one
    for every side of a cell."""

    def join(rules: re.Match[bytes]) -> bytes:
        return b"/Artifact\nBMC\nq\n%b%bQ\nEMC\n" % (rules[1], _RULE.sub(rb"\1", rules[0].replace(rules[1], b"")))

    return _RULES.sub(join, chunk)


def _cut_out_codes(pages: Sequence[PageLayout], root: Any, codes: Sequence[str]) -> tuple[PageLayout, ...]:
    """The pages with a mark for each code, proved to be drawn once and as it is filled in."""
    drawn_codes = [path.get("d") for path in root.iter(_PATH) if path.get("class") == "modules"]
    if drawn_codes != [svg_path(code) for code in codes]:
        raise NotCompilable("a path of class modules that is not a code")
    cut = []
    for page in pages:
        chunks, found = page.chunks, []
        for number, code in enumerate(codes):
            opening, drawn = b"0 0 m\n", path_operators(code)
            before = sum(chunk.count(opening + drawn) for chunk in chunks)
            if before:
                chunks = tuple(chunk.replace(opening + drawn, opening + code_mark(number)) for chunk in chunks)
                found += [number] * before
        cut.append(PageLayout(number=page.number, chunks=chunks, holes=page.holes, codes=tuple(found)))
    if sorted(number for page in cut for number in page.codes) != list(range(len(codes))):
        raise CannotFill("code drawn otherwise")
    return tuple(cut)


def _find_links(drawing: weasy.Drawing, root: Any, links: Sequence[str]) -> tuple[LinkUse, ...]:
    """The annotations of the markup's links to the web, proved to say this document's addresses as they are filled."""
    anchors = [anchor for anchor in root.iter("a") if re.match("https?://", anchor.get("href", ""))]
    if [anchor.get("href") for anchor in anchors] != list(links):
        raise NotCompilable("links that a browser would read otherwise than they are written")
    strings = link_strings(links)
    numbers = {id(element): number for number, anchor in enumerate(anchors) for element in anchor.iter()}
    uses = []
    for element, annotation, data in drawing.link_annotations():
        number = numbers.get(id(element), -1)
        if number >= 0:
            parts = data.split(strings[number])
            if len(parts) != 3:
                raise CannotFill("link written otherwise")
            uses.append(LinkUse(number=annotation, link=number, parts=(parts[0], parts[1], parts[2])))
    return tuple(uses)


def link_strings(addresses: Sequence[str]) -> list[bytes]:
    """Addresses as they are written into annotations. `Unclear` for one that WeasyPrint would write otherwise."""
    try:
        return [weasy.link_string(address) for address in addresses]
    except ValueError as exc:
        raise CannotFill("link with unusual characters") from exc
