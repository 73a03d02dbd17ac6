"""The lint of a finished print file: everything on every piece that needs no picture, and pictures of a sample.

It trusts nothing that building knew: only the three files and the profile. PDFium, zxing and qpdf read what other code
has written.
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
"""One piece in so many is drawn, besides the first, the last, the longest, and the one with most address lines."""
_NAMED_MAX = 3


def require_no_faults(file: PrintFile, profile: Profile, *, sample_every: int = SAMPLE_EVERY) -> None:
    """Raise PreflightFailed, naming pieces and pages, unless the print file may be handed over.

    One piece in `sample_every` is drawn, 1 draws them all.
    """
    faults = find_faults(file, profile, sample_every=sample_every)
    if faults:
        more = f" (and {len(faults) - _NAMED_MAX} more)" if len(faults) > _NAMED_MAX else ""
        raise PreflightFailed(
            f"print file {file.name} was not handed over: {'; '.join(map(str, faults[:_NAMED_MAX]))}{more}. Run the "
            "batch again; if it is found again, report it. Nothing of this file has left."
        )


def find_faults(file: PrintFile, profile: Profile, *, sample_every: int = SAMPLE_EVERY) -> list[Fault]:
    """All that is wrong; those of the structure alone where there are any."""
    try:
        control = read_control(file.control)
        placed = read_manifest(file.manifest)
    except ValueError as exc:
        return [Fault(message=str(exc))]
    for what, data, facts in (("PDF", file.pdf, control.pdf), ("manifest", file.manifest, control.manifest)):
        if (len(data), hashlib.sha256(data).hexdigest()) != (facts.bytes, facts.sha256):
            return [Fault(message=f"its {what} is not the one of its control file")]
    if faults := find_structural_faults(file, placed, profile):
        return faults
    with pdfium.PdfDocument(file.pdf) as document:
        return [
            fault
            for piece in choose_sample(placed, sample_every)
            for fault in find_visible_faults(document, piece, profile)
        ]


def choose_sample(placed: Sequence[ManifestRow], sample_every: int) -> list[ManifestRow]:
    """The pieces to draw, in order: the same for the same file."""
    chosen = {placed[0].document_id, placed[-1].document_id}
    chosen.add(max(placed, key=lambda piece: piece.pages).document_id)
    chosen.add(max(placed, key=lambda piece: len(piece.recipient_lines)).document_id)
    return [piece for piece in placed if piece.document_id in chosen or _drawn(piece, sample_every)]


def _drawn(piece: ManifestRow, sample_every: int) -> bool:
    return int(hashlib.sha256(piece.document_id.encode()).hexdigest()[:8], 16) % sample_every == 0
