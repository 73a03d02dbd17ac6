"""The portal feed: JSON Lines, one document a line; its PDFs in a ZIP where the portal cannot reach the archive; and a
control file, which is delivered last. The portal takes in a feed file when its control file exists.

A line has no name, no address and no account: the portal knows its readers by guarantor id. `FeedLine` is the format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from mail_house.print_files.control import FileFacts, file_facts


class ArchivedRange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a portal that can read the archive finds the PDF: bytes `offset` to `offset + length` of an object."""

    object: str
    """URL of a ZIP with the PDFs of many documents."""
    offset: int
    length: int


class FeedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One document for the portal to show, or to stop showing."""

    action: Literal["show", "withdraw"]
    """`withdraw`: it was voided after it was shown."""
    document: str
    guarantor: str
    kind: str
    amount_cents: int
    issued_on: date
    due_on: date | None
    """None: not on record, for a document made before the feed."""
    language: str
    pages: int
    sha256: str
    """Of the PDF."""
    replaces: str
    """The document that this one corrects, which the portal no longer shows; empty for most."""
    token: str
    """Returned with each report that the document was opened (`mail_house.portal.token`)."""
    enrollment_code: str
    """What the guarantor enters to sign up for e-mail, as on paper statements (`mail_house.portal.token`)."""
    archive: ArchivedRange | None
    pdf: str
    """Its name in the ZIP; empty without a ZIP."""


class FeedControl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The control file. A feed file with fewer lines or other hashes must not be taken in."""

    name: str
    batch: str
    kind: str
    cycle: str
    records: int
    cents: int
    """The sum of the lines to show; in a write-back, of the mailed documents."""
    files: tuple[FileFacts, ...]


class FeedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A feed file as it is delivered."""

    name: str
    sha256: str
    """Of the lines, which have the hash of each PDF."""
    files: tuple[tuple[str, bytes], ...]
    """Names and bytes. A name contains a hash of the content, so that a file is never replaced by another."""
    control: FeedControl


def build_feed(
    name: str, *, batch: str, kind: str, cycle: str, lines: Sequence[FeedLine], pdfs: bytes | None
) -> FeedFile:
    """Return the feed file of these lines, in this order. `pdfs` is a ZIP with a member for each `pdf` of the lines."""
    encode = msgspec.json.Encoder().encode
    data = b"".join(encode(line) + b"\n" for line in lines)
    sha256 = hashlib.sha256(data).hexdigest()
    files = [(f"{name}.{sha256[:12]}.jsonl", data)]
    if pdfs is not None:
        files.append((f"{name}.{sha256[:12]}.zip", pdfs))
    control = FeedControl(
        name=name,
        batch=batch,
        kind=kind,
        cycle=cycle,
        records=len(lines),
        cents=sum(line.amount_cents for line in lines if line.action == "show"),
        files=tuple(file_facts(file, content) for file, content in files),
    )
    return FeedFile(name=name, sha256=sha256, files=tuple(files), control=control)


def write_feed_control(control: FeedControl) -> bytes:
    """Return JSON in field order, indented for human readers."""
    return msgspec.json.format(msgspec.json.encode(control), indent=2) + b"\n"


def read_feed_control(data: bytes) -> FeedControl:
    """Parse a control file. Raises ValueError if the bytes are not one of ours."""
    try:
        return msgspec.json.decode(data, type=FeedControl)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"not a control file of the portal feed: {exc}") from exc
