"""Plan print files: which documents share a file, and each file's name and serial numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from mail_house.barcodes import serial_digits
from mail_house.models import PrintFile
from mail_house.print_files import envelope_class, print_file_name
from statement_builder.billing.model import Guarantor, GuarantorAccount
from statement_builder.ledger import Batch, DeliveryState, Document, Shard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.print.print_worker import BuiltFiles, FailedPieces, PlannedFile, PrintTask, piece_pages
from statement_builder.pipeline.pull.candidates import choose_for_copies, find_candidates
from statement_builder.pipeline.pull.scope import scope_of

NUMBERS_PER_SHARD = 10_000
"""More numbers than a shard has print files, even with one piece per file and some files printed again."""


class PrintPlanner:
    """Plans the print files of a batch, given the ledger's print files at the time of construction."""

    def __init__(self, context: AppContext, batch: Batch, *, pieces_max: int | None) -> None:
        """`pieces_max` is how many pieces the vendor takes in one file; None means any number."""
        self._context = context
        self._batch = batch
        self._profile = context.profile()
        self._pieces_max = pieces_max
        self._names = _FileNames(context, batch)

    def plan(self, shard: Shard, documents: Sequence[Document]) -> PrintTask:
        """Plan the files for these unclaimed documents of one shard. Reserves serial numbers in the ledger."""
        return self._plan(shard, self._group(documents))

    def fits(self, document: Document) -> bool:
        """Whether the document fits an envelope, with the cover sheet of a piece for a new address."""
        return piece_pages(document, self._profile) <= self._profile.pages_max

    def replan(self, task: PrintTask, built: BuiltFiles) -> PrintTask | None:
        """Plan the files that follow one that could not be built. None when nothing follows.

        The failed file was never claimed, so its name is free, and the following files move up by one name. A file that
        failed because of some of its documents follows itself, without them.
        """
        last = built.files[-1] if built.files else None
        if last is None or isinstance(last, PrintFile):
            return None
        done = len(built.files)
        self._names.release(task.shard, [file.name for file in task.files[done - 1 :]])
        failed = last.document_ids if isinstance(last, FailedPieces) else ()
        remaining = [
            (file.envelope, documents)
            for file in task.files[done - 1 if failed else done :]
            if (documents := [each for each in file.documents if each.document_id not in failed])
        ]
        return self._plan(task.shard, remaining) if remaining else None

    def _plan(self, shard: Shard, files: Iterable[tuple[str, Sequence[Document]]]) -> PrintTask:
        planned = []
        for envelope, documents in files:
            name = self._names.take(shard, envelope, documents)
            new_addresses = self._read_new_addresses([each for each in documents if each.readdressed])
            planned.append(
                PlannedFile(
                    name=name,
                    envelope=envelope,
                    documents=tuple(documents),
                    new_addresses=new_addresses,
                    serials=tuple(self._reserve_serials(name, len(documents))),
                )
            )
        return PrintTask(shard=shard, files=tuple(planned))

    def _group(self, documents: Sequence[Document]) -> Iterator[tuple[str, list[Document]]]:
        """Envelope class and documents of each file. A file has one envelope class and at most `pieces_max` pieces."""
        by_envelope: dict[str, list[Document]] = defaultdict(list)
        for document in documents:
            by_envelope[envelope_class(piece_pages(document, self._profile), self._profile)].append(document)
        for envelope, members in sorted(by_envelope.items()):
            size = self._pieces_max or len(members)
            for start in range(0, len(members), size):
                yield envelope, members[start : start + size]

    def _read_new_addresses(self, documents: Sequence[Document]) -> dict[str, Guarantor]:
        """Map the ids of readdressed documents to the guarantors that the billing system has now."""
        by_guarantor = {document.guarantor_id: document.document_id for document in documents}
        if not by_guarantor:
            return {}
        scope = replace(scope_of(self._batch), as_of=self._context.today(), limit=None)
        choose = choose_for_copies(scope, by_guarantor)
        return {
            by_guarantor[entry.guarantor.guarantor_id]: entry.guarantor
            for entry in find_candidates(self._context, scope, only=by_guarantor, choose=choose)
            if isinstance(entry, GuarantorAccount) and entry.guarantor.guarantor_id in by_guarantor
        }

    def _reserve_serials(self, name: str, count: int) -> Sequence[int | None]:
        """A serial number for each piece's Intelligent Mail barcode; None when we print no such barcode."""
        context, profile = self._context, self._profile
        if profile.imb is None or not profile.prints_imb:
            return [None] * count
        mailer_id = profile.imb.mailer_id
        capacity = 10 ** serial_digits(mailer_id)
        start = context.ledger.serials.reserve(
            name, mailer_id=mailer_id, count=count, capacity=capacity, at=context.now()
        )
        return [(start + offset) % capacity for offset in range(count)]


class _FileNames:
    """Names for the next print files of a batch.

    A new attempt at a failed file takes its name, so that it replaces what the failed attempt left at the
    vendor. When the vendor takes single pieces, a name stays with its document. Other files get the shard's next
    number. Each shard has its own range of numbers, so names do not depend on which processes work on the batch.
    """

    def __init__(self, context: AppContext, batch: Batch) -> None:
        files = context.ledger.print_files.for_batch(batch.batch_id)
        self._batch = batch
        self._failed = [file for file in files if file.state is DeliveryState.FAILED]
        self._claimed = {file.name for file in files}
        self._used = Counter(file.sequence for file in files)

    def take(self, shard: Shard, envelope: str, documents: Sequence[Document]) -> str:
        ids = {document.document_id for document in documents}
        for file in self._failed:
            is_same_kind = (file.sequence, file.envelope_class) == (shard.sequence, envelope)
            if is_same_kind and (len(file.documents) > 1 or ids.issuperset(file.documents)):
                self._failed.remove(file)
                return file.name
        self._used[shard.sequence] += 1
        return print_file_name(
            facility_id=self._batch.facility_id,
            cycle=self._batch.cycle,
            created_on=self._batch.as_of,
            batch_id=self._batch.batch_id,
            number=(shard.sequence - 1) * NUMBERS_PER_SHARD + self._used[shard.sequence],
        )

    def release(self, shard: Shard, names: Sequence[str]) -> None:
        """Return names that were taken last and never claimed, so that the numbering has no gap."""
        self._used[shard.sequence] -= len(set(names) - self._claimed)
