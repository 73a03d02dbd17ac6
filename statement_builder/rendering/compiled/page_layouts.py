"""Replace a drawing's words, QR codes and link URLs by placeholders.

Each placeholder is checked: filled with the document's own words, it must give what WeasyPrint drew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from pdf_kit.qr_code import path_operators, svg_path
from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled.layouts import LinkUse, PageLayout, Placeholder, code_marker
from statement_builder.rendering.compiled.line_breaking import Piece, TypesetParagraph
from statement_builder.rendering.compiled.paragraphs import FoundParagraph, NotCompilable
from statement_builder.rendering.compiled.shaping import CannotFill

_CLOSE = 0.002
"""CSS pixels of rounding between where WeasyPrint draws a piece and where it is filled in."""
_RULES = re.compile(
    rb"/Artifact\nBMC\nq\nq\n((?:/\S+ gs\n)?[\d. ]+ RG\n[\d.]+ w\n)[-\d. ]+ m\n[-\d. ]+ l\nS\nQ\nQ\nEMC\n"
    rb"(?:/Artifact\nBMC\nq\nq\n\1[-\d. ]+ m\n[-\d. ]+ l\nS\nQ\nQ\nEMC\n)+"
)
_RULE = re.compile(rb"/Artifact\nBMC\nq\nq\n([-\d. ]+ m\n[-\d. ]+ l\nS\n)Q\nQ\nEMC\n")
_PATH = "{http://www.w3.org/2000/svg}path"


class Cut(NamedTuple):
    """A placeholder, and the first and last of the operators that it replaces."""

    matrix: int
    shown: int
    placeholder: Placeholder


def find_cuts(
    drawing: weasy.Drawing, found: Sequence[FoundParagraph], typeset: Sequence[TypesetParagraph]
) -> dict[int, list[Cut]]:
    """For each page, by the `id()` of its stream, a placeholder for every piece of text, in the order of drawing."""
    cuts: dict[int, list[Cut]] = {id(stream): [] for stream in drawing.page_streams}
    for number, (drawn, paragraph) in enumerate(zip(found, typeset, strict=True)):
        slots = [[slot for slot, _ in line] for _, line in drawn.lines]
        if slots != [[piece.slot for piece in line] for line in paragraph.lines]:
            raise CannotFill("lines broken differently")
        for line_number, ((left, line), pieces) in enumerate(zip(drawn.lines, paragraph.lines, strict=True)):
            for piece_number, ((_, text), piece) in enumerate(zip(line, pieces, strict=True)):
                drawn_text = _require_drawn_text(drawing, text, piece)
                if not piece.operand:
                    continue
                if id(drawn_text.stream) not in cuts:
                    raise NotCompilable("text in a group (for example, with opacity)")
                _require_same_text(drawn_text, left + piece.x, piece.operand)
                placeholder = _placeholder(drawn_text, number, line_number, piece_number, left)
                cuts[id(drawn_text.stream)].append(Cut(drawn_text.matrix, drawn_text.shown, placeholder))
    for of_page in cuts.values():
        of_page.sort(key=lambda cut: cut.matrix)
    return cuts


def cut_pages(drawing: weasy.Drawing, cuts: Mapping[int, Sequence[Cut]]) -> tuple[PageLayout, ...]:
    """Each page's content stream with a placeholder for every piece of text."""
    pages = []
    for stream in drawing.page_streams:
        chunks, placeholders = cut_operators(stream, cuts[id(stream)], 0, len(stream.stream))
        rounded = tuple(
            replace(each, y=weasy.round_numbers(each.y), between=weasy.round_numbers(each.between))
            for each in placeholders
        )
        chunks[-1] = chunks[-1].removesuffix(b"\n")
        pages.append(PageLayout(number=stream.number, chunks=tuple(chunks), placeholders=rounded))
    return tuple(pages)


def _require_drawn_text(drawing: weasy.Drawing, text: weasy.LineText, piece: Piece) -> weasy.DrawnText:
    """How WeasyPrint drew a piece of text: exactly once, or not at all for white space."""
    drawn_text = drawing.texts.get(id(text.box))
    if drawn_text is None or drawn_text.problem or (drawn_text.shown < 0) == bool(piece.operand):
        raise CannotFill(drawn_text.problem if drawn_text and drawn_text.problem else "text drawn differently")
    return drawn_text


def _placeholder(drawn_text: weasy.DrawnText, paragraph: int, line: int, piece: int, left: float) -> Placeholder:
    operators = drawn_text.stream.stream
    between = weasy.operator_bytes(operators[drawn_text.matrix + 1 : drawn_text.shown])
    return Placeholder(
        paragraph=paragraph,
        line=line,
        piece=piece,
        left=left,
        y=operators[drawn_text.matrix].split()[5],
        between=between + b"\n" if between else b"",
    )


def _require_same_text(drawn_text: weasy.DrawnText, x: float, operand: bytes) -> None:
    """The filled text must be what WeasyPrint drew, in the same position."""
    operators = drawn_text.stream.stream
    *scale, drawn_x, _, _ = operators[drawn_text.matrix].split()
    drawn = re.sub(rb">-?0<|><", b"", operators[drawn_text.shown].removesuffix(b" TJ").strip(b"[]"))
    drawn = re.sub(rb">-?0$", b">", drawn)
    if scale != [b"1", b"0", b"0", b"-1"] or abs(float(drawn_x) - x) > _CLOSE or drawn != operand:
        raise CannotFill("text drawn differently")


def cut_operators(
    stream: Any, cuts: Sequence[Cut], start: int, end: int, convert: Callable[[bytes], bytes] = weasy.round_numbers
) -> tuple[list[bytes], list[Placeholder]]:
    """The operators from `start` to `end`, each converted, with a placeholder for every piece of text."""
    chunks, placeholders = [], []
    for cut in cuts:
        if start <= cut.matrix < end:
            chunks.append(_chunk(stream, start, cut.matrix, convert))
            placeholders.append(cut.placeholder)
            start = cut.shown + 1
    return [*chunks, _chunk(stream, start, end, convert)], placeholders


def _chunk(stream: Any, start: int, end: int, convert: Callable[[bytes], bytes]) -> bytes:
    return b"".join([convert(weasy.operator_bytes([each])) + b"\n" for each in stream.stream[start:end]])


def join_page_rules(page: PageLayout) -> PageLayout:
    """The page with fewer operators and the same pixels."""
    return replace(page, chunks=tuple(map(_join_rules, page.chunks)))


def _join_rules(chunk: bytes) -> bytes:
    """Set up consecutive rules of one color and width only once: a table has one for every side of a cell."""

    def join(rules: re.Match[bytes]) -> bytes:
        return b"/Artifact\nBMC\nq\n%b%bQ\nEMC\n" % (rules[1], _RULE.sub(rb"\1", rules[0].replace(rules[1], b"")))

    return _RULES.sub(join, chunk)


def cut_codes(pages: Sequence[PageLayout], root: Any, codes: Sequence[str]) -> tuple[PageLayout, ...]:
    """The pages with a marker for each QR code. Each code must be drawn exactly once."""
    drawn_codes = [path.get("d") for path in root.iter(_PATH) if path.get("class") == "modules"]
    if drawn_codes != [svg_path(code) for code in codes]:
        raise NotCompilable("a path of class modules that is not a code")
    cut = []
    for page in pages:
        chunks, found = page.chunks, []
        for number, code in enumerate(codes):
            opening, drawn = b"0 0 m\n", path_operators(code)
            count = sum(chunk.count(opening + drawn) for chunk in chunks)
            if count:
                chunks = tuple(chunk.replace(opening + drawn, opening + code_marker(number)) for chunk in chunks)
                found += [number] * count
        cut.append(PageLayout(number=page.number, chunks=chunks, placeholders=page.placeholders, codes=tuple(found)))
    if sorted(number for page in cut for number in page.codes) != list(range(len(codes))):
        raise CannotFill("code drawn differently")
    return tuple(cut)


def find_links(drawing: weasy.Drawing, root: Any, links: Sequence[str]) -> tuple[LinkUse, ...]:
    """The annotations of the markup's web links. Each must contain this document's URL as it will be filled in."""
    anchors = [anchor for anchor in root.iter("a") if re.match("https?://", anchor.get("href", ""))]
    if [anchor.get("href") for anchor in anchors] != list(links):
        raise NotCompilable("links that a browser reads differently than they are written")
    strings = link_strings(links)
    numbers = {id(element): number for number, anchor in enumerate(anchors) for element in anchor.iter()}
    uses = []
    for element, annotation, data in drawing.link_annotations():
        number = numbers.get(id(element), -1)
        if number >= 0:
            parts = data.split(strings[number])
            if len(parts) != 3:
                raise CannotFill("link written differently")
            uses.append(LinkUse(number=annotation, link=number, parts=(parts[0], parts[1], parts[2])))
    return tuple(uses)


def link_strings(urls: Sequence[str]) -> list[bytes]:
    """URLs as annotations contain them. Raises `CannotFill` for a URL that WeasyPrint would change."""
    try:
        return [weasy.link_string(url) for url in urls]
    except ValueError as exc:
        raise CannotFill("link with unusual characters") from exc
