"""What the tracking finds that a person must act on: print files without their report, and mail to the deceased."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from mail_house.errors import HandOffError
from statement_builder.billing.model import Record
from statement_builder.errors import StatementsError
from statement_builder.ledger import FinalVendorStatus, PrintFileRow
from statement_builder.operations.reissue.void import void_document
from statement_builder.pipeline.context import AppContext

_SATURDAY = 5


class Alert(Record, kw_only=True):
    """Something that a person must do, and the runbook that says how."""

    code: str
    subject: str
    message: str
    runbook: str
    guarantor_id: str = ""
    """Whom the alert names in its subject. Empty: nobody."""
    repeats: bool = True
    """Whether it is sent again while it lasts. An alert on a day before a deadline is sent once."""


def alert(code: str, subject: str, message: str, runbook: str) -> Alert:
    return Alert(code=code, subject=subject, message=message, runbook=f"docs/runbooks/{runbook}.md")


def stop_mail_to_deceased(context: AppContext) -> list[Alert]:
    """Cancel the pieces to guarantors who have died that are with a vendor and not mailed. One alert per piece that the
    vendor does not cancel, until it is reported as mailed or must have been mailed."""
    alerts, now = [], context.now()
    days = context.settings.mail.mailed_deadline_business_days
    for piece in context.ledger.suppressions.pieces_to_deceased(context.facility.facility_id):
        is_final = piece.reports is not FinalVendorStatus.MAILED
        if is_final and now >= _add_business_days(piece.changed_at, days):
            continue
        document = context.require_document(piece.document_id)
        try:
            void_document(context, document, "the guarantor has died")
        except (StatementsError, HandOffError) as exc:
            message = (
                f"{piece.document_id} (batch {piece.batch_id}) is {piece.state} in {piece.print_file}, and mail to its "
                f"guarantor was returned as deceased: ask the vendor to pull the piece. It was not cancelled: {exc}"
            )
            alerts.append(alert("DECEASED_MAIL", piece.document_id, message, "guarantor-deceased"))
    return alerts


def find_late_files(context: AppContext) -> list[Alert]:
    """Print files whose vendor report is past its deadline."""
    alerts = []
    mail, now = context.settings.mail, context.now()
    for file in context.ledger.print_files.awaiting_final_status(context.facility.facility_id):
        acknowledge_by = file.changed_at + timedelta(hours=mail.ack_deadline_hours)
        if not context.ledger.print_files.is_acknowledged(file.name):
            if now >= acknowledge_by:
                alerts.append(_late(file, "ACK_LATE", "not acknowledged", "late-acknowledgement"))
        elif file.reports is FinalVendorStatus.MAILED and now >= _add_business_days(
            file.changed_at, mail.mailed_deadline_business_days
        ):
            alerts.append(_late(file, "MAIL_LATE", "not fully reported as mailed", "late-mailed-report"))
    return alerts


def _late(file: PrintFileRow, code: str, status: str, runbook: str) -> Alert:
    message = (
        f"{file.name} ({len(file.documents)} pieces, batch {file.batch_id}) was handed off at "
        f"{file.changed_at:%Y-%m-%d %H:%M} UTC and is {status}. Ask the vendor about it by this name; "
        "do not send it again."
    )
    return alert(code, file.name, message, runbook)


def _add_business_days(start: datetime, days: int) -> datetime:
    """The same time of day, `days` weekdays later. Holidays count, so the alert is a day early then."""
    end = start
    while days:
        end += timedelta(days=1)
        days -= _is_business_day(end.date())
    return end


def _is_business_day(day: date) -> bool:
    return day.weekday() < _SATURDAY
