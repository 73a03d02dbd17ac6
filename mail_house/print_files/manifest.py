"""The manifest: one row per piece of a print file, for the vendor and for reconciliation."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import msgspec

from mail_house.models import PieceCodes
from mail_house.postal import find_zip
from mail_house.profiles import Profile

ADDRESS_LINES_MAX = 6

COLUMNS: Mapping[str, str] = {
    "document_id": "the document; also printed on each of its pages",
    "sequence": "position in the batch's mailing order, from 1",
    "pdf_file": "the file name of the PDF",
    "first_page": "the piece's first page in the PDF, from 1; always the front of a sheet",
    "pages": "pages of the piece, a cover sheet included",
    "blank_pages": "blank backs after the piece",
    "sheets": "sheets of paper",
    "duplex": "`Y`: printed on both sides; `N`: on one",
    "envelope_class": "`letter` for a #10 envelope, `flat` for a 9 x 12",
    **{f"address_{n}": f"line {n} of the address, as printed in the window" for n in range(1, ADDRESS_LINES_MAX + 1)},
    "barcode": "Intelligent Mail barcode: tracking number, hyphen, routing code; empty if not printed",
    "barcode_bars": "its 65 bars, one letter each; empty if not printed",
    "amount_cents": "the amount due",
    "scanline": "the coupon's scan line; empty if none is printed",
    "carrier_pages": "how many of `pages` are a cover sheet with a new address",
    "sha256": "hash of the archived document",
    "mail_class": "the mail class, in the vendor's words (profile: `mail_class`; for mail abroad, `mail_class_abroad`)",
    "insert_code": "the vendor's code of the insert; empty if there is none (the segment's, or profile: `insert_code`)",
    "return_envelope": "`Y`: a reply envelope goes into the envelope; `N`: none does (profile: `return_envelope`). A "
    "piece without a coupon gets one only if its segment has a code for it: the usual one goes to the lockbox",
    "perforated_page": "the page of the piece, from 1, that is perforated: the one with the coupon; empty if the piece "
    "has no coupon, or none is perforated (profile: `perforates_coupon`)",
    "zip5": "the first 5 digits of the address's ZIP Code; empty for mail abroad",
    "zip4": "the last 4 digits of a ZIP+4 Code; empty if the address has none",
    "segment": "the hospital's code of the group of documents that this one belongs to; empty if there is none",
    "return_envelope_code": "the vendor's code of the reply envelope; empty for the usual one",
    "message_code": "the hospital's code of the sentence of the month on the page; empty if there is none",
    "extra_service": "certified mail with a return receipt, in the vendor's words (profile: `certified_service`); "
    "empty if the piece goes without it",
}
"""Each column with its meaning."""
_POSTAL_COLUMNS = ("mail_class", "insert_code", "return_envelope", "perforated_page", "zip5", "zip4")
"""The oldest manifests end before these columns."""
_SEGMENT_COLUMNS = ("segment", "return_envelope_code", "message_code")
"""Older manifests end before these columns."""
_SERVICE_COLUMNS = ("extra_service",)
"""As `_SEGMENT_COLUMNS`, but added later."""

# Characters that start a formula in a spreadsheet, including full-width forms.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


class PostalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the vendor is to mail a piece, and the parts of its ZIP Code. `COLUMNS` has the meanings."""

    mail_class: str
    insert_code: str
    return_envelope: bool
    perforated_page: int | None
    zip5: str
    zip4: str
    segment: str = ""
    return_envelope_code: str = ""
    message_code: str = ""
    extra_service: str = ""


def make_postal_options(
    profile: Profile, *, recipient_lines: tuple[str, ...], cover_sheet_pages: int, codes: PieceCodes
) -> PostalOptions:
    """What the profile and the piece's own codes order for a piece to this address. ValueError if it must be certified
    and the profile's vendor does not certify it."""
    zip5, _, zip4 = find_zip(recipient_lines).partition("-")
    if codes.certified and not (profile.certified_service and zip5):
        raise ValueError("the vendor has no certified mail to this address")
    return PostalOptions(
        mail_class=profile.mail_class if zip5 else profile.mail_class_abroad,
        insert_code=codes.insert or profile.insert_code,
        return_envelope=profile.return_envelope and (codes.has_coupon or bool(codes.return_envelope)),
        perforated_page=cover_sheet_pages + 1 if profile.perforates_coupon and codes.has_coupon else None,
        zip5=zip5,
        zip4=zip4,
        segment=codes.segment,
        return_envelope_code=codes.return_envelope,
        message_code=codes.message,
        extra_service=profile.certified_service if codes.certified else "",
    )


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
    postal_options: PostalOptions | None
    """None in an older manifest, which does not have them."""


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
                *_write_postal(piece.postal_options),
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


def _write_postal(options: PostalOptions | None) -> tuple[str | int, ...]:
    assert options is not None, "only an older manifest, which is never written again, has none"
    return (
        options.mail_class,
        options.insert_code,
        "Y" if options.return_envelope else "N",
        options.perforated_page or "",
        options.zip5,
        options.zip4,
        options.segment,
        options.return_envelope_code,
        options.message_code,
        options.extra_service,
    )


def _read_row(row: dict[str, str]) -> ManifestRow:
    before_services = set(COLUMNS).difference(_SERVICE_COLUMNS)
    before_segments = before_services.difference(_SEGMENT_COLUMNS)
    is_oldest = set(row) == before_segments.difference(_POSTAL_COLUMNS)
    known = (set(COLUMNS), before_services, before_segments)
    if (set(row) not in known and not is_oldest) or None in row.values():
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
        postal_options=None if is_oldest else _read_postal(row),
    )


def _read_postal(row: dict[str, str]) -> PostalOptions:
    return PostalOptions(
        mail_class=row["mail_class"],
        insert_code=row["insert_code"],
        return_envelope={"Y": True, "N": False}[row["return_envelope"]],
        perforated_page=int(row["perforated_page"]) if row["perforated_page"] else None,
        zip5=row["zip5"],
        zip4=row["zip4"],
        segment=row.get("segment", ""),
        return_envelope_code=row.get("return_envelope_code", ""),
        message_code=row.get("message_code", ""),
        extra_service=row.get("extra_service", ""),
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
