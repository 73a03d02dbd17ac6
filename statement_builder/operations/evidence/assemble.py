"""Puts a packet together: the exhibits from the archive, redacted, between the pages that explain them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import pikepdf
from msgspec.structs import replace

from pdf_kit.redaction import redact
from statement_builder.errors import ArchiveError, ConfigError
from statement_builder.ledger import EvidencePacket
from statement_builder.operations.evidence.snapshots import Snapshots, forbidden_texts
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.evidence import (
    AccountEvidence,
    Exhibit,
    ExhibitState,
    IndexedPages,
    PacketContents,
    digest_contents,
    render_front,
)
from statement_builder.reports.evidence.pages import Approval, render_records

_STAMP_FONT = "/PacketFont"
"""No page of ours has a font of this name. A random name would give other bytes each time."""
_STAMP_POINTS = 7
_STAMP_LEFT, _STAMP_BOTTOM = 43, 14
_ID_SHOWN = 11
"""The beginning of the packet's id, in the line below each page: the whole would run into an exhibit's own line."""
_FRONT_PASSES_MAX = 4


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A packet's contents with what became of each exhibit, and the pages of those that are in it."""

    contents: PacketContents
    exhibits: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Label → the pages that may be seen."""

    @property
    def digest(self) -> str:
        return digest_contents(self.contents)


def read_exhibits(
    context: AppContext, packet: EvidencePacket, contents: PacketContents, snapshots: Snapshots
) -> Assembled:
    """Read every exhibit by its recorded hash, and take out what is not about the packet's accounts. One that is gone,
    damaged, or cannot be redacted is withheld, and the index says so."""
    files: dict[str, bytes] = {}
    accounts = []
    for account in contents.accounts:
        exhibits = []
        for exhibit in account.exhibits:
            state, note, data = _read_exhibit(context, packet, exhibit, snapshots)
            exhibits.append(replace(exhibit, state=state, note=note))
            if data:
                files[exhibit.label] = data
        accounts.append(replace(account, exhibits=tuple(exhibits)))
    return Assembled(contents=replace(contents, accounts=tuple(accounts)), exhibits=files)


def _read_exhibit(
    context: AppContext, packet: EvidencePacket, exhibit: Exhibit, snapshots: Snapshots
) -> tuple[ExhibitState, str, bytes]:
    try:
        document = context.require_document(exhibit.document_id)
        data = read_archived(context, document)
    except ConfigError:
        return ExhibitState.WITHHELD, "Not included: it was purged after its retention period.", b""
    except ArchiveError:
        return (
            ExhibitState.WITHHELD,
            "Not included: the archive does not have the file that the ledger recorded. Restore it from a backup.",
            b"",
        )
    kept = [each for each in document.accounts if each in packet.accounts]
    hidden = [each for each in document.accounts if each not in packet.accounts]
    if not hidden:
        return ExhibitState.COMPLETE, "", data
    pulled = snapshots.of_document(document)
    if pulled is None:
        return (
            ExhibitState.WITHHELD,
            "Not included: it shows other visits, and the data that says which text is theirs was purged.",
            b"",
        )
    forbidden = forbidden_texts(pulled, kept, document.accounts)
    redaction = redact(data, hidden=hidden, kept=kept, forbidden=forbidden)
    with pikepdf.open(io.BytesIO(redaction.pdf)) as pdf:
        total = len(pdf.pages)
        if len(redaction.withheld) == total:
            return ExhibitState.WITHHELD, "Not included: it shows other visits and could not be redacted.", b""
        for index in sorted(redaction.withheld, reverse=True):
            del pdf.pages[index]
        seen = _without_structure(pdf)
    other = "1 other visit was" if len(hidden) == 1 else f"{len(hidden):,} other visits were"
    note = f"Redacted: {other} removed."
    if redaction.withheld:
        note += f" Not included: {len(redaction.withheld)} of {total} pages, which could not be redacted."
    return ExhibitState.REDACTED, note, seen


def _without_structure(pdf: pikepdf.Pdf) -> bytes:
    """The pages alone: what describes them elsewhere in the file, such as its structure, may repeat what was
    removed."""
    clean = pikepdf.new()
    clean.pages.extend(pdf.pages)
    return _save(clean)


def make_pdf(context: AppContext, assembled: Assembled, approval: Approval) -> bytes:
    """The whole packet as one PDF with bookmarks and page numbers. Without approval, every page says that it is a
    draft."""
    contents = assembled.contents
    records = {
        account.letter: render_records(contents, account, facility=context.facility, templates=context.templates)
        for account in contents.accounts
    }
    front, pages = _render_front(context, assembled, approval, records)
    packet = pikepdf.new()
    marks: list[str] = []
    sources = ExitStack()
    with packet.open_outline() as outline:
        append = partial(_append, packet, sources, marks)
        append(front, "")
        outline.root.append(pikepdf.OutlineItem(f"{contents.title} {contents.packet_id}", 0))
        for account in contents.accounts:
            item = pikepdf.OutlineItem(
                f"{account.letter}. Account {account.account_number}", pages.records[account.letter] - 1
            )
            outline.root.append(item)
            append(records[account.letter], "")
            for exhibit in account.exhibits:
                if exhibit.label in assembled.exhibits:
                    place = len(packet.pages)
                    append(assembled.exhibits[exhibit.label], f"Exhibit {exhibit.label}")
                    item.children.append(pikepdf.OutlineItem(f"{exhibit.label} {exhibit.title}", place))
    with sources:
        return _finish(packet, marks, contents, is_draft=approval.at is None)


def _finish(packet: pikepdf.Pdf, marks: Sequence[str], contents: PacketContents, *, is_draft: bool) -> bytes:
    """Number the pages, say what the file is, and save it."""
    draft = "DRAFT, NOT APPROVED" if is_draft else ""
    font = packet.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )
    for number, (page, mark) in enumerate(zip(packet.pages, marks, strict=True), start=1):
        parts = (draft, contents.packet_id[:_ID_SHOWN], mark, f"page {number} of {len(marks)}")
        _stamp(packet, page, font, ", ".join(filter(None, parts)))
    with packet.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        metadata["dc:title"] = f"{contents.title} {contents.packet_id}"
        metadata["dc:language"] = ["en"]
    packet.Root.Lang = "en"
    packet.Root.PageMode = pikepdf.Name.UseOutlines
    return _save(packet)


def _render_front(
    context: AppContext, assembled: Assembled, approval: Approval, records: dict[str, bytes]
) -> tuple[bytes, IndexedPages]:
    """The front pages with the right numbers: the numbers depend on how many front pages there are."""
    count = 1
    for _ in range(_FRONT_PASSES_MAX):
        pages = _number_pages(assembled, records, count)
        front = render_front(
            assembled.contents,
            assembled.digest,
            approval,
            pages,
            facility=context.facility,
            templates=context.templates,
        )
        if (found := _count_pages(front)) == count:
            return front, pages
        count = found
    raise ConfigError("The index of the packet does not settle. Request the accounts in two packets.")


def _number_pages(assembled: Assembled, records: dict[str, bytes], front_pages: int) -> IndexedPages:
    record_pages: dict[str, int] = {}
    exhibit_pages: dict[str, int] = {}
    place = front_pages + 1
    for account in assembled.contents.accounts:
        record_pages[account.letter] = place
        place += _count_pages(records[account.letter])
        for exhibit in _included(assembled, account):
            exhibit_pages[exhibit.label] = place
            place += _count_pages(assembled.exhibits[exhibit.label])
    return IndexedPages(record_pages, exhibit_pages)


def _included(assembled: Assembled, account: AccountEvidence) -> Sequence[Exhibit]:
    return [each for each in account.exhibits if each.label in assembled.exhibits]


def _count_pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return len(file.pages)


def _append(packet: pikepdf.Pdf, sources: ExitStack, marks: list[str], pdf: bytes, mark: str) -> None:
    """Add the pages of a file, which stays open: its streams are read when the packet is saved."""
    file = sources.enter_context(pikepdf.open(io.BytesIO(pdf)))
    marks += [mark] * len(file.pages)
    packet.pages.extend(file.pages)


def _stamp(packet: pikepdf.Pdf, page: pikepdf.Page, font: pikepdf.Object, text: str) -> None:
    """Write a line at the lower left edge, outside what the page has."""
    page.add_resource(font, pikepdf.Name.Font, name=pikepdf.Name(_STAMP_FONT))
    page.contents_coalesce()
    shown = b"%b %d Tf %d %d Td <%b> Tj" % (
        _STAMP_FONT.encode("ascii"),
        _STAMP_POINTS,
        _STAMP_LEFT,
        _STAMP_BOTTOM,
        text.encode("cp1252", "replace").hex().encode("ascii"),
    )
    page.Contents = packet.make_stream(
        b"q\n%b\nQ\n/Artifact BMC q BT %b ET Q EMC\n" % (page.Contents.read_bytes(), shown)
    )


def _save(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()
