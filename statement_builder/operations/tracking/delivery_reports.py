"""Apply one report of a vendor, mail server or portal to the ledger: which document it is about, and what follows."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from mail_house.bounces import Accepted, Bounce, BounceKind
from mail_house.email import EMAIL_KEY
from mail_house.inbound import (
    Acknowledgement,
    AddressChange,
    DeliveryReport,
    JobMailed,
    PieceReport,
    PieceState,
    Viewed,
)
from mail_house.portal import PORTAL_KEY, verifies_portal_token
from mail_house.secret import read_keys
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Channel
from statement_builder.errors import ConfigError, DeliveryReportError
from statement_builder.ledger import AddressChanged, Delivery, DeliveryState, Document, EventData
from statement_builder.ledger.delivery.delivery_reports import require_same_file
from statement_builder.operations.tracking.email_proof import (
    BOUNCE_WITHIN,
    COMPLAINT_WITHIN,
    Claim,
    Evidence,
    find_doubt,
)
from statement_builder.operations.tracking.report_checks import (
    TIME_ZONES,
    choose_attempt,
    require_possible_date,
    require_possible_move,
    require_printed,
    require_vendor,
)
from statement_builder.pipeline.build_worker import read_shard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email.email_stop import EMAIL_ATTEMPTS_MAX
from statement_builder.policy.recipient import address_digest

_REVERSALS = frozenset({PieceState.REJECTED, PieceState.RETURNED})


class DeliveryReportRecorder:
    """Records delivery reports during one `statements track`.

    Each method returns whether the report was news. `why` names the file and line that the report comes from. All
    raise `DeliveryReportError` if the report contradicts the ledger or is about something that we did not send.
    Raises `ConfigError` for unusable keys.
    """

    def __init__(self, context: AppContext) -> None:
        self._context = context
        try:
            self._keys = read_keys(context.environ, EMAIL_KEY)
            self._portal_keys = read_keys(context.environ, PORTAL_KEY)
        except ValueError as exc:
            raise ConfigError(str(exc)) from exc
        self._digests = functools.lru_cache(maxsize=16)(self._read_digests)

    def check(self, report: DeliveryReport, *, is_lob: bool) -> DeliveryReport:
        """Return the report with the ledger's spelling of its print file, and dated no earlier than the hand-off, if it
        is possible.

        `is_lob` is whether it comes from Lob's events, not from another vendor's files.
        """
        if isinstance(report, Acknowledgement | JobMailed):
            return self._check_print_file(report, is_lob=is_lob)
        if isinstance(report, AddressChange):
            return self._check_address_change(report, is_lob=is_lob)
        if isinstance(report, Viewed):
            return self._check_view(report)
        return self._check_piece(report, is_lob=is_lob)

    def count_reversals(self, reports: Sequence[DeliveryReport], *, is_lob: bool) -> int:
        """How many mailings these reports would reverse: rejected or returned pieces, on their way or mailed, and
        deaths, which stop all mail to a guarantor. Reports that are not possible reverse nothing."""
        pieces: list[str] = []
        files: list[str] = []
        deaths: dict[str, date] = {}
        for report in reports:
            try:
                if isinstance(report, PieceReport) and report.state in _REVERSALS:
                    pieces.append(self._check_piece(report, is_lob=is_lob).document_id)
                    if report.says_deceased:
                        deaths[report.document_id] = max(report.on, deaths.get(report.document_id, report.on))
                elif isinstance(report, Acknowledgement) and report.rejected:
                    files.append(self._check_print_file(report, is_lob=is_lob).print_file)
            except DeliveryReportError:
                continue  # told when the line is recorded
        return self._context.ledger.delivery_reports.count_reversals(pieces, files, deaths) if pieces or files else 0

    def record(self, report: DeliveryReport, *, why: str) -> bool:
        """Record one line of a vendor's report that was checked."""
        reports, at = self._context.ledger.delivery_reports, self._context.now()
        if isinstance(report, Acknowledgement):
            record = reports.reject_print_file if report.rejected else reports.acknowledge_print_file
            return record(
                report.print_file,
                sha256=report.sha256,
                records=report.records,
                on=report.on,
                at=at,
                why=f"{report.reason} ({why})",
            )
        if isinstance(report, JobMailed):
            why = f"job {report.reason} ({why})"
            mailed = DeliveryState.MAILED
            return reports.record_print_file(
                report.print_file, mailed, on=report.on, at=at, why=why, pieces=report.pieces
            )
        if isinstance(report, AddressChange):
            return self._record_address_change(report, why)
        if isinstance(report, Viewed):
            context = self._context
            return context.ledger.readings.record_view(
                report.document_id, on=report.on, local_date=context.local_date, at=at, why=why
            )
        return self._record_piece(report, why=f"{report.reason} ({why})")

    def find_doubt(self, bounce: Bounce, evidence: Evidence) -> str:
        """Why the bounce is not proven to be about an e-mail of ours; empty if it is."""
        within = COMPLAINT_WITHIN if bounce.kind is BounceKind.COMPLAINT else BOUNCE_WITHIN
        recipients = tuple(filter(None, (bounce.recipient, bounce.written_to)))
        claim = self._make_claim(bounce, bounce.document_id, bounce.attempt, recipients)
        return self._find_doubt(claim, evidence, within)

    def record_bounce(self, bounce: Bounce, *, why: str) -> bool:
        """Record a proven bounce of an e-mail, or a complaint about one."""
        context, reports = self._context, self._context.ledger.delivery_reports
        when: Any = {"on": context.today(), "at": context.now(), "why": f"{bounce.kind} {bounce.status}".strip()}
        when["why"] += f" ({why})"
        if bounce.kind is BounceKind.COMPLAINT:
            return reports.record_complaint(bounce.document_id, bounce.attempt, **when)
        is_sender_fault = bounce.kind is BounceKind.SENDER
        return reports.record_bounce(
            bounce.document_id,
            bounce.attempt,
            is_final=bounce.kind is BounceKind.HARD,
            is_sender_fault=is_sender_fault,
            tries_max=None if is_sender_fault else EMAIL_ATTEMPTS_MAX,
            **when,
        )

    def record_accepted(self, accepted: Accepted, evidence: Evidence, *, why: str) -> bool:
        """Record that the mail service accepted or delivered a message. Without proof, that settles nothing: it is an
        error if the attempt is in doubt, and no news otherwise."""
        document_id, attempt = self._find_email(accepted.document_id, accepted.attempt, accepted.reference)
        if not document_id:
            raise DeliveryReportError("the mail service accepted a message that is not one of ours.")
        claim = self._make_claim(accepted, document_id, attempt, accepted.recipients)
        if doubt := self._find_doubt(claim, evidence, BOUNCE_WITHIN):
            delivery = self._find_delivery(document_id, attempt)
            if delivery is None or delivery.state in {DeliveryState.COMMITTING, DeliveryState.UNCERTAIN}:
                raise DeliveryReportError(f"it is not proven that document {document_id} was accepted: {doubt}.")
            return False
        context = self._context
        return context.ledger.delivery_reports.confirm_email(
            document_id,
            attempt,
            is_delivered=accepted.is_delivered,
            on=context.today(),
            at=context.now(),
            why=why,
        )

    def identify(self, bounce: Bounce) -> Bounce:
        """The bounce with its document, looked up by the mail service's message id if it does not show ours."""
        document_id, attempt = self._find_email(bounce.document_id, bounce.attempt, bounce.reference)
        return replace(bounce, document_id=document_id, attempt=attempt)

    def _make_claim(
        self, message: Bounce | Accepted, document_id: str, attempt: int, recipients: tuple[str, ...]
    ) -> Claim:
        known = self._context.ledger.emails.find(message.reference) if message.reference else None
        return Claim(document_id, attempt, message.token, recipients, has_reference=known == (document_id, attempt))

    def _find_doubt(self, claim: Claim, evidence: Evidence, within: timedelta) -> str:
        delivery = self._find_delivery(claim.document_id, claim.attempt)
        return find_doubt(claim, evidence, delivery, self._keys, within=within, now=self._context.now())

    def _find_delivery(self, document_id: str, attempt: int) -> Delivery | None:
        attempts = self._context.ledger.deliveries.for_document(document_id) if document_id else ()
        emails = [each for each in attempts if each.channel is Channel.EMAIL]
        return next((each for each in emails if each.attempt == attempt), None)

    def _find_email(self, document_id: str, attempt: int, reference: str) -> tuple[str, int]:
        if document_id or not reference:
            return document_id, attempt
        return self._context.ledger.emails.find(reference) or ("", 0)

    def note_unclear(self, document_id: str, *, why: str) -> None:
        """Note on the document, if it is known, that a person must read a message about it."""
        document = self._context.ledger.documents.get(document_id) if document_id else None
        if document is not None:
            self._note(document, "unclear", why)

    def _check_print_file(self, report: Acknowledgement | JobMailed, *, is_lob: bool) -> Acknowledgement | JobMailed:
        file = self._context.ledger.print_files.find(report.print_file)
        if file is None:
            raise DeliveryReportError(f"print file {report.print_file} is not one of ours.")
        subject = f"print file {file.name}"
        event = "mailed" if isinstance(report, JobMailed) else "rejected" if report.rejected else "received"
        require_vendor(subject, file.vendor, is_lob=is_lob)
        if isinstance(report, Acknowledgement):
            require_same_file(file, sha256=report.sha256, records=report.records)
        on = self._check_date(subject, event, report.on, handed_off_at=file.claimed_at)
        return replace(report, print_file=file.name, on=on)

    def _check_address_change(self, report: AddressChange, *, is_lob: bool) -> AddressChange:
        subject = f"document {report.document_id}"
        self._require_document(report.document_id)
        require_printed(subject, self._context.ledger.deliveries.for_document(report.document_id), is_lob=is_lob)
        require_possible_move(subject, report.on, today=self._context.today())
        return report

    def _check_piece(self, report: PieceReport, *, is_lob: bool) -> PieceReport:
        document = self._require_document(report.document_id)
        attempts = self._context.ledger.deliveries.for_document(report.document_id)
        local_date = self._context.local_date
        attempt = choose_attempt(attempts, report.print_file, report.on, local_date)
        if attempt is None:
            return report  # the ledger says what is wrong
        subject = f"document {report.document_id}"
        require_vendor(subject, attempt.vendor, is_lob=is_lob)
        on = self._check_date(subject, report.state, report.on, handed_off_at=attempt.claimed_at)
        is_reported = attempt.state in {DeliveryState.MAILED, DeliveryState.DELIVERED}
        if is_reported and document.mailed_on is not None and report.state is not PieceState.MAILED:
            require_possible_date(
                subject,
                report.state,
                on,
                not_before=document.mailed_on,
                since="mailed",
                today=self._context.today(),
            )
        return replace(report, print_file=attempt.print_file, on=on)

    def _check_view(self, report: Viewed) -> Viewed:
        """A view is proven by the token that the feed gave the portal, and follows the hand-off."""
        subject = f"document {report.document_id}"
        if not self._portal_keys:
            raise DeliveryReportError(
                f"{PORTAL_KEY} is not set, so nothing proves that the portal showed {subject}. Set the key that the "
                "feed was made with."
            )
        if not verifies_portal_token(self._portal_keys, report.token, report.document_id):
            raise DeliveryReportError(
                f"{subject}: the token is not the one in the portal feed, so nothing proves that the portal showed it. "
                "Ask the portal who wrote this line."
            )
        attempts = self._context.ledger.deliveries.for_document(report.document_id)
        if not attempts:
            return report
        return replace(report, on=self._check_date(subject, "viewed", report.on, handed_off_at=attempts[0].claimed_at))

    def _check_date(self, subject: str, event: str, on: date, *, handed_off_at: datetime) -> date:
        """Return the date, or that of the hand-off if it is the day before: clocks never start before it."""
        context = self._context
        handed_off_on = context.local_date(handed_off_at)
        require_possible_date(
            subject,
            event,
            on,
            not_before=handed_off_on,
            since="handed off",
            today=context.today(),
            slack=TIME_ZONES,
        )
        return max(on, handed_off_on)

    def _record_piece(self, report: PieceReport, *, why: str) -> bool:
        state = DeliveryState(report.state.value)
        digest = ""
        if state is DeliveryState.RETURNED:
            document = self._require_document(report.document_id)
            digest = self._digests(document.batch_id, document.sequence).get(document.guarantor_id, "")
        return self._context.ledger.delivery_reports.record_piece(
            report.document_id,
            state,
            print_file=report.print_file,
            digest=digest,
            says_deceased=report.says_deceased,
            on=report.on,
            at=self._context.now(),
            why=why,
        )

    def _record_address_change(self, report: AddressChange, why: str) -> bool:
        """Note a move. The source is read-only, so a clerk enters the new address, and that ends the hold."""
        document = self._require_document(report.document_id)
        data = AddressChanged(move_type=report.move_type, moved_on=report.on)
        events = self._context.ledger.events.for_batch(document.batch_id, subject=document.document_id)
        if any(event.data == data for event in events):
            return False
        self._note(document, "address change", f"{report.move_type} move of {report.on} ({why})", data)
        return True

    def _note(self, document: Document, what: str, why: str, data: EventData | None = None) -> None:
        context = self._context
        context.ledger.events.record(
            document.batch_id,
            document.document_id,
            what=what,
            why=why,
            data=data,
            actor=context.actor,
            at=context.now(),
        )

    def _require_document(self, document_id: str) -> Document:
        document = self._context.ledger.documents.get(document_id)
        if document is None:
            raise DeliveryReportError(f"document {document_id} is not one of ours.")
        return document

    def _read_digests(self, batch_id: str, sequence: int) -> dict[str, str]:
        """Guarantor id → digest of the address on the pages of this shard."""
        shards = self._context.ledger.shards.for_batch(batch_id)
        shard = next(each for each in shards if each.sequence == sequence)
        if shard.purged_on is not None:  # recording the report says so
            return {}
        entries = read_shard(self._context.archive, shard)
        accounts = [entry for entry in entries if isinstance(entry, GuarantorAccount)]
        return {each.guarantor.guarantor_id: address_digest(each.guarantor) for each in accounts}
