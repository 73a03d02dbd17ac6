"""What is printed over a document's pages for others to read: the post office's barcode, the inserter's mark.

Pure: a piece and a profile give, for each page, operators for its content stream (points, origin at the bottom left).
The document in the archive has none of this.
"""

from __future__ import annotations

import re

import msgspec

from mail_house.barcodes import SheetMark, data_matrix, draw_imb, imb, tracking_number, write_sheet_mark
from mail_house.models import Piece
from mail_house.profiles import POINTS, ImbPlacement, Profile, SheetMarkPlacement

PAGE_HEIGHT = 792.0
MARKS_BEGIN = b"/Artifact <</Type /PrintMarks>> BDC\n"
"""What a page's marks begin with: to a reader of the PDF they are no part of what it says (ISO 32000-1, 14.8.2.2)."""
_ZIP = re.compile(r"(?:^|[^0-9])([0-9]{5})(?:-?([0-9]{4}))?$", re.ASCII)


class InserterMarks(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece gets."""

    tracking: str = ""
    """20 digits; empty where no Intelligent Mail barcode is printed."""
    routing: str = ""
    bars: str = ""
    """Its 65 letters."""
    pages: tuple[bytes, ...]
    """Operators for each page, empty where it gets no mark; each leaves the graphics state as it was."""


def make_inserter_marks(piece: Piece, profile: Profile) -> InserterMarks:
    """The marks of every page of a piece.

    The Intelligent Mail barcode goes on page 1 where the profile has a mailer id, the piece a serial number, and the
    last line of the address a ZIP code: mail to other countries takes none. Sheets are marked on their fronts.

    Raises ValueError for a serial number that the mailer id has no room for.
    """
    tracking, routing, bars = "", routing_code(piece.recipient_lines), ""
    if profile.imb is not None and profile.prints_imb and piece.serial is not None and routing:
        tracking = _tracking(profile.imb, piece.serial)
        bars = imb(tracking, routing)
    return InserterMarks(
        tracking=tracking,
        routing=routing if tracking else "",
        bars=bars,
        pages=draw_inserter_marks(sequence=piece.sequence, pages=piece.pages, bars=bars, profile=profile),
    )


def draw_inserter_marks(*, sequence: int, pages: int, bars: str, profile: Profile) -> tuple[bytes, ...]:
    """Operators for each page. `bars` are the 65 letters for page 1, empty where there is no barcode."""
    marks = [b""] * pages
    if profile.sheet_mark is not None:
        fronts = range(0, pages, 2 if profile.duplex else 1)
        for sheet, page in enumerate(fronts, start=1):
            mark = SheetMark(sequence=sequence, sheet=sheet, sheets=len(fronts))
            marks[page] = _draw_sheet_mark(mark, profile.sheet_mark)
    if bars and profile.imb is not None:
        marks[0] += _draw_imb(bars, profile.imb)
    return tuple([MARKS_BEGIN + drawn + b"EMC\n" if drawn else b"" for drawn in marks])


def routing_code(recipient_lines: tuple[str, ...]) -> str:
    """The ZIP code that the envelope shows, as 5 or 9 digits: the end of the last line. Empty where there is none."""
    found = _ZIP.search(recipient_lines[-1])
    return "".join(part or "" for part in found.groups()) if found else ""


def _tracking(place: ImbPlacement, serial: int) -> str:
    return tracking_number(
        barcode_id=place.barcode_id, service_type=place.service_type, mailer_id=place.mailer_id, serial=serial
    )


def _draw_imb(bars: str, place: ImbPlacement) -> bytes:
    symbol = draw_imb(bars)
    return symbol.draw_at(place.left_in * POINTS, PAGE_HEIGHT - place.top_in * POINTS - symbol.height)


def _draw_sheet_mark(mark: SheetMark, place: SheetMarkPlacement) -> bytes:
    symbol = data_matrix(write_sheet_mark(mark), module=place.module_in * POINTS)
    return symbol.draw_at(place.left_in * POINTS, PAGE_HEIGHT - place.top_in * POINTS - symbol.height)
