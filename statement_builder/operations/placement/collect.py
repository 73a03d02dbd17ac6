"""Read what agencies report: what they took in, collected, closed, and gave back.

Each row is matched to what the agency has. One that is not clear waits for a person in `quarantine`, and the others
count. Files are handled as those of the mail's inbox: never deleted, and the same bytes are read once.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from pathlib import Path

from mail_house.agency import AgencyRow, read_agency_file
from mail_house.errors import HandOffError
from mail_house.inbound import fetch_vendor_reports
from mail_house.limits import PARSE_SECONDS_MAX, LimitExceeded, time_limit
from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError, LedgerError
from statement_builder.ledger.placement import PLACEMENT
from statement_builder.operations.placement.reported_rows import record_row
from statement_builder.operations.placement.review import require_agencies
from statement_builder.operations.placement.status import find_late_answers
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.inbound_files import (
    Processed,
    TrackedFile,
    not_readable,
    put_away,
    put_away_known,
)
from statement_builder.operations.tracking.inbox import DONE, QUARANTINE, REVIEW_FOLDERS, Inbox, safe_name
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.placement import Agency

FILE_TYPE = "agency report"


class CollectedReports(Record, kw_only=True):
    """What one run read."""

    files: tuple[TrackedFile, ...]
    rows: dict[str, int]
    """Row type → rows that were recorded, such as `accepted` and `payment`."""
    alerts: tuple[Alert, ...]


def collect_reports(context: AppContext) -> CollectedReports:
    """Fetch and process every complete file of every agency. A folder that cannot be reached, a file that must be
    reviewed, and an answer that is late become alerts. `ConfigError`, `BatchBusy`, `NotAllowed`."""
    agencies = require_agencies(context)
    authorize(context, "place", batch_id=PLACEMENT)
    files: list[TrackedFile] = []
    alerts: list[Alert] = []
    rows: Counter[str] = Counter()
    with context.ledger.lock(PLACEMENT, owner=context.actor, at=context.now()):
        for agency in agencies:
            reader = _Reader(context, agency)
            files += reader.run()
            alerts += reader.alerts
            rows += reader.rows
        alerts += find_late_answers(context)
    return CollectedReports(files=tuple(files), rows=dict(sorted(rows.items())), alerts=tuple(alerts))


class _Reader:
    """Reads the files of one agency."""

    def __init__(self, context: AppContext, agency: Agency) -> None:
        self._context = context
        self._agency = agency
        folder = Path(context.settings.placement.inbox) / agency.agency_id
        self._inbox = Inbox(folder, setting="placement.inbox")
        self.alerts: list[Alert] = []
        self.rows: Counter[str] = Counter()

    def run(self) -> list[TrackedFile]:
        context, inbox = self._context, self._inbox
        now = max(context.now().timestamp(), inbox.file_time())
        settling = inbox.start_settling(now=now, settle_s=context.settings.mail.settle_seconds)
        if url := self._agency.reports_url:
            setting = f"placement.agencies: {self._agency.agency_id}: reports_url"
            fetch = functools.partial(fetch_vendor_reports, setting=setting)
            try:
                fetch(url, environ=context.environ, store=inbox.store, has_settled=settling.of("reports_url: "))
            except ValueError as exc:
                raise ConfigError(str(exc)) from exc
            except (HandOffError, OSError) as exc:
                self.alerts.append(alert("UNREACHABLE", self._agency.agency_id, str(exc), "placement"))
        names = inbox.names(settling.of(""))
        inbox.save_sightings(settling)
        files = []
        for name in names:
            try:
                files.append(self._process(name))
            except FileNotFoundError:
                continue  # moved away by somebody else in the meantime
            except LedgerError:
                raise  # nothing can be recorded: it concerns every file
            except OSError as exc:
                message = f"{safe_name(name)} cannot be read or moved ({exc.strerror}). The next run tries it again."
                self.alerts.append(alert("REVIEW_INBOX", safe_name(name), message, "placement"))
        self.alerts += [
            alert(
                "REVIEW_INBOX",
                name,
                f"Review {self._agency.agency_id}/{folder}/{name} in placement.inbox.",
                "placement",
            )
            for folder, waiting in inbox.files_to_review().items()
            if folder in REVIEW_FOLDERS
            for name in map(safe_name, waiting)
        ]
        return files

    def _process(self, name: str) -> TrackedFile:
        context, inbox = self._context, self._inbox
        sha256, size = "", None
        try:
            data = inbox.read(name)
            sha256, size = hashlib.sha256(data).hexdigest(), len(data)
            if known := context.ledger.inbound_files.find(sha256):
                return put_away_known(inbox, name, known, size=len(data))
            with time_limit(PARSE_SECONDS_MAX):
                rows, bad = read_agency_file(data)
        except (ValueError, LimitExceeded) as exc:
            return put_away(context, inbox, name, not_readable(f"The file {exc}."), sha256, size=size)
        reasons = [f"Line {each.line}: {each.problem}." for each in bad]
        news = 0
        for row in rows:
            outcome = self._record(row)
            if isinstance(outcome, str):
                reasons.append(f"Line {row.line}: {outcome}.")
            elif outcome:
                news += 1
                self.rows[row.row.value] += 1
        lines = len(rows) + len(bad)
        result = Processed(
            file_type=FILE_TYPE,
            lines=lines,
            reports=len(rows),
            news=news,
            unchanged=lines - news - len(reasons),
            quarantined=len(reasons),
            reasons=reasons,
            folder=QUARANTINE if reasons else DONE,
        )
        return put_away(context, inbox, name, result, sha256, size=size)

    def _record(self, row: AgencyRow) -> bool | str:
        return record_row(self._context, self._agency.agency_id, row)
