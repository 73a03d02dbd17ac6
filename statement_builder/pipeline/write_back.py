"""Tell the billing system what was mailed, returned, and held: each once, in files that are claimed before they leave.

A crash leaves a claimed file. The next run looks whether its control file is there, and delivers it if not: the file of
one name has one content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mail_house.errors import Permanent
from mail_house.portal import PortalStore, open_folder_portal
from mail_house.print_files.names import WRITE_BACK_PREFIX, print_file_name
from mail_house.urls import parse_url
from mail_house.write_back import WriteBackLine, build_write_back
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState, DeliveryState
from statement_builder.ledger.delivery.write_back import WriteBackEntry, WriteBackFile, WrittenBack
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.portal import archive_address
from statement_builder.settings import Settings

ENTRIES_MAX = 20_000
"""Mailings, returns, and holds in one file, so that it stays small in memory."""


def open_write_back(settings: Settings, environ: Mapping[str, str]) -> PortalStore:
    """The folder of the setting `source.write_back`, not connected yet. `ConfigError` when it is invalid."""
    try:
        url = parse_url(settings.source.write_back, setting="source.write_back")
        return open_folder_portal(url, environ=environ)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


def write_back_batch(context: AppContext, batch: Batch) -> None:
    """Write back what happened since the last time. Call it with the batch locked. Does nothing without the setting,
    and before the hand-off: until then a hold can change.

    Raises `HandOffError` when the folder cannot be reached: the next run writes the rest.
    """
    if not context.settings.source.write_back or batch.state not in {BatchState.HANDING_OFF, BatchState.CLOSED}:
        return
    writer = _Writer(context, batch)
    with context.watch("write-back"):
        writer.run()


def has_news(context: AppContext, batch_id: str) -> bool:
    """Whether `write_back_batch` has something to do, to leave the batch's lock alone if not."""
    ledger = context.ledger.write_back
    if any(file.state is DeliveryState.CLAIMED for file in ledger.for_batch(batch_id)):
        return True
    return bool(ledger.unwritten(batch_id, local_date=context.local_date, limit=1))


class _Writer:
    def __init__(self, context: AppContext, batch: Batch) -> None:
        self._context = context
        self._batch = batch
        self._store = open_write_back(context.settings, context.environ)

    def run(self) -> None:
        ledger, batch_id = self._context.ledger.write_back, self._batch.batch_id
        files = ledger.for_batch(batch_id)
        for file in files:
            if file.state is DeliveryState.CLAIMED:
                self._finish(file)
        number = len(files)
        while entries := ledger.unwritten(batch_id, local_date=self._context.local_date, limit=ENTRIES_MAX):
            number += 1
            self._context.ledger.require_locks()
            name = print_file_name(
                facility_id=self._batch.facility_id,
                cycle=self._batch.cycle,
                created_on=self._batch.as_of,
                batch_id=batch_id,
                number=number,
                prefix=WRITE_BACK_PREFIX,
            )
            at = self._context.now()
            self._finish(ledger.claim(name, batch_id=batch_id, number=number, entries=entries, at=at))

    def _finish(self, file: WriteBackFile) -> None:
        """Deliver a claimed file, unless it is there."""
        context, ledger, batch = self._context, self._context.ledger.write_back, self._batch
        lines = [*self._lines(ledger.entries(file.name))]
        built = build_write_back(file.name, batch=batch.batch_id, kind=batch.kind.value, cycle=batch.cycle, lines=lines)
        delivered = self._store.find(file.name)
        if delivered is None:
            ledger.record_content(file.name, sha256=built.sha256, at=context.now())
            context.ledger.require_locks()
            self._store.deliver(built)
        elif delivered != built.control:
            raise Permanent(
                f"the folder of source.write_back has another file {file.name} than the ledger: check which program "
                "wrote it, and remove it"
            )
        ledger.mark_delivered(file.name, at=context.now())

    def _lines(self, entries: Sequence[WriteBackEntry]) -> Iterator[WriteBackLine]:
        ledger, batch = self._context.ledger.write_back, self._batch
        documents = ledger.documents([each.subject for each in entries if each.what is not WrittenBack.HELD])
        held = list(dict.fromkeys(each.subject for each in entries if each.what is WrittenBack.HELD))
        holds = ledger.holds(batch.batch_id, held)
        address = archive_address(self._context.settings.archive)
        for each in entries:
            if each.what is WrittenBack.HELD:
                hold = holds.get((each.subject, each.number))
                if hold is None:
                    continue  # purged, after years in which the folder could not be reached
                yield WriteBackLine(
                    event="held",
                    on=each.day,
                    batch=batch.batch_id,
                    kind=batch.kind.value,
                    guarantor=each.subject,
                    account=hold.account_number,
                    hold=hold.code,
                    until=hold.until,
                )
                continue
            document = documents[each.subject]
            for account in document.accounts or ("",):
                yield WriteBackLine(
                    event="mailed" if each.what is WrittenBack.MAILED else "returned",
                    on=each.day,
                    batch=batch.batch_id,
                    kind=document.kind.value,
                    guarantor=document.guarantor_id,
                    account=account,
                    document=document.document_id,
                    level=document.level,
                    channel=document.channel.value,
                    amount_cents=document.amount_cents,
                    archive_object=f"{address}/{document.pack_key}",
                    archive_offset=document.offset,
                    archive_length=document.length,
                    sha256=document.sha256,
                )
