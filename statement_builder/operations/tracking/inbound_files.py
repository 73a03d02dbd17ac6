"""What became of one file of the inbox, and putting it where it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from msgspec import field

from mail_house.pipe_file import BadRow
from statement_builder.billing.model import Record
from statement_builder.ledger import InboundFile
from statement_builder.operations.tracking.inbox import (
    ADDRESS_CHANGES,
    DONE,
    QUARANTINE,
    UNCLEAR,
    WAITING,
    Inbox,
    safe_name,
)
from statement_builder.pipeline.context import AppContext

UNREADABLE = "unreadable"
"""The type of a file that was not parsed."""
_PUT_BACK = "It was put back into the inbox unchanged, so it still waits for a person."
ADDRESS_CHANGE_FILE = "address changes"
"""The type of files whose valid lines are tasks for a person."""
_LINE_REASON = re.compile(r"Line ([0-9]{1,7}): (.*)\.")


class Processed(NamedTuple):
    """What one file contained, and the subfolder that it belongs in."""

    file_type: str
    lines: int
    """Rows, events or messages read."""
    reports: int
    """Of them, those that could be read."""
    news: int
    """Of them, those that changed the ledger."""
    unchanged: int
    """Lines that the ledger knew, or that report nothing it keeps."""
    quarantined: int
    """Lines that were not recorded and wait for a person."""
    reasons: Sequence[str]
    """Why a person must review it."""
    folder: str
    also_in: str = ""
    """A second subfolder that gets a copy, because some of its lines are a task of another kind."""


class TrackedFile(Record, kw_only=True):
    """One processed file. Lines = news + unchanged + quarantined."""

    name: str
    file_type: str = field(name="form")
    lines: int
    """Rows, events or messages read."""
    reports: int = field(name="answers")
    news: int
    """Reports that the ledger did not know."""
    unchanged: int
    """Lines that the ledger knew, or that report nothing it keeps."""
    quarantined: int
    """Lines that were not recorded and wait for a person."""
    problems: int
    folder: str = field(name="put_in")
    """The subfolder of the inbox that it was moved to."""


def not_readable(reason: str) -> Processed:
    """A file that is put into quarantine as a whole."""
    return Processed(
        UNREADABLE, lines=1, reports=0, news=0, unchanged=0, quarantined=1, reasons=[reason], folder=QUARANTINE
    )


def describe_line(line: int, problem: str) -> str:
    """A reason about one line, as it is kept beside a file in quarantine."""
    return f"Line {line}: {problem}."


def parse_line_reason(reason: str) -> tuple[int, str] | None:
    """The line and its problem, of a reason that `describe_line` wrote. None for one about the whole file."""
    found = _LINE_REASON.fullmatch(reason)
    return (int(found[1]), found[2]) if found else None


class _NumberedLine(Protocol):
    @property
    def line(self) -> int: ...


_Row = TypeVar("_Row", bound=_NumberedLine)


def record_rows(
    file_type: str, rows: Sequence[_Row], bad: Sequence[BadRow], record: Callable[[_Row], bool | str]
) -> Processed:
    """Record the rows of one file. `record` returns whether a row is news; a text says why a person must read it, and
    names no amount."""
    reasons = [describe_line(each.line, each.problem) for each in bad]
    news = 0
    for row in rows:
        outcome = record(row)
        if isinstance(outcome, str):
            reasons.append(describe_line(row.line, outcome))
        else:
            news += outcome
    lines = len(rows) + len(bad)
    return Processed(
        file_type=file_type,
        lines=lines,
        reports=len(rows),
        news=news,
        unchanged=lines - news - len(reasons),
        quarantined=len(reasons),
        reasons=reasons,
        folder=QUARANTINE if reasons else DONE,
    )


def put_away_known(inbox: Inbox, name: str, known: InboundFile, *, size: int) -> TrackedFile:
    """Move a file whose bytes were processed before. What a person had to do then waits again, unless it still does."""
    folder = UNCLEAR if known.problems else ADDRESS_CHANGES if known.form == ADDRESS_CHANGE_FILE else DONE
    if folder != DONE and inbox.has_copy(folder, known.sha256):
        folder = DONE
    inbox.move(name, folder, [] if folder == DONE else [_PUT_BACK], size=size)
    return TrackedFile(
        name=safe_name(name),
        file_type="already processed",
        lines=known.records,
        reports=known.records,
        news=0,
        unchanged=known.records,
        quarantined=0,
        problems=0,
        folder=folder,
    )


def put_away(
    context: AppContext, inbox: Inbox, name: str, result: Processed, sha256: str, *, size: int | None
) -> TrackedFile:
    """Move a processed file to its subfolder and record it. `size`: the bytes that were read; None: it was not read."""
    shown = safe_name(name.rpartition("/")[2])
    file = InboundFile(
        sha256=sha256,
        name=shown,
        form=result.file_type,
        taken_at=context.now(),
        records=result.reports,
        problems=len(result.reasons),
    )
    if result.folder == DONE:  # recorded before the move, so that a second copy of it is never news
        context.ledger.inbound_files.record(file)
    if result.also_in:
        inbox.copy(name, result.also_in, ["Enter the lines that are not listed here.", *result.reasons])
    inbox.move(name, result.folder, result.reasons, size=size)
    if result.folder not in {DONE, QUARANTINE, WAITING}:
        # Recorded after the move: a file that is recorded is known next time.
        context.ledger.inbound_files.record(file)
    return TrackedFile(
        name=shown,
        file_type=result.file_type,
        lines=result.lines,
        reports=result.reports,
        news=result.news,
        unchanged=result.unchanged,
        quarantined=result.quarantined,
        problems=len(result.reasons),
        folder=result.folder,
    )
