"""A household's year: every letter once, in its turn, and each asks for what is owed on its day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hospital import Hospital
from tests.household_year import GUARANTOR, Piece, live_a_year, read_pdf
from tests.pdf_text import page_texts

EXPECTED = [
    # day, kind, dollars, and words that the household reads
    ("2026-11-07", "statement", 600, "$600.00"),
    ("2026-11-21", "plan-agreement", 150, "December 15, 2026"),
    ("2026-12-07", "statement", 150, "by December 15, 2026"),
    ("2026-12-10", "plan-reminder", 150, "December 15, 2026"),
    ("2027-01-07", "statement", 150, "by January 15, 2027"),
    ("2027-01-10", "plan-reminder", 150, "January 15, 2027"),
    ("2027-01-26", "plan-missed", 150, "The payment was due on January 15, 2027"),
    ("2027-02-10", "plan-reminder", 150, "February 15, 2027"),
    ("2027-03-07", "statement", 150, "by March 15, 2027"),
    ("2027-03-10", "plan-reminder", 150, "March 15, 2027"),
    ("2027-03-22", "refund", 0, "We will mail you a check on March 29, 2027"),
]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hospital, list[Piece]]:
    return live_a_year(tmp_path_factory.mktemp("year") / "home", "en")


def test_year__each_letter_comes_once_and_in_its_turn(year: tuple[Hospital, list[Piece]]) -> None:
    """The missed payment that was made up brings no letter about the end of the plan, and the paid plan none at all."""
    _, pieces = year
    assert [(piece.day, piece.kind, piece.amount_cents) for piece in pieces] == [
        (day, kind, 100 * dollars) for day, kind, dollars, _ in EXPECTED
    ]


def test_year__pages_name_one_date_for_one_payment(year: tuple[Hospital, list[Piece]], tmp_path: Path) -> None:
    hospital, pieces = year
    for piece, (*_, words) in zip(pieces, EXPECTED, strict=True):
        path = tmp_path / f"{piece.document_id}.pdf"
        read_pdf(hospital, piece, path)
        text = " ".join(" ".join(page_texts(path.read_bytes())).split())
        assert words in text, piece
        assert GUARANTOR in text, piece
        assert ("Too much at once?" in text) == (piece.day == "2026-11-07"), piece
