"""Purge: delete what is past its retention period, and reduce its ledger rows. Run again after an interruption.

Per shard: its snapshot, its pack, the e-mails, print files, and portal feed files in our own folders (not the feed's
control files, which say that the portal has them); then, in one transaction, its rows
and the event. Until that transaction the shard counts as not purged, and the next run deletes the rest. A shard with a
locked object is kept whole. Leftovers of interrupted pulls and builds go too, and the text of events about documents
with the last shard of their batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec import field

from mail_house.email.folder import find_email_files
from mail_house.portal.store import find_feed_files
from mail_house.urls import folder_path, parse_url
from mail_house.vendors.vendor import print_file_parts
from statement_builder.billing.dates import add_months
from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.errors import BatchBusy, ConfigError, ObjectLocked
from statement_builder.ledger import RETENTION, Batch, ShardRetention
from statement_builder.operations.retention.purge_rules import find_reasons_to_keep
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.inbox import DONE
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.retention import RECORD_KEEPING_HOLDS

_PREFIXES = ("packs", "snapshots")
_LINKS = "links/"
_KEPT_BY_STORE = "the store keeps its objects (Object Lock or legal hold)"


class KeptGroup(Record, kw_only=True):
    """Shards of a batch that stay, and why."""

    reason: str
    shards: int


class PurgedBatch(Record, kw_only=True):
    """What a purge did with one batch, or would do."""

    batch_id: str = field(name="batch")
    shards: int
    """Shards purged now."""
    purged_before: int
    files: int
    """Archive objects and files of our own folders that were deleted."""
    kept: tuple[KeptGroup, ...]


class PurgeReport(Record, kw_only=True):
    """What a purge did, or would do."""

    before: date
    dry_run: bool
    batches: tuple[PurgedBatch, ...]
    links: int
    """Expired links deleted."""
    inbox_files: int
    """Processed reports and bounces deleted."""
    inbox_kept: str
    """Why the processed reports stay. Empty: they do not."""
    locked: tuple[str, ...]
    """Archive objects that the store still keeps, and until when."""


def purge(context: AppContext, *, before: date, dry_run: bool) -> PurgeReport:
    """Purge the batches of balances as of a day before `before`, as far as the retention settings allow.

    `NotAllowed` if the actor may not.
    """
    if not dry_run:
        authorize(context, "purge", batch_id=RETENTION)
    run = _Purge(context, before, dry_run=dry_run)
    batches = [each for each in context.ledger.batches.all() if each.facility_id == context.facility.facility_id]
    reports = [run.purge_batch(each) for each in reversed(batches) if each.as_of < before]
    links = run.purge_links()
    inbox_files, inbox_kept = run.purge_inbox()
    report = PurgeReport(
        before=before,
        dry_run=dry_run,
        batches=tuple(reports),
        links=links,
        inbox_files=inbox_files,
        inbox_kept=inbox_kept,
        locked=tuple(run.locked),
    )
    if not dry_run:
        _record(context, report)
    return report


def _record(context: AppContext, report: PurgeReport) -> None:
    """The run as an event, if it deleted anything. Each purged shard has an event of its own."""
    shards, files = sum(each.shards for each in report.batches), sum(each.files for each in report.batches)
    if shards + files + report.links + report.inbox_files == 0:
        return
    why = (
        f"--before {report.before}: {shards} shards, {files} files, {report.links} expired links, "
        f"{report.inbox_files} processed reports; the store kept {len(report.locked)} objects"
    )
    context.ledger.events.record(
        RETENTION, str(report.before), what="purge", why=why, actor=context.actor, at=context.now()
    )


class _Purge:
    """One run. `locked` collects what the store refuses to delete."""

    def __init__(self, context: AppContext, before: date, *, dry_run: bool) -> None:
        self._context = context
        self._before = before
        self._dry_run = dry_run
        self._today = context.today()
        facility_id = context.facility.facility_id
        self._facility_id = facility_id
        self._legal_holds = context.ledger.legal_holds.in_force(facility_id)
        self._on_hold = context.ledger.retention.guarantors_on_hold(facility_id, RECORD_KEEPING_HOLDS, self._today)
        email_folder = _own_folder(context.settings.email, "email")
        self._emails = find_email_files(email_folder) if email_folder else {}
        self._print_folder = _own_folder(context.settings.print, "print")
        portal = context.settings.portal
        self._portal_folder = _own_folder(portal, "portal") if portal else None
        write_back = context.settings.source.write_back
        self._write_back_folder = _own_folder(write_back, "source.write_back") if write_back else None
        self.locked: list[str] = []

    def purge_batch(self, batch: Batch) -> PurgedBatch:
        if self._dry_run:
            return self._purge_locked(batch)
        try:
            with self._context.ledger.lock(batch.batch_id, owner=self._context.actor, at=self._context.now()):
                return self._purge_locked(self._context.require_batch(batch.batch_id))
        except BatchBusy as exc:
            shards = self._context.ledger.retention.shards(batch.batch_id)
            return _report(batch, shards, [], 0, {each.sequence: (str(exc),) for each in shards})

    def _purge_locked(self, batch: Batch) -> PurgedBatch:
        context = self._context
        self._legal_holds = context.ledger.legal_holds.in_force(self._facility_id)  # one may have been placed meanwhile
        shards = context.ledger.retention.shards(batch.batch_id)
        reasons = find_reasons_to_keep(
            batch,
            shards,
            retention=context.settings.retention,
            policy=context.settings.policy,
            legal_holds=self._legal_holds,
            on_hold=self._on_hold,
            today=self._today,
        )
        due = []
        for each in shards:
            if each.purged_on is None and not reasons[each.sequence]:
                if self._is_locked(each):
                    reasons[each.sequence] = (_KEPT_BY_STORE,)
                else:
                    due.append(each)
        gone = {each.sequence for each in shards if each.purged_on is not None}
        files, purged = 0, []
        for facts in due:
            deleted, is_done = self._purge_shard(batch, facts, gone | {each.sequence for each in due})
            files += deleted
            if is_done:
                purged.append(facts)
            else:
                reasons[facts.sequence] = (_KEPT_BY_STORE,)
        if not self._dry_run and (purged or gone):
            kept = [each for each in shards if each not in purged and each.purged_on is None]
            files += self._delete_leftovers(batch, kept)
            if not kept:
                files += self._delete_write_back(batch)
                context.ledger.events.redact(
                    batch.batch_id, actor=context.actor, at=context.now(), why="the batch was purged"
                )
        return _report(batch, shards, purged, files, reasons)

    def _is_locked(self, facts: ShardRetention) -> bool:
        locks = [
            f"{key} {lock}"
            for key in (facts.pack_key, facts.snapshot_key)
            if key and (lock := self._context.archive.find_lock(key))
        ]
        self.locked += locks
        return bool(locks)

    def _purge_shard(self, batch: Batch, facts: ShardRetention, gone: set[int]) -> tuple[int, bool]:
        """Delete the files of one shard and reduce its rows. Returns the number of files, and whether all are gone."""
        context = self._context
        keys = [key for key in (facts.pack_key, facts.snapshot_key) if key]
        deleted = [self._delete_object(key) for key in keys]
        print_files = [
            each.name
            for each in context.ledger.retention.print_files(batch.batch_id)
            if facts.sequence in each.sequences and each.sequences <= gone
        ]
        files = sum(each is True for each in deleted) + sum(
            map(self._delete_file, self._own_files(batch, facts, print_files))
        )
        is_done = all(each is not None for each in deleted)
        if is_done and not self._dry_run:
            context.ledger.retention.record_purge(
                batch.batch_id,
                facts.sequence,
                print_files=print_files,
                on=self._today,
                actor=context.actor,
                at=context.now(),
                why=f"past its retention period; --before {self._before}",
            )
        return files, is_done

    def _own_files(self, batch: Batch, facts: ShardRetention, print_files: Sequence[str]) -> Iterator[Path]:
        for document_id in sorted(facts.document_ids):
            yield from self._emails.get(document_id, ())
        if self._print_folder:
            yield from (self._print_folder / part for name in print_files for part in print_file_parts(name))
        if self._portal_folder:
            for feed in self._context.ledger.portal.for_batch(batch.batch_id):
                if feed.sequence == facts.sequence:
                    yield from find_feed_files(self._portal_folder, feed.name)

    def _delete_write_back(self, batch: Batch) -> int:
        """Delete our own copies of what the billing system was told; the control files stay, as for the portal."""
        if self._write_back_folder is None:
            return 0
        names = [file.name for file in self._context.ledger.write_back.for_batch(batch.batch_id)]
        return sum(self._delete_file(path) for name in names for path in find_feed_files(self._write_back_folder, name))

    def _delete_leftovers(self, batch: Batch, kept: Sequence[ShardRetention]) -> int:
        """Delete the objects of interrupted pulls and builds, which no shard refers to."""
        needed = {key for each in kept for key in (each.pack_key, each.snapshot_key)}
        count = 0
        for prefix in _PREFIXES:
            folder = f"{prefix}/{batch.batch_id}/"
            for found in list(self._context.archive.list_objects(folder)):
                if found.key not in needed:
                    count += bool(self._delete_object(found.key))
            count += self._context.archive.delete_unfinished(folder)
        return count

    def purge_links(self) -> int:
        """Delete copies for links that have expired; the document itself is in its pack."""
        days = self._context.settings.mail.email_link_days
        expired = [
            each.key
            for each in self._context.archive.list_objects(_LINKS)
            if each.written_at.date() < self._before
            and each.written_at + timedelta(days=days) < self._context.now()
            and not self._has_legal_hold(Path(each.key).stem)
        ]
        return sum(self._delete_object(key) is True for key in expired)

    def _has_legal_hold(self, document_id: str) -> bool:
        document = self._context.ledger.documents.get(document_id) if self._legal_holds else None
        if document is None:
            return False
        people = {document.guarantor_id, guarantor_of(document.guarantor_id)}
        subjects = {document_id, document.batch_id, *people, *document.accounts}
        return any(hold.subject in subjects for hold in self._legal_holds)

    def purge_inbox(self) -> tuple[int, str]:
        """Delete processed reports and bounces that are older than every kind of mail is kept."""
        if self._legal_holds:
            return 0, "a legal hold is in force, and a report may be about its subject"
        years = max(map(self._context.settings.retention.years, Kind))
        folder = Path(self._context.settings.mail.inbox) / DONE
        paths = sorted(path for path in folder.glob("*") if path.is_file())
        old = [path for path in paths if self._is_old(path, years)]
        return sum(map(self._delete_file, old)), ""

    def _is_old(self, path: Path, years: int) -> bool:
        written_on = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
        return written_on < self._before and add_months(written_on, 12 * years) <= self._today

    def _delete_object(self, key: str) -> bool | None:
        """True if it was there and is deleted, False if it was gone, None if the store keeps it."""
        if not self._context.archive.exists(key):
            is_kept = not self._dry_run and self._try_delete(key) is None  # an older version may be left
            return None if is_kept else False
        return True if self._dry_run else self._try_delete(key)

    def _try_delete(self, key: str) -> bool | None:
        try:
            self._context.archive.delete(key)
        except ObjectLocked as exc:
            self.locked.append(str(exc))
            return None
        return True

    def _delete_file(self, path: Path) -> bool:
        try:
            is_there = path.is_file()
            if is_there and not self._dry_run:
                path.unlink()
        except OSError as exc:
            raise ConfigError(
                f"{path} cannot be deleted: {exc.strerror}. Fix the folder, then run this again."
            ) from exc
        return is_there


def _own_folder(url: str, setting: str) -> Path | None:
    """The folder of a `file:` back end. None: the files are the vendor's or the mail server's."""
    parsed = parse_url(url, setting=setting)
    return folder_path(parsed) if parsed.scheme == "file" else None


def _report(
    batch: Batch,
    shards: Sequence[ShardRetention],
    purged: Sequence[ShardRetention],
    files: int,
    reasons: Mapping[int, tuple[str, ...]],
) -> PurgedBatch:
    kept = Counter(
        reason for each in shards if each.purged_on is None and each not in purged for reason in reasons[each.sequence]
    )
    return PurgedBatch(
        batch_id=batch.batch_id,
        shards=len(purged),
        purged_before=sum(each.purged_on is not None for each in shards),
        files=files,
        kept=tuple(KeptGroup(reason=reason, shards=count) for reason, count in sorted(kept.items())),
    )
