"""The files that an agency gets: placements, and what changed about placed accounts; and the control file, which is
delivered last.

The same lines give the same bytes. A file may be encrypted, which differs each time, so the control file has the hash
of what is inside it: that is what tells whether the agency has it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date

import msgspec

from mail_house.agency.lines import FileHead, Line, PlacementLine, cents_of
from mail_house.agency.profile import AgencyColumn, AgencyProfile
from mail_house.print_files.control import FileFacts
from mail_house.print_files.manifest import escape_formula

ROW_TYPE = "row"
"""The title of a column that always has the same text, such as the type of the record: the text itself would make the
line of titles an account."""


class AgencyControl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The control file. A file with another hash must not be taken in."""

    name: str
    file_type: str
    records: int
    cents: int
    sha256: str
    """Of the file before it was encrypted."""
    files: tuple[FileFacts, ...]
    """As delivered."""


class AgencyFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file before it is encrypted. Its name contains a hash of the content."""

    name: str
    file_type: str
    file: str
    data: bytes
    sha256: str
    records: int
    cents: int


def build_agency_file(profile: AgencyProfile, head: FileHead, lines: Sequence[Line]) -> AgencyFile:
    """Return the file of these lines, in this order. ValueError for a value that does not fit, or totals that are not
    those of the lines."""
    if head.records != len(lines) or head.cents != sum(map(cents_of, lines)):
        raise ValueError(f"{head.file}: header and lines do not foot")
    columns = profile.placement if head.file_type == "placement" else profile.changes
    rows = [_cells(profile, profile.header, head)]
    if profile.titles:
        rows.append([column.title or column.field or ROW_TYPE for column in columns])
    rows += [_cells(profile, columns, line) for line in lines]
    rows.append(_cells(profile, profile.trailer, head))
    data = _join(profile, rows).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    suffix = "csv" if profile.format == "csv" else "txt"
    return AgencyFile(
        name=head.file,
        file_type=head.file_type,
        file=f"{head.file}.{sha256[:12]}.{suffix}",
        data=data,
        sha256=sha256,
        records=head.records,
        cents=head.cents,
    )


def find_line_problem(profile: AgencyProfile, line: Line) -> str:
    """The field that does not fit the file. Empty: the line fits. It never quotes the value."""
    for column in profile.placement if isinstance(line, PlacementLine) else profile.changes:
        try:
            _cell(profile, column, line)
        except ValueError:
            return column.field
    return ""


def _cells(profile: AgencyProfile, columns: Sequence[AgencyColumn], record: FileHead | Line) -> list[str]:
    return [_cell(profile, column, record) for column in columns]


def _cell(profile: AgencyProfile, column: AgencyColumn, record: FileHead | Line) -> str:
    value = getattr(record, column.field) if column.field else column.text
    if value is None:
        text = ""
    elif isinstance(value, date):
        text = value.strftime(profile.dates)
    elif isinstance(value, int):
        text = _number(profile, column, value)
    else:
        text = value
    if not (text.isprintable() or not text) or (profile.format == "pipe" and "|" in text):
        raise ValueError(f"{column.field} has a character that would break a line")
    if profile.format != "fixed":
        return text
    if len(text) > column.width:
        if not column.cut or isinstance(value, int):
            raise ValueError(f"{column.field} is longer than {column.width} characters")
        text = text[: column.width]
    return text.rjust(column.width) if isinstance(value, int) else text.ljust(column.width)


def _number(profile: AgencyProfile, column: AgencyColumn, value: int) -> str:
    if not column.field.endswith("cents") or profile.money == "cents":
        return str(value)
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"


def _join(profile: AgencyProfile, rows: Sequence[Sequence[str]]) -> str:
    end = "\r\n" if profile.line_end == "crlf" else "\n"
    if profile.format != "csv":
        return "".join(f"{profile.separator.join(row)}{end}" for row in rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerows([[cell if _is_number(cell) else escape_formula(cell) for cell in row] for row in rows])
    return out.getvalue()


def _is_number(cell: str) -> bool:
    return cell.lstrip("-").replace(".", "", 1).isdecimal()


def write_agency_control(control: AgencyControl) -> bytes:
    """Return JSON in field order, indented for human readers."""
    return msgspec.json.format(msgspec.json.encode(control), indent=2) + b"\n"


def read_agency_control(data: bytes) -> AgencyControl:
    """Parse a control file. Raises ValueError if the bytes are not one of ours."""
    try:
        return msgspec.json.decode(data, type=AgencyControl)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"not a control file for an agency: {exc}") from exc
