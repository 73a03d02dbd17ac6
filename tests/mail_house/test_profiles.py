"""Vendor profiles are data, and the one that ships is the envelope of domain rules 7.3."""

from __future__ import annotations

from pathlib import Path

import pytest

from mail_house.profiles import Rect, load_profile


def test_load_profile__default_is_the_number_10_double_window() -> None:
    profile = load_profile()
    assert profile.recipient_window == Rect(left_in=0.625, top_in=1.7, width_in=4.0, height_in=1.0)
    assert profile.return_window == Rect(left_in=0.625, top_in=0.5, width_in=3.25, height_in=0.875)
    assert (profile.clear_in, profile.duplex, profile.sheets_letter_max) == (0.125, True, 5)
    assert profile.pages_max == 120


def test_load_profile__a_hospital_may_bring_its_own(tmp_path: Path) -> None:
    shipped = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(shipped.replace("duplex = true", "duplex = false"))
    assert load_profile(own).duplex is False
    assert load_profile(own).pages_max == 60


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param('title = "half"', "missing required field", id="field-missing"),
        pytest.param("duplex = ", "Invalid value", id="not-toml"),
        pytest.param("colour = true", "unknown field", id="field-unknown"),
    ],
)
def test_load_profile__says_what_is_wrong(text: str, complaint: str, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        load_profile(own)


def test_load_profile__names_those_that_ship() -> None:
    with pytest.raises(ValueError, match="there are: number-10-double-window"):
        load_profile("number-9")


def test_load_profile__own_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file"):
        load_profile(tmp_path / "gone.toml")
