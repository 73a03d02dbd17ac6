"""Break text into lines exactly as WeasyPrint does, or raise `CannotFill`.

`CannotFill` is raised if a line is almost as wide as its box, or could break in a way that is not handled here.
WeasyPrint then lays out the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from statement_builder.billing.model import Record
from statement_builder.rendering.compiled.layouts import LineBreakHint, Paragraph, Slot
from statement_builder.rendering.compiled.shaping import CannotFill, ShapedRun, shape, shape_uncached
from statement_builder.rendering.compiled.weasyprint_adapter import break_points

CLOSE = 0.05
"""CSS pixels: WeasyPrint may break a line differently if its width is this close to the box's."""


class Piece(Record, kw_only=True, array_like=True):
    """The part of one slot on one line, and its distance from the line's left edge in CSS pixels."""

    slot: int
    x: float
    operand: bytes
    """Operand of `TJ`; empty for white space, which is not drawn."""


class TypesetParagraph(Record, kw_only=True, array_like=True):
    """A paragraph's lines. Memory holds tens of thousands, so this has only what filling needs."""

    lines: tuple[tuple[Piece, ...], ...]
    breaks: bytes
    """The slots on each line, which the layout depends on; empty for a single line."""
    levels: Mapping[str, int] | None
    """Faces that need more than the lowest subset level, and the level."""


def typeset(paragraph: Paragraph, texts: tuple[str, ...]) -> TypesetParagraph:
    """Lay out one paragraph with the slots' `texts`. Raises `CannotFill` if the result is not certain."""
    if len(texts) == 1 and (typeset_line := _typeset_single_slot(paragraph, texts[0])) is not None:
        return typeset_line
    runs = collapse_across_slots(texts)
    return _typeset_line(paragraph, runs) or place_lines(paragraph, _break_lines(paragraph, runs))


def _typeset_single_slot(paragraph: Paragraph, text: str) -> TypesetParagraph | None:
    """As `_typeset_line`, for the usual case: a single slot without spaces at its ends that fits on a line. None for
    any other."""
    if not text or text[0].isspace() or text[-1].isspace():
        return None
    shaped = shape_uncached(paragraph.slots[0].style, text)
    if shaped.width > paragraph.width - CLOSE:
        return None
    piece = Piece(slot=0, x=_offset(paragraph, shaped.width), operand=shaped.operand)
    levels = {paragraph.slots[0].style.face: shaped.level} if shaped.level else None
    return TypesetParagraph(lines=((piece,),), breaks=b"", levels=levels)


def _typeset_line(paragraph: Paragraph, runs: Sequence[str]) -> TypesetParagraph | None:
    """The paragraph on one line; None if it may not fit."""
    placed, x = [], 0.0
    for slot, run in zip(paragraph.slots, runs, strict=True):
        if run:
            shaped = shape(slot.style, run) if len(runs) > 1 else shape_uncached(slot.style, run)
            placed.append((x, None if run.isspace() and not run.strip(" ") else shaped))
            x += shaped.width
        else:
            placed.append((x, None))
    whole_width = x
    if runs[-1].endswith(" "):
        x = placed[-1][0] + _width(paragraph.slots[-1], runs[-1].rstrip(" "))
    if whole_width > paragraph.width - CLOSE:
        if all(slot.nowrap for slot in paragraph.slots):
            raise CannotFill("too wide")
        return None
    offset = _offset(paragraph, x)
    pieces = [_piece(index, start + offset, shaped) for index, (start, shaped) in enumerate(placed)]
    levels = _steps(paragraph, [(index, shaped) for index, (_, shaped) in enumerate(placed)])
    return TypesetParagraph(lines=(tuple(pieces),), breaks=b"", levels=levels)


def _piece(slot: int, x: float, shaped: ShapedRun | None) -> Piece:
    return Piece(slot=slot, x=x, operand=shaped.operand if shaped is not None else b"")


def _steps(paragraph: Paragraph, pieces: Iterable[tuple[int, ShapedRun | None]]) -> dict[str, int] | None:
    levels: dict[str, int] = {}
    for slot, shaped in pieces:
        if shaped is not None and shaped.level:
            face = paragraph.slots[slot].style.face
            levels[face] = max(shaped.level, levels.get(face, 0))
    return levels or None


Line = Sequence[tuple[int, str, str]]
"""The parts of a line: slot, drawn text, and the text that counts for the width."""


def collapse_across_slots(texts: tuple[str, ...]) -> list[str]:
    """Remove white space at the start of the paragraph and after white space of the previous slot (CSS white space
    collapsing)."""
    runs, after_space = [], True
    for text in texts:
        run = text[1:] if after_space and text.startswith(" ") else text
        runs.append(run)
        if run:
            after_space = run.endswith(" ")
    return runs


def _width(slot: Slot, run: str) -> float:
    return shape(slot.style, run).width if run else 0.0


def _break_lines(paragraph: Paragraph, runs: list[str]) -> list[Line]:
    """Put as many words as fit on each line. Every decision must be clear by `CLOSE`."""
    lines: list[Line] = []
    line: list[tuple[int, int, int]] = []  # slot, start and end within its run
    for word in _words(paragraph, runs):
        longer = _append(line, word)
        if _line_width(paragraph, runs, longer) <= paragraph.width:
            line = longer
            continue
        _require_clear_break(paragraph, runs, line, word)
        lines.append(_finish(runs, line))
        line = list(word)
    lines.append(_finish(runs, line))
    # If only the space at the end has no room, WeasyPrint may end this line after its first word.
    _require_room(paragraph, runs, line, whole=True)
    return lines


def _words(paragraph: Paragraph, runs: list[str]) -> list[list[tuple[int, int, int]]]:
    """Unbreakable words, each as spans of slots. White space belongs to the word before."""
    words: list[list[tuple[int, int, int]]] = [[]]
    last_letter = ""
    for index, (slot, run) in enumerate(zip(paragraph.slots, runs, strict=True)):
        language = slot.style.language
        if run and last_letter and break_points(last_letter + run[0], language):
            words.append([])
        start = 0
        for end in () if slot.nowrap else break_points(run, language):
            words[-1].append((index, start, end))
            words.append([])
            start = end
        words[-1].append((index, start, len(run)))
        last_letter = run[-1:] or last_letter
    return [word for word in words if word]


def _append(line: list[tuple[int, int, int]], word: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    if not line or line[-1][0] != word[0][0]:
        return [*line, *word]
    slot, start, _ = line[-1]
    return [*line[:-1], (slot, start, word[0][2]), *word[1:]]


def _line_width(
    paragraph: Paragraph, runs: list[str], line: list[tuple[int, int, int]], *, whole: bool = False
) -> float:
    """Width of a line, including the white space at its end only if `whole`."""
    width = 0.0
    for position, (slot, start, end) in enumerate(line):
        text = runs[slot][start:end]
        if position == len(line) - 1 and not whole:
            text = text.rstrip(" ")
        width += _width(paragraph.slots[slot], text)
    return width


def _require_room(
    paragraph: Paragraph, runs: list[str], line: list[tuple[int, int, int]], *, whole: bool = False
) -> None:
    if _line_width(paragraph, runs, line, whole=whole) > paragraph.width - CLOSE:
        raise CannotFill("close to the margin")


def _require_clear_break(
    paragraph: Paragraph, runs: list[str], line: list[tuple[int, int, int]], word: list[tuple[int, int, int]]
) -> None:
    """Require that the line certainly ends here: it has room to spare, and the next word cannot be divided."""
    if not line:
        raise CannotFill("word wider than its line")
    _require_room(paragraph, runs, line)
    if _line_width(paragraph, runs, _append(line, word)) < paragraph.width + CLOSE:
        raise CannotFill("close to the margin")
    slot, _, end = line[-1]
    if len(word) > 1 and word[0][0] == slot:
        # WeasyPrint has placed this whole slot by then, and may end the line earlier when it goes back.
        raise CannotFill("word over several elements")
    if end == len(runs[slot]) or _is_leading_space(runs, line[-1]):
        # WeasyPrint counts a space at the end or start of a slot.
        if _line_width(paragraph, runs, line, whole=True) > paragraph.width - CLOSE:
            raise CannotFill("close to the margin")
        if not runs[slot].strip(" "):
            raise CannotFill("break at a space between elements")
    if any(not runs[index][start:stop].strip(" ") for index, start, stop in word):
        raise CannotFill("break at a space between elements")


def _is_leading_space(runs: list[str], span: tuple[int, int, int]) -> bool:
    slot, start, end = span
    return start == 0 and end == 1 < len(runs[slot]) and runs[slot][0] == " "


def _finish(runs: list[str], line: list[tuple[int, int, int]]) -> Line:
    """A line as drawn. WeasyPrint draws a space at the line's end if the slot ends there, but gives it no width.

    A slot's leading space is dropped if the line ends after it, since the slot begins on the next line.
    """
    if len(line) > 1 and _is_leading_space(runs, line[-1]):
        line = line[:-1]
    finished: list[tuple[int, str, str]] = []
    for position, (slot, start, end) in enumerate(line):
        text = runs[slot][start:end]
        if position < len(line) - 1:
            finished.append((slot, text, text))
        else:
            finished.append((slot, text if end == len(runs[slot]) else text.rstrip(" "), text.rstrip(" ")))
    return finished


def place_lines(paragraph: Paragraph, lines: Sequence[Line]) -> TypesetParagraph:
    """Shape and align lines. Raises `CannotFill` for characters that are not simple."""
    placed: list[tuple[Piece, ...]] = []
    all_pieces: list[tuple[int, ShapedRun | None]] = []
    for number, line in enumerate(lines):
        pieces: list[tuple[int, float, ShapedRun | None]] = []
        x = 0.0
        for position, (index, drawn, counted) in enumerate(line):
            slot = paragraph.slots[index]
            last = position == len(line) - 1 and number == len(lines) - 1
            pieces.append((index, x, shape(slot.style, drawn) if drawn.strip(" ") else None))
            x += _width(slot, counted.rstrip(" ") if last else counted)
        offset = _offset(paragraph, x)
        placed.append(tuple([_piece(slot, start + offset, shaped) for slot, start, shaped in pieces]))
        all_pieces += [(slot, shaped) for slot, _, shaped in pieces]
    on_lines = [b",".join(b"%d" % piece.slot for piece in line) for line in placed]
    breaks = b"/".join(on_lines) if len(placed) > 1 else b""
    return TypesetParagraph(lines=tuple(placed), breaks=breaks, levels=_steps(paragraph, all_pieces))


def apply_hint(paragraph: Paragraph, texts: tuple[str, ...], hint: LineBreakHint) -> TypesetParagraph:
    """Lay out a paragraph with WeasyPrint's line breaks. Raises `CannotFill` as `place_lines` does."""
    runs = collapse_across_slots(texts)
    lines = [
        [(slot, runs[slot][start:drawn], runs[slot][start:counted]) for slot, start, drawn, counted in line]
        for line in hint.lines
    ]
    return place_lines(paragraph, lines)


def _offset(paragraph: Paragraph, width: float) -> float:
    if paragraph.align == "left":
        return 0.0
    space = max(paragraph.width - width, 0.0)
    return space / 2 if paragraph.align == "center" else space
