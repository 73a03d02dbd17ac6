"""Apply one report from a vendor or mail server to the ledger: which document it is about, and what follows from it."""

from __future__ import annotations

import functools

from msgspec.structs import replace

from mail_house.bounces import Accepted, Bounce, BounceKind
from mail_house.inbound import Acknowledgement, AddressChange, DeliveryReport, JobMailed, PieceReport
from statement_builder.billing.model import GuarantorAccount
from statement_builder.errors import DeliveryReportError
from statement_builder.ledger import AddressChanged, DeliveryState, Document, EventData
from statement_builder.pipeline.build_worker import read_shard
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.recipient import address_digest

EMAIL_ATTEMPTS_MAX = 3
"""After this many soft bounces the document is printed (domain rules 8)."""
_IS_FINAL = {BounceKind.HARD: True, BounceKind.COMPLAINT: True, BounceKind.SOFT: False}


class DeliveryReportRecorder:
    """Records delivery reports during one `statements track`.

    Each method returns whether the report was news. `why` names the file and line that the report comes from. All
    raise `DeliveryReportError` if the report contradicts the ledger or is about something that we did not send.
    """

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._digests = functools.lru_cache(maxsize=16)(self._read_digests)

    def record(self, report: DeliveryReport, *, why: str) -> bool:
        """Record one line of a vendor's report."""
        reports, at = self._context.ledger.delivery_reports, self._context.now()
        if isinstance(report, Acknowledgement):
            why = f"{report.reason} ({why})"
            if report.rejected:
                rejected = DeliveryState.REJECTED
                return reports.record_print_file(report.print_file, rejected, on=report.on, at=at, why=why)
            return reports.acknowledge_print_file(
                report.print_file, sha256=report.sha256, records=report.records, on=report.on, at=at, why=why
            )
        if isinstance(report, JobMailed):
            why = f"job {report.reason} ({why})"
            mailed = DeliveryState.MAILED
            return reports.record_print_file(
                report.print_file, mailed, on=report.on, at=at, why=why, pieces=report.pieces
            )
        if isinstance(report, AddressChange):
            return self._record_address_change(report, why)
        return self._record_piece(report, why=f"{report.reason} ({why})")

    def record_bounce(self, bounce: Bounce, *, why: str) -> bool:
        """Record a bounced e-mail."""
        reason = f"{bounce.kind} {bounce.status}".strip()
        return self._context.ledger.delivery_reports.record_bounce(
            bounce.document_id,
            bounce.attempt,
            is_final=_IS_FINAL[bounce.kind],
            tries_max=EMAIL_ATTEMPTS_MAX,
            on=self._context.today(),
            at=self._context.now(),
            why=f"{reason} ({why})",
        )

    def record_accepted(self, accepted: Accepted, *, why: str) -> bool:
        """Record that the mail service accepted a message. News only if the attempt's outcome was unknown."""
        document_id, attempt = self._find_email(accepted.document_id, accepted.attempt, accepted.reference)
        if not document_id:
            raise DeliveryReportError("the mail service accepted a message that is not one of ours.")
        context = self._context
        return context.ledger.delivery_reports.confirm_email(
            document_id, attempt, on=context.today(), at=context.now(), why=why
        )

    def identify(self, bounce: Bounce) -> Bounce:
        """The bounce with its document, looked up by the mail service's message id if it does not show ours."""
        document_id, attempt = self._find_email(bounce.document_id, bounce.attempt, bounce.reference)
        return replace(bounce, document_id=document_id, attempt=attempt)

    def _find_email(self, document_id: str, attempt: int, reference: str) -> tuple[str, int]:
        if document_id or not reference:
            return document_id, attempt
        return self._context.ledger.emails.find(reference) or ("", 0)

    def note_unclear(self, document_id: str, *, why: str) -> None:
        """Note on the document, if it is known, that a person must read a message about it."""
        document = self._context.ledger.documents.get(document_id) if document_id else None
        if document is not None:
            self._note(document, "unclear", why)

    def _record_piece(self, report: PieceReport, *, why: str) -> bool:
        state = DeliveryState(report.state.value)
        digest = ""
        is_death = report.says_deceased and self._context.ledger.delivery_reports.record_death(
            report.document_id, on=report.on, at=self._context.now(), why=why
        )
        if state is DeliveryState.RETURNED:
            document = self._require_document(report.document_id)
            digest = self._digests(document.batch_id, document.sequence).get(document.guarantor_id, "")
        is_news = self._context.ledger.delivery_reports.record_piece(
            report.document_id,
            state,
            print_file=report.print_file,
            digest=digest,
            suppresses_address=not report.says_deceased,
            on=report.on,
            at=self._context.now(),
            why=why,
        )
        return is_death or is_news

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
