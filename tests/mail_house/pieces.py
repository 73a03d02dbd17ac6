"""Small pieces of mail for tests: PDFs of plain text pages, without a layout engine."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection, Sequence
from datetime import date

import pikepdf

from mail_house.models import Piece, PrintFile
from mail_house.print_files import build_print_file, print_file_name
from mail_house.profiles import load_profile

CREATED_ON = date(2026, 11, 20)
POSTAL_COLUMNS = ("mail_class", "insert_code", "return_envelope", "perforated_page", "zip5", "zip4")
"""Columns that manifests did not always have."""
SEGMENT_COLUMNS = ("segment", "return_envelope_code", "message_code")
SERVICE_COLUMNS = ("extra_service",)
"""Columns that came after them."""
RECIPIENT = ("MARIA NUNEZ", "12 HARBOR ST APT 4", "SPRINGFIELD MA 01103")


def draw_pdf(texts: Sequence[str], *, font_program: bytes = b"") -> bytes:
    """A PDF with one page per text. The texts must be ASCII without parentheses."""
    pdf = pikepdf.new()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    if font_program:
        font.FontDescriptor = pikepdf.Dictionary(
            Type=pikepdf.Name.FontDescriptor, FontFile2=pikepdf.Stream(pdf, font_program)
        )
    font = pdf.make_indirect(font)
    for text in texts:
        page = pdf.add_blank_page(page_size=(612, 792))
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.obj.Contents = pikepdf.Stream(pdf, f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode("ascii"))
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def make_piece(
    sequence: int,
    *,
    pages: int = 1,
    document_id: str = "",
    pdf: bytes | None = None,
    recipient_lines: tuple[str, ...] = RECIPIENT,
    amount_cents: int = 12_345,
) -> Piece:
    """A piece whose pages show document number and page number."""
    document_id = document_id or f"00000000-0000-5000-8000-{sequence:012d}"
    data = pdf or draw_pdf([f"Document {sequence} page {n} of {pages}" for n in range(1, pages + 1)])
    return Piece(
        document_id=document_id,
        sequence=sequence,
        pdf=data,
        pages=pages,
        recipient_lines=recipient_lines,
        amount_cents=amount_cents,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def make_print_file(*, number: int = 1, pages: Sequence[int] = (1, 2)) -> PrintFile:
    """A print file of pieces with these page counts."""
    name = print_file_name(
        facility_id="main", cycle="2026-11", created_on=CREATED_ON, batch_id="2026-11-statement", number=number
    )
    pieces = [make_piece(n, pages=count) for n, count in enumerate(pages, start=1)]
    return build_print_file(name=name, pieces=pieces, profile=load_profile(), created_on=CREATED_ON)


def without_columns(manifest: bytes, columns: Collection[str]) -> bytes:
    """The manifest as it was written before it had these columns."""
    found = list(csv.DictReader(io.StringIO(manifest.decode("utf-8"), newline="")))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [name for name in found[0] if name not in columns], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue().encode()
