"""Preflight of a finished print file: structural checks on every piece, visual checks on a sample.

It uses only the three files and the profile, nothing from the build. PDFium, zxing and qpdf read the file
independently of the code that wrote it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pypdfium2 as pdfium

from mail_house.errors import PreflightFailed
from mail_house.models import PrintFile
from mail_house.preflight.fault import Fault
from mail_house.preflight.pictures import find_visible_faults
from mail_house.preflight.structure import find_structural_faults
from mail_house.print_files.control import read_control
from mail_house.print_files.manifest import ManifestRow, read_manifest
from mail_house.profiles import Profile

SAMPLE_EVERY = 50
"""One piece in this many is rendered, plus the first, the last, the longest, and the one with most address lines."""
_NAMED_MAX = 3


def require_no_faults(
    file: PrintFile, profile: Profile, *, sample_every: int = SAMPLE_EVERY, check_gaps: bool = True
) -> None:
    """Raise PreflightFailed, naming pieces and pages, unless the print file may be handed over.

    One piece in `sample_every` is rendered; 1 renders all. `check_gaps` measures the gaps between their texts.
    """
    faults = find_faults(file, profile, sample_every=sample_every, check_gaps=check_gaps)
    if faults:
        more = f" (and {len(faults) - _NAMED_MAX} more)" if len(faults) > _NAMED_MAX else ""
        raise PreflightFailed(
            f"print file {file.name} was not handed over: {'; '.join(map(str, faults[:_NAMED_MAX]))}{more}. Run the "
            "batch again; if the fault occurs again, report it. Nothing in this file was mailed."
        )


def find_faults(
    file: PrintFile, profile: Profile, *, sample_every: int = SAMPLE_EVERY, check_gaps: bool = True
) -> list[Fault]:
    """Return all faults. Visual checks run only if there are no structural faults. The rest as `require_no_faults`."""
    try:
        control = read_control(file.control)
        rows = read_manifest(file.manifest)
    except ValueError as exc:
        return [Fault(message=str(exc))]
    for part, data, facts in (("PDF", file.pdf, control.pdf), ("manifest", file.manifest, control.manifest)):
        if (len(data), hashlib.sha256(data).hexdigest()) != (facts.bytes, facts.sha256):
            return [Fault(message=f"its {part} does not match its control file")]
    if faults := find_structural_faults(file, rows, profile):
        return faults
    with pdfium.PdfDocument(file.pdf) as document:
        return [
            fault
            for piece in choose_sample(rows, sample_every)
            for fault in find_visible_faults(document, piece, profile, check_gaps=check_gaps)
        ]


def choose_sample(rows: Sequence[ManifestRow], sample_every: int) -> list[ManifestRow]:
    """Return the pieces to render, in order. The choice is the same for the same file."""
    chosen = {rows[0].document_id, rows[-1].document_id}
    chosen.add(max(rows, key=lambda piece: piece.pages).document_id)
    chosen.add(max(rows, key=lambda piece: len(piece.recipient_lines)).document_id)
    return [piece for piece in rows if piece.document_id in chosen or _is_sampled(piece, sample_every)]


def _is_sampled(piece: ManifestRow, sample_every: int) -> bool:
    return int(hashlib.sha256(piece.document_id.encode()).hexdigest()[:8], 16) % sample_every == 0
