"""Read what agencies report: what they took in, collected, closed, and gave back.

Each row is matched to what the agency has. One that is not clear waits for a person in `quarantine`, and the others
count. Files are handled as those of the mail's inbox: never deleted, and the same bytes are read once.
"""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path

from mail_house.agency import AgencyRow, read_agency_file
from mail_house.inbound import fetch_vendor_reports
from mail_house.limits import PARSE_SECONDS_MAX, time_limit
from statement_builder.billing.model import Record
from statement_builder.ledger.placement import PLACEMENT
from statement_builder.operations.placement.reported_rows import record_row
from statement_builder.operations.placement.review import require_agencies
from statement_builder.operations.placement.status import find_late_answers
from statement_builder.operations.roles import authorize
from statement_builder.operations.tracking.inbound_files import Processed, TrackedFile, not_readable, record_rows
from statement_builder.operations.tracking.inbox_run import InboxRun
from statement_builder.operations.tracking.tracking_alerts import Alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.placement import Agency

FILE_TYPE = "agency report"
_RUNBOOK = "placement"


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
            run = _fill_inbox(context, agency)
            reader = AgencyReader(context, agency, rows)
            files += run.process(run.complete_names(), reader.read)
            alerts += run.alerts + run.review()
        alerts += find_late_answers(context)
    return CollectedReports(files=tuple(files), rows=dict(sorted(rows.items())), alerts=tuple(alerts))


def open_inbox(context: AppContext, agency: Agency) -> InboxRun:
    """The inbox of one agency. The caller holds the lock of `PLACEMENT`."""
    folder = Path(context.settings.placement.inbox) / agency.agency_id
    shown = f"the folder {agency.agency_id} of placement.inbox"
    return InboxRun(context, folder, setting="placement.inbox", shown=shown, runbook=_RUNBOOK)


def _fill_inbox(context: AppContext, agency: Agency) -> InboxRun:
    """The inbox of one agency, with what it left for us since the last run."""
    run = open_inbox(context, agency)
    run.put_back_changed()
    setting = f"placement.agencies: {agency.agency_id}: reports_url"
    fetch = functools.partial(fetch_vendor_reports, setting=setting)
    run.fetch(fetch, agency.reports_url, subject=agency.agency_id, runbook=_RUNBOOK)
    return run


class AgencyReader:
    """Reads the files of one agency, and counts the rows that are news by row type."""

    def __init__(self, context: AppContext, agency: Agency, rows: Counter[str]) -> None:
        self._context = context
        self._agency = agency
        self._rows = rows

    def read(self, _name: str, data: bytes) -> Processed:
        try:
            with time_limit(PARSE_SECONDS_MAX):
                rows, bad = read_agency_file(data)
        except ValueError as exc:
            return not_readable(f"The file {exc}.")
        return record_rows(FILE_TYPE, rows, bad, self._record)

    def _record(self, row: AgencyRow) -> bool | str:
        outcome = record_row(self._context, self._agency.agency_id, row)
        if outcome is True:
            self._rows[row.row.value] += 1
        return outcome
