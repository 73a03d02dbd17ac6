"""Text from outside reaches a terminal or a log on one line, with nothing that controls the terminal."""

from __future__ import annotations

import pytest

from statement_builder.printable import one_line, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("report_2026-11.csv", "report_2026-11.csv", id="plain"),
        pytest.param("Núñez\u00a0名.csv", "Núñez\u00a0名.csv", id="other-scripts-and-spaces"),
        pytest.param("a\x1b[2Jb", "a\\x1b[2Jb", id="escape"),
        pytest.param("a\x9b2Jb", "a\\x9b2Jb", id="c1-control"),
        pytest.param("a\nOK: b\r", "a\\nOK: b\\r", id="line-ends"),
        pytest.param("a\u2028b\u0085c", "a\\u2028b\\x85c", id="unicode-line-ends"),
        pytest.param("a\u202egpj.exe", "a\\u202egpj.exe", id="bidirectional-override"),
        pytest.param("a\u200bb", "a\\u200bb", id="zero-width"),
        pytest.param("a\udcffb", "a\\udcffb", id="byte-that-is-not-utf-8"),
        pytest.param("a\U000e0041b", "a\\U000e0041b", id="tag"),
        pytest.param("a\0\x07\x08\x7fb", "a\\x00\\x07\\x08\\x7fb", id="ascii-controls"),
    ],
)
def test_one_line__shows_what_does_not_print_as_an_escape(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_printable_lines__keeps_line_feeds_only() -> None:
    assert printable_lines("a\nb\r\x1b") == "a\nb\\r\\x1b"
