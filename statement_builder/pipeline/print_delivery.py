"""Print: each shard's printed documents become print files, by envelope class, and go to the vendor."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice

from msgspec.structs import replace

from mail_house.barcodes import serial_digits
from mail_house.errors import Permanent, Retryable, UnknownOutcome
from mail_house.models import PrintFile, Receipt
from mail_house.print_files import envelope_class, print_file_name
from mail_house.profiles import Profile
from mail_house.vendors import PrintVendor
from statement_builder.billing.model import Guarantor, GuarantorAccount
from statement_builder.billing.selection import Channel
from statement_builder.errors import InvariantError, LockLost
from statement_builder.ledger import (
    Batch,
    DeliveryState,
    Document,
    NewPrintFile,
    PrintFileRow,
    Shard,
)
from statement_builder.pipeline.build_worker import BuildPlan, plan_build
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.print_worker import (
    PlannedFile,
    PrintFileMaker,
    PrintTask,
    ReadyFiles,
    open_maker,
    pages_of_piece,
)
from statement_builder.pipeline.pull import scope_of, stream_candidates
from statement_builder.pipeline.workers import WorkerPool, infrequent_gc
from statement_builder.policy.recipient import address_digest

_SHARDS_PER_WORKER_MAX = 100
"""Until a worker is replaced; a carrier for a new address is WeasyPrint's work."""
_NICENESS = 15
"""What is made ahead takes what the second look leaves of the processors."""
_BEGUN_MAX = 12
"""Shards whose files are made ahead. They are in memory until they are handed over, at 10 to 30 MB each."""
_SHARDS_PER_BEGUN = 16
"""For so many shards of a batch one file less is made ahead: what is noted of their documents takes as much memory."""
NUMBERS_PER_SHARD = 10_000
"""More than the print files of one shard, even where each piece is one and some are printed again."""


def hand_off_print_files(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Hand off every printed document of these shards that no print file holds yet, shard by shard.

    `Permanent` in the end where a print file was found unfit (before it was claimed), or the vendor refused one for
    good: the others go on.
    """
    with open_print_run(context, batch, shards) as run:
        run.hand_off()


@contextmanager
def open_print_run(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> Iterator[PrintRun]:
    """With the vendor, to whom nothing is connected yet, and processes that make print files."""
    plan = plan_build(context, batch)
    with closing(context.open_vendor()) as vendor, _open_pool(context, plan, shards=len(shards)) as pool:
        yield PrintRun(context, batch, shards, vendor, pool, PrintFileMaker(plan, context.archive))


class PrintRun:
    """The print files of some shards of a batch: made, claimed, handed over."""

    def __init__(  # noqa: PLR0917
        self,
        context: AppContext,
        batch: Batch,
        shards: Sequence[Shard],
        vendor: PrintVendor,
        pool: WorkerPool[PrintTask, ReadyFiles],
        maker: PrintFileMaker,
    ) -> None:
        self._service = context
        self._batch = batch
        self._shards = shards
        self._vendor = vendor
        self._pool = pool
        self._maker = maker

    def begin(self) -> None:
        """Let the first files be made ahead, as they will be if nothing changes before `hand_off`.

        Nothing is claimed by this. What is planned otherwise by then, since a piece was withheld, is made anew.
        """
        if self._pool.can_prefetch:
            names = _Names(self._service, self._batch)
            most = max(0, _BEGUN_MAX - len(self._shards) // _SHARDS_PER_BEGUN)
            for _, task in islice(self._tasks(names, ahead=True), most):
                self._pool.prefetch(task)

    @infrequent_gc()
    def hand_off(self) -> None:
        """As `hand_off_print_files`."""
        refused: list[Permanent] = []
        names = _Names(self._service, self._batch)
        in_hand: deque[tuple[int, PrintTask]] = deque()

        def take_in_hand() -> Iterator[PrintTask]:
            for done, task in self._tasks(names):
                in_hand.append((done, task))
                yield task

        for ready in self._pool.run_all(take_in_hand()):
            done, task = in_hand.popleft()
            refused += _deliver_all(self._service, self._vendor, task, ready)
            while rest := _plan_rest(self._service, self._batch, task, ready, names):
                task, ready = rest, self._maker(rest)  # noqa: PLW2901 - what is left of the same shard
                refused += _deliver_all(self._service, self._vendor, task, ready)
            self._service.progress("print", done, len(self._shards))
        if refused:
            raise Permanent(f"{len(refused)} print files were refused, the first: {refused[0]}") from refused[0]

    def _tasks(self, names: _Names, *, ahead: bool = False) -> Iterator[tuple[int, PrintTask]]:
        """What is still to be printed, by shard, with how many shards are looked at by then.

        `ahead` leaves out shards with pieces for a new address: to plan those, the source is read to its end.
        """
        for done, shard in enumerate(self._shards, start=1):
            unclaimed = _unclaimed(self._service, self._batch, shard)
            if unclaimed and not (ahead and any(each.readdressed for each in unclaimed)):
                files = _by_file(self._service, unclaimed, self._vendor.pieces_max)
                yield done, _plan_files(self._service, self._batch, shard, files, names)


def _open_pool(context: AppContext, plan: BuildPlan, *, shards: int) -> WorkerPool[PrintTask, ReadyFiles]:
    workers = max(1, min(context.workers, shards))
    return WorkerPool(
        workers=workers,
        make_worker=partial(PrintFileMaker, plan, context.archive) if workers == 1 else partial(open_maker, plan),
        tasks_per_worker_max=_SHARDS_PER_WORKER_MAX,
        niceness=_NICENESS,
    )


def _unclaimed(context: AppContext, batch: Batch, shard: Shard) -> list[Document]:
    """What of this shard is still to be printed."""
    with context.watch("ledger"):
        waiting = context.ledger.waiting(batch.batch_id, channel=Channel.PRINT, sequence=shard.sequence)
    return [document for document in waiting if document.delivery_state is None]


def _plan_files(
    context: AppContext, batch: Batch, shard: Shard, files: Iterable[tuple[str, Sequence[Document]]], names: _Names
) -> PrintTask:
    """With their names and serial numbers."""
    planned = []
    for envelope, documents in files:
        name = names.take(shard, envelope, documents)
        moved = _read_moved(context, batch, [each for each in documents if each.readdressed])
        planned.append(
            PlannedFile(
                name=name,
                envelope=envelope,
                documents=tuple(documents),
                moved=moved,
                serials=tuple(_serials(context, context.profile(), name, len(documents))),
            )
        )
    return PrintTask(shard=shard, files=tuple(planned))


def _read_moved(context: AppContext, batch: Batch, documents: Sequence[Document]) -> dict[str, Guarantor]:
    """Document id to guarantor as the billing system has them now, for what goes to a new address."""
    by_guarantor = {document.guarantor_id: document.document_id for document in documents}
    if not by_guarantor:
        return {}
    scope = replace(scope_of(batch), as_of=context.today(), limit=None)
    return {
        by_guarantor[entry.guarantor.guarantor_id]: entry.guarantor
        for entry in stream_candidates(context, scope, only=by_guarantor)
        if isinstance(entry, GuarantorAccount)
    }


def _plan_rest(
    context: AppContext, batch: Batch, task: PrintTask, ready: ReadyFiles, names: _Names
) -> PrintTask | None:
    """What comes after a file that was unfit: whose name is free, since it was never claimed. So all names move up."""
    if not isinstance(ready.files[-1] if ready.files else None, Permanent):
        return None
    done = len(ready.files)
    names.give_back(task.shard, [file.name for file in task.files[done - 1 :]])
    rest = [(file.envelope, file.documents) for file in task.files[done:]]
    return _plan_files(context, batch, task.shard, rest, names) if rest else None


def _deliver_all(context: AppContext, vendor: PrintVendor, task: PrintTask, ready: ReadyFiles) -> list[Permanent]:
    """Claim and hand over the files of one shard that are ready; what was refused."""
    refused: list[Permanent] = []
    context.watch.add(ready.spent_s)
    for planned, file in zip(task.files, ready.files, strict=False):
        try:
            if isinstance(file, Permanent):
                raise file
            claimed = _claim(context, task.shard, planned, file)
            with context.watch("hand over"):
                _deliver(context, vendor, file, claimed)
        except Permanent as exc:
            refused.append(exc)
    return refused


def settle_print_files(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Find out what became of these shards' print files that an earlier run claimed and did not see through.

    What did not leave is given back: its documents are looked at a second time and claimed anew, under the same name.
    """
    sequences = {shard.sequence for shard in shards}
    with closing(context.open_vendor()) as vendor:
        for row in context.ledger.print_files(batch.batch_id):
            if row.sequence not in sequences:
                continue
            if row.state is DeliveryState.CLAIMED:
                evidence = "Interrupted before anything was handed over."
                _mark(context, row, DeliveryState.FAILED, {"evidence": evidence})
            elif row.state is DeliveryState.COMMITTING:
                _settle_by_asking(context, vendor, row)


def _settle_by_asking(context: AppContext, vendor: PrintVendor, row: PrintFileRow) -> None:
    """Ask the vendor what became of a print file whose control file may have been written."""
    try:
        receipt = vendor.find(row.name, sha256=row.sha256)
    except UnknownOutcome as exc:
        _mark(context, row, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
        return
    if receipt is not None:
        _mark(context, row, DeliveryState.SENT, _receipt(receipt))
    elif vendor.collects:
        evidence = "Not at the vendor, who collects files: it may have been picked up. Ask whether it arrived."
        _mark(context, row, DeliveryState.UNCERTAIN, {"evidence": evidence})
    else:
        _mark(context, row, DeliveryState.FAILED, {"evidence": "Asked the vendor: it is not there."})


def _deliver(context: AppContext, vendor: PrintVendor, file: PrintFile, claimed: PrintFileRow) -> None:
    """Bring the files, write down that the decisive one is about to go, send it, write down the receipt."""
    try:
        vendor.prepare(file)
    except Permanent as exc:
        _mark(context, claimed, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    context.ledger.require_locks()
    _mark(context, claimed, DeliveryState.COMMITTING, None)
    try:
        context.ledger.require_locks()  # again: what was asked before a commit may no longer be so after it
        receipt = vendor.commit(file)
    except (LockLost, Retryable, Permanent) as exc:
        # Known not to have been accepted: the next re-run makes it anew under the same name.
        _mark(context, claimed, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    _mark(context, claimed, DeliveryState.SENT, _receipt(receipt))


def _serials(context: AppContext, profile: Profile, name: str, count: int) -> Sequence[int | None]:
    """A serial number for each piece's Intelligent Mail barcode; none where we print no such barcode."""
    if profile.imb is None or not profile.prints_imb:
        return [None] * count
    mailer_id = profile.imb.mailer_id
    capacity = 10 ** serial_digits(mailer_id)
    start = context.ledger.reserve_serials(name, mailer_id=mailer_id, count=count, capacity=capacity, at=context.now())
    return [(start + place) % capacity for place in range(count)]


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
    )
    context.ledger.require_locks()
    with context.watch("ledger"):
        claimed = context.ledger.claim_print_file(
            claim,
            readdressed={each: address_digest(guarantor) for each, guarantor in planned.moved.items()},
            at=context.now(),
        )
    if not claimed.is_new:
        raise InvariantError(f"print file {file.name} is in somebody else's hands: run the batch again")
    return claimed


def _by_file(
    context: AppContext, documents: Sequence[Document], pieces_max: int | None
) -> Iterator[tuple[str, list[Document]]]:
    """Envelope class and documents of each print file: as many of one class as the vendor takes in one."""
    profile = context.profile()
    grouped: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        grouped[envelope_class(pages_of_piece(document, profile), profile)].append(document)
    for envelope, members in sorted(grouped.items()):
        size = pieces_max or len(members)
        for start in range(0, len(members), size):
            yield envelope, members[start : start + size]


class _Names:
    """Names for a batch's next print files: that of one that failed, so that what an earlier try left at the vendor is
    replaced, else the shard's next number. Where the vendor takes single pieces, a name stays with its document.

    Each shard counts from a number of its own, so that names are the same whoever else is at work on the batch.
    """

    def __init__(self, context: AppContext, batch: Batch) -> None:
        files = context.ledger.print_files(batch.batch_id)
        self._batch = batch
        self._failed = [file for file in files if file.state is DeliveryState.FAILED]
        self._claimed = {file.name for file in files}
        self._taken = Counter(file.sequence for file in files)

    def take(self, shard: Shard, envelope: str, documents: Sequence[Document]) -> str:
        ids = {document.document_id for document in documents}
        for file in self._failed:
            mine = (file.sequence, file.envelope_class) == (shard.sequence, envelope)
            if mine and (len(file.documents) > 1 or ids.issuperset(file.documents)):
                self._failed.remove(file)
                return file.name
        self._taken[shard.sequence] += 1
        return print_file_name(
            facility_id=self._batch.facility_id,
            cycle=self._batch.cycle,
            created_on=self._batch.as_of,
            batch_id=self._batch.batch_id,
            number=(shard.sequence - 1) * NUMBERS_PER_SHARD + self._taken[shard.sequence],
        )

    def give_back(self, shard: Shard, names: Sequence[str]) -> None:
        """The names that a shard took last, and that no print file has: so that none of them leaves a gap."""
        self._taken[shard.sequence] -= len(set(names) - self._claimed)


def _mark(context: AppContext, row: PrintFileRow, state: DeliveryState, receipt: dict[str, object] | None) -> None:
    """Of the attempt that was claimed or found, and of no other: who lost it in the meantime has no say any more."""
    context.ledger.mark_print_file(
        row.name, state, attempt=row.attempt, receipt=receipt, at=context.now(), mailed_on=context.today()
    )


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {"reference": receipt.reference, "at": receipt.at.isoformat(), **receipt.detail}
