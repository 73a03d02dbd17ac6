"""Print delivery: build each shard's print files, claim them in the ledger, and hand them over to the vendor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice

from msgspec.structs import replace

from mail_house.errors import Permanent, Retryable, UnknownOutcome
from mail_house.models import PrintFile, Receipt
from mail_house.vendors import PrintVendor
from statement_builder.billing.selection import Channel, Hold
from statement_builder.errors import DocumentsWithheld, InvariantError, LockLost
from statement_builder.ledger import Batch, DeliveryState, Document, NewPrintFile, PrintFileRow, Shard
from statement_builder.pipeline.build_worker import BuildPlan, plan_build
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.print.print_plan import PrintPlanner
from statement_builder.pipeline.print.print_worker import (
    BuiltFiles,
    FailedPieces,
    PlannedFile,
    PrintFileBuilder,
    PrintHalving,
    PrintTask,
    open_print_file_builder,
)
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc
from statement_builder.policy.recipient import address_digest

_SHARDS_PER_WORKER_MAX = 100
"""Shards before a worker is replaced: WeasyPrint renders cover sheets for new addresses, and its memory grows."""
_NICENESS = 15
"""Prefetching runs at a lower priority than the recheck."""
_PREFETCHED_MAX = 12
"""Shards whose files are built ahead. They stay in memory until hand-off, 10 to 30 MB each."""
_SHARDS_PER_PREFETCHED = 16
"""For every this many shards in the batch, one file less is built ahead: the recheck's documents need the memory."""


def hand_off_print_files(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Hand off every printed document of these shards that is in no print file yet, shard by shard.

    Raises `Permanent` at the end when a print file failed preflight (before it was claimed) or the vendor rejected it.
    The other files are handed off.
    """
    with open_print_run(context, batch, shards) as run:
        run.hand_off()


@contextmanager
def open_print_run(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> Iterator[PrintRun]:
    """A print run with its vendor, not connected yet, and its worker processes."""
    plan = plan_build(context, batch)
    with closing(context.open_vendor()) as vendor, _open_pool(context, plan, shards=len(shards)) as pool:
        yield PrintRun(context, batch, shards, vendor, pool, PrintFileBuilder(plan, context.archive))


class PrintRun:
    """Builds, claims and hands over the print files of some shards of a batch."""

    def __init__(  # noqa: PLR0917
        self,
        context: AppContext,
        batch: Batch,
        shards: Sequence[Shard],
        vendor: PrintVendor,
        pool: WorkerPool[PrintTask, BuiltFiles],
        builder: PrintFileBuilder,
    ) -> None:
        self._context = context
        self._batch = batch
        self._shards = shards
        self._vendor = vendor
        self._pool = pool
        self._builder = builder

    def prefetch(self) -> None:
        """Start building the first files, as they will be if nothing changes before `hand_off`.

        Nothing is claimed. A file whose plan changes, because a document was withheld, is built again.
        """
        if self._pool.can_prefetch:
            files_max = max(0, _PREFETCHED_MAX - len(self._shards) // _SHARDS_PER_PREFETCHED)
            for _, task in islice(self._tasks(self._new_planner(), is_prefetch=True), files_max):
                self._pool.prefetch(task)

    @infrequent_gc()
    def hand_off(self) -> None:
        """Hand off the files, as `hand_off_print_files` describes."""
        rejected: list[Permanent] = []
        planner = self._new_planner()
        submitted: deque[tuple[int, PrintTask]] = deque()

        def submit_tasks() -> Iterator[PrintTask]:
            for done, task in self._tasks(planner):
                submitted.append((done, task))
                yield task

        for built in self._pool.run_all(submit_tasks()):
            done, task = submitted.popleft()
            delivered = _deliver_all(self._context, self._vendor, task, built, rejected)
            while remaining := planner.replan(task, delivered):  # the rest of the same shard
                task = remaining
                delivered = _deliver_all(self._context, self._vendor, task, self._builder(task), rejected)
            self._context.progress("print", done, len(self._shards))
        if rejected:
            raise Permanent(f"{len(rejected)} print files were rejected, the first: {rejected[0]}") from rejected[0]

    def _new_planner(self) -> PrintPlanner:
        return PrintPlanner(self._context, self._batch, pieces_max=self._vendor.pieces_max)

    def _tasks(self, planner: PrintPlanner, *, is_prefetch: bool = False) -> Iterator[tuple[int, PrintTask]]:
        """The files still to be printed, by shard, with the number of shards processed so far.

        Prefetching skips shards with readdressed documents, because planning those reads the source.
        """
        for done, shard in enumerate(self._shards, start=1):
            waiting = _unclaimed(self._context, self._batch, shard)
            unclaimed = [each for each in waiting if planner.fits(each)]
            if len(unclaimed) < len(waiting) and not is_prefetch:
                too_long = tuple(each.document_id for each in waiting if each not in unclaimed)
                _withhold(self._context, FailedPieces(document_ids=too_long))
            if unclaimed and not (is_prefetch and any(each.readdressed for each in unclaimed)):
                yield done, planner.plan(shard, unclaimed)


def _open_pool(context: AppContext, plan: BuildPlan, *, shards: int) -> WorkerPool[PrintTask, BuiltFiles]:
    workers = max(1, min(context.workers, shards))
    open_builder = partial(PrintFileBuilder, plan, context.archive)
    return WorkerPool(
        workers=workers,
        isolate=context.isolates,
        make_worker=open_builder if workers == 1 and not context.isolates else partial(open_print_file_builder, plan),
        tasks_per_worker_max=_SHARDS_PER_WORKER_MAX,
        niceness=_NICENESS,
        halving=PrintHalving(),
    )


def _unclaimed(context: AppContext, batch: Batch, shard: Shard) -> list[Document]:
    """The shard's printed documents that no print file has claimed."""
    with context.watch("ledger"):
        waiting = context.ledger.documents.pending(batch.batch_id, channel=Channel.PRINT, sequence=shard.sequence)
    return [document for document in waiting if document.delivery_state is None]


def _deliver_all(
    context: AppContext, vendor: PrintVendor, task: PrintTask, built: BuiltFiles, rejected: list[Permanent]
) -> BuiltFiles:
    """Claim and hand over the files of one shard that are built, and add the rejections to `rejected`.

    Returns the files up to the first that documents kept from being built or claimed.
    """
    context.watch.add(built.spent)
    for index, (planned, file) in enumerate(zip(task.files, built.files, strict=False)):
        try:
            if isinstance(file, Permanent):
                raise file
            if isinstance(file, FailedPieces):
                _withhold(context, file)
                break
            if refusal := vendor.find_refusal(file):
                failed = FailedPieces(document_ids=tuple(each.document_id for each in planned.documents))
                _withhold(context, failed, code="VENDOR_REFUSES", why=refusal)
                return replace(built, files=(*built.files[:index], failed))
            claimed = _claim(context, task.shard, planned, file)
            with context.watch("hand over"):
                _deliver(context, vendor, file, claimed)
        except DocumentsWithheld as exc:
            return replace(built, files=(*built.files[:index], FailedPieces(document_ids=exc.document_ids)))
        except Permanent as exc:
            rejected.append(exc)
    return built


def _withhold(context: AppContext, failed: FailedPieces, *, code: str = "PRINT_FAILED", why: str = "") -> None:
    """Withhold documents that cannot be printed. They are in no file yet."""
    for document_id in failed.document_ids:
        context.ledger.documents.withhold(
            document_id, (Hold(code=code),), actor=context.actor, at=context.now(), why=why
        )


def _claim(context: AppContext, shard: Shard, planned: PlannedFile, file: PrintFile) -> PrintFileRow:
    claim = NewPrintFile(
        name=file.name,
        batch_id=shard.batch_id,
        sequence=shard.sequence,
        envelope_class=planned.envelope,
        vendor=context.settings.print.partition(":")[0],
        sha256=file.sha256,
        bytes=len(file.pdf),
        documents=tuple(document.document_id for document in planned.documents),
        pages=file.pages,
        sheets=file.sheets,
        cents=file.cents,
        reports=context.settings.mail.final_vendor_status,
        assumed_mailing_business_days=context.settings.mail.assumed_mailing_business_days,
    )
    context.ledger.require_locks()
    with context.watch("ledger"):
        claimed = context.ledger.print_files.claim(
            claim,
            readdressed={each: address_digest(guarantor) for each, guarantor in planned.new_addresses.items()},
            at=context.now(),
        )
    if not claimed.is_new:
        raise InvariantError(f"print file {file.name} is claimed by another process: run the batch again")
    return claimed


def _deliver(context: AppContext, vendor: PrintVendor, file: PrintFile, claimed: PrintFileRow) -> None:
    """Upload the files, record that the control file is next, send it, and record the receipt."""
    try:
        vendor.prepare(file)
    except Permanent as exc:
        _mark(context, claimed, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    context.ledger.require_locks()
    _mark(context, claimed, DeliveryState.COMMITTING, None)
    try:
        context.ledger.require_locks()  # again, because the lock can be lost during the ledger commit
        receipt = vendor.commit(file)
    except (LockLost, Retryable, Permanent) as exc:
        # Not accepted, so the next re-run builds and sends it again under the same name.
        _mark(context, claimed, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    _mark(context, claimed, DeliveryState.SENT, _to_json(receipt))


def reconcile_print_files(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Find out whether print files of these shards were sent that an interrupted run left claimed or committing.

    The documents of a file that was not sent are rechecked and claimed again, under the same file name.
    """
    sequences = {shard.sequence for shard in shards}
    with closing(context.open_vendor()) as vendor:
        for row in context.ledger.print_files.for_batch(batch.batch_id):
            if row.sequence not in sequences:
                continue
            if row.state is DeliveryState.CLAIMED:
                _mark(context, row, DeliveryState.FAILED, {"evidence": "Interrupted before anything was sent."})
            elif row.state is DeliveryState.COMMITTING:
                _ask_vendor(context, vendor, row)


def _ask_vendor(context: AppContext, vendor: PrintVendor, row: PrintFileRow) -> None:
    """Ask the vendor whether it has a print file whose control file may have been sent, and record the answer."""
    try:
        receipt = vendor.find(row.name, sha256=row.sha256)
    except UnknownOutcome as exc:
        _mark(context, row, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
        return
    if receipt is not None:
        _mark(context, row, DeliveryState.SENT, _to_json(receipt))
    elif vendor.collects:
        evidence = "Not at the vendor, who collects files: it may have been picked up. Ask whether it arrived."
        _mark(context, row, DeliveryState.UNCERTAIN, {"evidence": evidence})
    else:
        _mark(context, row, DeliveryState.FAILED, {"evidence": "Asked the vendor: it is not there."})


def _mark(context: AppContext, row: PrintFileRow, state: DeliveryState, receipt: dict[str, object] | None) -> None:
    """Update only the attempt that this process claimed or found; the ledger rejects a stale owner's update."""
    context.ledger.print_files.mark(
        row.name, state, attempt=row.attempt, receipt=receipt, at=context.now(), mailed_on=context.today()
    )


def _to_json(receipt: Receipt) -> dict[str, object]:
    return {"reference": receipt.reference, "at": receipt.at.isoformat(), **receipt.detail}
