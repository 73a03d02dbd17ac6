"""Build the print files of one shard from archived documents, and preflight them. The caller sends them.

Nothing here reads or writes the ledger, so several processes can work on different shards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from mail_house.errors import Permanent
from mail_house.models import Piece, PrintFile
from mail_house.preflight import require_no_faults
from mail_house.print_files import build_print_file, prepend_cover_sheet
from mail_house.profiles import Profile
from statement_builder.archive import Archive, PackReader, open_archive
from statement_builder.billing.model import Guarantor, Record
from statement_builder.billing.scanline import scanline
from statement_builder.documents import Recipient, make_recipient
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import BuildPlan
from statement_builder.pipeline.limits import SHARD_CANDIDATES_MAX
from statement_builder.pipeline.recipients import read_recipients
from statement_builder.stopwatch import Stopwatch


class PlannedFile(Record, kw_only=True):
    """One print file to build."""

    name: str
    envelope: str
    """The envelope class."""
    documents: tuple[Document, ...]
    new_addresses: Mapping[str, Guarantor]
    """By document id: guarantors whose pieces go to the address that is on file now."""
    serials: tuple[int | None, ...]
    """One for each piece's Intelligent Mail barcode; None when we print no such barcode."""


class PrintTask(Record, kw_only=True):
    """The print files to build for one shard."""

    shard: Shard
    files: tuple[PlannedFile, ...]


class BuiltFiles(Record, kw_only=True):
    """The files of a task, in order. Building stops at the first file that fails preflight; its error comes last."""

    files: tuple[PrintFile | Permanent, ...]
    spent_s: Mapping[str, float]
    """Seconds of processor time by stage."""


def open_print_file_builder(plan: BuildPlan) -> PrintFileBuilder:
    """A builder with its own archive, for a worker process."""
    return PrintFileBuilder(plan, open_archive(plan.settings.archive))


class PrintFileBuilder:
    """Builds the print files of one batch, one shard at a time. Raises `ArchiveError` for a damaged archive."""

    def __init__(self, plan: BuildPlan, archive: Archive) -> None:
        self._plan = plan
        self._archive = archive
        self._watch = Stopwatch()

    def __call__(self, task: PrintTask) -> BuiltFiles:
        files: list[PrintFile | Permanent] = []
        with self._watch("print file"):
            packs = PackReader(self._archive)
            recipients = read_recipients(
                self._archive, task.shard, [each for file in task.files for each in file.documents]
            )
            for planned in task.files:
                try:
                    files.append(self._build(task.shard, planned, recipients, packs))
                except Permanent as exc:
                    files.append(exc)
                    break
        return BuiltFiles(files=tuple(files), spent_s=self._watch.take())

    def _build(
        self, shard: Shard, planned: PlannedFile, recipients: Mapping[str, Recipient], packs: PackReader
    ) -> PrintFile:
        plan = self._plan
        recipients = {**recipients, **{each: make_recipient(of) for each, of in planned.new_addresses.items()}}
        pieces = [
            self._piece(shard, document, recipients[document.document_id], serial, packs)
            for document, serial in zip(planned.documents, planned.serials, strict=True)
        ]
        file = build_print_file(name=planned.name, pieces=pieces, profile=plan.profile, created_on=plan.batch.as_of)
        require_no_faults(file, plan.profile, sample_every=plan.settings.mail.preflight_sample_every)
        return file

    def _piece(
        self, shard: Shard, document: Document, recipient: Recipient, serial: int | None, packs: PackReader
    ) -> Piece:
        """The archived bytes unchanged. A document for a new address goes behind a cover sheet that shows it."""
        plan, sha256 = self._plan, document.sha256
        pdf = packs.read(document.pack_key, document.offset, document.length, document.sha256)
        if document.readdressed:
            pdf = self._prepend_cover_sheet(document, recipient, pdf)
            sha256 = hashlib.sha256(pdf).hexdigest()
        return Piece(
            document_id=document.document_id,
            sequence=(shard.sequence - 1) * SHARD_CANDIDATES_MAX + document.position,
            pdf=pdf,
            pages=piece_pages(document, plan.profile),
            cover_sheet_pages=_cover_sheet_pages(document, plan.profile),
            recipient_lines=(recipient.name, *recipient.lines),
            amount_cents=document.amount_cents,
            sha256=sha256,
            serial=serial,
            scanline=scanline(plan.facility.scanline, document.guarantor_id, document.amount_cents),
        )

    def _prepend_cover_sheet(self, document: Document, recipient: Recipient, pdf: bytes) -> bytes:
        from statement_builder.rendering.cover_sheet import render_cover_sheet  # noqa: PLC0415 - WeasyPrint takes half a second

        carrier = render_cover_sheet(
            document.document_id,
            recipient,
            facility=self._plan.facility,
            language=document.language,
            templates=self._plan.templates,
        )
        return prepend_cover_sheet(carrier.pdf, pdf, duplex=self._plan.profile.duplex)


def piece_pages(document: Document, profile: Profile) -> int:
    """Pages of a piece, including the cover sheet of a piece for a new address."""
    return document.pages + _cover_sheet_pages(document, profile)


def _cover_sheet_pages(document: Document, profile: Profile) -> int:
    """A cover sheet is one sheet of paper."""
    return (2 if profile.duplex else 1) if document.readdressed else 0
