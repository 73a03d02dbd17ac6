"""Publish a batch to the patient portal: each document that left for its guarantor is in one feed file, claimed first.

A crash leaves a claimed file. The next run looks whether the portal has its control file, and delivers it if not: the
files of one name and content are only ever written once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from mail_house.controlled_folder import control_name
from mail_house.errors import Permanent, Retryable
from mail_house.portal import (
    ArchivedRange,
    FeedControl,
    FeedFile,
    FeedLine,
    PortalStore,
    build_feed,
    enrollment_code,
    open_folder_portal,
    portal_token,
)
from mail_house.portal.feed import write_feed_control
from mail_house.portal.store import read_control_of
from mail_house.print_files.control import file_facts
from mail_house.print_files.names import FEED_FILE_PREFIX, print_file_name
from mail_house.urls import parse_url
from statement_builder.archive import PackReader, build_pack, check_archive_url, naming_document, open_archive
from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR
from statement_builder.billing.selection import Kind
from statement_builder.errors import ArchiveError, ConfigError
from statement_builder.ledger import Batch, BatchState, DeliveryState, Document, NewPortalFile, PortalFileRow
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.portal_keys import read_portal_keys
from statement_builder.pipeline.print.print_plan import NUMBERS_PER_SHARD
from statement_builder.settings import Settings


class BucketPortal:
    """A portal that takes feed files from a bucket. Objects are written once."""

    def __init__(self, url: str) -> None:
        self._url = url

    def find(self, name: str) -> FeedControl | None:
        """See `PortalStore`."""
        try:
            with open_archive(self._url) as bucket:
                key = control_name(name)
                return read_control_of(name, bucket.get(key)) if bucket.exists(key) else None
        except ArchiveError as exc:
            raise Retryable(f"portal: {exc}") from exc

    def deliver(self, feed: FeedFile) -> None:
        """See `PortalStore`."""
        control = write_feed_control(feed.control)
        facts = (*feed.control.files, file_facts(control_name(feed.name), control))
        data = (*(content for _, content in feed.files), control)
        try:
            with open_archive(self._url) as bucket:
                for each, content in zip(facts, data, strict=True):
                    bucket.put(each.file, content, sha256=each.sha256)
        except ArchiveError as exc:
            raise Retryable(f"portal: {exc}") from exc

    def check(self) -> None:
        """See `PortalStore`."""
        try:
            with open_archive(self._url) as bucket:
                bucket.check()
        except ArchiveError as exc:
            raise Retryable(f"portal: {exc}") from exc


def open_portal(settings: Settings, environ: Mapping[str, str]) -> PortalStore:
    """The store that the setting `portal` names, not connected yet. `ConfigError` when it is invalid."""
    if settings.portal.startswith("s3:"):
        try:
            check_archive_url(settings.portal)
        except ConfigError as exc:
            raise ConfigError(str(exc).replace("archive: ", "portal: ", 1)) from exc
        return BucketPortal(settings.portal)
    try:
        return open_folder_portal(parse_url(settings.portal, setting="portal"), environ=environ)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


def is_published(settings: Settings, kind: Kind) -> bool:
    """Whether the portal shows this kind of document."""
    return bool(settings.portal) and kind in settings.mail.portal_kinds


def is_on_portal(settings: Settings, document: Document) -> bool:
    """Whether the portal shows this document, or the one it copies, to the guarantor once it left."""
    return is_published(settings, document.kind) and RECIPIENT_SEPARATOR not in document.guarantor_id


def publish_batch(context: AppContext, batch: Batch) -> None:
    """Publish what left since the last time, and withdraw what was voided. Does nothing without a portal, and for a
    batch that closed before there was one: a redelivery must not publish old mail.

    Raises `HandOffError` when the portal cannot be reached: a re-run publishes the rest.
    """
    if not is_published(context.settings, batch.kind):
        return
    publication = _Publication(context, batch)
    if batch.state is BatchState.CLOSED and not publication.has_begun:
        return
    with context.watch("portal"):
        publication.run()


class _Publication:
    def __init__(self, context: AppContext, batch: Batch) -> None:
        self._context = context
        self._batch = batch
        self._store = open_portal(context.settings, context.environ)
        self._keys = read_portal_keys(context.environ)
        self._files = context.ledger.portal.for_batch(batch.batch_id)

    @property
    def has_begun(self) -> bool:
        """Whether the batch has a feed file."""
        return bool(self._files)

    def run(self) -> None:
        ledger = self._context.ledger.portal
        for file in self._files:
            if file.state is DeliveryState.CLAIMED:
                self._finish(file)
        by_shard: defaultdict[int, tuple[list[Document], list[Document]]] = defaultdict(lambda: ([], []))
        for document in ledger.unpublished(self._batch.batch_id):
            by_shard[document.sequence][0].append(document)
        for document in ledger.to_withdraw(self._batch.batch_id):
            by_shard[document.sequence][1].append(document)
        for sequence, (shown, withdrawn) in sorted(by_shard.items()):
            self._publish(sequence, shown, withdrawn)

    def _publish(self, sequence: int, shown: Sequence[Document], withdrawn: Sequence[Document]) -> None:
        self._context.ledger.require_locks()
        before = sum(file.sequence == sequence for file in self._files)
        claimed = self._context.ledger.portal.claim(
            NewPortalFile(
                name=print_file_name(
                    facility_id=self._batch.facility_id,
                    cycle=self._batch.cycle,
                    created_on=self._batch.as_of,
                    batch_id=self._batch.batch_id,
                    number=(sequence - 1) * NUMBERS_PER_SHARD + before + 1,
                    prefix=FEED_FILE_PREFIX,
                ),
                batch_id=self._batch.batch_id,
                sequence=sequence,
                shown=tuple(document.document_id for document in shown),
                withdrawn=tuple(document.document_id for document in withdrawn),
                cents=sum(document.amount_cents for document in shown),
            ),
            at=self._context.now(),
        )
        self._finish(claimed)

    def _finish(self, file: PortalFileRow) -> None:
        """Deliver a claimed file, unless the portal has it."""
        context, ledger = self._context, self._context.ledger.portal
        delivered = self._store.find(file.name)
        if delivered is None:
            feed = self._build(file)
            ledger.record_content(file.name, sha256=feed.sha256, at=context.now())
            context.ledger.require_locks()
            self._store.deliver(feed)
        elif delivered.cents != file.cents or delivered.records != len(file.shown) + len(file.withdrawn):
            raise Permanent(
                f"the portal has another feed file {file.name} than the ledger: check which program wrote it, and "
                "remove it"
            )
        ledger.mark_delivered(file.name, at=context.now())

    def _build(self, file: PortalFileRow) -> FeedFile:
        documents = self._context.ledger.portal.documents(file)
        with_pdfs = self._context.settings.mail.portal_documents == "zip"
        withdrawn = frozenset(file.withdrawn)
        try:
            pdfs = self._pack([each for each in documents if each.document_id not in withdrawn]) if with_pdfs else None
        except ArchiveError as exc:
            raise Retryable(str(exc)) from exc
        lines = [self._line(each, is_withdrawn=each.document_id in withdrawn, has_pdf=with_pdfs) for each in documents]
        batch = self._batch
        return build_feed(
            file.name, batch=batch.batch_id, kind=batch.kind.value, cycle=batch.cycle, lines=lines, pdfs=pdfs
        )

    def _line(self, document: Document, *, is_withdrawn: bool, has_pdf: bool) -> FeedLine:
        archived = ArchivedRange(
            object=f"{archive_address(self._context.settings.archive)}/{document.pack_key}",
            offset=document.offset,
            length=document.length,
        )
        is_shown_with_pdf = has_pdf and not is_withdrawn
        return FeedLine(
            action="withdraw" if is_withdrawn else "show",
            document=document.document_id,
            guarantor=document.guarantor_id,
            kind=document.kind.value,
            amount_cents=document.amount_cents,
            issued_on=document.issued_on,
            due_on=document.due_on,
            language=document.language,
            pages=document.pages,
            sha256=document.sha256,
            replaces=document.revision_of,
            token=portal_token(self._keys, document.document_id),
            enrollment_code=enrollment_code(self._keys, document.guarantor_id),
            archive=None if has_pdf or is_withdrawn else archived,
            pdf=f"{document.document_id}.pdf" if is_shown_with_pdf else "",
        )

    def _pack(self, documents: Sequence[Document]) -> bytes:
        packs = PackReader(self._context.archive)
        members = []
        for document in documents:
            with naming_document(document.document_id):
                pdf = packs.read(document.pack_key, document.offset, document.length, document.sha256)
            members.append((document.document_id, pdf))
        return build_pack(members).data


def archive_address(url: str) -> str:
    """The archive's address without its options, which name keys and servers."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
