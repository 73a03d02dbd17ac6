"""Build the print files of one shard from archived documents, and preflight them. The caller sends them.

Nothing here reads or writes the ledger, so several processes can work on different shards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mail_house.errors import HandOffError, Permanent
from mail_house.models import Piece, PieceCodes, PrintFile
from mail_house.preflight import require_no_faults
from mail_house.print_files import build_print_file, prepend_cover_sheet
from mail_house.profiles import Profile
from statement_builder.archive import Archive, PackReader, naming_document, open_archive
from statement_builder.billing.model import Guarantor, Record
from statement_builder.billing.scanline import scanline
from statement_builder.containment import contain
from statement_builder.documents import CompositionError, Recipient, make_recipient
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import BuildPlan
from statement_builder.pipeline.limits import SHARD_CANDIDATES_MAX
from statement_builder.pipeline.recipients import read_recipients
from statement_builder.pipeline.workers import report_progress
from statement_builder.rendering import DocumentError
from statement_builder.stopwatch import Spent, Stopwatch


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
    fatal: tuple[str, ...] = ()
    """Document ids that ended every worker process. Only the files before the first of them are built."""


class FailedPieces(Record, kw_only=True):
    """A file that was not built, because of these documents of the task."""

    document_ids: tuple[str, ...]


class PrintHalving:
    """How `WorkerPool` finds the documents of a task that end its worker."""

    @staticmethod
    def count(task: PrintTask) -> int:
        return sum(len(file.documents) for file in task.files)

    @staticmethod
    def part(task: PrintTask, first: int, end: int) -> PrintTask:
        files, start = [], 0
        for file in task.files:
            own = slice(max(0, first - start), max(0, end - start))
            if documents := file.documents[own]:
                files.append(replace(file, documents=documents, serials=file.serials[own]))
            start += len(file.documents)
        return replace(task, files=tuple(files))

    @staticmethod
    def without(task: PrintTask, fatal: Sequence[int]) -> PrintTask:
        ids = [each.document_id for file in task.files for each in file.documents]
        return replace(task, fatal=tuple(ids[index] for index in fatal))


class BuiltFiles(Record, kw_only=True):
    """The files of a task, in order. Building stops at the first file that cannot be built: its error comes last."""

    files: tuple[PrintFile | Permanent | FailedPieces, ...]
    spent: Mapping[str, Spent]
    """Time by stage."""


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
        files: list[PrintFile | Permanent | FailedPieces] = []
        with self._watch("print file"):
            packs = PackReader(self._archive)
            recipients = read_recipients(
                self._archive, task.shard, [each for file in task.files for each in file.documents]
            )
            for planned in task.files:
                if any(each.document_id in task.fatal for each in planned.documents):
                    files.append(FailedPieces(document_ids=task.fatal))
                    break
                try:
                    files.append(self._build(task.shard, planned, recipients, packs))
                except Permanent as exc:
                    files.append(exc)
                if not isinstance(files[-1], PrintFile):
                    break
        return BuiltFiles(files=tuple(files), spent=self._watch.take())

    def _build(
        self, shard: Shard, planned: PlannedFile, recipients: Mapping[str, Recipient], packs: PackReader
    ) -> PrintFile | FailedPieces:
        """Raises `Permanent` when the file fails preflight."""
        pieces: list[Piece] = []
        failed: list[str] = []
        for document, serial in zip(planned.documents, planned.serials, strict=True):
            try:
                pieces.append(self._piece(shard, document, planned, recipients, serial, packs))
            except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
                failed.append(_fail(exc, document.document_id))
        if failed:
            return FailedPieces(document_ids=tuple(failed))
        try:
            file = self._assemble(planned.name, pieces)
        except HandOffError:
            raise
        except Exception as exc:
            failed = [each.document_id for each in pieces if not self._can_assemble(each)]
            problem = contain(exc, "assembling a print file", planned.name)
            if not failed:  # no document alone is the cause
                raise Permanent(f"print file {planned.name}: {problem.message}") from exc
            return FailedPieces(document_ids=tuple(failed))
        sample_every = self._plan.settings.mail.preflight_sample_every
        # The gaps of each document were measured when it was verified, and the marks have zones of their own.
        require_no_faults(file, self._plan.profile, sample_every=sample_every, check_gaps=False)
        return file

    def _assemble(self, name: str, pieces: Sequence[Piece]) -> PrintFile:
        plan = self._plan
        return build_print_file(name=name, pieces=pieces, profile=plan.profile, created_on=plan.batch.as_of)

    def _can_assemble(self, piece: Piece) -> bool:
        """Whether a file of this piece alone can be built."""
        try:
            self._assemble("alone", [piece])
        except Exception as exc:  # noqa: BLE001 - as above
            _fail(exc, piece.document_id)
            return False
        return True

    def _piece(  # noqa: PLR0917
        self,
        shard: Shard,
        document: Document,
        planned: PlannedFile,
        recipients: Mapping[str, Recipient],
        serial: int | None,
        packs: PackReader,
    ) -> Piece:
        """The archived bytes unchanged. A document for a new address goes behind a cover sheet that shows it."""
        report_progress()
        plan, sha256 = self._plan, document.sha256
        moved = planned.new_addresses.get(document.document_id)
        if document.readdressed and moved is None:
            raise CompositionError(
                "PRINT_FAILED",
                "The billing system no longer has the new address that this document goes to.",
                "Correct the account in the billing system, then resend the document.",
            )
        recipient = recipients[document.document_id] if moved is None else make_recipient(moved)
        with naming_document(document.document_id):
            pdf = packs.read(document.pack_key, document.offset, document.length, document.sha256)
        if document.readdressed:
            pdf = self._prepend_cover_sheet(document, recipient, pdf)
            sha256 = hashlib.sha256(pdf).hexdigest()
        coupon_cents = document.kind.coupon_cents(document.amount_cents)
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
            codes=PieceCodes(
                segment=document.segment,
                insert=document.insert_code,
                return_envelope=document.return_envelope_code,
                message=document.message_code,
                certified=document.kind in plan.settings.policy.certified_kinds,
                has_coupon=coupon_cents > 0,
            ),
            scanline=scanline(plan.facility.scanline, document.guarantor_id, coupon_cents),
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


def _fail(error: Exception, document_id: str) -> str:
    """Log why a document cannot be printed, and return its id. Raises again what concerns the whole file or batch."""
    if isinstance(error, HandOffError):
        raise error
    if not isinstance(error, DocumentError | CompositionError):  # an address that no longer fits its window
        contain(error, "preparing this document for printing", document_id)
    return document_id


def piece_pages(document: Document, profile: Profile) -> int:
    """Pages of a piece, including the cover sheet of a piece for a new address."""
    return document.pages + _cover_sheet_pages(document, profile)


def _cover_sheet_pages(document: Document, profile: Profile) -> int:
    """A cover sheet is one sheet of paper."""
    return (2 if profile.duplex else 1) if document.readdressed else 0
