"""Barcodes say what they should, are refused where the postal service refuses them, and can be read back from paper."""

from __future__ import annotations

import csv
import io
import itertools
import re
from pathlib import Path

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

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "imb" / "cases.csv"
DIGITS = "0123456789"

# From the specification's own examples (USPS-B-3200).
PUBLISHED = {
    "": "ATTFATTDTTADTAATTDTDTATTDAFDDFADFDFTFFFFFTATFAAAATDFFTDAADFTFDTDT",
    "01234": "DTTAFADDTTFTDTFTFDTDDADADAFADFATDDFTAAAFDTTADFAAATDFDTDFADDDTDFFT",
    "012345678": "ADFTTAFDTTTTFATTADTAAATFTFTATDAAAFDDADATATDTDTTDFDTDATADADTDFFTFA",
    "01234567891": "AADTFFDFTDADTAADAATFDTDDAAADDTDTTDAFADADDDTFFFDDTTTADFAAADFTDAADA",
}


@pytest.mark.parametrize(("routing", "bars"), PUBLISHED.items(), ids=lambda value: f"{len(value)}")
def test_imb__is_what_the_specification_prints(routing: str, bars: str) -> None:
    assert imb("01234567094987654321", routing) == bars


def test_imb__every_reference_case() -> None:
    if not REFERENCE.is_file():
        pytest.skip("the postal service's reference cases are not beside this checkout")
    with REFERENCE.open(newline="", encoding="utf-8") as file:
        cases = list(csv.DictReader(file))
    wrong = [case["id"] for case in cases if _encode(case["tracking"], case["routing"]) != case["bars"]]
    assert len(cases) == 1000
    assert {case["code"] == "00" for case in cases} == {True, False}
    assert wrong == []


def _encode(tracking: str, routing: str) -> str:
    """Empty where it is refused, as in the reference cases."""
    try:
        return imb(tracking, routing)
    except ValueError:
        return ""


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    barcode_id=st.from_regex(r"[0-9][0-4]", fullmatch=True),
    rest=st.text(DIGITS, min_size=18, max_size=18),
    routing=st.sampled_from((0, 5, 9, 11)).flatmap(lambda n: st.text(DIGITS, min_size=n, max_size=n)),
)
def test_imb__another_encoder_gives_the_same_bars(barcode_id: str, rest: str, routing: str) -> None:
    assert imb(barcode_id + rest, routing) == USPS_4State(barcode_id + rest, routing).barcodes


@pytest.mark.parametrize(
    ("tracking", "routing", "complaint"),
    [
        pytest.param("", "", "not 0 and 0", id="nothing"),
        pytest.param("0" * 19, "", "not 19 and 0", id="tracking-short"),
        pytest.param("0" * 21, "", "not 21 and 0", id="tracking-long"),
        pytest.param("0" * 20, "1234", "not 20 and 4", id="routing-of-four"),
        pytest.param("0" * 20, "1234567890", "not 20 and 10", id="routing-of-ten"),
        pytest.param("05" + "0" * 18, "", "0 to 4, not 5", id="second-digit"),
        pytest.param("0" * 19 + "A", "", "tracking number .* 0 to 9 only", id="letter"),
        pytest.param("0" * 19 + "-", "", "tracking number .* 0 to 9 only", id="hyphen-that-the-encoder-takes"),
        pytest.param("0" * 20, "01103-", "routing code .* 0 to 9 only", id="hyphen-in-the-routing-code"),
        pytest.param("0" * 19 + "٣", "", "tracking number .* 0 to 9 only", id="digit-of-another-script"),
        pytest.param("0" * 19 + "²", "", "tracking number .* 0 to 9 only", id="superscript"),
        pytest.param(" " * 20, "", "tracking number .* 0 to 9 only", id="blanks"),
    ],
)
def test_imb__refuses(tracking: str, routing: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        imb(tracking, routing)


@pytest.mark.parametrize(
    ("mailer_id", "serial", "tracking"),
    [
        pytest.param("123456", 7, "00040123456000000007", id="six-digits-leave-nine"),
        pytest.param("912345678", 999_999, "00040912345678999999", id="nine-digits-leave-six"),
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
        pytest.param({"mailer_id": "912345"}, "mailer id", id="six-digits-that-begin-with-9"),
        pytest.param({"mailer_id": "123456789"}, "mailer id", id="nine-digits-that-do-not"),
        pytest.param({"serial": 10**9}, "leaves 9 digits", id="serial-too-large"),
        pytest.param({"serial": -1}, "leaves 9 digits", id="serial-below-zero"),
    ],
)
def test_tracking_number__refuses(part: dict[str, object], complaint: str) -> None:
    good = {"barcode_id": "00", "service_type": "040", "mailer_id": "123456", "serial": 1}
    with pytest.raises(ValueError, match=complaint):
        tracking_number(**(good | part))


def test_draw_imb__bars_are_as_wide_high_and_far_apart_as_the_postal_service_allows() -> None:
    letters = imb("01234567094987654321", "01234567891")
    symbol = draw_imb(letters)
    bars = [tuple(map(float, line.split()[:4])) for line in symbol.path.splitlines()]
    inches = 72.0
    reach = {
        letter: {(y, h) for (_, y, _, h), each in zip(bars, letters, strict=True) if each == letter}
        for letter in "TADF"
    }
    assert {letter: len(found) for letter, found in reach.items()} == dict.fromkeys("TADF", 1)
    ((_, full),), ((lowest, tracker),) = reach["F"], reach["T"]
    ((raised, ascender),), ((bottom, descender),) = reach["A"], reach["D"]
    assert 0.125 <= full / inches <= 0.165
    assert 0.039 <= tracker / inches <= 0.057
    assert all(0.082 <= height / inches <= 0.111 for height in (ascender, descender))
    assert (bottom, raised, round(raised + ascender, 3)) == (0.0, lowest, full)
    assert round(lowest + tracker, 3) == descender
    assert all(0.015 <= width / inches <= 0.025 for _, _, width, _ in bars)
    pitches = {round(right[0] - left[0], 3) for left, right in itertools.pairwise(bars)}
    assert all(20 <= inches / pitch <= 24 for pitch in pitches)
    assert 2.68 <= symbol.width / inches <= 3.225
    assert round(bars[-1][0] + bars[-1][2], 3) == symbol.width


MARK = SheetMark(sequence=1_204_077, sheet=2, sheets=3)


@pytest.mark.parametrize("module", [pytest.param(1.44, id="0.02-in"), pytest.param(1.0, id="1-point")])
def test_data_matrix__is_read_from_paper(module: float) -> None:
    """By another library, from a picture at 200 dots an inch."""
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
        pytest.param(MARK, False, id="in-between"),
        pytest.param(SheetMark(sequence=1, sheet=3, sheets=3), True, id="end-of-piece"),
        pytest.param(SheetMark(sequence=999_999_999, sheet=60, sheets=60), True, id="largest"),
    ],
)
def test_sheet_mark__says_where_the_envelope_closes(mark: SheetMark, last: bool) -> None:
    assert read_sheet_mark(write_sheet_mark(mark)) == mark
    assert mark.is_last is last


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("000000001001001", id="short"),
        pytest.param("0000000010020010", id="second-of-one"),
        pytest.param("0000000010010020"[:15] + "1", id="end-too-early"),
        pytest.param("0000000010010010", id="no-end"),
        pytest.param("0000000010000011", id="sheet-zero"),
        pytest.param("00000000100100²1", id="not-digits"),
    ],
)
def test_read_sheet_mark__refuses(text: str) -> None:
    with pytest.raises(ValueError, match="sheet's mark"):
        read_sheet_mark(text)


def test_data_matrix__takes_no_other_size() -> None:
    with pytest.raises(ValueError, match="14 modules"):
        data_matrix("0" * 40, module=1.0)


def test_symbol__leaves_the_graphics_state_as_it_was() -> None:
    operators = draw_imb(imb("0" * 20, "")).draw_at(1, 2)
    assert re.findall(rb"\b[qQ]\b", operators) == [b"q", b"Q"]
    assert operators.startswith(b"q ")
