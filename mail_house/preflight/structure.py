"""Checks on every piece: its pages are present, in order and its own, with their marks and embedded fonts.

Nothing is rendered. A page is identified by its operators: the document id and "page n of m" in its footer, and the
exact bytes of its marks.
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
from mail_house.models import PieceCodes, PrintFile
from mail_house.postal import find_line_fault
from mail_house.preflight.fault import Fault
from mail_house.print_files.envelopes import envelope_class, sheets_of
from mail_house.print_files.inserter_marks import MARKS_BEGIN, PAGE_HEIGHT, draw_inserter_marks, routing_code
from mail_house.print_files.manifest import ManifestRow, make_postal_options
from mail_house.profiles import Profile
from pdf_kit import UnsupportedPdf, inflate, read_character_map

_KERNING = re.compile(rb">-?[0-9.]+<")
_SHOWN = re.compile(rb"<([0-9a-fA-F]+)>")
_NUMBER = re.compile(r"[0-9]+")
_FOOTER_BYTES = 3_000
"""The end of a page's operators, which contains the footer: the document id, then the page number."""
_SHORT_BYTES = 64


def find_structural_faults(file: PrintFile, rows: Sequence[ManifestRow], profile: Profile) -> list[Fault]:
    """Return all faults of manifest, order, pages, marks and fonts. `rows` is the file's manifest, read back."""
    faults = [*_totals_faults(file, rows), *_row_faults(rows, profile)]
    if faults:
        return faults
    try:
        with pikepdf.open(io.BytesIO(file.pdf)) as pdf:
            pages = list(pdf.pages)
            if len(pages) != file.pages:
                return [Fault(message=f"it has {len(pages)} pages, and its manifest lists {file.pages}")]
            reader = _PageReader()
            for piece in rows:
                faults += _page_faults(piece, pages, reader, profile)
    except pikepdf.PdfError:
        return [Fault(message="it is not a readable PDF")]
    return faults


def _totals_faults(file: PrintFile, rows: Sequence[ManifestRow]) -> Iterator[Fault]:
    totals = {
        "pieces": (len(rows), file.records),
        "pages": (sum(piece.pages + piece.blank_pages for piece in rows), file.pages),
        "sheets": (sum(piece.sheets for piece in rows), file.sheets),
        "cents": (sum(piece.amount_cents for piece in rows), file.cents),
    }
    for name, (manifest_total, control_total) in totals.items():
        if manifest_total != control_total:
            yield Fault(message=f"its manifest does not add up to the {name} of its control file")


def _row_faults(rows: Sequence[ManifestRow], profile: Profile) -> Iterator[Fault]:
    """Check each row against the profile and against the row before it."""
    next_page, latest, seen = 1, 0, set()
    for piece in rows:
        if piece.document_id in seen or piece.sequence <= latest:
            yield Fault(message="it is in the file twice or out of order", document_id=piece.document_id)
        if piece.first_page != next_page or (profile.duplex and piece.first_page % 2 == 0):
            yield Fault(message="it does not start where the piece before it ends", document_id=piece.document_id)
        line_fault = find_line_fault(piece.recipient_lines)
        barcode_fault = "" if line_fault else _barcode_fault(piece, profile)
        for message in (line_fault, _sheets_fault(piece, profile), barcode_fault, _postal_fault(piece, profile)):
            if message:
                yield Fault(message=message, document_id=piece.document_id)
        seen.add(piece.document_id)
        next_page, latest = next_page + piece.pages + piece.blank_pages, piece.sequence


def _sheets_fault(piece: ManifestRow, profile: Profile) -> str:
    blank = 1 if profile.duplex and piece.pages % 2 else 0
    try:
        expected = (sheets_of(piece.pages, profile), blank, envelope_class(piece.pages, profile))
    except ValueError as exc:
        return str(exc)
    matches = (piece.sheets, piece.blank_pages, piece.envelope_class) == expected
    return "" if matches else "its sheets, blank pages or envelope do not match its page count"


def _barcode_fault(piece: ManifestRow, profile: Profile) -> str:
    shown = routing_code(piece.recipient_lines)
    tracking, _, routing = piece.barcode.partition("-")
    if not piece.barcode:
        return "its barcode is missing" if piece.barcode_bars or (profile.prints_imb and shown) else ""
    try:
        bars = imb(tracking, routing)
    except ValueError as exc:
        return str(exc)
    return "" if (bars, routing) == (piece.barcode_bars, shown) else "its barcode does not match its address"


def _postal_fault(piece: ManifestRow, profile: Profile) -> str:
    """An older manifest has no postal options, so there is nothing to compare."""
    found = piece.postal_options
    if found is None:
        return ""
    codes = PieceCodes(
        segment=found.segment,
        insert=found.insert_code if found.segment else "",
        return_envelope=found.return_envelope_code,
        message=found.message_code,
        certified=bool(found.extra_service),
        has_coupon=bool(piece.scanline or found.perforated_page)
        or (found.return_envelope and not found.return_envelope_code),
    )
    try:
        expected = make_postal_options(
            profile, recipient_lines=piece.recipient_lines, cover_sheet_pages=piece.cover_sheet_pages, codes=codes
        )
    except ValueError as exc:
        return str(exc)
    if found == expected:
        return ""
    if (found.zip5, found.zip4) != (expected.zip5, expected.zip4):
        return "its ZIP Code does not match its address"
    return "its mail class, extra service, insert, reply envelope or perforation is not what the profile orders"


def _page_faults(
    piece: ManifestRow, pages: Sequence[pikepdf.Page], reader: _PageReader, profile: Profile
) -> Iterator[Fault]:
    marks = draw_inserter_marks(sequence=piece.sequence, pages=piece.pages, bars=piece.barcode_bars, profile=profile)
    first = piece.first_page - 1
    for number, expected_marks in enumerate(marks, start=1):
        page = pages[first + number - 1]
        own, begin, after = reader.content(page).partition(MARKS_BEGIN)
        message = reader.size_fault(page) or _marks_fault(begin + after, expected_marks)
        if message := message or reader.page_fault(page, own, piece, number):
            yield Fault(message=message, document_id=piece.document_id, page=number)
    for blank in pages[first + piece.pages : first + piece.pages + piece.blank_pages]:
        if reader.content(blank).strip():
            yield Fault(message="the blank back after it is not blank", document_id=piece.document_id)


def _marks_fault(drawn: bytes, marks: bytes) -> str:
    """`drawn` is the page's operators from its first marks on."""
    if drawn.count(MARKS_BEGIN) != (1 if marks else 0) or not drawn.startswith(marks):
        return "its barcode or sheet mark is missing, or belongs to another page"
    return ""


class _Fonts(NamedTuple):
    """The fonts of a page."""

    are_embedded: bool
    maps: tuple[tuple[dict[str, bytes], dict[bytes, str]], ...]
    """Letter to code and code to letter, for each different character map."""


class _PageReader:
    """Reads the text of pages from their operators. Fonts are cached: many pages share them."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[int, int], _Fonts] = {}
        """By the object number of the resources that name them."""
        self._maps: dict[tuple[int, int], tuple[dict[str, bytes], dict[bytes, str]]] = {}
        self._are_letter_size: dict[bytes, bool] = {}
        self._short: dict[tuple[int, int], bytes] = {}
        """Content of short streams: many pages start with the same one."""

    def size_fault(self, page: pikepdf.Page) -> str:
        box = page.mediabox.unparse()
        if box not in self._are_letter_size:
            left, bottom, right, top = map(float, page.mediabox)
            self._are_letter_size[box] = (right - left, top - bottom) == (612.0, PAGE_HEIGHT)
        return "" if self._are_letter_size[box] else "the page is not letter size (8.5 x 11 in)"

    def content(self, page: pikepdf.Page) -> bytes:
        contents = page.obj.get("/Contents")
        if contents is None:
            return b""
        if isinstance(contents, pikepdf.Array):
            return b"\n".join([self._read(contents[index]) for index in range(len(contents))])
        return self._read(contents)

    def _read(self, stream: pikepdf.Object) -> bytes:
        number = stream.objgen
        data = self._short.get(number)
        if data is None:
            data = _inflate(stream)
            if len(data) <= _SHORT_BYTES and number != (0, 0):
                self._short[number] = data
        return data

    def page_fault(self, page: pikepdf.Page, drawn: bytes, piece: ManifestRow, number: int) -> str:
        """Return the fault of the fonts or the footer of this piece's page `number`; empty if there is none.

        `drawn` is the page's operators before its marks. A cover sheet has the document id but no page number; its
        back is blank.
        """
        if 1 < number <= piece.cover_sheet_pages:
            return ""
        fonts = self._fonts_of(page)
        if not fonts.are_embedded:
            return "a font is not embedded"
        for codes, letters in fonts.maps:
            footer = _footer(drawn, codes, letters, piece.document_id)
            if footer is not None:
                found = [int(digits) for digits in _NUMBER.findall(footer)[:2]]
                expected = [number - piece.cover_sheet_pages, piece.pages - piece.cover_sheet_pages]
                is_right = number <= piece.cover_sheet_pages or found == expected
                return "" if is_right else "another page of the document is in its place"
        return "the page does not show the document id: it belongs to another document, or to none"

    def _fonts_of(self, page: pikepdf.Page) -> _Fonts:
        resources = page.resources
        number = resources.objgen
        if number not in self._fonts or number == (0, 0):
            fonts = list(resources.get("/Font", pikepdf.Dictionary()).as_dict().values())
            streams = {font.ToUnicode.objgen: font.ToUnicode for font in fonts if "/ToUnicode" in font}
            for map_number, stream in streams.items():
                if map_number not in self._maps:
                    self._maps[map_number] = _read_map(stream.read_bytes())
            self._fonts[number] = _Fonts(
                are_embedded=all(_is_embedded(font) for font in fonts),
                maps=tuple(self._maps[map_number] for map_number in streams),
            )
        return self._fonts[number]


def _inflate(stream: pikepdf.Object) -> bytes:
    """Return a stream's decoded bytes. All our pages are deflated, and zlib is faster than qpdf here."""
    if stream.get("/Filter") == pikepdf.Name.FlateDecode and "/DecodeParms" not in stream:
        with suppress(zlib.error):  # qpdf may still decode it, or explains the error
            return inflate(stream.read_raw_bytes())
    return bytes(stream.read_bytes())


def _is_embedded(font: pikepdf.Object) -> bool:
    part = font.DescendantFonts[0] if "/DescendantFonts" in font else font
    descriptor = part.get("/FontDescriptor", pikepdf.Dictionary())
    return any(name in descriptor for name in ("/FontFile", "/FontFile2", "/FontFile3"))


def _read_map(character_map: bytes) -> tuple[dict[str, bytes], dict[bytes, str]]:
    """Text to hexadecimal code and back; empty for a map in a form that this project does not write."""
    try:
        texts = {b"%04x" % code: text for code, text in read_character_map(character_map).items()}
    except (UnsupportedPdf, ValueError):
        texts = {}
    return {text: code for code, text in texts.items()}, texts


def _footer(drawn: bytes, codes: Mapping[str, bytes], letters: Mapping[bytes, str], document_id: str) -> str | None:
    """Return the text after the document id, or None if the id is not set in this font.

    The footer is drawn last, so the end of the operators is searched first.
    """
    for part in (drawn[-_FOOTER_BYTES:], drawn):
        plain = _KERNING.sub(b"", part)
        for encoded in _encodings(document_id, codes):
            start = plain.find(encoded)
            if start >= 0:
                after = plain[plain.find(b">", start) + 1 :][:_FOOTER_BYTES]
                shown = b"".join(_SHOWN.findall(after))
                return "".join([letters.get(shown[index : index + 4], "") for index in range(0, len(shown), 4)])
    return None


def _encodings(document_id: str, codes: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the id in a font's codes: with its only possible ligature (ff) if the font has it, and letter by letter."""
    letters = re.findall(r"ff|.", document_id) if "ff" in codes else list(document_id)
    yield b"".join([codes.get(letter, b"?") for letter in letters])
    if "ff" in document_id:
        yield b"".join([codes.get(letter, b"?") for letter in document_id])
