"""Read finished pages back, from the bytes alone: what they say, and where on the paper.

PDFium reads every file. It takes three milliseconds for a page, most of them for fonts and drawings that are the same
in thousands of documents. So there is a second reader that remembers those and reads the words of a page in a tenth of
the time. It knows nothing of layouts, and reads only what it understands to the last operator: `NotRead` leaves the
rest to PDFium.
"""

from __future__ import annotations

import ctypes
import io
import re
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import NamedTuple, Protocol

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import zxingcpp
from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

from pdf_kit import NotRead, Objects, PdfFile, find, inflate, read_character_map, read_widths
from pdf_kit.geometry import Rect
from pdf_kit.interleave import Steps, in_lockstep
from pdf_kit.qr_code import path_operators

_POINTS = 72.0
_GAP = 0.1
"""Of the type size: a wider gap parts words."""
_REACH = 2
"""Type sizes that ink is above or below its line at the most."""
_OVERHANG = 0.4
"""Type sizes that a letter's ink reaches beyond its own room at the most."""
_REMEMBERED_MAX = 6_000
_PLACED_MAX = 6_000


class PageText(Protocol):
    """One page's text, whole or within a rectangle, without regard to line breaks. Sizes are in inches."""

    width: float
    height: float
    whole: str
    links: tuple[str, ...]
    """Where its links lead to."""

    @property
    def codes(self) -> tuple[str, ...]:
        """What its QR codes say."""

    def within(self, rect: Rect) -> str:
        """All text that touches the rectangle."""


def read_with_pdfium(document: pdfium.PdfDocument) -> list[PageText]:
    """Every page of an open document. Codes are read from its picture, as a telephone would, when asked for."""
    return [_PdfiumPage(document[index]) for index in range(len(document))]


class _PdfiumPage:
    """As PDFium reads it, character by character."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.width, self.height = page.get_width() / _POINTS, page.get_height() / _POINTS
        self._text = page.get_textpage()
        self.whole = _plain(self._text.get_text_range())
        self.links = tuple(_addresses(page))
        self._page = page

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(_scanned(self._page))

    def within(self, rect: Rect) -> str:
        return _plain(
            self._text.get_text_bounded(
                left=rect.left * _POINTS,
                bottom=(self.height - rect.bottom) * _POINTS,
                right=rect.right * _POINTS,
                top=(self.height - rect.top) * _POINTS,
            )
        )


def _addresses(page: pdfium.PdfPage) -> Iterator[str]:
    """Of all link annotations; empty where one does not lead to an address."""
    place, link = ctypes.c_int(0), pdfium_c.FPDF_LINK()
    while pdfium_c.FPDFLink_Enumerate(page, place, link):
        action = pdfium_c.FPDFLink_GetAction(link)
        length = pdfium_c.FPDFAction_GetURIPath(page.pdf, action, None, 0)
        address = ctypes.create_string_buffer(length)
        pdfium_c.FPDFAction_GetURIPath(page.pdf, action, address, length)
        yield address.value.decode("utf-8", "replace")


def _scanned(page: pdfium.PdfPage) -> list[str]:
    """What QR codes a scanner finds, at either of two resolutions: each misses one now and then."""
    fine = page.render(scale=_PICTURE_DPI / _POINTS, grayscale=True, draw_annots=False).to_pil()
    found = Counter(code.text for code in zxingcpp.read_barcodes(fine, formats=_QR_CODE, try_downscale=False))
    found |= Counter(code.text for code in zxingcpp.read_barcodes(fine.reduce(2), formats=_QR_CODE))
    return list(found.elements())


class _Word:
    """What one text operator draws: its text, its advance as a multiple of the type size, and its glyphs."""

    __slots__ = ("_font", "_glyphs", "_ink", "advance", "text")

    def __init__(self, text: str, advance: float, glyphs: tuple[int, ...], font: _Font) -> None:
        self.text = text
        self.advance = advance
        self._glyphs = glyphs
        self._font = font
        self._ink: _Ink | None = None

    @property
    def ink(self) -> _Ink:
        if self._ink is None:
            self._ink = self._font.ink(self._glyphs, self.advance)
        return self._ink


class _Ink(NamedTuple):
    """What is black of a word, from where it begins on its line, as multiples of the type size; top is above."""

    left: float
    right: float
    bottom: float
    top: float


class _Run(NamedTuple):
    """A word on the paper: where it begins and ends, its line, and the size of its type; inches from the upper left."""

    word: _Word
    start: float
    end: float
    baseline: float
    size: float
    zones: int
    """The zones of the reader that it touches, a bit each."""


class QuickPage:
    """As the quick reader reads it, word by word: a word that touches a rectangle is within it as a whole."""

    def __init__(  # noqa: PLR0917
        self,
        width: float,
        height: float,
        runs: Sequence[_Run],
        zones: Mapping[Rect, int],
        links: tuple[str, ...] = (),
        codes: tuple[str, ...] = (),
    ) -> None:
        self.width, self.height = width, height
        self.links, self.codes = links, codes
        self._runs = runs
        self._zones = zones
        self._in_zones = [run for run in runs if run[5]]
        self.whole = _plain(_join(runs))

    def within(self, rect: Rect) -> str:
        zone = self._zones.get(rect)
        if zone is None:
            return _plain(_join([run for run in self._runs if _touches(run[0].ink, run[1], run[3], run[4], rect)]))
        return _plain(_join([run for run in self._in_zones if run[5] & zone]))


def _touches(ink: _Ink, start: float, baseline: float, size: float, rect: Rect) -> bool:
    return (
        baseline - ink.top * size < rect.bottom
        and baseline - ink.bottom * size > rect.top
        and start + ink.left * size < rect.right
        and start + ink.right * size > rect.left
    )


def _join(runs: Sequence[_Run]) -> str:
    """Words that follow each other on a line without a gap are one, and a word that goes on after a hyphen."""
    parts: list[str] = []
    line = end = 0.0
    for word, start, stop, baseline, size, _ in runs:
        if baseline != line:
            if not (parts and parts[-1][-1:] == "-" and _BROKEN.search(parts[-1])):
                parts.append(" ")
        elif not -_GAP * size < start - end < _GAP * size:
            parts.append(" ")
        parts.append(word.text)
        line, end = baseline, stop
    return "".join(parts)


class _FontForm(NamedTuple):
    """A font as a page names it: two of its dictionaries, and the numbers of its character map and program."""

    name: bytes
    outer: bytes
    descendant: bytes
    character_map: int
    program: int


class _PageForm(NamedTuple):
    """What the object streams of a file say of one page. Sizes are in points."""

    width: float
    height: float
    contents: int
    fonts: tuple[_FontForm, ...]
    links: tuple[int, ...]
    """Numbers of its annotations."""
    states: bytes
    """Its graphics states: opacities, by the names that operators call them."""


class _Sheet(NamedTuple):
    """A page but for its words: what reads them, and whether the code that may be on it is."""

    runs: _Placed
    drawn: bytes
    """All operators but those for words and code."""
    frame: bytes
    """What sets up the code; empty where there is none."""


class Reading(NamedTuple):
    """Every page of a file, and whether anything beside the words was met for the first time."""

    pages: list[QuickPage]
    is_new: bool
    form: bytes = b""
    """Where it was: the hash of all that is in the file beside the words."""
    looks: tuple[bytes, ...] = ()
    """Where it was: for each page the hash of all that it draws beside the words."""


class QuickReader:
    """Reads many files that have fonts, resources and page dictionaries in common (ISO 32000-1).

    `zones` are rectangles that every page will be asked for: what lies within them is found while reading.
    """

    def __init__(self, zones: Sequence[Rect] = ()) -> None:
        self._zones = {zone: 1 << place for place, zone in enumerate(zones)}
        self._placed: dict[tuple[object, ...], _Placed] = {}
        self._object_streams: dict[bytes, Objects] = {}
        self._forms: dict[tuple[int, ...], list[_PageForm]] = {}
        self._fonts: dict[tuple[bytes, ...], _Font] = {}
        """By all that a file says of them, with the numbers of other objects that differ from layout to layout."""
        self._alike: dict[tuple[object, ...], _Font] = {}
        """By what they draw: widths, character map and program."""
        self._scales: dict[tuple[bytes, bytes], tuple[float, float]] = {}

    def read(self, pdf: bytes, code: str = "") -> Reading:
        """Read one file. `NotRead` where it cannot.

        `code` is what a QR code on the pages may say: one that says anything else is not read.
        """
        (reading,) = self.read_all([(pdf, code)])
        if isinstance(reading, NotRead):
            raise reading
        return reading

    def read_all(self, files: Iterable[tuple[bytes, str]]) -> list[Reading | NotRead]:
        """As `read` one after the other: what is new is so in the first file that has it."""
        return in_lockstep([self._read_or_not(pdf, code) for pdf, code in files])

    def _read_or_not(self, pdf: bytes, code: str) -> Steps[Reading | NotRead]:
        try:
            return (yield from self._read(pdf, code))
        except NotRead as exc:
            return exc
        except (ValueError, LookupError, zlib.error, TTLibError) as exc:
            return NotRead(type(exc).__name__)

    def _read(self, pdf: bytes, code: str) -> Steps[Reading]:
        known = self._known()
        file = PdfFile(pdf, self._object_streams)
        forms = self._forms.get(file.key)
        if forms is None:
            forms = self._forms[file.key] = [_page_form(file, page) for page in file.pages()]
        is_new = self._known() > known
        yield
        contents = [_TEXT.split(inflate(file.packed(form.contents))) for form in forms]
        yield
        known = self._known()
        path = path_operators(code) if code else b""
        sheets = [self._sheet(file, form, parts, path) for form, parts in zip(forms, contents, strict=True)]
        is_new = is_new or self._known() > known
        yield
        runs = [list(map(sheet.runs.__getitem__, parts[1::2])) for sheet, parts in zip(sheets, contents, strict=True)]
        yield
        return Reading(
            pages=[
                QuickPage(
                    form.width / _POINTS,
                    form.height / _POINTS,
                    its_runs,
                    self._zones,
                    tuple([_address(file.object(number)) for number in form.links]),
                    (code,) if sheet.frame else (),
                )
                for form, sheet, its_runs in zip(forms, sheets, runs, strict=True)
            ],
            is_new=is_new,
            form=_hash_form(file, forms, sheets) if is_new else b"",
            looks=tuple(map(_hash_look, forms, sheets)) if is_new else (),
        )

    def _known(self) -> int:
        return len(self._object_streams) + len(self._fonts) + len(self._scales)

    def _sheet(self, file: PdfFile, form: _PageForm, parts: Sequence[bytes], path: bytes) -> _Sheet:
        fonts = {font.name: self._font(file, font) for font in form.fonts}
        drawn, frame = b"".join(parts[0::2]), b""
        if path:
            drawn, frame = _take_code(drawn, path)
        if (drawn, frame) not in self._scales:
            self._scales[drawn, frame] = _read_scale(drawn)
        height, scale = self._scales[drawn, frame]
        if height != form.height:
            raise NotRead("coordinates")
        return _Sheet(self._runs(fonts, scale / _POINTS), drawn, frame)

    def _runs(self, fonts: dict[bytes, _Font], scale: float) -> _Placed:
        key = (scale, *chain.from_iterable(fonts.items()))
        if key not in self._placed:
            self._placed[key] = _Placed(fonts, scale, self._zones)
        return self._placed[key]

    def _font(self, file: PdfFile, form: _FontForm) -> _Font:
        character_map, program = file.packed(form.character_map), file.packed(form.program)
        key = (form.outer, form.descendant, character_map, program)
        font = self._fonts.get(key)
        if font is None:
            if b"/Identity-H" not in form.outer or b"/CIDToGIDMap /Identity" not in form.descendant:
                raise NotRead("font encoding")
            font = self._fonts[key] = self._font_alike(form.descendant, character_map, program)
        return font

    def _font_alike(self, descendant: bytes, character_map: bytes, program: bytes) -> _Font:
        widths = read_widths(descendant)
        key = (frozenset(widths.items()), character_map, program)
        if key not in self._alike:
            self._alike[key] = _Font(widths, zlib.decompress(character_map), zlib.decompress(program))
        return self._alike[key]


def _hash_form(file: PdfFile, forms: Sequence[_PageForm], sheets: Sequence[_Sheet]) -> bytes:
    programs = [(file.packed(font.character_map), file.packed(font.program)) for form in forms for font in form.fonts]
    drawn = [(sheet.drawn, sheet.frame) for sheet in sheets]
    return sha256(repr((forms, programs, drawn, file.in_object_streams())).encode()).digest()


def _hash_look(form: _PageForm, sheet: _Sheet) -> bytes:
    return sha256(repr((form.width, form.height, form.states, sheet.drawn, sheet.frame)).encode()).digest()


def _page_form(file: PdfFile, page: bytes) -> _PageForm:
    x, y, width, height = map(float, find(_MEDIA_BOX, page).split())
    if x or y or b"/Rotate" in page or b"/UserUnit" in page or b"/CropBox" in page:
        raise NotRead("page box")
    resources = file.object(int(find(_RESOURCES, page)))
    dictionary = file.object(int(find(_FONTS, resources)))
    fonts = tuple(_font_form(file, name, int(number)) for name, number in _NAMED.findall(dictionary))
    annotations = find(_ANNOTATIONS, page) if b"/Annots" in page else b""
    links = tuple([int(number) for number in _REFERENCE.findall(annotations)])
    return _PageForm(width, height, file.contents(page), fonts, links, find(_STATES, resources))


def _address(annotation: bytes) -> str:
    """Where a link leads to. `NotRead` for any other annotation, and for a link that says otherwise what it does."""
    found = _LINK.fullmatch(annotation)
    if found is None or found[1] != found[2]:
        raise NotRead("annotation")
    return _ESCAPED.sub(rb"\1", found[1][1:-1]).decode("ascii")


def _font_form(file: PdfFile, name: bytes, number: int) -> _FontForm:
    outer = file.object(number)
    descendant = file.object(int(find(_DESCENDANT, outer)))
    descriptor = file.object(int(find(_DESCRIPTOR, descendant)))
    return _FontForm(name, outer, descendant, int(find(_TO_UNICODE, outer)), int(find(_FONT_FILE, descriptor)))


class _Font:
    """An embedded font: what its codes stand for, how wide they are, and where their ink is."""

    def __init__(self, widths: Mapping[int, float], character_map: bytes, program: bytes) -> None:
        """`widths` by code, in 1/1000 em."""
        self._meanings = read_character_map(character_map)
        self._advances = {code: width / 1000 for code, width in widths.items()}
        with TTFont(io.BytesIO(program)) as font:
            per_em = font["head"].unitsPerEm
            glyphs, names = font["glyf"], font.getGlyphOrder()
            self._inks = {
                code: _Ink(*(getattr(glyphs[names[code]], side, 0) / per_em for side in _SIDES))
                for code in self._meanings
            }
        for code, ink in self._inks.items():
            room = self._advances[code]
            if max(ink.top, -ink.bottom) > _REACH or max(-ink.left, ink.right - room) > _OVERHANG:
                raise NotRead("glyphs that reach far")
        self.words = _Words(self)
        """By the operand of `TJ` that draws them: an array of hexadecimal strings and adjustments."""

    def read(self, operand: bytes) -> _Word:
        """`NotRead`, ValueError or LookupError where it is no such array, or has a code without a meaning."""
        if not _OPERAND.fullmatch(operand):
            raise NotRead("words")
        parts = operand.replace(b"<", b">").split(b">")  # what is before the first bracket, glyphs, adjustment, ...
        glyphs = bytes.fromhex(b"".join(parts[1::2]).decode("ascii"))
        codes = struct.unpack(f">{len(glyphs) // 2}H", glyphs)
        adjustments = sum([float(number) for number in parts[2::2] if number])
        advance = sum(map(self._advances.__getitem__, codes)) - adjustments / 1000
        return _Word("".join(map(self._meanings.__getitem__, codes)), advance, codes, self)

    def ink(self, codes: tuple[int, ...], advance: float) -> _Ink:
        """Of a word of these glyphs: what reaches furthest."""
        if not codes:
            return _Ink(0, 0, 0, 0)
        inks = [self._inks[code] for code in codes]
        return _Ink(
            min(0, inks[0].left),
            max(advance, advance - self._advances[codes[-1]] + inks[-1].right),
            min([ink.bottom for ink in inks]),
            max([ink.top for ink in inks]),
        )


class _Words(dict[bytes, _Word]):
    """A font's words by their operands."""

    def __init__(self, font: _Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, operand: bytes) -> _Word:
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        word = self[operand] = self._font.read(operand)
        return word


class _Line(NamedTuple):
    """A line of type of one size: its height on the page, in inches, and the zones that its ink could reach."""

    baseline: float
    size: float
    near: tuple[tuple[Rect, int], ...]


class _Placed(dict[bytes, _Run]):
    """The words of pages by what `_TEXT` finds. Most of a page says the same in many files."""

    def __init__(self, fonts: Mapping[bytes, _Font], scale: float, zones: Mapping[Rect, int]) -> None:
        super().__init__()
        self._fonts = fonts
        self._scale = scale
        self._zones = zones
        self._lines: dict[tuple[bytes, bytes], _Line] = {}

    def __missing__(self, shown: bytes) -> _Run:
        if len(self) >= _PLACED_MAX:
            self.clear()
            self._lines.clear()
        found = _SHOWN.fullmatch(shown)
        if found is None:
            raise NotRead("words")
        x, y, name, points, operand = found.groups()
        line = self._lines.get((y, points)) or self._line(y, points)
        word, size, start = self._fonts[name].words[operand], line.size, float(x) * self._scale
        end = start + word.advance * size
        zones = _touched(word, start, end, line) if line.near else 0
        placed = self[shown] = _Run(word, start, end, line.baseline, size, zones)
        return placed

    def _line(self, y: bytes, points: bytes) -> _Line:
        baseline, size = float(y) * self._scale, float(points) * self._scale
        near = tuple(
            (zone, bit)
            for zone, bit in self._zones.items()
            if baseline - _REACH * size < zone.bottom and baseline + _REACH * size > zone.top
        )
        line = self._lines[y, points] = _Line(baseline, size, near)
        return line


def _touched(word: _Word, start: float, end: float, line: _Line) -> int:
    """The zones of those near a line that a word's ink touches."""
    zones, beyond = 0, _OVERHANG * line.size
    first, last = start - beyond, end + beyond
    for zone, bit in line.near:
        if first < zone.right and last > zone.left and _touches(word.ink, start, line.baseline, line.size, zone):
            zones |= bit
    return zones


def _take_code(drawn: bytes, path: bytes) -> tuple[bytes, bytes]:
    """All operators but those that draw a code, and what of these comes before its path (nothing, without a code).

    `NotRead` if they do more.
    """
    before, found, after = drawn.partition(path)
    if not found:
        return drawn, b""
    start = before.rfind(_FRAME_START)
    if not _FRAME.fullmatch(before, max(start, 0)) or not after.startswith(_FRAME_END):
        raise NotRead("code")
    return before[:start] + after[len(_FRAME_END) :], before[start:]


def _read_scale(drawn: bytes) -> tuple[float, float]:
    """Height of the page and scale of its content, in points, from all operators that show no words.

    `NotRead` unless it is scaled once, at its beginning, and turned nowhere, and nothing in it could be words.
    """
    opening = _OPENING.match(drawn)
    if opening is None:
        raise NotRead("coordinates")
    operators = _OPERANDS.sub(b" ", drawn[opening.end() :]).split()
    if not _HARMLESS.issuperset(operators):
        raise NotRead("operators")
    # Only the last `Q` takes the scale back.
    depth = 1
    for place, operator in enumerate(operators, start=1):
        depth += (operator == b"q") - (operator == b"Q")
        if depth < 1 and place < len(operators):
            raise NotRead("graphics state")
    if depth:
        raise NotRead("graphics state")
    return float(opening[1]), float(opening[2])


_PICTURE_DPI = 200
_QR_CODE = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_FRAME_START, _FRAME_END = b"q\n/a1 gs\n", b"S\nQ\nQ\nQ\nQ\n"
_FRAME = re.compile(
    rb"q\n/a1 gs\n1 0 0 1 [\d.]+ [\d.]+ cm\nq\nq\n1 0 0 1 0 0 cm\n([\d.]+) 0 0 \1 [\d.]+ [\d.]+ cm\n"
    rb"q\n/A1.0 gs\n0 0 0 RG\n1 w\n\[\] 0 d\n0 J\n0 j\n4 M\n0 0 m\n"
)
"""How a code's path is set up: moved and scaled as a whole, stroked black and a module wide."""
_ANNOTATIONS = re.compile(rb"/Annots \[([^\]]*)\]")
_REFERENCE = re.compile(rb"(\d+) 0 R")
_LINK = re.compile(
    rb"<</Type /Annot/Subtype /Link/Rect \[[-\d. ]*\]/BS <</W 0>>/Contents (\((?:[^()\\]|\\[()\\])*\))"
    rb"/A <</Type /Action/S /URI/URI (\((?:[^()\\]|\\[()\\])*\))>>/StructParent \d+>>"
)
_ESCAPED = re.compile(rb"\\(.)")
_MEDIA_BOX = re.compile(rb"/MediaBox \[([^\]]*)\]")
_RESOURCES = re.compile(rb"/Resources (\d+) 0 R")
_STATES = re.compile(rb"/ExtGState <<((?:/[^\s<>()\[\]{}/%]+ <<(?:/(?:CA|ca) [\d.]+)+>>)*)>>")
_FONTS = re.compile(rb"/Font (\d+) 0 R")
_NAMED = re.compile(rb"/(\S+) (\d+) 0 R")
_DESCENDANT = re.compile(rb"/DescendantFonts \[(\d+) 0 R\]")
_DESCRIPTOR = re.compile(rb"/FontDescriptor (\d+) 0 R")
_TO_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")
_FONT_FILE = re.compile(rb"/FontFile2 (\d+) 0 R")
_OPERAND = re.compile(rb"(?:<(?:[0-9a-f]{4})+>(?:-?[\d.]+)?)*")
_SIDES = ("xMin", "xMax", "yMin", "yMax")
_OPENING = re.compile(rb"1 0 0 -1 0 ([\d.]+) cm\nq\n([\d.]+) 0 0 \2 0 0 cm\n")
_TEXT = re.compile(rb"BT\n1 0 0 -1 ([^\]]*)\] TJ\nET\n")
_SHOWN = re.compile(rb"(-?[\d.]+) (-?[\d.]+) Tm\n/(\S+) ([\d.]+) Tf\n\[([^\]]*)")
"""What `_TEXT` finds, if it is one operator and nothing else: abscissa, ordinate, font, size and operand."""
_OPERANDS = re.compile(rb"<<[^<>()\[\]]*>>|\[[-\d. ]*\]|(?<!\S)(?:-?[\d.]+|/[^\s()<>\[\]{}/%]+)(?!\S)")
_HARMLESS = frozenset(
    b"q Q m l c v y h re S s f f* B B* b b* n W W* w J j M d i ri gs G g RG rg K k BMC BDC EMC".split()
)
"""Operators that neither show words nor move them (ISO 32000-1, annex A)."""
_BROKEN = re.compile(r"\w-\Z")
"""A hyphen at a line's end: an id may be broken there."""


def _plain(text: str) -> str:
    """One kind of blank, composed characters, no line breaks.

    PDFium gives a hyphen at a line's end as U+FFFE in a whole page's text, and as U+0002 within a rectangle.
    """
    return " ".join(normalized(text.replace("\x02", "-").replace("\ufffe", "-")).split())


def normalized(text: str) -> str:
    """Composed characters, without differences of form (NFKC). Most texts are so but for no-break spaces."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text.replace("\u00a0", " "))
