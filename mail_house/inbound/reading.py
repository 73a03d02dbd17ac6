"""Parses a vendor's file into delivery reports, line by line. A bad line does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from mail_house.inbound.delivery_reports import DeliveryReport
from mail_house.inbound.lob import read_event
from mail_house.inbound.rows import CsvRow, read_rows, require_short_lines, split_lines
from mail_house.inbound.tables import TABLES, Row, read_values
from mail_house.limits import FILE_BYTES_MAX, LimitExceeded

UNKNOWN = "unknown"
LOB_EVENTS = "Lob events"
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet (.xlsx)",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"%PDF": "a PDF",
    b"-----BEGIN PGP": "encrypted (OpenPGP)",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls)",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
"""First bytes → what a file is that a clerk or vendor puts here by mistake."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that could not be parsed. The message quotes only codes and dates."""

    line: int
    """From 1; 0 for a problem with the whole file."""
    message: str


class ParsedReports(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one file. Lines = reports + ignored + problems, unless the whole file is the problem."""

    file_type: str
    """A key of `TABLES`, `LOB_EVENTS`, or `UNKNOWN`."""
    lines: int = 0
    """Rows or events read, without the header and blank lines. At least 1."""
    reports: tuple[tuple[int, DeliveryReport], ...] = ()
    """Line number and report."""
    ignored: int = 0
    """Events that report nothing about delivery to the recipient."""
    problems: tuple[Problem, ...] = ()


def read_delivery_reports(data: bytes) -> ParsedReports:
    """Parse a vendor's file. Never raises: lines that cannot be parsed are listed as problems."""
    try:
        lines = split_lines(_decode(data))
    except LimitExceeded as exc:
        return _unreadable(data, f"the file {exc}")
    if next((line for line in lines if line.strip()), "").lstrip()[:1] == "{":
        return _read_events(lines)
    try:
        require_short_lines(lines)
    except LimitExceeded as exc:
        return _unreadable(data, f"the file {exc}")
    return _read_table(data, lines)


def _decode(data: bytes) -> str:
    """The text of the file. Raises LimitExceeded for what is not text or too large."""
    if len(data) > FILE_BYTES_MAX:
        raise LimitExceeded(f"is larger than {FILE_BYTES_MAX // 2**20} MB: ask the vendor for smaller files")
    for start, what in _SIGNATURES.items():
        if data.startswith(start):
            raise LimitExceeded(f"is {what}: ask the vendor for plain CSV in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise LimitExceeded(
            f"is not UTF-8 text; line {line} is the first with another character: save it as CSV in UTF-8"
        ) from exc


def _read_events(lines: list[str]) -> ParsedReports:
    whole = "\n".join(lines)
    events = [(1, whole)] if _is_json(whole) else [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    reports: list[tuple[int, DeliveryReport]] = []
    problems: list[Problem] = []
    ignored = 0
    for number, text in events:
        try:
            report = read_event(text.encode())
        except ValueError as exc:
            problems.append(Problem(line=number, message=str(exc)))
            continue
        if report is None:
            ignored += 1
        else:
            reports.append((number, report))
    return ParsedReports(
        file_type=LOB_EVENTS,
        lines=len(events),
        reports=tuple(reports),
        ignored=ignored,
        problems=tuple(problems),
    )


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _read_table(data: bytes, lines: list[str]) -> ParsedReports:
    rows = read_rows(lines)
    header = next(rows, CsvRow(line=1, lines=1, values=()))
    columns = _strip_empty(header.values)
    names = tuple(name.lower().replace(" ", "_") for name in columns)
    file_type = next((name for name, row in TABLES.items() if set(names) == set(row.__struct_fields__)), None)
    if file_type is None or len(names) != len(set(names)):
        return _unreadable(
            data, "the first line is not the header of a known delivery report: ask the vendor which it is"
        )
    read = _row_reader(names, len(header.values), TABLES[file_type])
    reports: list[tuple[int, DeliveryReport]] = []
    problems: list[Problem] = []
    count = 0
    for row in rows:
        count += 1
        try:
            reports.append((row.line, read(row).to_report()))
        except ValueError as exc:
            problems.append(Problem(line=row.line, message=str(exc)))
    return ParsedReports(file_type=file_type, lines=count, reports=tuple(reports), problems=tuple(problems))


def _strip_empty(values: Sequence[str]) -> tuple[str, ...]:
    """The values without the empty ones after the last: columns that a spreadsheet has formatted."""
    end = len(values)
    while end and not values[end - 1]:
        end -= 1
    return tuple(values[:end])


def _row_reader(names: tuple[str, ...], width: int, schema: type[Row]) -> Callable[[CsvRow], Row]:
    """How to read a row below a header of these names that is `width` values wide. It raises ValueError in a clerk's
    words."""

    def read(row: CsvRow) -> Row:
        if not row.values:
            raise ValueError("the line is not valid CSV: a quotation mark is missing, or there is one too many")
        values = row.values[: len(names)] if len(row.values) == width and not any(row.values[len(names) :]) else ()
        if not values and len(row.values) != len(names):
            raise ValueError(f"the line has {len(row.values)} values, and the header has {len(names)} columns")
        return read_values(dict(zip(names, values or row.values, strict=True)), schema)

    return read


def _unreadable(data: bytes, message: str) -> ParsedReports:
    """The whole file is one problem: all of its lines count as not read."""
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    return ParsedReports(file_type=UNKNOWN, lines=max(1, lines), problems=(Problem(line=0, message=message),))
