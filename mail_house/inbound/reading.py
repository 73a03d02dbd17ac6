"""Parses a vendor's file into delivery reports, line by line. A bad line does not affect the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import msgspec

from mail_house.inbound.delivery_reports import DeliveryReport
from mail_house.inbound.lob import read_event
from mail_house.inbound.tables import TABLES, Row


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that could not be parsed. The message quotes only codes and dates."""

    line: int
    """From 1; 0 for a problem with the whole file."""
    message: str


class ParsedReports(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one file."""

    file_type: str
    """A key of `TABLES`, `Lob events`, or `unknown`."""
    reports: tuple[tuple[int, DeliveryReport], ...] = ()
    """Line number and report."""
    problems: tuple[Problem, ...] = ()


def read_delivery_reports(data: bytes) -> ParsedReports:
    """Parse a vendor's file. Never raises: lines that cannot be parsed are listed as problems."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        return _unreadable("unknown", f"the file is not UTF-8 text: {exc.reason} at byte {exc.start}")
    if text.lstrip()[:1] == "{":
        return _read_events(text)
    return _read_table(text)


def _read_events(text: str) -> ParsedReports:
    try:
        msgspec.json.decode(text.encode())
        lines = [(1, text)]
    except msgspec.DecodeError:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    reports: list[tuple[int, DeliveryReport]] = []
    problems: list[Problem] = []
    for number, line in lines:
        try:
            report = read_event(line.encode())
        except ValueError as exc:
            problems.append(Problem(line=number, message=str(exc)))
            continue
        if report is not None:
            reports.append((number, report))
    return ParsedReports(file_type="Lob events", reports=tuple(reports), problems=tuple(problems))


def _read_table(text: str) -> ParsedReports:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = tuple(_next_row(reader))
    file_type = next((name for name, row in TABLES.items() if set(header) == set(row.__struct_fields__)), None)
    if file_type is None or len(header) != len(set(header)):
        return _unreadable("unknown", "the first line is not the header of a known delivery report")
    reports: list[tuple[int, DeliveryReport]] = []
    problems: list[Problem] = []
    try:
        for row in reader:
            try:
                reports.append((reader.line_num, _read_row(row, header, TABLES[file_type]).to_report()))
            except ValueError as exc:
                problems.append(Problem(line=reader.line_num, message=str(exc)))
    except csv.Error as exc:
        problems.append(Problem(line=reader.line_num, message=f"from this line on the file is not valid CSV: {exc}"))
    return ParsedReports(file_type=file_type, reports=tuple(reports), problems=tuple(problems))


def _next_row(reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error:
        return []


def _read_row(row: list[str], header: tuple[str, ...], schema: type[Row]) -> Row:
    if len(row) != len(header):
        raise ValueError(f"the line has {len(row)} values, and the header has {len(header)} columns")
    try:
        return msgspec.convert(dict(zip(header, row, strict=True)), schema, strict=False)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from exc


def _unreadable(file_type: str, message: str) -> ParsedReports:
    return ParsedReports(file_type=file_type, problems=(Problem(line=0, message=message),))
