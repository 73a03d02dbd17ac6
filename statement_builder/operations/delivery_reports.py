"""One answer of the outside world, laid on the ledger: what it says about which document, and what that starts."""

from __future__ import annotations

import functools

from msgspec.structs import replace

from mail_house.bounces import Accepted, Bounce, BounceKind
from mail_house.inbound import Acknowledgement, AddressChange, DeliveryReport, JobMailed, PieceReport
from statement_builder.billing.model import GuarantorAccount
from statement_builder.errors import DeliveryReportError
from statement_builder.ledger import DeliveryState, Document, Event
from statement_builder.pipeline.build_worker import read_shard
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.recipient import address_digest

EMAIL_TRIES_MAX = 3
"""After so many soft bounces a document is printed (domain rules 8)."""
_EMAIL_ENDS = {BounceKind.HARD: True, BounceKind.COMPLAINT: True, BounceKind.SOFT: False}


class Answers:
    """Takes answers, for one run of the tracking. `why` names the file and line that an answer stands on."""

    def __init__(self, context: AppContext) -> None:
        self._service = context
        self._digests = functools.lru_cache(maxsize=16)(self._read_digests)

    def take(self, answer: DeliveryReport, *, why: str) -> bool:
        """Whether it was news. `DeliveryReportError` when it cannot be so."""
        ledger, at = self._service.ledger, self._service.now()
        if isinstance(answer, Acknowledgement):
            why = f"{answer.reason} ({why})"
            if answer.rejected:
                rejected = DeliveryState.REJECTED
                return ledger.delivery_reports.record_print_file(
                    answer.print_file, rejected, on=answer.on, at=at, why=why
                )
            return ledger.delivery_reports.acknowledge_print_file(
                answer.print_file, sha256=answer.sha256, records=answer.records, on=answer.on, at=at, why=why
            )
        if isinstance(answer, JobMailed):
            why = f"job {answer.reason} ({why})"
            mailed = DeliveryState.MAILED
            return ledger.delivery_reports.record_print_file(
                answer.print_file, mailed, on=answer.on, at=at, why=why, pieces=answer.pieces
            )
        if isinstance(answer, AddressChange):
            return self._note_move(answer, why)
        return self._take_piece(answer, why=f"{answer.reason} ({why})")

    def take_bounce(self, bounce: Bounce, *, why: str) -> bool:
        """Whether it was news. `DeliveryReportError` when it is about nothing that we sent."""
        said = f"{bounce.kind} {bounce.status}".strip()
        return self._service.ledger.delivery_reports.record_bounce(
            bounce.document_id,
            bounce.attempt,
            is_final=_EMAIL_ENDS[bounce.kind],
            tries_max=EMAIL_TRIES_MAX,
            on=self._service.today(),
            at=self._service.now(),
            why=f"{said} ({why})",
        )

    def take_accepted(self, accepted: Accepted, *, why: str) -> bool:
        """Whether that was in doubt. `DeliveryReportError` when it is about nothing that we sent."""
        document_id, attempt = self._whose(accepted.document_id, accepted.attempt, accepted.reference)
        if not document_id:
            raise DeliveryReportError("the mail service took a message that is none of ours.")
        context = self._service
        return context.ledger.delivery_reports.confirm_email(
            document_id, attempt, on=context.today(), at=context.now(), why=why
        )

    def identify(self, bounce: Bounce) -> Bounce:
        """The bounce with its document, found by the mail service's own id where it does not show ours."""
        document_id, attempt = self._whose(bounce.document_id, bounce.attempt, bounce.reference)
        return replace(bounce, document_id=document_id, attempt=attempt)

    def _whose(self, document_id: str, attempt: int, reference: str) -> tuple[str, int]:
        if document_id or not reference:
            return document_id, attempt
        return self._service.ledger.emails.find(reference) or ("", 0)

    def note_unclear(self, document_id: str, *, why: str) -> None:
        """Write at the document, where there is one, that somebody has to read what came back."""
        document = self._service.ledger.documents.get(document_id) if document_id else None
        if document is not None:
            self._note(document, "unclear", why)

    def _take_piece(self, answer: PieceReport, *, why: str) -> bool:
        state = DeliveryState(answer.state.value)
        digest = ""
        if state is DeliveryState.RETURNED:
            document = self._require_document(answer.document_id)
            digest = self._digests(document.batch_id, document.sequence).get(document.guarantor_id, "")
        return self._service.ledger.delivery_reports.record_piece(
            answer.document_id,
            state,
            print_file=answer.print_file,
            digest=digest,
            on=answer.on,
            at=self._service.now(),
            why=why,
        )

    def _note_move(self, answer: AddressChange, why: str) -> bool:
        """The source cannot be written to: a clerk enters the new address, and that is what lifts a hold."""
        document = self._require_document(answer.document_id)
        told = f"{answer.move_type} move of {answer.on}"
        if any(each.why.startswith(told) for each in self._events(document, "address change")):
            return False
        self._note(document, "address change", f"{told} ({why})")
        return True

    def _events(self, document: Document, what: str) -> list[Event]:
        events = self._service.ledger.events.for_batch(document.batch_id, subject=document.document_id)
        return [event for event in events if event.what == what]

    def _note(self, document: Document, what: str, why: str) -> None:
        context = self._service
        context.ledger.events.record(
            document.batch_id, document.document_id, what=what, why=why, actor=context.actor, at=context.now()
        )

    def _require_document(self, document_id: str) -> Document:
        document = self._service.ledger.documents.get(document_id)
        if document is None:
            raise DeliveryReportError(f"document {document_id} is not one of ours.")
        return document

    def _read_digests(self, batch_id: str, sequence: int) -> dict[str, str]:
        """Guarantor → digest of the address that the pages of this shard were made for."""
        shard = next(each for each in self._service.ledger.shards.for_batch(batch_id) if each.sequence == sequence)
        entries = read_shard(self._service.archive, shard)
        accounts = [entry for entry in entries if isinstance(entry, GuarantorAccount)]
        return {each.guarantor.guarantor_id: address_digest(each.guarantor) for each in accounts}
