"""A report as one JSON value, with amounts in cents: what it is, its rows by column name, and the totals."""

from __future__ import annotations

from typing import IO

import msgspec

from statement_builder.reports.billing_office import Column, Footing, Report


def write_json(report: Report, rows: Footing, file: IO[bytes]) -> None:
    """Keys are those of `ReportFile`."""
    encode = msgspec.json.Encoder().encode
    names = [column.name for column in report.columns]
    head = {
        "name": report.name,
        "title": report.title,
        "meaning": report.meaning,
        "as_of": report.as_of,
        "heading": [{"label": line.label, "value": line.value} for line in report.heading],
        # Explicit, because records leave out what is the default.
        "columns": [{name: getattr(each, name) for name in Column.__struct_fields__} for each in report.columns],
    }
    file.write(encode(head)[:-1] + b',"rows":[')
    before = b"\n"
    for row in rows:
        file.write(before + encode(dict(zip(names, row, strict=True))))
        before = b",\n"
    totals = rows.totals
    end = {"totals": dict(zip(names, totals, strict=True)) if totals else None, "notes": report.notes}
    file.write(b"]," + encode(end)[1:] + b"\n")
