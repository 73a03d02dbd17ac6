"""The lockbox scanline, with check digits tested against published numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statement_builder.billing.scanline import CheckDigit, Scanline, check_digit, scanline, scanline_problem

LUHN = CheckDigit()
EAN = CheckDigit(weights=(3, 1), digit_sum=False)
ROUTING_NUMBER = CheckDigit(weights=(3, 7, 1), from_right=False, digit_sum=False)


@pytest.mark.parametrize(
    ("line", "check"),
    [
        pytest.param("79927398713", LUHN, id="luhn-textbook"),
        pytest.param("4111111111111111", LUHN, id="luhn-test-card"),
        pytest.param("US0378331005", LUHN, id="luhn-with-letters-isin"),
        pytest.param("4006381333931", EAN, id="3-1-ean-article-number"),
        pytest.param("121000358", ROUTING_NUMBER, id="3-7-1-from-the-left-bank-routing-number"),
    ],
)
def test_check_digit__published_numbers(line: str, check: CheckDigit) -> None:
    assert check_digit(line[:-1], check) == line[-1]


@settings(derandomize=True, deadline=None)
@given(line=st.text("0123456789", min_size=2, max_size=29), position=st.integers(0, 28), shift=st.integers(1, 9))
def test_check_digit__luhn_detects_every_misread_digit(line: str, position: int, shift: int) -> None:
    position %= len(line)
    misread = line[:position] + str((int(line[position]) + shift) % 10) + line[position + 1 :]
    assert check_digit(misread, LUHN) != check_digit(line, LUHN)


def test_scanline__account_amount_check_digit() -> None:
    line = scanline(Scanline(), "G1001", 144_500)
    assert line[:-1] == "00000000000G1001" + "0000144500"
    assert check_digit(line[:-1], LUHN) == line[-1]


def test_scanline__uses_the_banks_widths() -> None:
    layout = Scanline(account_width=8, amount_width=6, check=EAN)
    assert scanline(layout, "12345678", 100)[:-1] == "12345678" + "000100"


@pytest.mark.parametrize(
    ("guarantor_id", "cents"),
    [
        pytest.param("G-1001", 100, id="hyphen"),
        pytest.param("g1001", 100, id="lowercase-letter"),
        pytest.param("", 100, id="empty"),
        pytest.param("9f1c7a52-0000-4000-8000-000000000000", 100, id="uuid"),
        pytest.param("12345678901234567", 100, id="longer-than-the-field"),
        pytest.param("0123", 100, id="leading-zero-like-padding"),
        pytest.param("Ä1001", 100, id="letter-outside-a-to-z"),
        pytest.param("G1001", 10**10, id="amount-longer-than-the-field"),
        pytest.param("G1001", -1, id="negative-amount"),
    ],
)
def test_scanline__empty_if_it_could_be_misread(guarantor_id: str, cents: int) -> None:
    assert scanline(Scanline(), guarantor_id, cents) == ""


def test_scanline__allows_a_leading_zero_in_an_id_that_fills_the_field() -> None:
    assert scanline(Scanline(account_width=8), "00012345", 100).startswith("000123450000000100")


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        pytest.param(Scanline(account_width=20), "30 characters", id="too-long"),
        pytest.param(Scanline(amount_width=0), "at least 1", id="zero-amount-width"),
        pytest.param(Scanline(check=CheckDigit(weights=())), "digits from 1 to 9", id="no-weights"),
        pytest.param(Scanline(check=CheckDigit(weights=(2, 0))), "digits from 1 to 9", id="zero-weight"),
        pytest.param(Scanline(examples=("79927398713", "79927398714")), "ends in '4'", id="different-check-digit"),
        pytest.param(Scanline(examples=("7992-7398713",)), "ends in '3'", id="example-with-a-hyphen"),
        pytest.param(Scanline(examples=("79927398713",)), "", id="matching-example"),
        pytest.param(Scanline(), "", id="default"),
    ],
)
def test_scanline_problem(layout: Scanline, expected: str) -> None:
    problem = scanline_problem(layout)
    assert expected in problem
    assert bool(problem) is bool(expected)
