"""The manifest: one row per piece of a print file, for the vendor and for reconciliation."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import msgspec

ADDRESS_LINES_MAX = 6

COLUMNS = (
    "document_id",
    "sequence",
    "pdf_file",
    "first_page",
    "pages",
    "blank_pages",
    "sheets",
    "duplex",
    "envelope_class",
    *(f"address_{n}" for n in range(1, ADDRESS_LINES_MAX + 1)),
    "barcode",
    "barcode_bars",
    "amount_cents",
    "scanline",
    "carrier_pages",
    "sha256",
)
"""`barcode` is the Intelligent Mail barcode's tracking number and routing code, joined by a hyphen."""

# Characters that start a formula in a spreadsheet, including full-width forms.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


class ManifestRow(msgspec.Struct, frozen=True, kw_only=True):
    """A piece and its position in the print file."""

    document_id: str
    sequence: int
    first_page: int
    """From 1; always the front of a sheet."""
    pages: int
    blank_pages: int
    """Blank backs after the piece, so that the next piece starts on a new sheet."""
    sheets: int
    envelope_class: str
    recipient_lines: tuple[str, ...]
    barcode: str
    """Empty, like `barcode_bars`, if no barcode is printed."""
    barcode_bars: str
    amount_cents: int
    scanline: str
    cover_sheet_pages: int
    """How many of `pages` belong to the cover sheet before the document. The CSV column is `carrier_pages`."""
    sha256: str


def write_manifest(pdf_file: str, rows: Sequence[ManifestRow], *, duplex: bool) -> bytes:
    """Return CSV (RFC 4180, UTF-8 without a byte order mark) with a header and one row per piece. There is no trailer:
    totals are in the control file, so every row is a piece."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for piece in rows:
        lines = piece.recipient_lines + ("",) * (ADDRESS_LINES_MAX - len(piece.recipient_lines))
        writer.writerow(
            (
                piece.document_id,
                piece.sequence,
                pdf_file,
                piece.first_page,
                piece.pages,
                piece.blank_pages,
                piece.sheets,
                "Y" if duplex else "N",
                piece.envelope_class,
                *(escape_formula(line) for line in lines),
                piece.barcode,
                piece.barcode_bars,
                piece.amount_cents,
                piece.scanline,
                piece.cover_sheet_pages,
                piece.sha256,
            )
        )
    return out.getvalue().encode("utf-8")


def read_manifest(manifest: bytes) -> tuple[ManifestRow, ...]:
    """Parse a manifest. Raises ValueError for a file that `write_manifest` did not write."""
    try:
        rows = list(csv.DictReader(io.StringIO(manifest.decode("utf-8"), newline=""), strict=True))
        return tuple(_read_row(row) for row in rows)
    except (csv.Error, KeyError, TypeError, UnicodeDecodeError) as exc:
        raise ValueError(f"not a manifest: {type(exc).__name__}") from exc


def _read_row(row: dict[str, str]) -> ManifestRow:
    if set(row) != set(COLUMNS) or None in row.values():
        raise ValueError("not a manifest: a row has other columns")
    lines = [unescape_formula(row[f"address_{n}"]) for n in range(1, ADDRESS_LINES_MAX + 1)]
    return ManifestRow(
        document_id=row["document_id"],
        sequence=int(row["sequence"]),
        first_page=int(row["first_page"]),
        pages=int(row["pages"]),
        blank_pages=int(row["blank_pages"]),
        cover_sheet_pages=int(row["carrier_pages"]),
        sheets=int(row["sheets"]),
        envelope_class=row["envelope_class"],
        recipient_lines=tuple(lines[: max((n for n, line in enumerate(lines, 1) if line), default=0)]),
        barcode=row["barcode"],
        barcode_bars=row["barcode_bars"],
        amount_cents=int(row["amount_cents"]),
        scanline=row["scanline"],
        sha256=row["sha256"],
    )


def unescape_formula(value: str) -> str:
    """Undo `escape_formula`."""
    return value[1:] if value.startswith("'") and escape_formula(value[1:]) == value else value


def escape_formula(value: str) -> str:
    """Put an apostrophe before a value that a spreadsheet would run as a formula (OWASP, CSV injection).

    Some spreadsheets ignore leading spaces before a formula, and a leading tab or line break starts one.
    """
    if value[:1] in ("\t", "\r", "\n") or value.lstrip().startswith(_FORMULA):
        return "'" + value
    return value
