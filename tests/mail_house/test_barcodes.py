"""Barcodes encode the right content, invalid content is refused, and printed barcodes can be read back."""

from __future__ import annotations

import csv
import io
import itertools
import re
from typing import Any

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.graphics.barcode.usps4s import USPS_4State

from mail_house.barcodes import (
    SheetMark,
    data_matrix,
    draw_imb,
    imb,
    read_sheet_mark,
    tracking_number,
    write_sheet_mark,
)
from tests.mail_house.imb_decoder import InvalidBarcode, decode, table_n_of_13
from tests.shared_data import shared_data

DIGITS = "0123456789"
TRACKING = st.builds(
    str.__add__,
    st.from_regex(r"[0-9][0-4]", fullmatch=True),
    st.text(DIGITS, min_size=18, max_size=18),
)
ROUTING = st.sampled_from((0, 5, 9, 11)).flatmap(lambda n: st.text(DIGITS, min_size=n, max_size=n))

# The worked examples in the specification (USPS-B-3200).
PUBLISHED_TRACKING = "01234567094987654321"
PUBLISHED = {
    "": "ATTFATTDTTADTAATTDTDTATTDAFDDFADFDFTFFFFFTATFAAAATDFFTDAADFTFDTDT",
    "01234": "DTTAFADDTTFTDTFTFDTDDADADAFADFATDDFTAAAFDTTADFAAATDFDTDFADDDTDFFT",
    "012345678": "ADFTTAFDTTTTFATTADTAAATFTFTATDAAAFDDADATATDTDTTDFDTDATADADTDFFTFA",
    "01234567891": "AADTFFDFTDADTAADAATFDTDDAAADDTDTTDAFADADDDTFFFDDTTTADFAAADFTDAADA",
}


@pytest.mark.parametrize(("routing", "bars"), PUBLISHED.items(), ids=lambda value: f"{len(value)}")
def test_imb__matches_the_specification_examples(routing: str, bars: str) -> None:
    assert imb(PUBLISHED_TRACKING, routing) == bars
    assert decode(bars) == (PUBLISHED_TRACKING, routing)


def test_imb__matches_every_reference_case() -> None:
    """The shared cases also prove the decoder."""
    with shared_data("imb/cases.csv").open(newline="", encoding="utf-8") as file:
        cases = list(csv.DictReader(file))
    wrong = [case["id"] for case in cases if _encode(case["tracking"], case["routing"]) != case["bars"]]
    assert len(cases) == 1000
    assert {case["code"] == "00" for case in cases} == {True, False}
    assert wrong == []
    valid = [case for case in cases if case["bars"]]
    assert [case["id"] for case in valid if decode(case["bars"]) != (case["tracking"], case["routing"])] == []


def _encode(tracking: str, routing: str) -> str:
    """Empty if the input is refused, as in the reference cases."""
    try:
        return imb(tracking, routing)
    except ValueError:
        return ""


@settings(max_examples=300, deadline=None, derandomize=True)
@given(tracking=TRACKING, routing=ROUTING)
def test_imb__decodes_to_the_same_digits(tracking: str, routing: str) -> None:
    assert decode(imb(tracking, routing)) == (tracking, routing)


@pytest.mark.parametrize("length", [0, 5, 9, 11])
@pytest.mark.parametrize("digit", ["0", "9"])
def test_imb__decodes_the_smallest_and_largest_values(length: int, digit: str) -> None:
    tracking = digit + min(digit, "4") + digit * 18
    assert decode(imb(tracking, digit * length)) == (tracking, digit * length)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tracking=TRACKING, routing=ROUTING)
def test_imb__another_encoder_gives_the_same_bars(tracking: str, routing: str) -> None:
    assert imb(tracking, routing) == USPS_4State(tracking, routing).barcodes


@pytest.mark.parametrize("routing", PUBLISHED, ids=len)
def test_decode__detects_every_single_bar_error(routing: str) -> None:
    bars = PUBLISHED[routing]
    damaged = [
        bars[:index] + letter + bars[index + 1 :]
        for index in range(len(bars))
        for letter in "TADF"
        if letter != bars[index]
    ]
    assert len(damaged) == 65 * 3
    for each in damaged:
        with pytest.raises(InvalidBarcode):
            decode(each)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tracking=TRACKING, routing=ROUTING, index=st.integers(0, 64), letter=st.sampled_from("TADF"))
def test_decode__detects_a_wrong_bar_in_any_barcode(tracking: str, routing: str, index: int, letter: str) -> None:
    bars = imb(tracking, routing)
    damaged = bars[:index] + letter + bars[index + 1 :]
    if damaged == bars:
        return
    with pytest.raises(InvalidBarcode):
        decode(damaged)


@pytest.mark.parametrize(
    "bars",
    [
        pytest.param("", id="empty"),
        pytest.param(PUBLISHED[""][:-1], id="64-bars"),
        pytest.param(PUBLISHED[""][:-1] + "X", id="unknown-letter"),
        pytest.param("T" * 65, id="only-trackers"),
        pytest.param(PUBLISHED[""][::-1].translate(str.maketrans("AD", "DA")), id="upside-down"),
        pytest.param(PUBLISHED[""][:30] + PUBLISHED["01234"][30:], id="two-barcodes-joined"),
    ],
)
def test_decode__refuses_invalid_bars(bars: str) -> None:
    with pytest.raises(InvalidBarcode):
        decode(bars)


def test_decode__builds_its_own_character_tables() -> None:
    five, two = table_n_of_13(5), table_n_of_13(2)
    assert (len(five), len(two)) == (1287, 78)
    assert len(set(five + two)) == 1365
    assert {value.bit_count() for value in five} == {5}


@pytest.mark.parametrize(
    ("tracking", "routing", "complaint"),
    [
        pytest.param("", "", "not 0 and 0", id="empty"),
        pytest.param("0" * 19, "", "not 19 and 0", id="tracking-short"),
        pytest.param("0" * 21, "", "not 21 and 0", id="tracking-long"),
        pytest.param("0" * 20, "1234", "not 20 and 4", id="routing-4-digits"),
        pytest.param("0" * 20, "1234567890", "not 20 and 10", id="routing-10-digits"),
        pytest.param("05" + "0" * 18, "", "0 to 4, not 5", id="second-digit"),
        pytest.param("0" * 19 + "A", "", "tracking number .* 0 to 9 only", id="letter"),
        pytest.param("0" * 19 + "-", "", "tracking number .* 0 to 9 only", id="hyphen-that-zint-accepts"),
        pytest.param("0" * 20, "01103-", "routing code .* 0 to 9 only", id="hyphen-in-routing-code"),
        pytest.param("0" * 19 + "٣", "", "tracking number .* 0 to 9 only", id="digit-of-another-script"),
        pytest.param("0" * 19 + "²", "", "tracking number .* 0 to 9 only", id="superscript"),
        pytest.param(" " * 20, "", "tracking number .* 0 to 9 only", id="spaces"),
    ],
)
def test_imb__refuses(tracking: str, routing: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        imb(tracking, routing)


@pytest.mark.parametrize(
    ("mailer_id", "serial", "tracking"),
    [
        pytest.param("123456", 7, "00040123456000000007", id="6-digit-mailer-id"),
        pytest.param("912345678", 999_999, "00040912345678999999", id="9-digit-mailer-id"),
    ],
)
def test_tracking_number(mailer_id: str, serial: int, tracking: str) -> None:
    made = tracking_number(barcode_id="00", service_type="040", mailer_id=mailer_id, serial=serial)
    assert made == tracking
    assert len(imb(made, "01103")) == 65


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        pytest.param({"barcode_id": "05"}, "barcode id", id="barcode-id"),
        pytest.param({"service_type": "40"}, "service type", id="service-type"),
        pytest.param({"mailer_id": "912345"}, "mailer id", id="6-digits-starting-with-9"),
        pytest.param({"mailer_id": "123456789"}, "mailer id", id="9-digits-not-starting-with-9"),
        pytest.param({"serial": 10**9}, "leaves 9 digits", id="serial-too-large"),
        pytest.param({"serial": -1}, "leaves 9 digits", id="serial-negative"),
    ],
)
def test_tracking_number__refuses(part: dict[str, Any], complaint: str) -> None:
    good: dict[str, Any] = {"barcode_id": "00", "service_type": "040", "mailer_id": "123456", "serial": 1}
    with pytest.raises(ValueError, match=complaint):
        tracking_number(**(good | part))


def test_draw_imb__dimensions_are_within_postal_limits() -> None:
    letters = imb(PUBLISHED_TRACKING, "01234567891")
    symbol = draw_imb(letters)
    bars = [tuple(map(float, line.split()[:4])) for line in symbol.path.splitlines()]
    inches = 72.0
    extents = {
        letter: {(y, h) for (_, y, _, h), each in zip(bars, letters, strict=True) if each == letter}
        for letter in "TADF"
    }
    assert {letter: len(found) for letter, found in extents.items()} == dict.fromkeys("TADF", 1)
    ((_, full),), ((tracker_bottom, tracker),) = extents["F"], extents["T"]
    ((ascender_bottom, ascender),), ((descender_bottom, descender),) = extents["A"], extents["D"]
    assert 0.125 <= full / inches <= 0.165
    assert 0.039 <= tracker / inches <= 0.057
    assert all(0.082 <= height / inches <= 0.111 for height in (ascender, descender))
    assert (descender_bottom, ascender_bottom, round(ascender_bottom + ascender, 3)) == (0.0, tracker_bottom, full)
    assert round(tracker_bottom + tracker, 3) == descender
    assert all(0.015 <= width / inches <= 0.025 for _, _, width, _ in bars)
    pitches = {round(right[0] - left[0], 3) for left, right in itertools.pairwise(bars)}
    assert all(20 <= inches / pitch <= 24 for pitch in pitches)
    assert 2.68 <= symbol.width / inches <= 3.225
    assert round(bars[-1][0] + bars[-1][2], 3) == symbol.width


MARK = SheetMark(sequence=1_204_077, sheet=2, sheets=3)


@pytest.mark.parametrize("module", [pytest.param(1.44, id="0.02-in"), pytest.param(1.0, id="1-point")])
def test_data_matrix__is_readable_by_another_library(module: float) -> None:
    """From an image at 200 dots per inch."""
    symbol = data_matrix(write_sheet_mark(MARK), module=module)
    assert symbol.width == symbol.height == 14 * module
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(100, 100))
    page.obj.Contents = pikepdf.Stream(pdf, symbol.draw_at(30, 20))
    out = io.BytesIO()
    pdf.save(out)
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        picture = document[0].render(scale=200 / 72).to_pil()
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.format == zxingcpp.BarcodeFormat.DataMatrix
    assert read_sheet_mark(found.text) == MARK


@pytest.mark.parametrize(
    ("mark", "last"),
    [
        pytest.param(MARK, False, id="middle-sheet"),
        pytest.param(SheetMark(sequence=1, sheet=3, sheets=3), True, id="end-of-piece"),
        pytest.param(SheetMark(sequence=999_999_999, sheet=60, sheets=60), True, id="largest"),
    ],
)
def test_sheet_mark__marks_the_last_sheet(mark: SheetMark, last: bool) -> None:
    assert read_sheet_mark(write_sheet_mark(mark)) == mark
    assert mark.is_last is last


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("000000001001001", id="short"),
        pytest.param("0000000010020010", id="sheet-2-of-1"),
        pytest.param("0000000010010021", id="end-mark-too-early"),
        pytest.param("0000000010010010", id="end-mark-missing"),
        pytest.param("0000000010000011", id="sheet-0"),
        pytest.param("00000000100100²1", id="not-digits"),
    ],
)
def test_read_sheet_mark__refuses(text: str) -> None:
    with pytest.raises(ValueError, match="sheet mark"):
        read_sheet_mark(text)


def test_data_matrix__refuses_another_size() -> None:
    with pytest.raises(ValueError, match="14 modules"):
        data_matrix("0" * 40, module=1.0)


def test_symbol__restores_the_graphics_state() -> None:
    operators = draw_imb(imb("0" * 20, "")).draw_at(1, 2)
    assert re.findall(rb"\b[qQ]\b", operators) == [b"q", b"Q"]
    assert operators.startswith(b"q ")
