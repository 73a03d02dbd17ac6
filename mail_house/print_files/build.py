"""Builds a print file from pieces. The pieces are checked first; the result is deterministic.

`mail_house.preflight` checks the result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from mail_house.models import Piece, PrintFile
from mail_house.postal import find_line_fault
from mail_house.print_files.assembly import Assembly
from mail_house.print_files.control import Control, file_facts, write_control
from mail_house.print_files.envelopes import envelope_class, sheets_of
from mail_house.print_files.inserter_marks import make_inserter_marks
from mail_house.print_files.manifest import ADDRESS_LINES_MAX, ManifestRow, make_postal_options, write_manifest
from mail_house.profiles import Profile


def build_print_file(*, name: str, pieces: Sequence[Piece], profile: Profile, created_on: date) -> PrintFile:
    """Build one PDF of the pieces in mailing order, with its manifest and control file.

    All pieces must have the same envelope class. If the profile is duplex, a blank back follows a piece with an odd
    number of pages, so the next piece starts on a new sheet; the manifest declares the blank back.

    Raises ValueError, naming the document, if a piece's bytes do not match its hash or page count, it fits no
    envelope, its name or address is blank, too long or has a control character, or it appears twice.
    """
    ordered = sorted(pieces, key=lambda piece: piece.sequence)
    _check_pieces(ordered, profile)
    assembly = Assembly()
    rows = [_add_piece(piece, assembly, profile) for piece in ordered]

    manifest = write_manifest(f"{name}.pdf", rows, duplex=profile.duplex)
    pages = sum(row.pages + row.blank_pages for row in rows)
    sheets = sum(row.sheets for row in rows)
    cents = sum(row.amount_cents for row in rows)
    pdf = assembly.save(title=name, manifest_sha256=hashlib.sha256(manifest).hexdigest())
    control = Control(
        name=name,
        created_on=created_on.isoformat(),
        records=len(rows),
        pages=pages,
        blank_pages=sum(row.blank_pages for row in rows),
        sheets=sheets,
        cents=cents,
        pdf=file_facts(f"{name}.pdf", pdf),
        manifest=file_facts(f"{name}.csv", manifest),
    )
    return PrintFile(
        name=name,
        pdf=pdf,
        manifest=manifest,
        control=write_control(control),
        pages=pages,
        sheets=sheets,
        records=len(rows),
        cents=cents,
        sha256=control.pdf.sha256,
    )


def _add_piece(piece: Piece, assembly: Assembly, profile: Profile) -> ManifestRow:
    first_page = assembly.pages + 1
    marks = make_inserter_marks(piece, profile)
    found = assembly.add_piece(piece, marks.pages)
    if found != piece.pages:
        raise ValueError(f"document {piece.document_id}: it has {found} pages, but {piece.pages} are on record")
    blank_pages = 1 if profile.duplex and piece.pages % 2 else 0
    if blank_pages:
        assembly.add_blank_back()
    return ManifestRow(
        document_id=piece.document_id,
        sequence=piece.sequence,
        first_page=first_page,
        pages=piece.pages,
        blank_pages=blank_pages,
        sheets=sheets_of(piece.pages, profile),
        envelope_class=envelope_class(piece.pages, profile),
        recipient_lines=piece.recipient_lines,
        barcode=f"{marks.tracking}-{marks.routing}" if marks.tracking else "",
        barcode_bars=marks.bars,
        amount_cents=piece.amount_cents,
        scanline=piece.scanline,
        cover_sheet_pages=piece.cover_sheet_pages,
        sha256=piece.sha256,
        postal_options=make_postal_options(
            profile, recipient_lines=piece.recipient_lines, cover_sheet_pages=piece.cover_sheet_pages, codes=piece.codes
        ),
    )


def _check_pieces(pieces: Sequence[Piece], profile: Profile) -> None:
    """Run the checks that need no page content."""
    if not pieces:
        raise ValueError("a print file needs at least one piece")
    seen: set[str] = set()
    sequences: set[int] = set()
    for piece in pieces:
        problem = _problem_with(piece, profile)
        if piece.document_id in seen or piece.sequence in sequences:
            problem = "its id or its place in the mailing order is in the print file twice"
        if problem:
            raise ValueError(f"document {piece.document_id}: {problem}")
        seen.add(piece.document_id)
        sequences.add(piece.sequence)
    if len({envelope_class(piece.pages, profile) for piece in pieces}) > 1:
        raise ValueError("letters and flats cannot share a print file: build one for each envelope class")


def _problem_with(piece: Piece, profile: Profile) -> str:
    if hashlib.sha256(piece.pdf).hexdigest() != piece.sha256:
        return "its bytes do not match its sha256: read it from the archive again"
    if not 1 <= piece.pages <= profile.pages_max:
        return f"its {piece.pages} pages fit no envelope"
    if not 1 <= len(piece.recipient_lines) <= ADDRESS_LINES_MAX:
        return f"its address must have 1 to {ADDRESS_LINES_MAX} lines, not {len(piece.recipient_lines)}"
    if fault := find_line_fault(piece.recipient_lines):
        return fault
    if piece.amount_cents < 0:
        return "its amount is below zero"
    return ""
