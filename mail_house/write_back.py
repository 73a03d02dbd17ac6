"""What a billing system gets back: CSV, with a line for each account on a document that was mailed or returned, and for
each hold; and a control file, which is delivered last. The billing system takes in a file when its control file exists.

`WriteBackLine` is the format: a column for each field. Control file and store are those of the portal feed
(`mail_house.portal`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date

import msgspec

from mail_house.portal import FeedControl, FeedFile
from mail_house.print_files.control import file_facts
from mail_house.print_files.manifest import escape_formula


class WriteBackLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one account."""

    event: str
    """`mailed`, `returned`, or `held`. `mailed` again: the vendor reported the real day, or it was sent again."""
    on: date
    """The day of the mailing that the clocks count from, the day of the return, or the as-of date of the batch."""
    batch: str
    kind: str
    guarantor: str
    account: str
    """Empty for a hold on the whole guarantor, and for a notice about a pregnancy."""
    document: str = ""
    """Empty for a hold."""
    level: int | None = None
    """Level of the dunning ladder."""
    channel: str = ""
    amount_cents: int | None = None
    """Of the whole document, on each of its lines."""
    hold: str = ""
    """The code of the hold."""
    until: date | None = None
    """The first day without this hold, if it is known."""
    archive_object: str = ""
    archive_offset: int | None = None
    archive_length: int | None = None
    """Where the PDF is in the archive: bytes from the offset on."""
    sha256: str = ""
    """Of the PDF."""


def build_write_back(name: str, *, batch: str, kind: str, cycle: str, lines: Sequence[WriteBackLine]) -> FeedFile:
    """Return the file of these lines, in this order. The same lines give the same file. `cents` of the control file
    counts each mailed document once."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(WriteBackLine.__struct_fields__)
    for line in lines:
        values = (getattr(line, field) for field in WriteBackLine.__struct_fields__)
        writer.writerow([escape_formula(each) if isinstance(each, str) else each for each in values])
    data = out.getvalue().encode()
    sha256 = hashlib.sha256(data).hexdigest()
    file = f"{name}.{sha256[:12]}.csv"
    mailed = {line.document: line.amount_cents or 0 for line in lines if line.event == "mailed"}
    control = FeedControl(
        name=name,
        batch=batch,
        kind=kind,
        cycle=cycle,
        records=len(lines),
        cents=sum(mailed.values()),
        files=(file_facts(file, data),),
    )
    return FeedFile(name=name, sha256=sha256, files=((file, data),), control=control)
