"""Checks: the installation, a print file, the billing data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from rich.text import Text

from statement_builder.cli.output.console import heading, indented, out, print_line, say
from statement_builder.printable import one_line

if TYPE_CHECKING:
    from statement_builder.operations.health_check import HealthCheckFinding
    from statement_builder.operations.preflight import PreflightReport
    from statement_builder.source import CheckReport


def show_findings(findings: Sequence[HealthCheckFinding]) -> None:
    """Print one line per part of the installation."""
    for finding in findings:
        mark = ("ok ", "green") if finding.is_ok else ("BAD", "red")
        out.print(Text.assemble(mark, f" {finding.part}: {one_line(finding.message)}"))


def show_preflight(report: PreflightReport) -> None:
    """Print every fault of a print file, by document, or that there is none."""
    figures = f"{report.pieces:,} pieces, {report.pages:,} pages, {report.sheets:,} sheets"
    say(f"{report.name}: {figures}; checked against {report.profile}.")
    if not report.faults:
        out.print("No faults: every piece was read and its pages were checked.")
        return
    for document_id, group in groupby(report.faults, key=attrgetter("document_id")):
        heading(f"document {document_id}" if document_id else "the file as a whole")
        for fault in group:
            page = f"page {fault.page}: " if fault.page else ""
            indented(f"{page}{fault.message}")
    say(
        "To do: do not print this file. If the vendor has it, ask the vendor to stop it by name. Compare its SHA-256 "
        "with the one in `statements show BATCH --json`: if they are equal, report the fault; if not, the file was "
        "changed after it was made."
    )


def show_source_check(report: CheckReport) -> None:
    """Print the number of rows per result set, then every fault with its place and its fix."""
    for name, count in report.rows.items():
        print_line(f"{name}: {count:,} rows")
    for feed, at in sorted(report.feeds.items()):
        print_line(f"{feed} feed loaded {at:%Y-%m-%d %H:%M} UTC")
    if not report.faults:
        out.print("No faults: every row meets the contract.")
    for fault in (*report.faults, *report.notes):
        print_line(f"{fault.code}: {fault.message}")
        indented(f"To do: {fault.fix}")
