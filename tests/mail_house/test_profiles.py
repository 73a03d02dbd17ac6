"""Vendor profiles are data; the default profile is a #10 double-window envelope."""

from __future__ import annotations

from pathlib import Path

import pytest

from mail_house.profiles import ProfileRect, load_profile, with_mailer


def test_load_profile__default_is_the_number_10_double_window() -> None:
    profile = load_profile()
    assert profile.recipient_window == ProfileRect(left=0.625, top=1.7, width=4.0, height=1.0)
    assert profile.return_window == ProfileRect(left=0.625, top=0.5, width=3.25, height=0.875)
    assert (profile.clear_in, profile.duplex, profile.sheets_letter_max) == (0.125, True, 5)
    assert profile.pages_max == 120


def test_load_profile__loads_a_hospitals_own_file(tmp_path: Path) -> None:
    included = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(included.replace("duplex = true", "duplex = false"))
    assert load_profile(own).duplex is False
    assert load_profile(own).pages_max == 60


def test_load_profile__a_hospitals_own_file_without_mailing_options(tmp_path: Path) -> None:
    """A profile that was written before these fields existed orders nothing more than it did."""
    included = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(included.replace("return_envelope = true\n", "").replace("perforates_coupon = true\n", ""))
    profile = load_profile(own)
    assert (profile.mail_class, profile.insert_code) == ("first-class", "")
    assert not profile.return_envelope
    assert not profile.perforates_coupon


@pytest.mark.parametrize("field", ["mail_class", "mail_class_abroad", "insert_code"])
@pytest.mark.parametrize("code", ["=1+1", "a,b", "a\\nb", " ", "x" * 41])
def test_load_profile__refuses_a_code_that_a_vendor_could_misread(field: str, code: str, tmp_path: Path) -> None:
    included = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(f'{field} = "{code}"\n{included}')
    with pytest.raises(ValueError, match=field):
        load_profile(own)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param('title = "half"', "missing required field", id="field-missing"),
        pytest.param("duplex = ", "Invalid value", id="not-toml"),
        pytest.param("finish = true", "unknown field", id="field-unknown"),
    ],
)
def test_load_profile__names_the_problem(text: str, complaint: str, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        load_profile(own)


def test_load_profile__unknown_name__lists_the_included_profiles() -> None:
    with pytest.raises(ValueError, match="use one of: lob, number-10-double-window, postgrid"):
        load_profile("number-9")


def test_load_profile__missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        load_profile(tmp_path / "gone.toml")


@pytest.mark.parametrize("name", ["lob", "number-10-double-window", "postgrid"])
def test_load_profile__windows_and_vendor_zone_do_not_overlap(name: str) -> None:
    profile = load_profile(name)
    lowest = profile.recipient_window.bottom + profile.play_down_in
    assert profile.vendor_zone.top > lowest
    assert profile.return_window.bottom < profile.recipient_window.top


def test_load_profile__api_vendors_print_barcode_and_marks() -> None:
    for name in ("lob", "postgrid"):
        profile = load_profile(name)
        assert (profile.imb, profile.sheet_mark) == (None, None)
        assert profile.sheets_letter_max == 5, "the vendor adds an address page"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("top_in = 2.538", "top_in = 2.56", "within the recipient's window", id="barcode-too-low"),
        pytest.param("left_in = 0.77", "left_in = 0.7", "within the recipient's window", id="barcode-too-far-left"),
        pytest.param("module_in = 0.02", "module_in = 0.04", "within the vendor's zone", id="mark-too-large"),
        pytest.param(
            "[sheet_mark]", 'mailer_id = "12345"\nservice_type = "040"\n\n[sheet_mark]', "mailer id", id="mailer-id"
        ),
    ],
)
def test_load_profile__refuses_unreadable_barcodes(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    included = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    assert old in included
    own = tmp_path / "own.toml"
    own.write_text(included.replace(old, new))
    with pytest.raises(ValueError, match=complaint):
        load_profile(own)


@pytest.mark.parametrize(
    ("profile", "mailer_id", "service_type", "complaint"),
    [
        pytest.param("number-10-double-window", "1234", "040", "mailer id", id="mailer-id"),
        pytest.param("number-10-double-window", "123456", "", "service type", id="no-service-type"),
        pytest.param("lob", "123456", "040", "vendor prints", id="vendor-prints-it"),
    ],
)
def test_with_mailer__refuses(profile: str, mailer_id: str, service_type: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        with_mailer(load_profile(profile), mailer_id=mailer_id, service_type=service_type)


def test_with_mailer__empty_mailer_id_changes_nothing() -> None:
    assert with_mailer(load_profile(), mailer_id="", service_type="") == load_profile()
    assert with_mailer(load_profile(), mailer_id="123456", service_type="040").prints_imb
