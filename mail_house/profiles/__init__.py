"""Vendor profiles: what an envelope shows, how much it holds and what is printed for the post office and the inserter,
as data (one TOML file each, in this folder).

Lengths are inches on the page (8.5 x 11) from its top left corner. Geometry and its sources: domain rules 7.3 to 7.6.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from mail_house.barcodes import intelligent_mail, sheet_mark, tracking_number

DEFAULT_PROFILE = "number-10-double-window"
POINTS = 72.0
"""In an inch."""


class Rect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rectangle on the page."""

    left_in: float
    top_in: float
    width_in: float
    height_in: float

    @property
    def right_in(self) -> float:
        return self.left_in + self.width_in

    @property
    def bottom_in(self) -> float:
        return self.top_in + self.height_in

    def holds(self, other: Rect) -> bool:
        """Whether the other lies within it, to a thousandth of an inch."""
        close_in = 0.001
        return (
            other.left_in >= self.left_in - close_in
            and other.top_in >= self.top_in - close_in
            and other.right_in <= self.right_in + close_in
            and other.bottom_in <= self.bottom_in + close_in
        )


class ImbPlacement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the Intelligent Mail barcode is printed, and whose it is. Its size is fixed: `mail_house.barcodes`."""

    left_in: float
    top_in: float
    """Of the full bars."""
    mailer_id: str = ""
    """As the postal service gave it, 6 or 9 digits; empty where there is none, and then no barcode is printed."""
    service_type: str = ""
    """Three digits: mail class and services, as agreed with the vendor."""
    barcode_id: str = "00"
    """Two digits: how the mail is sorted into trays; 00 where the vendor sorts it."""

    @property
    def zone(self) -> Rect:
        """The bars with what has to be clear around them (Publication 25)."""
        beside_in, above_in = intelligent_mail.QUIET_BESIDE / POINTS, intelligent_mail.QUIET_ABOVE / POINTS
        return Rect(
            left_in=self.left_in - beside_in,
            top_in=self.top_in - above_in,
            width_in=intelligent_mail.WIDTH / POINTS + 2 * beside_in,
            height_in=intelligent_mail.FULL / POINTS + 2 * above_in,
        )


class SheetMarkPlacement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where every sheet's DataMatrix is printed, on its front."""

    left_in: float
    top_in: float
    module_in: float
    """Of one module; 14 of them are its width."""

    @property
    def zone(self) -> Rect:
        """The mark with what has to be clear around it (ISO/IEC 16022)."""
        quiet_in = sheet_mark.QUIET_MODULES * self.module_in
        side_in = (sheet_mark.MODULES + 2 * sheet_mark.QUIET_MODULES) * self.module_in
        return Rect(left_in=self.left_in - quiet_in, top_in=self.top_in - quiet_in, width_in=side_in, height_in=side_in)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    play_across_in: float
    play_down_in: float
    """How far a sheet can slip within the envelope, to the right and up, from where it settles (domain rules 7.3)."""
    vendor_zone: Rect
    """Kept clear on every sheet's front, for the vendor's marks or ours."""
    clear_zones: tuple[Rect, ...] = ()
    """Kept clear on page 1: the vendor prints there."""
    imb: ImbPlacement | None = None
    """None where the vendor prints it."""
    sheet_mark: SheetMarkPlacement | None = None
    """None where the vendor marks sheets itself, or not at all."""

    @property
    def blank_zones(self) -> tuple[Rect, ...]:
        """Where page 1 of a document must have nothing of its own."""
        imb = () if self.imb is None else (self.imb.zone,)
        return (*imb, self.vendor_zone, *self.clear_zones)

    @property
    def prints_imb(self) -> bool:
        """Whether the barcode is ours to print."""
        return self.imb is not None and bool(self.imb.mailer_id)

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
        profile = msgspec.convert(tomllib.loads(text), Profile)
        _check(profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as exc:
        raise ValueError(f"vendor profile {name}: {exc}") from exc
    return profile


def with_mailer(profile: Profile, *, mailer_id: str, service_type: str) -> Profile:
    """The profile with the hospital's own mailer id, which a profile that ships cannot know.

    Raises ValueError for digits that are none, and where the vendor prints the barcode itself.
    """
    if not mailer_id:
        return profile
    if profile.imb is None:
        raise ValueError("this vendor prints the Intelligent Mail barcode itself: leave the mailer id out")
    place = msgspec.structs.replace(profile.imb, mailer_id=mailer_id, service_type=service_type)
    changed = msgspec.structs.replace(profile, imb=place)
    _check(changed)
    return changed


def _check(profile: Profile) -> None:
    """What would print a barcode that nobody can read, or none. Raises ValueError."""
    if (place := profile.imb) is not None:
        if not profile.recipient_window.holds(place.zone):
            raise ValueError("the Intelligent Mail barcode with its clear zone is not within the recipient's window")
        if place.mailer_id:
            tracking_number(
                barcode_id=place.barcode_id, service_type=place.service_type, mailer_id=place.mailer_id, serial=0
            )
    if (mark := profile.sheet_mark) is not None and not profile.vendor_zone.holds(mark.zone):
        raise ValueError("the sheets' mark with its clear zone is not within the vendor's zone")


def _shipped() -> list[resources.abc.Traversable]:
    return [item for item in resources.files(__name__).iterdir() if item.name.endswith(".toml")]
