"""The envelope windows that verification checks come from the print profile, and the theme's geometry fits them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mail_house.profiles import load_profile
from statement_builder.errors import ConfigError
from statement_builder.pipeline.build_worker import envelope_windows
from statement_builder.settings import MailSettings, Settings
from statement_builder.settings.backends import open_profile
from tests.contents import TEMPLATES


def test_envelope_windows__have_the_profiles_measurements() -> None:
    profile = load_profile()
    windows = envelope_windows(profile)
    assert (windows.sender, windows.recipient) == (profile.return_window, profile.recipient_window)
    assert (windows.clear, windows.play_down) == (profile.clear_in, profile.play_down_in)
    assert windows.clear_zones == profile.blank_zones


def inches(css: str, selector: str, name: str) -> float:
    """A length in the first rule for `selector`."""
    rule = re.search(rf"(?m)^{re.escape(selector)} \{{([^}}]*)\}}", css)
    assert rule is not None, selector
    value = re.search(rf"(?<![\w-]){name}: (-?[\d.]+)in", rule[1])
    assert value is not None, name
    return float(value[1])


def test_theme__positions_fit_the_default_envelope() -> None:
    css = (TEMPLATES / "theme" / "theme.css").read_text(encoding="utf-8")
    margins = re.search(r"(?m)^@page :first \{\s+margin: ([\d.]+)in [\d.]+in [\d.]+in ([\d.]+)in;", css)
    assert margins is not None
    page_top, page_left = map(float, margins.groups())
    windows = envelope_windows(load_profile())
    for selector, window in ((".return-address", windows.sender), (".recipient", windows.recipient)):
        assert page_left + inches(css, selector, "left") >= window.left + windows.clear
        assert page_top + inches(css, selector, "top") >= window.top + windows.clear
    recipient_right = page_left + inches(css, ".recipient", "left") + inches(css, ".recipient", "width")
    assert recipient_right <= windows.recipient.right - windows.clear
    assert page_left + inches(css, ".summary", "margin-left") >= windows.recipient.right
    assert page_top + inches(css, ".top", "min-height") >= windows.recipient.bottom + windows.play_down


def own_profile(folder: Path) -> Path:
    shipped = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    own = folder / "our-vendor.toml"
    own.write_text(shipped.replace("sheets_letter_max = 5", "sheets_letter_max = 3"), encoding="utf-8")
    return own


def test_open_profile__reads_an_own_profile(tmp_path: Path) -> None:
    mail = MailSettings(print_profile=str(own_profile(tmp_path)), mailer_id="123456", service_type="040")
    profile = open_profile(Settings(mail=mail))
    assert (profile.sheets_letter_max, profile.prints_imb) == (3, True)


def test_open_profile__names_the_invalid_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mail\.print_profile.*does not exist"):
        open_profile(Settings(mail=MailSettings(print_profile=str(tmp_path / "gone.toml"))))
    with pytest.raises(ConfigError, match=r"mail\.mailer_id.*vendor prints"):
        open_profile(Settings(mail=MailSettings(print_profile="lob", mailer_id="123456", service_type="040")))
