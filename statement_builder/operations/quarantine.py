"""The rows of agencies and payroll in quarantine: show them, correct them and read them again, or set the file aside.

A corrected file is read as one that arrives: its header, its trailer, and every rule of its rows count. An agency's
trailer has the sum of all amounts, so that no correction changes what the agency reported in total. Rows that were
recorded before change nothing, and only rows that wait can be corrected.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger import PAYROLL, AccessSubject
from statement_builder.ledger.placement import PLACEMENT
from statement_builder.operations.access import subject
from statement_builder.operations.payroll import collect as payroll
from statement_builder.operations.placement import collect as placement
from statement_builder.operations.roles import authorize, may_use, require_reader
from statement_builder.operations.tracking.inbound_files import parse_line_reason
from statement_builder.operations.tracking.inbox import DONE, QUARANTINE, FileToReview, read_files_to_review
from statement_builder.operations.tracking.inbox_run import InboxRun, ReadFile
from statement_builder.pipeline.context import AppContext

_AGENCY = "agency "
"""The beginning of the name of an agency's source. An agency may be called payroll."""
LINE_CHARACTERS_MAX = 500
"""Of a corrected line. A real one has fewer than 300."""


@dataclass(frozen=True, kw_only=True)
class RowSource:
    """Who sends files of rows: an agency, or payroll."""

    name: str
    """`agency granite`, or `payroll`."""
    role: str
    """Who may read its rows and decide about them."""
    lock: str
    """What is locked meanwhile, and what stands for the batch in its events."""
    folder: Path
    """The inbox. It may not exist yet."""
    open_inbox: Callable[[], InboxRun]
    read: ReadFile
    owners_of: Callable[[list[str]], Iterator[str]]
    """The guarantors whom the cells of a row are about."""


class QuarantinedRow(Record, kw_only=True):
    """A row that was not recorded."""

    line: int
    """In the file, from 1."""
    text: str
    problem: str


class QuarantinedFile(Record, kw_only=True):
    """A file with rows that were not recorded."""

    source: str
    name: str
    sha256: str
    """What somebody decides about: they have seen exactly these bytes."""
    rows: tuple[QuarantinedRow, ...]
    reasons: tuple[str, ...]
    """Why the file as a whole was not read."""


def list_sources(context: AppContext) -> list[RowSource]:
    """Each agency of the settings, and payroll if it has an inbox."""
    settings = context.settings
    found = [
        RowSource(
            name=f"{_AGENCY}{agency.agency_id}",
            role="place",
            lock=PLACEMENT,
            folder=Path(settings.placement.inbox) / agency.agency_id,
            open_inbox=lambda agency=agency: placement.open_inbox(context, agency),  # type: ignore[misc]
            read=placement.AgencyReader(context, agency, Counter()).read,
            owners_of=lambda cells: _owners_of_placement(context, cells),
        )
        for agency in settings.placement.agencies
        if settings.placement.inbox
    ]
    if settings.payroll.inbox:
        found.append(
            RowSource(
                name=PAYROLL,
                role="payroll",
                lock=PAYROLL,
                folder=Path(settings.payroll.inbox),
                open_inbox=lambda: payroll.open_inbox(context),
                read=payroll.AnswerReader(context).read,
                owners_of=lambda cells: _owners_of_deduction(context, cells),
            )
        )
    return found


def list_readable_sources(context: AppContext) -> list[RowSource]:
    """The sources whose rows the actor may read."""
    return [each for each in list_sources(context) if may_use(context, each.role)]


def require_source(context: AppContext, name: str) -> RowSource:
    """The source with this name. `ConfigError` if the settings have none."""
    found = next((each for each in list_sources(context) if each.name == name), None)
    if found is None:
        raise ConfigError(f"Files come from no {name}: the settings name the agencies and payroll.")
    return found


def list_quarantine(source: RowSource) -> list[FileToReview]:
    """The source's files that wait. Shows nobody's data but in `text` and by the names."""
    return [each for each in read_files_to_review(source.folder) if each.folder == QUARANTINE]


def read_quarantined(context: AppContext, source: RowSource, name: str) -> QuarantinedFile:
    """One file with the rows that wait. `ConfigError` if it waits no more; `NotAllowed`."""
    require_reader(context, source.role)
    waiting = next((each for each in list_quarantine(source) if each.name == name), None)
    if waiting is None:
        raise ConfigError(f"{name} does not wait in quarantine any more.")
    data = (source.folder / QUARANTINE / name).read_bytes()
    lines, reasons = _lines_of(data), waiting.reasons
    rows = [parse_line_reason(reason) for reason in reasons]
    return QuarantinedFile(
        source=source.name,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        rows=tuple(
            QuarantinedRow(line=row[0], text=lines[row[0] - 1], problem=row[1])
            for row in rows
            if row is not None and 0 < row[0] <= len(lines)
        ),
        reasons=tuple(reason for reason, row in zip(reasons, rows, strict=True) if row is None),
    )


def list_row_owners(source: RowSource, file: QuarantinedFile) -> list[AccessSubject]:
    """Everybody whom the rows are about, as far as the ledger knows what they name."""
    owners = {owner for row in file.rows for owner in source.owners_of(row.text.split("|"))}
    return [subject(owner) for owner in sorted(owners)]


def read_rows_again(
    context: AppContext, source: RowSource, name: str, corrections: Mapping[int, str], reason: str, *, seen: str
) -> str:
    """Read a file again, with corrected lines or as it is, because something else was corrected. Returns a sentence.

    The event is recorded before anything moves. The file with the wrong lines is kept in `done`. `ConfigError` without
    a reason, for a line that does not wait, and for a correction that is more than one line; `GateStop` if the file is
    not the one that was seen; `NotAllowed`; `BatchBusy` while files are read.
    """
    with _deciding(context, source, name, reason, seen) as (run, file):
        waiting = {row.line: row.text for row in file.rows}
        changed = {line: text for line, text in corrections.items() if text != waiting.get(line)}
        for line, text in changed.items():
            if line not in waiting:
                raise ConfigError(f"Line {line} of {name} does not wait in quarantine, so it cannot be corrected.")
            if not text.isprintable() or not text.strip() or len(text) > LINE_CHARACTERS_MAX:
                raise ConfigError(
                    f"The correction of line {line} must be one line of at most {LINE_CHARACTERS_MAX:,} characters."
                )
        path = f"{QUARANTINE}/{name}"
        if changed:
            lines = _lines_of(run.inbox.read(path))
            data = "".join(f"{changed.get(number, line)}\n" for number, line in enumerate(lines, start=1)).encode()
            numbers = ", ".join(map(str, sorted(changed)))
            what = f"lines {numbers} of {file.sha256}, which gives {hashlib.sha256(data).hexdigest()}"
            _record(context, source, name, "rows_corrected", f"{what}: {reason.strip()}")
            stored = run.inbox.add(name, data)
            run.inbox.move(path, DONE)
        else:
            _record(context, source, name, "file_read_again", reason.strip())
            stored = run.inbox.put_back(path)
        read = run.process([stored], source.read)
    if not read:
        return " ".join(each.message for each in run.alerts)
    (result,) = read
    return (
        f"{name} was read again: {result.news:,} of {result.lines:,} rows were recorded now, {result.unchanged:,} were "
        f"known, and {result.quarantined:,} wait in quarantine."
    )


def set_file_aside(context: AppContext, source: RowSource, name: str, reason: str, *, seen: str) -> str:
    """Move a file to `done` without recording its rows: what they say came in another file, or is not true. Returns a
    sentence. Raises what `read_rows_again` raises."""
    with _deciding(context, source, name, reason, seen) as (run, file):
        _record(context, source, name, "file_set_aside", f"{file.sha256}: {reason.strip()}")
        run.inbox.move(f"{QUARANTINE}/{name}", DONE)
    return f"{name} is set aside. Its rows that waited were not recorded."


@contextmanager
def _deciding(
    context: AppContext, source: RowSource, name: str, reason: str, seen: str
) -> Iterator[tuple[InboxRun, QuarantinedFile]]:
    """The inbox and the file, while nobody else reads or moves it."""
    if not reason.strip():
        raise ConfigError("Say why: the reason is kept in the event log.")
    authorize(context, source.role, batch_id=source.lock, subject=name)
    with context.ledger.lock(source.lock, owner=context.actor, at=context.now()):
        file = read_quarantined(context, source, name)
        if file.sha256 != seen:
            raise GateStop(f"{name} has changed since you saw it, so nothing was done. Look at it again.")
        yield source.open_inbox(), file


def _record(context: AppContext, source: RowSource, name: str, what: str, why: str) -> None:
    context.ledger.events.record(source.lock, name, what=what, why=why, actor=context.actor, at=context.now())


def _lines_of(data: bytes) -> list[str]:
    """The lines as the readers number them. Bytes that are not UTF-8 are replaced: no such file was read."""
    return data.decode("utf-8-sig", "replace").splitlines()


def _owners_of_placement(context: AppContext, cells: list[str]) -> Iterator[str]:
    for cell in cells:
        found = context.ledger.placements.find(context.facility.facility_id, cell)
        if found is not None:
            yield found.guarantor_id


def _owners_of_deduction(context: AppContext, cells: list[str]) -> Iterator[str]:
    if len(cells) > 1:
        rows = context.ledger.payroll.rows_of_employee(context.facility.facility_id, cells[0], cells[1])
        yield from (row.guarantor_id for row in rows)
