"""Deliver the files of agencies: in the archive first, then claimed, delivered, and recorded.

A crash leaves a claimed file. The next run looks whether the agency has its control file, and delivers the archived
bytes if not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from mail_house.agency import (
    AgencyFile,
    AgencyStore,
    ChangeLine,
    FileHead,
    PlacementLine,
    build_agency_file,
    open_agency,
)
from mail_house.agency.lines import cents_of
from mail_house.errors import HandOffError, Permanent
from mail_house.print_files.names import agency_file_name
from statement_builder.errors import ArchiveError, ConfigError
from statement_builder.ledger.placement import AgencyFileRow
from statement_builder.operations.placement.review import find_agency
from statement_builder.operations.tracking.tracking_alerts import Alert, alert
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.placement import Agency
from statement_builder.settings.backends import open_agency_profile


def open_agency_store(agency: Agency, environ: Mapping[str, str]) -> AgencyStore:
    """The agency's folder, not connected yet. `ConfigError` if the settings are invalid."""
    setting = f"placement.agencies: {agency.agency_id}"
    try:
        return open_agency(agency.url, pgp_key=agency.pgp_key, setting=setting, environ=environ)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


class Outbox:
    """What one run sends. An agency whose folder cannot be reached gets nothing more in it, so that its files come in
    their order; the others go on."""

    def __init__(self, context: AppContext) -> None:
        """Delivers what an earlier run claimed."""
        self._context = context
        self.files: list[AgencyFileRow] = []
        """The files that were delivered."""
        self.alerts: list[Alert] = []
        self.blocked: set[str] = set()
        """The agencies that cannot be reached."""
        for file in context.ledger.agency_files.claimed(context.facility.facility_id):
            self._deliver(file)

    def send(
        self,
        agency: Agency,
        lines: Sequence[PlacementLine] | Sequence[ChangeLine],
        *,
        file_type: str,
        claim: Callable[[AgencyFileRow], None],
        batch_id: str = "",
    ) -> None:
        """Archive, claim, and deliver one file. `claim` records in the ledger what the file says."""
        context, created_on = self._context, self._context.today()
        facility_id = context.facility.facility_id
        number = context.ledger.agency_files.count(facility_id, agency.agency_id) + 1
        head = FileHead(
            file=agency_file_name(
                facility_id=facility_id, agency_id=agency.agency_id, created_on=created_on, number=number
            ),
            file_type=file_type,
            client_id=agency.client_id,
            agency_id=agency.agency_id,
            creditor=context.facility.name,
            batch=batch_id,
            created_on=created_on,
            records=len(lines),
            cents=sum(map(cents_of, lines)),
        )
        built = build_agency_file(open_agency_profile(agency), head, lines)
        row = AgencyFileRow(
            name=built.name,
            facility_id=facility_id,
            agency_id=agency.agency_id,
            number=number,
            file_type=file_type,
            batch_id=batch_id,
            archive_key=f"placements/{built.name}/{built.file}",
            file=built.file,
            sha256=built.sha256,
            records=built.records,
            cents=built.cents,
        )
        context.archive.put(row.archive_key, built.data, sha256=built.sha256)
        context.ledger.require_locks()
        claim(row)
        self._deliver(row)

    def _deliver(self, row: AgencyFileRow) -> None:
        if row.agency_id in self.blocked:
            return
        try:
            _finish(self._context, row)
        except (HandOffError, ConfigError) as exc:
            self.blocked.add(row.agency_id)
            message = f"{row.name} was not delivered: {exc}. The next run delivers it, once."
            self.alerts.append(alert("UNREACHABLE", row.agency_id, message, "placement"))
        else:
            self.files.append(row)


def _finish(context: AppContext, row: AgencyFileRow) -> None:
    """Deliver a claimed file, unless the agency has it. `HandOffError`: the file stays claimed."""
    store = open_agency_store(find_agency(context, row.agency_id), context.environ)
    delivered = store.find(row.name)
    if delivered is None:
        context.ledger.require_locks()
        store.deliver(_read_file(context, row))
    elif (delivered.sha256, delivered.records, delivered.cents) != (row.sha256, row.records, row.cents):
        raise Permanent(
            f"the agency has another file {row.name} than the ledger: check which program wrote it, and remove it"
        )
    context.ledger.agency_files.mark_delivered(row.name, at=context.now())


def _read_file(context: AppContext, row: AgencyFileRow) -> AgencyFile:
    data = context.archive.get(row.archive_key)
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise ArchiveError(f"{row.archive_key} is damaged. Restore it from a backup of the archive.")
    return AgencyFile(
        name=row.name,
        file_type=row.file_type,
        file=row.file,
        data=data,
        sha256=row.sha256,
        records=row.records,
        cents=row.cents,
    )
