"""The deduction file: text with pipes, a header, a line for each change, and a trailer; and a control file, which is
delivered last.

A line has an employee number, a code, amounts and dates, and nothing else: payroll acts for the employer, which learns
nothing of the care (45 CFR 164.508). Lines are effective-dated: a later line for the same employee and
code replaces the earlier one. An `end` before the `start` means that nothing is to be taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

import msgspec

from mail_house.print_files.control import FileFacts, file_facts

COLUMNS = ("employee_id", "code", "amount", "start", "end", "limit")
TRAILER = "TRAILER"


class DeductionLine(msgspec.Struct, frozen=True, kw_only=True):
    """What payroll should take from one employee."""

    employee_id: str
    code: str
    amount_cents: int
    """From each paycheck; the last one is what is left of the limit."""
    starts_on: date
    ends_on: date
    """The last payday with a deduction."""
    limit_cents: int
    """All deductions together, at most."""


class DeductionControl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The control file. A deduction file with fewer lines or another hash must not be taken in."""

    name: str
    records: int
    files: tuple[FileFacts, ...]


class DeductionFile(msgspec.Struct, frozen=True, kw_only=True):
    """A deduction file as it is delivered. Its name contains a hash of the content."""

    name: str
    sha256: str
    files: tuple[tuple[str, bytes], ...]
    control: DeductionControl


def build_deduction_file(name: str, lines: Sequence[DeductionLine]) -> DeductionFile:
    """Return the file of these lines, in this order. ValueError for a text that would break a line."""
    rows = [COLUMNS, *(_cells(line) for line in lines)]
    rows.append((TRAILER, str(len(lines)), _dollars(sum(line.amount_cents for line in lines))))
    if any("|" in cell or not cell.isprintable() or not cell for row in rows for cell in row):
        raise ValueError(f"{name}: an employee number or a code has a character that would break a line")
    data = "".join(f"{'|'.join(row)}\r\n" for row in rows).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    file = f"{name}.{sha256[:12]}.txt"
    control = DeductionControl(name=name, records=len(lines), files=(file_facts(file, data),))
    return DeductionFile(name=name, sha256=sha256, files=((file, data),), control=control)


def _cells(line: DeductionLine) -> tuple[str, ...]:
    return (
        line.employee_id,
        line.code,
        _dollars(line.amount_cents),
        line.starts_on.isoformat(),
        line.ends_on.isoformat(),
        _dollars(line.limit_cents),
    )


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def write_deduction_control(control: DeductionControl) -> bytes:
    """Return JSON in field order, indented for human readers."""
    return msgspec.json.format(msgspec.json.encode(control), indent=2) + b"\n"


def read_deduction_control(data: bytes) -> DeductionControl:
    """Parse a control file. Raises ValueError if the bytes are not one of ours."""
    try:
        return msgspec.json.decode(data, type=DeductionControl)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"not a control file of deductions: {exc}") from exc
