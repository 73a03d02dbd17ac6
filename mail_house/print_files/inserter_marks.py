"""The marks printed over a document's pages: the Intelligent Mail barcode and the inserter's sheet marks.

Pure functions: from a piece and a profile to content stream operators for each page (points, origin at the bottom
left). The archived document has no marks.
"""

from __future__ import annotations

import msgspec

from mail_house.barcodes import SheetMark, data_matrix, draw_imb, imb, tracking_number, write_sheet_mark
from mail_house.models import Piece
from mail_house.postal import find_zip
from mail_house.profiles import ImbPlacement, Profile, SheetMarkPlacement
from pdf_kit.geometry import POINTS_PER_INCH

PAGE_HEIGHT = 792.0
MARKS_BEGIN = b"/Artifact <</Type /PrintMarks>> BDC\n"
"""The start of a page's marks. An artifact is not part of the page's content (ISO 32000-1, 14.8.2.2)."""


class InserterMarks(msgspec.Struct, frozen=True, kw_only=True):
    """The marks of one piece."""

    tracking: str = ""
    """20 digits; empty if no Intelligent Mail barcode is printed."""
    routing: str = ""
    bars: str = ""
    """The barcode's 65 letters."""
    pages: tuple[bytes, ...]
    """Operators for each page, empty for a page without marks. They restore the graphics state."""


def make_inserter_marks(piece: Piece, profile: Profile) -> InserterMarks:
    """Return the marks of every page of a piece.

    Page 1 gets the Intelligent Mail barcode if the profile has a mailer id, the piece has a serial number, and the
    last address line has a ZIP code; foreign mail gets none. Sheet marks are printed on the front of each sheet.

    Raises ValueError for a serial number that is too large for the mailer id.
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
    """Return the operators for each page. `bars` are the 65 letters for page 1; empty for no barcode."""
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
    """Return the ZIP code at the end of the last address line, as 5 or 9 digits; empty if there is none."""
    return find_zip(recipient_lines).replace("-", "")


def _tracking(placement: ImbPlacement, serial: int) -> str:
    return tracking_number(
        barcode_id=placement.barcode_id,
        service_type=placement.service_type,
        mailer_id=placement.mailer_id,
        serial=serial,
    )


def _draw_imb(bars: str, placement: ImbPlacement) -> bytes:
    symbol = draw_imb(bars)
    return symbol.draw_at(
        placement.left_in * POINTS_PER_INCH, PAGE_HEIGHT - placement.top_in * POINTS_PER_INCH - symbol.height
    )


def _draw_sheet_mark(mark: SheetMark, placement: SheetMarkPlacement) -> bytes:
    symbol = data_matrix(write_sheet_mark(mark), module=placement.module_in * POINTS_PER_INCH)
    return symbol.draw_at(
        placement.left_in * POINTS_PER_INCH, PAGE_HEIGHT - placement.top_in * POINTS_PER_INCH - symbol.height
    )
