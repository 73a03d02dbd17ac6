"""Barcode and sheet marks are on the right page, in their position, and clear of everything else."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import msgspec
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from mail_house.barcodes import SheetMark, draw_imb, imb, read_sheet_mark
from mail_house.models import Piece, PrintFile
from mail_house.print_files import build_print_file
from mail_house.print_files.inserter_marks import make_inserter_marks, routing_code
from mail_house.profiles import Profile, load_profile, with_mailer
from pdf_kit.geometry import Rect
from tests.mail_house.pieces import CREATED_ON, draw_pdf, make_piece

LETTER = with_mailer(load_profile(), mailer_id="123456", service_type="040")
assert LETTER.imb is not None
IMB_ZONE = LETTER.imb.zone
SIMPLEX = msgspec.structs.replace(LETTER, duplex=False)
VENDOR_PRINTS_IT = load_profile("lob")
RECIPIENT_ZIP = "01103"


def build(*pieces: Piece, profile: Profile = LETTER) -> PrintFile:
    return build_print_file(name="STMT_X", pieces=pieces, profile=profile, created_on=CREATED_ON)


def pictures(file: PrintFile, dots_per_inch: int = 200) -> list[Image.Image]:
    with pypdfium2.PdfDocument(file.pdf) as document:
        return [page.render(scale=dots_per_inch / 72).to_pil().convert("L") for page in document]


def sheet_marks(picture: Image.Image) -> list[SheetMark]:
    return [read_sheet_mark(found.text) for found in zxingcpp.read_barcodes(picture)]


def test_build_print_file__every_front_has_its_sheet_mark() -> None:
    file = build(make_piece(7, pages=3), make_piece(1_000_009, pages=1))
    first, back, second, blank, only, _ = [sheet_marks(picture) for picture in pictures(file)]
    assert first == [SheetMark(sequence=7, sheet=1, sheets=2)]
    assert second == [SheetMark(sequence=7, sheet=2, sheets=2)]
    assert only == [SheetMark(sequence=1_000_009, sheet=1, sheets=1)]
    assert (back, blank) == ([], [])


def test_build_print_file__simplex_vendor_gets_a_mark_on_every_page() -> None:
    found = [sheet_marks(picture) for picture in pictures(build(make_piece(7, pages=2), profile=SIMPLEX))]
    assert found == [[SheetMark(sequence=7, sheet=1, sheets=2)], [SheetMark(sequence=7, sheet=2, sheets=2)]]


def test_build_print_file__vendor_that_marks_sheets_itself_gets_no_marks() -> None:
    pieces = [make_piece(1, pages=2)]
    assert [sheet_marks(picture) for picture in pictures(build(*pieces, profile=VENDOR_PRINTS_IT))] == [[], []]


def read_bars(picture: Image.Image, dots_per_inch: int) -> str:
    """Read the letters of a barcode from the pixels of an otherwise white image."""
    ink = picture.point(lambda gray: 255 if gray < 128 else 0)
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    third = (bottom - top) / 3
    letters = []
    for column in _bar_columns(ink, left, right):
        above = _is_ink(ink, column, round(top + third / 3))
        below = _is_ink(ink, column, round(bottom - third / 3) - 1)
        letters.append("TADF"[above + 2 * below])
    assert bottom - top == pytest.approx(9.6 / 72 * dots_per_inch, abs=2)
    return "".join(letters)


def _bar_columns(ink: Image.Image, left: int, right: int) -> Iterator[int]:
    """Yield the middle of each bar. Every bar crosses the middle of the symbol."""
    box = ink.getbbox()
    assert box is not None
    middle = (box[1] + box[3]) // 2
    row = [_is_ink(ink, x, middle) for x in range(left, right + 1)] + [False]
    start = None
    for x, dark in enumerate(row):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield left + (start + x - 1) // 2
            start = None


def _is_ink(ink: Image.Image, x: int, y: int) -> bool:
    value = ink.getpixel((x, y))
    assert isinstance(value, int)
    return value > 0


def crop(picture: Image.Image, zone: Rect, dots_per_inch: int) -> Image.Image:
    left, top, right, bottom = (round(side * dots_per_inch) for side in (zone.left, zone.top, zone.right, zone.bottom))
    return picture.crop((left, top, right, bottom))


def test_build_print_file__barcode_is_in_its_zone_and_matches_the_manifest() -> None:
    piece = msgspec.structs.replace(make_piece(1, pages=2), serial=77)
    file = build(piece)
    first, second = pictures(file, 300)
    expected = imb("00040123456000000077", RECIPIENT_ZIP)
    assert read_bars(crop(first, IMB_ZONE, 300), 300) == expected
    assert not crop(second, IMB_ZONE, 300).point(lambda gray: 255 - gray).getbbox()
    (row,) = csv.DictReader(io.StringIO(file.manifest.decode("utf-8"), newline=""))
    assert (row["barcode"], row["barcode_bars"]) == ("00040123456000000077-01103", expected)


def test_build_print_file__barcode_has_its_clear_zone() -> None:
    zone = IMB_ZONE
    piece = msgspec.structs.replace(make_piece(1, pdf=draw_pdf([" "])), serial=1)
    (front, _) = pictures(build(piece, profile=msgspec.structs.replace(LETTER, sheet_mark=None)), 300)
    left, top, right, bottom = [
        side / 300 for side in front.point(lambda gray: 255 if gray < 128 else 0).getbbox() or ()
    ]
    assert left - zone.left >= 0.124
    assert zone.right - right >= 0.124
    assert top - zone.top >= 0.024
    assert zone.bottom - bottom >= 0.024


@pytest.mark.parametrize(
    ("change", "profile"),
    [
        pytest.param({"serial": None}, LETTER, id="no-serial-number"),
        pytest.param({}, load_profile(), id="no-mailer-id"),
        pytest.param({}, VENDOR_PRINTS_IT, id="vendor-prints-it"),
        pytest.param(
            {"recipient_lines": ("A", "1 HIGH ST", "LONDON SW1A 1AA", "UNITED KINGDOM")}, LETTER, id="foreign"
        ),
    ],
)
def test_make_inserter_marks__no_barcode(change: dict[str, object], profile: Profile) -> None:
    piece = msgspec.structs.replace(make_piece(1), **({"serial": 5} | change))
    marks = make_inserter_marks(piece, profile)
    assert (marks.tracking, marks.routing, marks.bars) == ("", "", "")
    assert draw_imb("T" * 65).path[:20] not in b"".join(marks.pages)


def test_make_inserter_marks__refuses_a_serial_number_that_is_too_large() -> None:
    small = with_mailer(load_profile(), mailer_id="912345678", service_type="040")
    with pytest.raises(ValueError, match="leaves 6 digits"):
        make_inserter_marks(msgspec.structs.replace(make_piece(1), serial=1_000_000), small)


@pytest.mark.parametrize(
    ("line", "routing"),
    [
        pytest.param("Springfield, MA 01103", "01103", id="zip"),
        pytest.param("SPRINGFIELD MA 01103-4100", "011034100", id="zip-plus-4"),
        pytest.param("SPRINGFIELD MA 011034100", "011034100", id="zip-plus-4-without-hyphen"),
        pytest.param("SPRINGFIELD MA", "", id="none"),
        pytest.param("1234 MAIN ST APT 56789012", "", id="number-that-is-not-a-zip"),
        pytest.param("CANADA", "", id="foreign"),
        pytest.param("Springfield, MA 0110", "", id="four-digits"),
        pytest.param("Springfield, MA 01103-41", "", id="half-a-plus-4"),
    ],
)
def test_routing_code__is_the_zip_code_in_the_window(line: str, routing: str) -> None:
    assert routing_code(("A B", "12345 MAIN ST", line)) == routing


def test_build_print_file__marks_ignore_the_pages_graphics_state() -> None:
    upside_down = draw_pdf(["x"])
    with pikepdf.open(io.BytesIO(upside_down)) as pdf:
        pdf.pages[0].obj.Contents = pikepdf.Stream(pdf, b".5 0 0 -.5 0 792 cm 1 g 1 0 0 RG")
        out = io.BytesIO()
        pdf.save(out)
    pictured = pictures(build(msgspec.structs.replace(make_piece(1, pdf=out.getvalue()), serial=3)))
    assert sheet_marks(pictured[0]) == [SheetMark(sequence=1, sheet=1, sheets=1)]
    assert len(read_bars(crop(pictured[0], IMB_ZONE, 200), 200)) == 65


def test_make_inserter_marks__are_artifacts_and_restore_the_graphics_state() -> None:
    marks = make_inserter_marks(msgspec.structs.replace(make_piece(1), serial=1), LETTER).pages[0]
    assert marks.startswith(b"/Artifact <<")
    assert marks.endswith(b"EMC\n")
    assert re.findall(rb"\b(?:q|Q|BDC|EMC)\b", marks) == [b"BDC", b"q", b"Q", b"q", b"Q", b"EMC"]


def test_build_print_file__serial_number_changes_only_the_bytes() -> None:
    one, same, other = [build(msgspec.structs.replace(make_piece(1), serial=serial)) for serial in (1, 1, 2)]
    assert one == same
    assert one.sha256 != other.sha256
    assert (one.pages, one.cents, one.records) == (other.pages, other.cents, other.records)
