"""What the buttons of evidence packets do: the same operations as `statements evidence`."""

from __future__ import annotations

from typing import IO

from statement_builder.ledger import EvidenceKind
from statement_builder.operations.evidence.requests import request_packet, require_packet
from statement_builder.pipeline.context import AppContext
from statement_builder.web.orders import Action, Done, FileAction, Order


def _request_evidence(context: AppContext, order: Order) -> Done:
    packet = request_packet(context, EvidenceKind(order.kind), order.accounts, order.reason)
    return Done(
        message=f"Packet {packet.packet_id} is requested. An officer who did not request it must approve it.",
        packet_id=packet.packet_id,
    )


def _draft_evidence(context: AppContext, order: Order, file: IO[bytes]) -> Done:
    from statement_builder.operations.evidence.write import describe_packet, make_draft  # noqa: PLC0415 - WeasyPrint

    packet = require_packet(context, order.subject)
    made = make_draft(context, packet)
    file.write(made.pdf)
    return Done(message="", packet=describe_packet(packet, made))


def _approve_evidence(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.evidence.write import approve_packet  # noqa: PLC0415 - imports WeasyPrint

    packet = require_packet(context, order.subject)
    return Done(message=approve_packet(context, packet, order.seen, order.reason))


def _write_evidence(context: AppContext, order: Order, file: IO[bytes]) -> Done:
    from statement_builder.operations.evidence.write import make_packet  # noqa: PLC0415 - imports WeasyPrint

    made = make_packet(context, require_packet(context, order.subject))
    file.write(made.pdf if order.file_format == "pdf" else made.archive)
    return Done(message=f"{order.subject} is written. The event log has the SHA-256 of both files.")


EVIDENCE_ACTIONS: dict[str, Action] = {
    "request-evidence": _request_evidence,
    "approve-evidence": _approve_evidence,
}
EVIDENCE_FILE_ACTIONS: dict[str, FileAction] = {
    "draft-evidence": _draft_evidence,
    "write-evidence": _write_evidence,
}
