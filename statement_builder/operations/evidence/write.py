"""Draft, approve, and write a packet. Who sees one is in the access log before the file is there."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mail_house.print_files.manifest import escape_formula
from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger import EVIDENCE, EvidencePacket
from statement_builder.operations.access import record_access, subject
from statement_builder.operations.evidence.assemble import Assembled, make_pdf, read_exhibits
from statement_builder.operations.evidence.gather import gather_contents
from statement_builder.operations.evidence.requests import find_owner, require_officer
from statement_builder.operations.evidence.snapshots import Snapshots
from statement_builder.operations.queries import write_private
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.evidence import ExhibitState, PacketContents
from statement_builder.reports.evidence.pages import Approval

DIGITS_MIN = 16
"""How much of the content's digest an approval must name."""
_LOG_COLUMNS = ("account", "date", "what", "detail", "document_id", "amount", "source")
_MANIFEST_COLUMNS = ("file", "sha256", "exhibit", "document_id", "archive_sha256", "state")


class WrittenPacket(Record, kw_only=True):
    """What was written. The keys of the JSON."""

    packet_id: str
    content_sha256: str
    """Of the contents: what an officer approves."""
    files: tuple[str, ...]
    pages: int
    exhibits: int
    redacted: int
    withheld: int


@dataclass(frozen=True, kw_only=True)
class MadePacket:
    """A packet in memory: what it says, and its files."""

    assembled: Assembled
    pdf: bytes = field(repr=False)
    archive: bytes = field(default=b"", repr=False)
    """The ZIP. A draft has none."""


def make_draft(context: AppContext, packet: EvidencePacket) -> MadePacket:
    """Make the packet as a PDF that says on every page that it is not approved. Raises what `assemble` raises."""
    assembled = _assemble(context, packet, "evidence draft")
    return MadePacket(assembled=assembled, pdf=make_pdf(context, assembled, Approval()))


def write_draft(context: AppContext, packet: EvidencePacket, path: Path) -> WrittenPacket:
    """Write the draft to a file. Raises what `make_draft` raises."""
    made = make_draft(context, packet)
    write_private(path, made.pdf)
    return describe_packet(packet, made, [path])


def approve_packet(context: AppContext, packet: EvidencePacket, content: str, reason: str) -> str:
    """Approve exactly the contents whose digest begins with `content`, as the draft shows it. Returns a sentence.

    `ConfigError` without a reason, for a digest that is too short, and if no officer is named; `GateStop` for somebody
    who may not approve, and if the contents are no longer those; `NotAllowed`.
    """
    if not reason.strip():
        raise ConfigError('An approval requires a reason: --reason "…"')
    if len(content) < DIGITS_MIN:
        raise ConfigError(f"--content takes at least {DIGITS_MIN} digits of the SHA-256 on the cover of the draft.")
    require_officer(context, packet)
    authorize(context, "evidence", batch_id=EVIDENCE, subject=packet.packet_id)
    digest = _assemble(context, packet, "evidence approve").digest
    if not digest.startswith(content.lower()):
        raise GateStop(
            f"{packet.packet_id} has other contents than you name. Read a new draft with `statements evidence draft "
            f"{packet.packet_id}`."
        )
    context.ledger.evidence.approve(packet.packet_id, digest, actor=context.actor, at=context.now(), why=reason.strip())
    return f"{packet.packet_id} is approved. `statements evidence write {packet.packet_id}` writes it."


def make_packet(context: AppContext, packet: EvidencePacket) -> MadePacket:
    """Make the approved packet: one PDF, and one ZIP with it, the logs, the exhibits, and a manifest.

    `GateStop` if it is not approved, or if its contents have changed since. The event is recorded before anybody has
    the files.
    """
    if packet.approved_at is None:
        raise GateStop(
            f"{packet.packet_id} waits for an officer, who reads it with `statements evidence draft "
            f"{packet.packet_id}` and approves it with `statements evidence approve {packet.packet_id}`."
        )
    assembled = _assemble(context, packet, "evidence write")
    if assembled.digest != packet.content_sha256:
        raise GateStop(
            f"{packet.packet_id} has changed since its approval: something about its accounts was mailed, returned, "
            f"paid, or recorded. An officer must read a new draft and approve it again."
        )
    data = make_pdf(context, assembled, Approval(by=packet.approved_by, at=packet.approved_at))
    archive = make_zip(assembled, data)
    context.ledger.events.record(
        EVIDENCE,
        packet.packet_id,
        what="written",
        why=f"PDF {hashlib.sha256(data).hexdigest()}, ZIP {hashlib.sha256(archive).hexdigest()}",
        actor=context.actor,
        at=context.now(),
    )
    return MadePacket(assembled=assembled, pdf=data, archive=archive)


def write_packet(context: AppContext, packet: EvidencePacket, folder: Path) -> WrittenPacket:
    """Write the approved packet to a folder: its PDF and its ZIP. Raises what `make_packet` raises, and `ConfigError`
    if the folder cannot be written."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder. Create it first.")
    made = make_packet(context, packet)
    paths = [folder / f"{packet.packet_id}.pdf", folder / f"{packet.packet_id}.zip"]
    for path, content in zip(paths, (made.pdf, made.archive), strict=True):
        write_private(path, content)
    return describe_packet(packet, made, paths)


def _assemble(context: AppContext, packet: EvidencePacket, what: str) -> Assembled:
    """Gather the contents and read the exhibits. The view is recorded before anything is returned."""
    authorize(context, "evidence", batch_id=EVIDENCE, subject=packet.packet_id)
    owners = [owner for account in packet.accounts if (owner := find_owner(context, account))]
    snapshots = Snapshots(context, owners)
    contents = gather_contents(context, packet, snapshots)
    assembled = read_exhibits(context, packet, contents, snapshots)
    seen = [
        subject(account.guarantor_id, exhibit.document_id)
        for account in contents.accounts
        for exhibit in account.exhibits
    ]
    seen += [subject(account.guarantor_id) for account in contents.accounts if not account.exhibits]
    record_access(context, what, seen, purpose=packet.reason)
    return assembled


def make_zip(assembled: Assembled, pdf: bytes) -> bytes:
    """The PDF, `log.csv`, the exhibits as they may be seen, and `manifest.csv` with every SHA-256. The same packet
    gives the same bytes. `SHA256SUMS` is for `sha256sum --check`."""
    contents = assembled.contents
    files: dict[str, bytes] = {f"{contents.packet_id}.pdf": pdf, "log.csv": _write_log(contents)}
    files |= {f"exhibits/{label}.pdf": data for label, data in assembled.exhibits.items()}
    files["manifest.csv"] = _write_manifest(assembled, files)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    files["SHA256SUMS"] = sums.encode("ascii")
    day = contents.requested_at
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            archive.writestr(info, data)
    return out.getvalue()


def _write_log(contents: PacketContents) -> bytes:
    rows = [
        (
            account.account_number,
            entry.on.isoformat(),
            entry.what,
            entry.detail,
            entry.document_id,
            _dollars(entry.amount_cents),
            entry.source,
        )
        for account in contents.accounts
        for entry in account.log
    ]
    return _write_csv(_LOG_COLUMNS, rows)


def _write_manifest(assembled: Assembled, files: dict[str, bytes]) -> bytes:
    exhibits = {
        f"exhibits/{exhibit.label}.pdf": exhibit
        for account in assembled.contents.accounts
        for exhibit in account.exhibits
    }
    rows = [
        (name, hashlib.sha256(data).hexdigest(), "", "", "", "") for name, data in files.items() if name not in exhibits
    ]
    for name, exhibit in exhibits.items():
        digest = hashlib.sha256(files[name]).hexdigest() if name in files else ""
        shown = name if name in files else ""
        rows.append((shown, digest, exhibit.label, exhibit.document_id, exhibit.sha256, exhibit.state.value))
    return _write_csv(_MANIFEST_COLUMNS, rows)


def _write_csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([escape_formula(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _dollars(cents: int | None) -> str:
    if cents is None:
        return ""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def describe_packet(packet: EvidencePacket, made: MadePacket, paths: Sequence[Path] = ()) -> WrittenPacket:
    """What was made. `paths` are the files that it was written to."""
    import pikepdf  # noqa: PLC0415

    exhibits = [exhibit for account in made.assembled.contents.accounts for exhibit in account.exhibits]
    with pikepdf.open(io.BytesIO(made.pdf)) as file:
        pages = len(file.pages)
    return WrittenPacket(
        packet_id=packet.packet_id,
        content_sha256=made.assembled.digest,
        files=tuple(str(path) for path in paths),
        pages=pages,
        exhibits=len(exhibits),
        redacted=sum(each.state is ExhibitState.REDACTED for each in exhibits),
        withheld=sum(each.state is ExhibitState.WITHHELD for each in exhibits),
    )
