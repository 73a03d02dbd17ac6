"""What rendering takes for the default envelope is what the profile that ships says."""

from __future__ import annotations

from msgspec.structs import astuple

from mail_house.profiles import load_profile
from statement_builder.batch.build import windows_of
from statement_builder.rendering import DOUBLE_WINDOW_10


def test_windows_of__default_profile_is_the_envelope_that_templates_are_made_for() -> None:
    windows = windows_of(load_profile())
    rounded = [[round(side, 3) for side in astuple(zone)] for zone in windows.clear_zones]
    assert rounded == [list(astuple(zone)) for zone in DOUBLE_WINDOW_10.clear_zones]
    assert astuple(windows)[:4] == astuple(DOUBLE_WINDOW_10)[:4]
