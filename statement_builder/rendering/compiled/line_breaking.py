"""Break text into lines as WeasyPrint does: or say that it is not certain.

The result is what WeasyPrint writes for the same text. Where a line comes close to its room, or could break in a way
that is not looked at here, `Unclear` is raised and WeasyPrint lays the document out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from statement_builder.billing.model import Record
from statement_builder.rendering.compiled.layouts import LineBreakHint, Paragraph, Slot
from statement_builder.rendering.compiled.shaping import CannotFill, Shaped, shape, shape_anew
from statement_builder.rendering.compiled.weasyprint_adapter import break_points

CLOSE = 0.05
"""CSS pixels: a line that comes this close to its room may be broken otherwise by WeasyPrint."""


class Piece(Record, kw_only=True, array_like=True):
    """What one slot puts on one line: where it starts from the line's left end, and what is drawn."""

    slot: int
    x: float
    operand: bytes
    """Of `TJ`; empty for white space, which is not drawn."""


class SetParagraph(Record, kw_only=True, array_like=True):
    """A paragraph's lines. There are tens of thousands in memory, so nothing is in it that filling does not need."""

    lines: tuple[tuple[Piece, ...], ...]
    breaks: bytes
    """Which slots are on which line, and empty for a single line: what the layout depends on, and nothing else."""
    steps: Mapping[str, int] | None
    """Faces of which more than the smallest subset is needed, and which one has all its letters."""


def set_paragraph(paragraph: Paragraph, texts: tuple[str, ...]) -> SetParagraph:
    """Break one paragraph, whose slots say `texts`, into lines. `Unclear` where that is not certain."""
    if len(texts) == 1 and (done := _set_words(paragraph, texts[0])) is not None:
        return done
    runs = collapse_between(texts)
    return _set_line(paragraph, runs) or place_lines(paragraph, _break_lines(paragraph, runs))


def _set_words(paragraph: Paragraph, text: str) -> SetParagraph | None:
    """What `_set_line` makes of a single slot that has no blank at its ends and fits on a line, as nearly all do. None
    for any other."""
    if not text or text[0].isspace() or text[-1].isspace():
        return None
    shaped = shape_anew(paragraph.slots[0].style, text)
    if shaped.width > paragraph.width - CLOSE:
        return None
    piece = Piece(slot=0, x=_offset(paragraph, shaped.width), operand=shaped.operand)
    steps = {paragraph.slots[0].style.face: shaped.step} if shaped.step else None
    return SetParagraph(lines=((piece,),), breaks=b"", steps=steps)


def _set_line(paragraph: Paragraph, runs: Sequence[str]) -> SetParagraph | None:
    """All on one line; None where that may not hold it."""
    placed, x = [], 0.0
    for slot, run in zip(paragraph.slots, runs, strict=True):
        if run:
            shaped = shape(slot.style, run) if len(runs) > 1 else shape_anew(slot.style, run)
            placed.append((x, None if run.isspace() and not run.strip(" ") else shaped))
            x += shaped.width
        else:
            placed.append((x, None))
    if runs[-1].endswith(" "):
        x = placed[-1][0] + _width(paragraph.slots[-1], runs[-1].rstrip(" "))
    if x > paragraph.width - CLOSE:
        if all(slot.nowrap for slot in paragraph.slots):
            raise CannotFill("too wide")
        return None
    offset = _offset(paragraph, x)
    pieces = [_piece(index, start + offset, shaped) for index, (start, shaped) in enumerate(placed)]
    steps = _steps(paragraph, [(index, shaped) for index, (_, shaped) in enumerate(placed)])
    return SetParagraph(lines=(tuple(pieces),), breaks=b"", steps=steps)


def _piece(slot: int, x: float, shaped: Shaped | None) -> Piece:
    return Piece(slot=slot, x=x, operand=shaped.operand if shaped is not None else b"")


def _steps(paragraph: Paragraph, pieces: Iterable[tuple[int, Shaped | None]]) -> dict[str, int] | None:
    steps: dict[str, int] = {}
    for slot, shaped in pieces:
        if shaped is not None and shaped.step:
            face = paragraph.slots[slot].style.face
            steps[face] = max(shaped.step, steps.get(face, 0))
    return steps or None


Line = Sequence[tuple[int, str, str]]
"""What each slot puts on a line: the text drawn, and the text that counts for the width."""


def collapse_between(texts: tuple[str, ...]) -> list[str]:
    """White space at the paragraph's start, and after white space of the slot before, is not there."""
    runs, after_blank = [], True
    for text in texts:
        run = text[1:] if after_blank and text.startswith(" ") else text
        runs.append(run)
        if run:
            after_blank = run.endswith(" ")
    return runs


def _width(slot: Slot, run: str) -> float:
    return shape(slot.style, run).width if run else 0.0


def _break_lines(paragraph: Paragraph, runs: list[str]) -> list[Line]:
    """Fill each line with as many words as it holds. Every decision has to be clear by `CLOSE`."""
    lines: list[Line] = []
    line: list[tuple[int, int, int]] = []  # slot, start and end within its run
    for word in _words(paragraph, runs):
        longer = _joined(line, word)
        if _line_width(paragraph, runs, longer) <= paragraph.width:
            line = longer
            continue
        _require_clear_break(paragraph, runs, line, word)
        lines.append(_finish(runs, line))
        line = list(word)
    lines.append(_finish(runs, line))
    _require_room(paragraph, runs, line)
    return lines


def _words(paragraph: Paragraph, runs: list[str]) -> list[list[tuple[int, int, int]]]:
    """Parts that no line break divides, each as spans of slots; white space belongs to the word before."""
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


def _joined(line: list[tuple[int, int, int]], word: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    if not line or line[-1][0] != word[0][0]:
        return [*line, *word]
    slot, start, _ = line[-1]
    return [*line[:-1], (slot, start, word[0][2]), *word[1:]]


def _line_width(
    paragraph: Paragraph, runs: list[str], line: list[tuple[int, int, int]], *, whole: bool = False
) -> float:
    """Width of a line, without the white space at its end unless `whole`."""
    width = 0.0
    for place, (slot, start, end) in enumerate(line):
        text = runs[slot][start:end]
        if place == len(line) - 1 and not whole:
            text = text.rstrip(" ")
        width += _width(paragraph.slots[slot], text)
    return width


def _require_room(paragraph: Paragraph, runs: list[str], line: list[tuple[int, int, int]]) -> None:
    if _line_width(paragraph, runs, line) > paragraph.width - CLOSE:
        raise CannotFill("close to the margin")


def _require_clear_break(
    paragraph: Paragraph, runs: list[str], line: list[tuple[int, int, int]], word: list[tuple[int, int, int]]
) -> None:
    """The line ends here for certain: with room to spare, and with a word after it that cannot be divided."""
    if not line:
        raise CannotFill("word wider than its line")
    _require_room(paragraph, runs, line)
    if _line_width(paragraph, runs, _joined(line, word)) < paragraph.width + CLOSE:
        raise CannotFill("close to the margin")
    slot, _, end = line[-1]
    if len(word) > 1 and word[0][0] == slot:
        # WeasyPrint has set this slot to its end by then, and on its way back it may end the line sooner.
        raise CannotFill("word over several elements")
    if end == len(runs[slot]) or _is_leading_blank(runs, line[-1]):
        # At the end or start of a slot the blank counts for WeasyPrint.
        if _line_width(paragraph, runs, line, whole=True) > paragraph.width - CLOSE:
            raise CannotFill("close to the margin")
        if not runs[slot].strip(" "):
            raise CannotFill("break at a blank between elements")
    if any(not runs[index][start:stop].strip(" ") for index, start, stop in word):
        raise CannotFill("break at a blank between elements")


def _is_leading_blank(runs: list[str], span: tuple[int, int, int]) -> bool:
    slot, start, end = span
    return start == 0 and end == 1 < len(runs[slot]) and runs[slot][0] == " "


def _finish(runs: list[str], line: list[tuple[int, int, int]]) -> Line:
    """A line as drawn. WeasyPrint draws the blank at a line's end where the slot ends there, but gives it no width.

    A blank that a slot begins with is dropped where the line ends after it: the slot begins on the next line.
    """
    if len(line) > 1 and _is_leading_blank(runs, line[-1]):
        line = line[:-1]
    finished: list[tuple[int, str, str]] = []
    for place, (slot, start, end) in enumerate(line):
        text = runs[slot][start:end]
        if place < len(line) - 1:
            finished.append((slot, text, text))
        else:
            finished.append((slot, text if end == len(runs[slot]) else text.rstrip(" "), text.rstrip(" ")))
    return finished


def place_lines(paragraph: Paragraph, lines: Sequence[Line]) -> SetParagraph:
    """Shape lines that are broken already, and align them. `Unclear` for characters that are not set one by one."""
    placed: list[tuple[Piece, ...]] = []
    all_pieces: list[tuple[int, Shaped | None]] = []
    for number, line in enumerate(lines):
        pieces: list[tuple[int, float, Shaped | None]] = []
        x = 0.0
        for place, (index, drawn, counted) in enumerate(line):
            slot = paragraph.slots[index]
            last = place == len(line) - 1 and number == len(lines) - 1
            pieces.append((index, x, shape(slot.style, drawn) if drawn.strip(" ") else None))
            x += _width(slot, counted.rstrip(" ") if last else counted)
        offset = _offset(paragraph, x)
        placed.append(tuple([_piece(slot, start + offset, shaped) for slot, start, shaped in pieces]))
        all_pieces += [(slot, shaped) for slot, _, shaped in pieces]
    on_lines = [b",".join(b"%d" % piece.slot for piece in line) for line in placed]
    breaks = b"/".join(on_lines) if len(placed) > 1 else b""
    return SetParagraph(lines=tuple(placed), breaks=breaks, steps=_steps(paragraph, all_pieces))


def apply_hint(paragraph: Paragraph, texts: tuple[str, ...], hint: LineBreakHint) -> SetParagraph:
    """Set a paragraph as WeasyPrint broke it."""
    runs = collapse_between(texts)
    lines = [
        [(slot, runs[slot][start:drawn], runs[slot][start:counted]) for slot, start, drawn, counted in line]
        for line in hint.lines
    ]
    return place_lines(paragraph, lines)


def _offset(paragraph: Paragraph, width: float) -> float:
    if paragraph.align == "left":
        return 0.0
    room = max(paragraph.width - width, 0.0)
    return room / 2 if paragraph.align == "center" else room
