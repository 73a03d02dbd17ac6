"""What is printed over a document's pages for others to read: the post office's barcode, the inserter's mark.

Pure: a piece and a profile give, for each page, operators for its content stream (points, origin at the bottom left).
The document in the archive has none of this.
"""

from __future__ import annotations

import re

from mail_house.barcodes import SheetMark, data_matrix, draw_imb, imb, tracking_number, write_sheet_mark
from mail_house.pieces import Piece, Record
from mail_house.print_files.envelopes import sheets_of
from mail_house.profiles import POINTS, ImbPlace, Profile, SheetMarkPlace

PAGE_HEIGHT = 792.0
_ZIP = re.compile(r"(?:^|[^0-9])([0-9]{5})(?:-?([0-9]{4}))?$", re.ASCII)


class Marks(Record, frozen=True, kw_only=True):
    """What one piece gets."""

    tracking: str = ""
    """20 digits; empty where no Intelligent Mail barcode is printed."""
    routing: str = ""
    bars: str = ""
    """Its 65 letters."""
    pages: tuple[bytes, ...]
    """Operators for each page, empty where it gets no mark; each leaves the graphics state as it was."""


def make_marks(piece: Piece, profile: Profile) -> Marks:
    """The marks of every page of a piece.

    The Intelligent Mail barcode goes on page 1 where the profile has a mailer id, the piece a serial number, and the
    last line of the address a ZIP code: mail to other countries takes none. Sheets are marked on their fronts.

    Raises ValueError for a serial number that the mailer id has no room for.
    """
    fronts = range(0, piece.pages, 2 if profile.duplex else 1)
    pages = [b""] * piece.pages
    if profile.sheet_mark is not None:
        sheets = sheets_of(piece.pages, profile)
        for sheet, page in enumerate(fronts, start=1):
            mark = SheetMark(sequence=piece.sequence, sheet=sheet, sheets=sheets)
            pages[page] = _draw_sheet_mark(mark, profile.sheet_mark)
    tracking, routing, bars = "", routing_code(piece.recipient_lines), ""
    if profile.imb is not None and profile.prints_imb and piece.serial is not None and routing:
        tracking = _tracking(profile.imb, piece.serial)
        bars = imb(tracking, routing)
        pages[0] += _draw_imb(bars, profile.imb)
    return Marks(
        tracking=tracking,
        routing=routing if tracking else "",
        bars=bars,
        pages=tuple([b"/Artifact BMC\n%bEMC\n" % marks if marks else b"" for marks in pages]),
    )


def routing_code(recipient_lines: tuple[str, ...]) -> str:
    """The ZIP code that the envelope shows, as 5 or 9 digits: the end of the last line. Empty where there is none."""
    found = _ZIP.search(recipient_lines[-1])
    return "".join(part or "" for part in found.groups()) if found else ""


def _tracking(place: ImbPlace, serial: int) -> str:
    return tracking_number(
        barcode_id=place.barcode_id, service_type=place.service_type, mailer_id=place.mailer_id, serial=serial
    )


def _draw_imb(bars: str, place: ImbPlace) -> bytes:
    symbol = draw_imb(bars)
    return symbol.place(place.left_in * POINTS, PAGE_HEIGHT - place.top_in * POINTS - symbol.height)


def _draw_sheet_mark(mark: SheetMark, place: SheetMarkPlace) -> bytes:
    symbol = data_matrix(write_sheet_mark(mark), module=place.module_in * POINTS)
    return symbol.place(place.left_in * POINTS, PAGE_HEIGHT - place.top_in * POINTS - symbol.height)
