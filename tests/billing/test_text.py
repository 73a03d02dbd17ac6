"""One definition of blank, white space and a line's end: whatever comes in, what goes on can be printed."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statement_builder.billing.text import (
    DAMAGED,
    FORBIDDEN,
    INVISIBLE,
    LINE_ENDS,
    NORMAL_LINES,
    NORMAL_TEXT,
    SPACES,
    clean_lines,
    clean_text,
    fold,
)

REFUSED = re.compile(f"[{DAMAGED}{FORBIDDEN}{LINE_ENDS}]")
"""What intake refuses in a cleaned text of one line."""
ODD = st.sampled_from(sorted({*LINE_ENDS, *"\t \u00a0\u3000\u2800\u200b\ufeff\u00ad\u3164\u0301\u202e\x07 aé"}))
TEXT = st.text() | st.text(ODD) | st.text(ODD | st.characters())


@given(TEXT)
def test_clean_text__is_idempotent(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(TEXT)
def test_clean_text__is_refused_or_printable_nfc_on_one_line(text: str) -> None:
    cleaned = clean_text(text)

    assert unicodedata.is_normalized("NFC", cleaned)
    assert "  " not in cleaned
    if not REFUSED.search(cleaned):
        assert cleaned == cleaned.strip()
        assert all(each.isprintable() for each in cleaned if unicodedata.category(each) != "Cn")
        assert len(cleaned.splitlines()) <= 1


@given(TEXT)
def test_clean_lines__has_no_blank_line_and_no_line_end(text: str) -> None:
    lines = clean_lines(text)

    assert all(lines)
    assert clean_lines("\n".join(lines)) == lines
    assert not re.search(f"[{LINE_ENDS}]", "".join(lines))


def test_clean_text__every_character_prints_is_refused_or_is_removed() -> None:
    for code in range(sys.maxunicode + 1):
        each = chr(code)
        cleaned = clean_text(f"a{each}b")
        if REFUSED.search(cleaned) or unicodedata.category(each) == "Cn":
            continue
        assert cleaned.isprintable(), hex(code)
        assert cleaned == unicodedata.normalize("NFC", cleaned), hex(code)


def test_normal_text__matches_only_what_cleaning_leaves_alone() -> None:
    matches = re.compile(NORMAL_TEXT).fullmatch
    normal = [chr(code) for code in range(sys.maxunicode + 1) if matches(chr(code))]

    assert len(normal) > 800
    assert all(not unicodedata.combining(each) and unicodedata.normalize("NFC", each) == each for each in normal)
    assert not any(re.search(f"[{SPACES}{INVISIBLE}{DAMAGED}{FORBIDDEN}{LINE_ENDS}]", each) for each in normal)
    assert [bool(matches(text)) for text in ("", "a b", " a", "a ", "a  b", "a\n")] == [True, True, *[False] * 4]


@given(TEXT | st.text("ab \n"))
def test_normal_lines__matches_only_what_cleaning_leaves_alone(text: str) -> None:
    if re.fullmatch(NORMAL_LINES, text):
        assert "\n".join(clean_lines(text)) == text


@pytest.mark.parametrize(
    ("text", "is_normal"),
    [
        pytest.param("", True, id="empty"),
        pytest.param("12 Maple Street\nApt 4", True, id="two-lines"),
        pytest.param("12 Maple Street\n\nApt 4", False, id="blank-line"),
        pytest.param("12 Maple Street \nApt 4", False, id="space-before-a-line-end"),
        pytest.param("12 Maple Street\n Apt 4", False, id="space-after-a-line-end"),
        pytest.param("12 Maple Street\n", False, id="line-end-at-the-end"),
    ],
)
def test_normal_lines(text: str, *, is_normal: bool) -> None:
    assert bool(re.fullmatch(NORMAL_LINES, text)) is is_normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\ufeff",
        "\u00ad",
        "\u2800",
        "\u3164",
        "\t",
        "\r",
        "\v\f",
        "\x85\u2028\u2029",
    ],
    ids=lambda text: "-".join(f"{ord(each):04x}" for each in text) or "empty",
)
def test_clean_text__blank(text: str) -> None:
    assert clean_text(text) == ""
    assert clean_lines(text * 3) == ()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("Jose\u0301", "José", id="decomposed-accent"),
        pytest.param("O\u00a0Brien", "O Brien", id="no-break-space"),
        pytest.param("Ann\u3000\t  Lee", "Ann Lee", id="ideographic-space-and-tab"),
        pytest.param("Lo\u200bpez\ufeff", "Lopez", id="zero-width"),
        pytest.param("Lopez\r", "Lopez", id="carriage-return-at-the-end"),
        pytest.param("MRI   ", "MRI", id="padded-column"),
        pytest.param("李\u3000明", "李 明", id="chinese"),
        pytest.param("D’Angelo", "D’Angelo", id="typographic-apostrophe"),
        pytest.param("a\nb", "a\nb", id="a-line-end-inside-is-left-to-the-caller"),
    ],
)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@pytest.mark.parametrize(
    "end", [*LINE_ENDS, "\r\n", "\n\r", "\r\r\n"], ids=lambda end: end.encode("unicode_escape").decode()
)
def test_clean_lines__every_line_end(end: str) -> None:
    assert clean_lines(f"{end}c/o Ann {end} {end}5 Elm St{end}") == ("c/o Ann", "5 Elm St")


def test_fold() -> None:
    assert [fold(text) for text in ("U.S.A.", "n/a", " Côte d’Ivoire ", "#4-B")] == [
        "USA",
        "N/A",
        "COTE DIVOIRE",
        "#4 B",
    ]
