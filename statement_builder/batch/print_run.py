"""Print: each shard's printed documents become print files, by envelope class, and go to the vendor."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from mail_house.barcodes import serial_digits
from mail_house.errors import Permanent, Retryable, UnknownOutcome
from mail_house.lint import require_fit
from mail_house.pieces import Piece, PrintFile, Receipt
from mail_house.print_files import build_print_file, envelope_class, print_file_name, put_carrier_before
from mail_house.profiles import Profile
from mail_house.vendors import PrintVendor
from statement_builder.archive import PackReader
from statement_builder.batch.recipients import read_current_guarantors, read_recipients
from statement_builder.batch.service import SHARD_CANDIDATES_MAX, Service
from statement_builder.billing.model import Guarantor
from statement_builder.billing.scanline import scanline
from statement_builder.billing.selection import Channel
from statement_builder.documents import Recipient, make_recipient
from statement_builder.errors import InvariantError, LockLost
from statement_builder.ledger import (
    Batch,
    DeliveryState,
    Document,
    NewPrintFile,
    PrintFileRow,
    Shard,
)
from statement_builder.policy.recipient import address_digest

NUMBERS_PER_SHARD = 10_000
"""More than the print files of one shard, even where each piece is one and some are printed again."""


def hand_off_print_files(service: Service, batch: Batch, shards: Sequence[Shard]) -> None:
    """Hand off every printed document of these shards that no print file holds yet, shard by shard.

    `Permanent` in the end where a print file was found unfit (before it was claimed), or the vendor refused one for
    good: the others go on.
    """
    names = _Names(service, batch)
    refused: list[Permanent] = []
    with closing(service.open_vendor()) as vendor:
        for done, shard in enumerate(shards, start=1):
            with service.watch("ledger"):
                waiting = service.ledger.waiting(batch.batch_id, channel=Channel.PRINT, sequence=shard.sequence)
            unclaimed = [document for document in waiting if document.delivery_state is None]
            for envelope, documents in _by_file(service, unclaimed, vendor.pieces_max):
                name = names.take(shard, envelope, documents)
                moved = read_current_guarantors(service, batch, [each for each in documents if each.readdressed])
                try:
                    with service.watch("print file"):
                        file = _build(service, batch, shard, documents, moved, name=name)
                    claim = _claim(service, shard, envelope, documents, file)
                    service.ledger.require_locks()
                    with service.watch("ledger"):
                        claimed = service.ledger.claim_print_file(
                            claim,
                            readdressed={each: address_digest(guarantor) for each, guarantor in moved.items()},
                            at=service.now(),
                        )
                    if not claimed.is_new:
                        raise InvariantError(f"print file {name} is in somebody else's hands: run the batch again")
                    names.claimed(shard, name)
                    with service.watch("hand over"):
                        _deliver(service, vendor, file, claimed)
                except Permanent as exc:
                    refused.append(exc)
            service.progress("print", done, len(shards))
    if refused:
        raise Permanent(f"{len(refused)} print files were refused, the first: {refused[0]}") from refused[0]


def settle_print_files(service: Service, batch: Batch, shards: Sequence[Shard]) -> None:
    """Find out what became of these shards' print files that an earlier run claimed and did not see through.

    What did not leave is given back: its documents are looked at a second time and claimed anew, under the same name.
    """
    sequences = {shard.sequence for shard in shards}
    with closing(service.open_vendor()) as vendor:
        for row in service.ledger.print_files(batch.batch_id):
            if row.sequence not in sequences:
                continue
            if row.state is DeliveryState.CLAIMED:
                evidence = "Interrupted before anything was handed over."
                _mark(service, row, DeliveryState.FAILED, {"evidence": evidence})
            elif row.state is DeliveryState.COMMITTING:
                _settle_by_asking(service, vendor, row)


def _settle_by_asking(service: Service, vendor: PrintVendor, row: PrintFileRow) -> None:
    """Ask the vendor what became of a print file whose control file may have been written."""
    try:
        receipt = vendor.find(row.name, sha256=row.sha256)
    except UnknownOutcome as exc:
        _mark(service, row, DeliveryState.UNCERTAIN, {"evidence": str(exc)})
        return
    if receipt is not None:
        _mark(service, row, DeliveryState.SENT, _receipt(receipt))
    elif vendor.collects:
        evidence = "Not at the vendor, who collects files: it may have been picked up. Ask whether it arrived."
        _mark(service, row, DeliveryState.UNCERTAIN, {"evidence": evidence})
    else:
        _mark(service, row, DeliveryState.FAILED, {"evidence": "Asked the vendor: it is not there."})


def _deliver(service: Service, vendor: PrintVendor, file: PrintFile, claimed: PrintFileRow) -> None:
    """Bring the files, write down that the decisive one is about to go, send it, write down the receipt."""
    try:
        vendor.prepare(file)
    except Permanent as exc:
        _mark(service, claimed, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    service.ledger.require_locks()
    _mark(service, claimed, DeliveryState.COMMITTING, None)
    try:
        service.ledger.require_locks()  # again: what was asked before a commit may no longer be so after it
        receipt = vendor.commit(file)
    except (LockLost, Retryable, Permanent) as exc:
        # Known not to have been accepted: the next re-run makes it anew under the same name.
        _mark(service, claimed, DeliveryState.FAILED, {"evidence": str(exc)})
        raise
    _mark(service, claimed, DeliveryState.SENT, _receipt(receipt))


def _build(
    service: Service,
    batch: Batch,
    shard: Shard,
    documents: list[Document],
    moved: Mapping[str, Guarantor],
    *,
    name: str,
) -> PrintFile:
    """`moved` are the guarantors, by document id, whose pieces go to the address that is on file now."""
    profile = service.profile()
    recipients = read_recipients(service, shard, documents)
    recipients |= {each: make_recipient(guarantor) for each, guarantor in moved.items()}
    serials = _serials(service, profile, name, len(documents))
    packs = PackReader(service.archive)
    pieces = [
        _piece(service, profile, shard, document, recipients[document.document_id], serial, packs)
        for document, serial in zip(documents, serials, strict=True)
    ]
    file = build_print_file(name=name, pieces=pieces, profile=profile, created_on=batch.as_of)
    require_fit(file, profile, check_every=service.settings.mail.check_every)
    return file


def _piece(  # noqa: PLR0917
    service: Service,
    profile: Profile,
    shard: Shard,
    document: Document,
    recipient: Recipient,
    serial: int | None,
    packs: PackReader,
) -> Piece:
    """The archived bytes as they are; for a new address behind a sheet that shows it, since theirs is the old one."""
    pdf = packs.read(document.pack_key, document.offset, document.length, document.sha256)
    sha256 = document.sha256
    if document.readdressed:
        pdf = _put_carrier_before(service, profile, document, recipient, pdf)
        sha256 = hashlib.sha256(pdf).hexdigest()
    return Piece(
        document_id=document.document_id,
        sequence=(shard.sequence - 1) * SHARD_CANDIDATES_MAX + document.position,
        pdf=pdf,
        pages=_pages(document, profile),
        carrier_pages=_carrier_pages(document, profile),
        recipient_lines=(recipient.name, *recipient.lines),
        amount_cents=document.amount_cents,
        sha256=sha256,
        serial=serial,
        scanline=scanline(service.facility.scanline, document.guarantor_id, document.amount_cents),
    )


def _put_carrier_before(
    service: Service, profile: Profile, document: Document, recipient: Recipient, pdf: bytes
) -> bytes:
    from statement_builder.rendering.carrier import render_carrier  # noqa: PLC0415 - WeasyPrint takes half a second

    carrier = render_carrier(
        document.document_id,
        recipient,
        facility=service.facility,
        language=document.language,
        templates=service.templates,
    )
    return put_carrier_before(carrier.pdf, pdf, duplex=profile.duplex)


def _pages(document: Document, profile: Profile) -> int:
    """Of the piece, its carrier included."""
    return document.pages + _carrier_pages(document, profile)


def _carrier_pages(document: Document, profile: Profile) -> int:
    """A carrier is one sheet."""
    return (2 if profile.duplex else 1) if document.readdressed else 0


def _serials(service: Service, profile: Profile, name: str, count: int) -> Sequence[int | None]:
    """A serial number for each piece's Intelligent Mail barcode; none where we print no such barcode."""
    if profile.imb is None or not profile.prints_imb:
        return [None] * count
    mailer_id = profile.imb.mailer_id
    capacity = 10 ** serial_digits(mailer_id)
    start = service.ledger.reserve_serials(name, mailer_id=mailer_id, count=count, capacity=capacity, at=service.now())
    return [(start + place) % capacity for place in range(count)]


def _claim(service: Service, shard: Shard, envelope: str, documents: list[Document], file: PrintFile) -> NewPrintFile:
    return NewPrintFile(
        name=file.name,
        batch_id=shard.batch_id,
        sequence=shard.sequence,
        envelope_class=envelope,
        vendor=service.settings.print.partition(":")[0],
        sha256=file.sha256,
        bytes=len(file.pdf),
        documents=tuple(document.document_id for document in documents),
        pages=file.pages,
        sheets=file.sheets,
        cents=file.cents,
        reports=service.settings.mail.vendor_reports,
    )


def _by_file(
    service: Service, documents: list[Document], pieces_max: int | None
) -> Iterator[tuple[str, list[Document]]]:
    """Envelope class and documents of each print file: as many of one class as the vendor takes in one."""
    profile = service.profile()
    grouped: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        grouped[envelope_class(_pages(document, profile), profile)].append(document)
    for envelope, members in sorted(grouped.items()):
        size = pieces_max or len(members)
        for start in range(0, len(members), size):
            yield envelope, members[start : start + size]


class _Names:
    """Names for a batch's next print files: that of one that failed, so that what an earlier try left at the vendor is
    replaced, else the shard's next number. Where the vendor takes single pieces, a name stays with its document.

    Each shard counts from a number of its own, so that names are the same whoever else is at work on the batch.
    """

    def __init__(self, service: Service, batch: Batch) -> None:
        files = service.ledger.print_files(batch.batch_id)
        self._batch = batch
        self._failed = [file for file in files if file.state is DeliveryState.FAILED]
        self._names = {file.name for file in files}
        self._taken = Counter(file.sequence for file in files)

    def take(self, shard: Shard, envelope: str, documents: list[Document]) -> str:
        ids = {document.document_id for document in documents}
        for file in self._failed:
            mine = (file.sequence, file.envelope_class) == (shard.sequence, envelope)
            if mine and (len(file.documents) > 1 or ids.issuperset(file.documents)):
                self._failed.remove(file)
                return file.name
        return print_file_name(
            facility_id=self._batch.facility_id,
            cycle=self._batch.cycle,
            created_on=self._batch.as_of,
            batch_id=self._batch.batch_id,
            number=(shard.sequence - 1) * NUMBERS_PER_SHARD + self._taken[shard.sequence] + 1,
        )

    def claimed(self, shard: Shard, name: str) -> None:
        """From here the name is a print file's. One that was never claimed leaves no gap."""
        if name not in self._names:
            self._names.add(name)
            self._taken[shard.sequence] += 1


def _mark(service: Service, row: PrintFileRow, state: DeliveryState, receipt: dict[str, object] | None) -> None:
    """Of the attempt that was claimed or found, and of no other: who lost it in the meantime has no say any more."""
    service.ledger.mark_print_file(
        row.name, state, attempt=row.attempt, receipt=receipt, at=service.now(), mailed_on=service.today()
    )


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {"reference": receipt.reference, "at": receipt.at.isoformat(), **receipt.detail}
