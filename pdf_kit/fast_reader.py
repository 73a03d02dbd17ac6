"""Read the text of PDFs that this project writes, ten times as fast as PDFium.

PDFium spends most of its three milliseconds per page on fonts and drawings, which are the same in thousands of
documents. This reader caches those. It uses only the bytes of the file, and supports only what it understands to the
last operator: it raises `UnsupportedPdf` for everything else, and the caller uses PDFium.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from pdf_kit.content_stream import TEXT, TEXT_OPERATOR, read_scale, remove_qr_code
from pdf_kit.embedded_fonts import INK_ABOVE_MAX, INK_BESIDE_MAX, EmbeddedFont, InkBox, Word
from pdf_kit.fonts import read_widths
from pdf_kit.geometry import POINTS_PER_INCH, Rect
from pdf_kit.interleave import Job, interleave
from pdf_kit.page_resources import FontResource, PageResources, read_link_url, read_page_resources
from pdf_kit.pdf_file import Objects, PdfFile, UnsupportedPdf, inflate
from pdf_kit.qr_code import path_operators
from pdf_kit.spacing import Spacing, find_touching, gap_min, rounding_of
from pdf_kit.text import collapse_whitespace

_WORD_GAP = 0.1
"""A gap of more font sizes than this separates words."""
_PLACED_WORDS_MAX = 6_000
_SPACINGS_MAX = 4
"""Per page of a layout."""
_BROKEN_AT_HYPHEN = re.compile(r"\w-\Z")
"""A hyphen at a line end: an id can be broken there."""


class _PlacedWord(NamedTuple):
    """A word on the page: start, end, baseline and font size, in inches from the upper left corner."""

    word: Word
    start: float
    end: float
    baseline: float
    size: float
    zones: int
    """A bit for each of the reader's zones that the word touches."""
    line: _Line
    reach: float
    """Where the next word of the line can start: see `spacing`."""
    slack: float
    """As `spacing.TextRun.slack`."""


class FastPage:
    """A page as `FastReader` reads it, word by word: a word that touches a rectangle is within it as a whole."""

    def __init__(  # noqa: PLR0917
        self,
        width: float,
        height: float,
        words: Sequence[_PlacedWord],
        zones: Mapping[Rect, int],
        links: tuple[str, ...] = (),
        codes: tuple[str, ...] = (),
        spacings: list[Spacing] | None = None,
    ) -> None:
        self.width, self.height = width, height
        self.links, self.codes = links, codes
        self._words = words
        self._spacings = spacings if spacings is not None else []
        self._zones = zones
        self._in_zones = [word for word in words if word[5]]
        self._touched = 0
        for word in self._in_zones:
            self._touched |= word[5]
        self.whole = collapse_whitespace(_join(words))

    def within(self, rect: Rect) -> str:
        zone = self._zones.get(rect)
        if zone is None:
            words = [word for word in self._words if _touches(word[0].ink, word[1], word[3], word[4], rect)]
            return collapse_whitespace(_join(words))
        return collapse_whitespace(_join([word for word in self._in_zones if word[5] & zone]))

    def are_blank(self, rects: Sequence[Rect]) -> bool:
        zones = 0
        for rect in rects:
            if rect not in self._zones:
                return not any(self.within(each) for each in rects)
            zones |= self._zones[rect]
        return not self._touched & zones

    def find_touching_texts(self) -> tuple[str, str] | None:
        if any(spacing.holds(self._words) for spacing in self._spacings):
            return None
        touching = find_touching(self._words)
        if touching is not None:
            left, right = touching
            return self._words[left].word.text, self._words[right].word.text
        self._spacings.insert(0, Spacing(self._words))
        del self._spacings[_SPACINGS_MAX:]
        return None


def _touches(ink: InkBox, start: float, baseline: float, size: float, rect: Rect) -> bool:
    return (
        baseline - ink.top * size < rect.bottom
        and baseline - ink.bottom * size > rect.top
        and start + ink.left * size < rect.right
        and start + ink.right * size > rect.left
    )


def _join(words: Sequence[_PlacedWord]) -> str:
    """Join words with spaces, except where a line continues without a gap and where a line breaks after a hyphen."""
    parts: list[str] = []
    line = line_end = 0.0
    for word, start, end, baseline, size, _, _, _, _ in words:
        if baseline != line:
            if not (parts and parts[-1][-1:] == "-" and _BROKEN_AT_HYPHEN.search(parts[-1])):
                parts.append(" ")
        elif not -_WORD_GAP * size < start - line_end < _WORD_GAP * size:
            parts.append(" ")
        parts.append(word.text)
        line, line_end = baseline, end
    return "".join(parts)


class Reading(NamedTuple):
    """Every page of a file, and whether the file has anything new to this reader besides its words."""

    pages: list[FastPage]
    is_new: bool
    form_hash: bytes = b""
    """Hash of everything in the file besides the words; empty unless the file is new."""
    drawing_hashes: tuple[bytes, ...] = ()
    """For each page, the hash of everything that it draws besides the words; empty unless the file is new."""


class _Drawing(NamedTuple):
    """A page without its words."""

    words: _PlacedWordCache
    """Reads the page's words."""
    drawn: bytes
    """All operators except those for text and QR code."""
    code_setup: bytes
    """The operators that set up the QR code; empty without a code."""


class FastReader:
    """Reads many files that share fonts, resources and page dictionaries (ISO 32000-1).

    `zones` are rectangles that the caller requests of every page: their words are found while reading.
    """

    def __init__(self, zones: Sequence[Rect] = ()) -> None:
        self._zones = {zone: 1 << index for index, zone in enumerate(zones)}
        self._placed_words: dict[tuple[object, ...], _PlacedWordCache] = {}
        self._object_streams: dict[bytes, Objects] = {}
        self._resources: dict[tuple[int, ...], list[PageResources]] = {}
        self._spacings: dict[tuple[int, ...], list[list[Spacing]]] = {}
        """For each page of a layout, arrangements of words that do not touch."""
        self._fonts: dict[tuple[bytes, ...], EmbeddedFont] = {}
        """By all that a file says about them, including object numbers, which differ between layouts."""
        self._fonts_by_program: dict[tuple[object, ...], EmbeddedFont] = {}
        """By what they draw: widths, character map and program."""
        self._scales: dict[tuple[bytes, bytes], tuple[float, float]] = {}

    def read(self, pdf: bytes, code: str = "") -> Reading:
        """Read one file. Raises `UnsupportedPdf` if this reader does not support it.

        `code` is the content that a QR code on the pages may have: a page with any other code is not supported.
        """
        (reading,) = self.read_all([(pdf, code)])
        if isinstance(reading, UnsupportedPdf):
            raise reading
        return reading

    def read_all(self, files: Iterable[tuple[bytes, str]]) -> list[Reading | UnsupportedPdf]:
        """Read files, each with the content of its QR code: the same results as calling `read` for each in order."""
        return interleave([self._try_read(pdf, code) for pdf, code in files])

    def _try_read(self, pdf: bytes, code: str) -> Job[Reading | UnsupportedPdf]:
        try:
            return (yield from self._read(pdf, code))
        except UnsupportedPdf as exc:
            return exc
        except Exception as exc:  # noqa: BLE001 - another reader decides what this one cannot read
            return UnsupportedPdf(type(exc).__name__)

    def _read(self, pdf: bytes, code: str) -> Job[Reading]:
        cached = self._cache_size()
        file = PdfFile(pdf, self._object_streams)
        resources = self._resources.get(file.key)
        if resources is None:
            resources = self._resources[file.key] = [read_page_resources(file, page) for page in file.pages()]
            self._spacings[file.key] = [[] for _ in resources]
        is_new = self._cache_size() > cached
        yield
        contents = [TEXT.split(inflate(file.deflated(each.contents))) for each in resources]
        yield
        cached = self._cache_size()
        path = path_operators(code) if code else b""
        drawings = [self._drawing(file, each, parts, path) for each, parts in zip(resources, contents, strict=True)]
        is_new = is_new or self._cache_size() > cached
        yield
        words = [
            list(map(drawing.words.__getitem__, parts[1::2])) for drawing, parts in zip(drawings, contents, strict=True)
        ]
        yield
        return Reading(
            pages=[
                FastPage(
                    each.width / POINTS_PER_INCH,
                    each.height / POINTS_PER_INCH,
                    page_words,
                    self._zones,
                    tuple([read_link_url(file.object(number)) for number in each.links]),
                    (code,) if drawing.code_setup else (),
                    spacings,
                )
                for each, drawing, page_words, spacings in zip(
                    resources, drawings, words, self._spacings[file.key], strict=True
                )
            ],
            is_new=is_new,
            form_hash=_hash_form(file, resources, drawings) if is_new else b"",
            drawing_hashes=tuple(map(_hash_drawing, resources, drawings)) if is_new else (),
        )

    def _cache_size(self) -> int:
        return len(self._object_streams) + len(self._fonts) + len(self._scales)

    def _drawing(self, file: PdfFile, resources: PageResources, parts: Sequence[bytes], path: bytes) -> _Drawing:
        fonts = {font.name: self._font(file, font) for font in resources.fonts}
        drawn, code_setup = b"".join(parts[0::2]), b""
        if path:
            drawn, code_setup = remove_qr_code(drawn, path)
        if (drawn, code_setup) not in self._scales:
            self._scales[drawn, code_setup] = read_scale(drawn)
        height, scale = self._scales[drawn, code_setup]
        if height != resources.height:
            raise UnsupportedPdf("coordinates")
        return _Drawing(self._word_cache(fonts, scale / POINTS_PER_INCH), drawn, code_setup)

    def _word_cache(self, fonts: dict[bytes, EmbeddedFont], scale: float) -> _PlacedWordCache:
        key = (scale, *chain.from_iterable(fonts.items()))
        if key not in self._placed_words:
            self._placed_words[key] = _PlacedWordCache(fonts, scale, self._zones)
        return self._placed_words[key]

    def _font(self, file: PdfFile, resource: FontResource) -> EmbeddedFont:
        character_map, program = file.deflated(resource.character_map), file.deflated(resource.program)
        key = (resource.outer, resource.descendant, character_map, program)
        font = self._fonts.get(key)
        if font is None:
            if b"/Identity-H" not in resource.outer or b"/CIDToGIDMap /Identity" not in resource.descendant:
                raise UnsupportedPdf("font encoding")
            font = self._fonts[key] = self._font_by_program(resource.descendant, character_map, program)
        return font

    def _font_by_program(self, descendant: bytes, character_map: bytes, program: bytes) -> EmbeddedFont:
        widths = read_widths(descendant)
        key = (frozenset(widths.items()), character_map, program)
        if key not in self._fonts_by_program:
            font = EmbeddedFont(widths, zlib.decompress(character_map), zlib.decompress(program))
            self._fonts_by_program[key] = font
        return self._fonts_by_program[key]


def _hash_form(file: PdfFile, resources: Sequence[PageResources], drawings: Sequence[_Drawing]) -> bytes:
    fonts = [font for each in resources for font in each.fonts]
    programs = [
        [sha256(file.deflated(number)).digest() for number in (font.character_map, font.program)] for font in fonts
    ]
    drawn = [(drawing.drawn, drawing.code_setup) for drawing in drawings]
    return sha256(repr((resources, programs, drawn, file.in_object_streams())).encode()).digest()


def _hash_drawing(resources: PageResources, drawing: _Drawing) -> bytes:
    key = (resources.width, resources.height, resources.states, drawing.drawn, drawing.code_setup)
    return sha256(repr(key).encode()).digest()


class _Line(NamedTuple):
    """A baseline with one font size, in inches, and the zones that its ink could touch."""

    baseline: float
    size: float
    zones: tuple[_Zone, ...]


class _Zone(NamedTuple):
    """A rectangle that the caller requests, and its bit. Its sides are numbers here: properties take longer."""

    left: float
    top: float
    right: float
    bottom: float
    bit: int


class _PlacedWordCache(dict[bytes, _PlacedWord]):
    """Words of pages by the text operators that draw them. Most words of a page recur in many files."""

    def __init__(self, fonts: Mapping[bytes, EmbeddedFont], scale: float, zones: Mapping[Rect, int]) -> None:
        super().__init__()
        self._fonts = fonts
        self._scale = scale
        self._zones = zones
        self._lines: dict[tuple[bytes, bytes], _Line] = {}

    def __missing__(self, operators: bytes) -> _PlacedWord:
        if len(self) >= _PLACED_WORDS_MAX:
            self.clear()
            self._lines.clear()
        found = TEXT_OPERATOR.fullmatch(operators)
        if found is None:
            raise UnsupportedPdf("text operator")
        x, y, name, points, operand = found.groups()
        line = self._lines.get((y, points)) or self._line(y, points)
        word, size, start = self._fonts[name].words[operand], line.size, float(x) * self._scale
        end = start + word.advance * size
        zones = _touched_zones(word, start, end, line) if line.zones else 0
        reach = start + word.visible_advance * size + gap_min(size)
        slack = rounding_of(len(word.text), size)
        placed = self[operators] = _PlacedWord(word, start, end, line.baseline, size, zones, line, reach, slack)
        return placed

    def _line(self, y: bytes, points: bytes) -> _Line:
        baseline, size = float(y) * self._scale, float(points) * self._scale
        zones = tuple(
            _Zone(zone.left, zone.top, zone.right, zone.bottom, bit)
            for zone, bit in self._zones.items()
            if baseline - INK_ABOVE_MAX * size < zone.bottom and baseline + INK_ABOVE_MAX * size > zone.top
        )
        line = self._lines[y, points] = _Line(baseline, size, zones)
        return line


def _touched_zones(word: Word, start: float, end: float, line: _Line) -> int:
    """A bit for each of the line's zones that the word's ink touches."""
    touched, overhang = 0, INK_BESIDE_MAX * line.size
    left, right = start - overhang, end + overhang
    near = [zone for zone in line.zones if left < zone.right and right > zone.left]
    if near:
        ink, size = word.ink, line.size
        left, right = start + ink.left * size, start + ink.right * size
        top, bottom = line.baseline - ink.top * size, line.baseline - ink.bottom * size
        for zone in near:
            if top < zone.bottom and bottom > zone.top and left < zone.right and right > zone.left:
                touched |= zone.bit
    return touched
