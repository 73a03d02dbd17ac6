"""Vendor profiles as data, one TOML file each in this folder: envelope windows and capacity, barcode and sheet marks.

Lengths are inches on the page (8.5 x 11) from its top left corner. Each profile names the sources of its geometry.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from mail_house.barcodes import intelligent_mail, sheet_mark, tracking_number
from pdf_kit.geometry import POINTS_PER_INCH, Rect

DEFAULT_PROFILE = "number-10-double-window"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")


class ProfileRect(Rect, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rectangle with the field names that a profile's TOML file uses."""

    left: float = msgspec.field(name="left_in")
    top: float = msgspec.field(name="top_in")
    width: float = msgspec.field(name="width_in")
    height: float = msgspec.field(name="height_in")


class ImbPlacement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Position and mailer of the Intelligent Mail barcode. Its size is fixed in `mail_house.barcodes`."""

    left_in: float
    top_in: float
    """Top of the full bars."""
    mailer_id: str = ""
    """6 or 9 digits, assigned by the postal service. If empty, no barcode is printed."""
    service_type: str = ""
    """Three digits: mail class and services, as agreed with the vendor."""
    barcode_id: str = "00"
    """Two digits: how the mail is sorted into trays; 00 if the vendor sorts it."""

    @property
    def zone(self) -> Rect:
        """The bars with their clear zone (Publication 25)."""
        beside_in, above_in = (
            intelligent_mail.QUIET_BESIDE / POINTS_PER_INCH,
            intelligent_mail.QUIET_ABOVE / POINTS_PER_INCH,
        )
        return Rect(
            left=self.left_in - beside_in,
            top=self.top_in - above_in,
            width=intelligent_mail.WIDTH / POINTS_PER_INCH + 2 * beside_in,
            height=intelligent_mail.FULL / POINTS_PER_INCH + 2 * above_in,
        )


class SheetMarkPlacement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Position of the DataMatrix on the front of every sheet."""

    left_in: float
    top_in: float
    module_in: float
    """Width of one module; the symbol is 14 modules wide."""

    @property
    def zone(self) -> Rect:
        """The mark with its quiet zone (ISO/IEC 16022)."""
        quiet_in = sheet_mark.QUIET_MODULES * self.module_in
        side_in = (sheet_mark.MODULES + 2 * sheet_mark.QUIET_MODULES) * self.module_in
        return Rect(left=self.left_in - quiet_in, top=self.top_in - quiet_in, width=side_in, height=side_in)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One print vendor's envelopes."""

    title: str
    source: str
    """Source of the measurements."""
    duplex: bool
    sheets_letter_max: int
    """More sheets go in a flat (a #10 holds 6 tri-folded sheets, or 5 plus a return envelope)."""
    sheets_flat_max: int
    mail_class: str = "first-class"
    """The vendor's word for First-Class Mail, in the manifest."""
    mails_abroad: bool = True
    """False: the vendor takes pieces to addresses in the United States only."""
    mail_class_abroad: str = "first-class-international"
    """The same for a piece whose address has no ZIP Code: mail abroad."""
    certified_service: str = ""
    """The vendor's word for certified mail with a return receipt, within the United States. Empty: it has none."""
    insert_code: str = ""
    """The vendor's code of an insert that goes into every envelope, such as a leaflet. Empty: none does."""
    return_envelope: bool = False
    """The vendor adds a reply envelope, which counts as a sheet in `sheets_letter_max`."""
    perforates_coupon: bool = False
    """The vendor prints the page with the payment coupon on perforated paper."""
    return_window: ProfileRect
    recipient_window: ProfileRect
    clear_in: float
    """Minimum distance between the text in a window and the window's edge (USPS Publication 25)."""
    body_top_in: float
    """The letter's text starts at or below this line on page 1, so it never shows in a window."""
    play_across_in: float
    play_down_in: float
    """How far a sheet can shift in the envelope, to the right and up, from where it settles."""
    vendor_zone: ProfileRect
    """Kept clear on the front of every sheet, for the vendor's marks or ours."""
    print_margin_in: float = 0.1875
    """No text is nearer to an edge of any page: printers cannot print there."""
    clear_zones: tuple[ProfileRect, ...] = ()
    """Kept clear on page 1, where the vendor prints."""
    imb: ImbPlacement | None = None
    """None if the vendor prints the barcode."""
    sheet_mark: SheetMarkPlacement | None = None
    """None if the vendor marks the sheets itself or does not need marks."""

    @property
    def blank_zones(self) -> tuple[Rect, ...]:
        """The zones of page 1 that the document must leave blank."""
        imb = () if self.imb is None else (self.imb.zone,)
        return (*imb, self.vendor_zone, *self.clear_zones)

    @property
    def prints_imb(self) -> bool:
        """Whether we print the barcode."""
        return self.imb is not None and bool(self.imb.mailer_id)

    @property
    def pages_max(self) -> int:
        """The longest document that fits the largest envelope."""
        return self.sheets_flat_max * (2 if self.duplex else 1)


def load_profile(name: str | Path = DEFAULT_PROFILE) -> Profile:
    """Load the included profile of this name, or the TOML file at a `Path`.

    Raises ValueError that names the profile and the field that is wrong or missing.
    """
    if isinstance(name, Path):
        if not name.is_file():
            raise ValueError(f"vendor profile {name}: the file does not exist")
        text = name.read_text(encoding="utf-8")
    else:
        shipped = {item.name.removesuffix(".toml"): item for item in _shipped()}
        if name not in shipped:
            raise ValueError(f"vendor profile {name!r} does not exist; use one of: {', '.join(sorted(shipped))}")
        text = shipped[name].read_text(encoding="utf-8")
    try:
        profile = msgspec.convert(tomllib.loads(text), Profile)
        _check(profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as exc:
        raise ValueError(f"vendor profile {name}: {exc}") from exc
    return profile


def with_mailer(profile: Profile, *, mailer_id: str, service_type: str) -> Profile:
    """Return the profile with the hospital's own mailer id, which an included profile cannot contain.

    Raises ValueError for invalid digits, or if the vendor prints the barcode itself.
    """
    if not mailer_id:
        return profile
    if profile.imb is None:
        raise ValueError("this vendor prints the Intelligent Mail barcode itself: remove the mailer id")
    placement = msgspec.structs.replace(profile.imb, mailer_id=mailer_id, service_type=service_type)
    changed = msgspec.structs.replace(profile, imb=placement)
    _check(changed)
    return changed


def _check(profile: Profile) -> None:
    """Raise ValueError if the barcode or the sheet mark would be unreadable, or a code has other characters."""
    if (imb := profile.imb) is not None:
        if not profile.recipient_window.contains(imb.zone):
            raise ValueError("the Intelligent Mail barcode with its clear zone is not within the recipient's window")
        if imb.mailer_id:
            tracking_number(barcode_id=imb.barcode_id, service_type=imb.service_type, mailer_id=imb.mailer_id, serial=0)
    for name in ("mail_class", "mail_class_abroad", "certified_service", "insert_code"):
        code = getattr(profile, name)
        if not _CODE.fullmatch(code) and (code or name not in {"certified_service", "insert_code"}):
            raise ValueError(f"{name} must be 1 to 40 letters, digits, spaces, hyphens, periods or underscores")
    if (mark := profile.sheet_mark) is not None and not profile.vendor_zone.contains(mark.zone):
        raise ValueError("the sheet mark with its quiet zone is not within the vendor's zone")


def _shipped() -> list[resources.abc.Traversable]:
    return [item for item in resources.files(__name__).iterdir() if item.name.endswith(".toml")]
