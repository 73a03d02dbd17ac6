"""Vendor profiles: what an envelope shows and how much it holds, as data (one TOML file each, in this folder).

Lengths are inches on the page (8.5 x 11) from its top left corner. Geometry and its sources: domain rules 7.3 and 7.6.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from mail_house.pieces import Record

DEFAULT_PROFILE = "number-10-double-window"


class Rect(Record, frozen=True, kw_only=True):
    """A rectangle on the page."""

    left_in: float
    top_in: float
    width_in: float
    height_in: float


class Profile(Record, frozen=True, kw_only=True):
    """One print vendor's envelopes."""

    title: str
    source: str
    """Where the numbers come from."""
    duplex: bool
    sheets_letter_max: int
    """More than this goes flat (domain rules 7.6: a #10 takes 6 tri-folded sheets, 5 beside a return envelope)."""
    sheets_flat_max: int
    return_window: Rect
    recipient_window: Rect
    clear_in: float
    """Between anything printed in a window and the window's edge (USPS Publication 25)."""
    body_top_in: float
    """The letter's text starts here or lower on page 1, out of both windows' reach."""

    @property
    def pages_max(self) -> int:
        """The longest document that fits the biggest envelope."""
        return self.sheets_flat_max * (2 if self.duplex else 1)


def load_profile(name: str | Path = DEFAULT_PROFILE) -> Profile:
    """The profile that ships under `name`, or the one in the TOML file at a `Path`.

    Raises ValueError that names the profile and the field that is wrong or missing.
    """
    if isinstance(name, Path):
        if not name.is_file():
            raise ValueError(f"vendor profile {name}: there is no such file")
        text = name.read_text(encoding="utf-8")
    else:
        shipped = {item.name.removesuffix(".toml"): item for item in _shipped()}
        if name not in shipped:
            raise ValueError(f"vendor profile {name!r} does not ship; there are: {', '.join(sorted(shipped))}")
        text = shipped[name].read_text(encoding="utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise ValueError(f"vendor profile {name}: {exc}") from exc


def _shipped() -> list[resources.abc.Traversable]:
    return [item for item in resources.files(__name__).iterdir() if item.name.endswith(".toml")]
