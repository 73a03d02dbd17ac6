"""What is looked at on every piece: its pages are there, in order, its own, with its own marks and all fonts.

Nothing is drawn for this. A page is known by what its own operators say: the document's id and "page n of m" in its
foot, and the marks to the last byte.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import pikepdf

from mail_house.barcodes import imb
from mail_house.models import PrintFile
from mail_house.preflight.fault import Fault
from mail_house.print_files.envelopes import envelope_class, sheets_of
from mail_house.print_files.inserter_marks import MARKS_BEGIN, PAGE_HEIGHT, draw_inserter_marks, routing_code
from mail_house.print_files.manifest import ManifestRow
from mail_house.profiles import Profile
from pdf_kit import inflate

_KERNING = re.compile(rb">-?[0-9.]+<")
_SHOWN = re.compile(rb"<([0-9a-fA-F]+)>")
_MAPPED = re.compile(rb"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>")
_NUMBER = re.compile(r"[0-9]+")
_FOOT_BYTES = 3_000
"""In which a page's foot is found: the document id, and the page's number after it."""
_SHORT_BYTES = 64


def find_structural_faults(file: PrintFile, placed: Sequence[ManifestRow], profile: Profile) -> list[Fault]:
    """All faults of manifest, order, pages, marks and fonts. `placed` is the file's own manifest, read back."""
    faults = [*_faulty_totals(file, placed), *_faulty_rows(placed, profile)]
    if faults:
        return faults
    try:
        with pikepdf.open(io.BytesIO(file.pdf)) as pdf:
            pages = list(pdf.pages)
            if len(pages) != file.pages:
                return [Fault(message=f"it has {len(pages)} pages, its manifest says {file.pages}")]
            reader = _Reader()
            for piece in placed:
                faults += _faulty_pages(piece, pages, reader, profile)
    except pikepdf.PdfError:
        return [Fault(message="it is no PDF that can be read")]
    return faults


def _faulty_totals(file: PrintFile, placed: Sequence[ManifestRow]) -> Iterator[Fault]:
    sums = {
        "pieces": (len(placed), file.records),
        "pages": (sum(piece.pages + piece.blank_pages for piece in placed), file.pages),
        "sheets": (sum(piece.sheets for piece in placed), file.sheets),
        "cents": (sum(piece.amount_cents for piece in placed), file.cents),
    }
    for name, (found, said) in sums.items():
        if found != said:
            yield Fault(message=f"its manifest does not add up to the {name} of its control file")


def _faulty_rows(placed: Sequence[ManifestRow], profile: Profile) -> Iterator[Fault]:
    """Each row against the profile, and against the row before it."""
    next_page, latest, seen = 1, 0, set()
    for piece in placed:
        if piece.document_id in seen or piece.sequence <= latest:
            yield Fault(message="it is in the file twice, or out of order", document_id=piece.document_id)
        if piece.first_page != next_page or (profile.duplex and piece.first_page % 2 == 0):
            yield Fault(message="it does not begin where the piece before it ends", document_id=piece.document_id)
        for what in (_fault_of_sizes(piece, profile), _fault_of_barcode(piece, profile)):
            if what:
                yield Fault(message=what, document_id=piece.document_id)
        seen.add(piece.document_id)
        next_page, latest = next_page + piece.pages + piece.blank_pages, piece.sequence


def _fault_of_sizes(piece: ManifestRow, profile: Profile) -> str:
    blank = 1 if profile.duplex and piece.pages % 2 else 0
    try:
        expected = (sheets_of(piece.pages, profile), blank, envelope_class(piece.pages, profile))
    except ValueError as exc:
        return str(exc)
    fits = (piece.sheets, piece.blank_pages, piece.envelope_class) == expected
    return "" if fits else "sheets, blank pages or envelope do not go with its pages"


def _fault_of_barcode(piece: ManifestRow, profile: Profile) -> str:
    shown = routing_code(piece.recipient_lines)
    tracking, _, routing = piece.barcode.partition("-")
    if not piece.barcode:
        return "its barcode is missing" if piece.barcode_bars or (profile.prints_imb and shown) else ""
    try:
        bars = imb(tracking, routing)
    except ValueError as exc:
        return str(exc)
    return "" if (bars, routing) == (piece.barcode_bars, shown) else "its barcode is not that of its address"


def _faulty_pages(
    piece: ManifestRow, pages: Sequence[pikepdf.Page], reader: _Reader, profile: Profile
) -> Iterator[Fault]:
    marks = draw_inserter_marks(sequence=piece.sequence, pages=piece.pages, bars=piece.barcode_bars, profile=profile)
    first = piece.first_page - 1
    for number, drawn in enumerate(marks, start=1):
        page = pages[first + number - 1]
        own, begin, over = reader.content(page).partition(MARKS_BEGIN)
        what = reader.fault_of_size(page) or _fault_of_marks(begin + over, drawn)
        if what := what or reader.trouble(page, own, piece, number):
            yield Fault(message=what, document_id=piece.document_id, page=number)
    for blank in pages[first + piece.pages : first + piece.pages + piece.blank_pages]:
        if reader.content(blank).strip():
            yield Fault(message="the blank back after it is not blank", document_id=piece.document_id)


def _fault_of_marks(over: bytes, marks: bytes) -> str:
    """`over` is what a page draws from its first marks on."""
    if over.count(MARKS_BEGIN) != (1 if marks else 0) or not over.startswith(marks):
        return "its barcode or its sheet's mark is missing, or another's"
    return ""


class _Fonts(NamedTuple):
    """What is known of the fonts of a page."""

    are_embedded: bool
    maps: tuple[tuple[dict[str, bytes], dict[bytes, str]], ...]
    """Letter to code and code to letter, for each different character map."""


class _Reader:
    """Reads what pages say, from their operators; remembers fonts, which many pages share."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[int, int], _Fonts] = {}
        """By the number of the resources that name them."""
        self._maps: dict[tuple[int, int], tuple[dict[str, bytes], dict[bytes, str]]] = {}
        self._are_letter_size: dict[bytes, bool] = {}
        self._short: dict[tuple[int, int], bytes] = {}
        """What short streams say: many pages begin with the same."""

    def fault_of_size(self, page: pikepdf.Page) -> str:
        written = page.mediabox.unparse()
        if written not in self._are_letter_size:
            left, bottom, right, top = map(float, page.mediabox)
            self._are_letter_size[written] = (right - left, top - bottom) == (612.0, PAGE_HEIGHT)
        return "" if self._are_letter_size[written] else "the page is not letter size (8.5 x 11 in)"

    def content(self, page: pikepdf.Page) -> bytes:
        contents = page.obj.get("/Contents")
        if contents is None:
            return b""
        if isinstance(contents, pikepdf.Array):
            return b"\n".join([self._said(contents[place]) for place in range(len(contents))])
        return self._said(contents)

    def _said(self, stream: pikepdf.Object) -> bytes:
        number = stream.objgen
        said = self._short.get(number)
        if said is None:
            said = _inflated(stream)
            if len(said) <= _SHORT_BYTES and number != (0, 0):
                self._short[number] = said
        return said

    def trouble(self, page: pikepdf.Page, drawn: bytes, piece: ManifestRow, number: int) -> str:
        """What is wrong with fonts or foot of a page that should be this piece's page `number`; empty if nothing.

        `drawn` is all before its marks. A carrier says whose it is and has no number; its back says nothing.
        """
        if 1 < number <= piece.cover_sheet_pages:
            return ""
        fonts = self._fonts_of(page)
        if not fonts.are_embedded:
            return "a font is not embedded"
        for codes, letters in fonts.maps:
            foot = _foot(drawn, codes, letters, piece.document_id)
            if foot is not None:
                found = [int(digits) for digits in _NUMBER.findall(foot)[:2]]
                own = [number - piece.cover_sheet_pages, piece.pages - piece.cover_sheet_pages]
                is_right = number <= piece.cover_sheet_pages or found == own
                return "" if is_right else "another page of the document is in its place"
        return "the page does not say the document's id: it is another document's, or none"

    def _fonts_of(self, page: pikepdf.Page) -> _Fonts:
        resources = page.resources
        number = resources.objgen
        if number not in self._fonts or number == (0, 0):
            fonts = list(resources.get("/Font", pikepdf.Dictionary()).as_dict().values())
            streams = {font.ToUnicode.objgen: font.ToUnicode for font in fonts if "/ToUnicode" in font}
            for its_number, stream in streams.items():
                if its_number not in self._maps:
                    self._maps[its_number] = _read_map(stream.read_bytes())
            self._fonts[number] = _Fonts(
                are_embedded=all(_is_embedded(font) for font in fonts),
                maps=tuple(self._maps[its_number] for its_number in streams),
            )
        return self._fonts[number]


def _inflated(stream: pikepdf.Object) -> bytes:
    """A stream's bytes. What is deflated, as all our pages are, we inflate sooner than qpdf."""
    if stream.get("/Filter") == pikepdf.Name.FlateDecode and "/DecodeParms" not in stream:
        with suppress(zlib.error):  # qpdf may still make something of it, and says what is wrong if not
            return inflate(stream.read_raw_bytes())
    return bytes(stream.read_bytes())


def _is_embedded(font: pikepdf.Object) -> bool:
    part = font.DescendantFonts[0] if "/DescendantFonts" in font else font
    descriptor = part.get("/FontDescriptor", pikepdf.Dictionary())
    return any(name in descriptor for name in ("/FontFile", "/FontFile2", "/FontFile3"))


def _read_map(character_map: bytes) -> tuple[dict[str, bytes], dict[bytes, str]]:
    letters = {
        code: bytes.fromhex(text.decode("ascii")).decode("utf-16-be")
        for code, text in _MAPPED.findall(character_map)
        if len(text) % 4 == 0
    }
    return {letter: code for code, letter in letters.items()}, letters


def _foot(drawn: bytes, codes: Mapping[str, bytes], letters: Mapping[bytes, str], document_id: str) -> str | None:
    """What is said after the document's id; None where it is not said in this font.

    A page's foot is drawn last: looked for there first.
    """
    for part in (drawn[-_FOOT_BYTES:], drawn):
        plain = _KERNING.sub(b"", part)
        for written in _writings(document_id, codes):
            place = plain.find(written)
            if place >= 0:
                after = plain[plain.find(b">", place) + 1 :][:_FOOT_BYTES]
                shown = b"".join(_SHOWN.findall(after))
                return "".join([letters.get(shown[start : start + 4], "") for start in range(0, len(shown), 4)])
    return None


def _writings(document_id: str, codes: Mapping[str, bytes]) -> Iterator[bytes]:
    """The id in a font's codes, as it may be set: letter by letter, or with the one ligature that it can have."""
    letters = re.findall(r"ff|.", document_id) if "ff" in codes else list(document_id)
    yield b"".join([codes.get(letter, b"?") for letter in letters])
    if "ff" in document_id:
        yield b"".join([codes.get(letter, b"?") for letter in document_id])
