"""What rendering takes for the default envelope is what the profile that ships says."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import astuple

from mail_house.profiles import load_profile
from statement_builder.errors import ConfigError
from statement_builder.pipeline.build_worker import envelope_windows
from statement_builder.pipeline.context import open_profile
from statement_builder.rendering import DOUBLE_WINDOW_10
from statement_builder.settings import MailSettings, Settings


def test_windows_of__default_profile_is_the_envelope_that_templates_are_made_for() -> None:
    windows = envelope_windows(load_profile())
    rounded = [[round(side, 3) for side in astuple(zone)] for zone in windows.clear_zones]
    assert rounded == [list(astuple(zone)) for zone in DOUBLE_WINDOW_10.clear_zones]
    assert astuple(windows)[:4] == astuple(DOUBLE_WINDOW_10)[:4]


def own_profile(folder: Path) -> Path:
    shipped = Path(load_profile.__globals__["__file__"]).with_name("number-10-double-window.toml").read_text()
    own = folder / "our-vendor.toml"
    own.write_text(shipped.replace("sheets_letter_max = 5", "sheets_letter_max = 3"), encoding="utf-8")
    return own


def test_open_profile__vendor_that_does_not_ship(tmp_path: Path) -> None:
    mail = MailSettings(print_profile=str(own_profile(tmp_path)), mailer_id="123456", service_type="040")
    profile = open_profile(Settings(mail=mail))
    assert (profile.sheets_letter_max, profile.prints_imb) == (3, True)


def test_open_profile__says_which_setting_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mail\.print_profile.*no such file"):
        open_profile(Settings(mail=MailSettings(print_profile=str(tmp_path / "gone.toml"))))
    with pytest.raises(ConfigError, match=r"mail\.mailer_id.*vendor prints"):
        open_profile(Settings(mail=MailSettings(print_profile="lob", mailer_id="123456", service_type="040")))
