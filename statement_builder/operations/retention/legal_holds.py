"""Legal holds: a person's order to keep mail whatever its age. Both placing and lifting are events."""

from __future__ import annotations

from statement_builder.errors import ConfigError
from statement_builder.ledger import RETENTION, LegalHold
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext


def list_legal_holds(context: AppContext) -> list[LegalHold]:
    """The legal holds in force, by subject."""
    return context.ledger.legal_holds.in_force(context.facility.facility_id)


def place_legal_hold(context: AppContext, subject: str, reason: str) -> str:
    """Keep the mail of a guarantor, about an account, in a batch, or one document. Returns a sentence for the operator.

    `ConfigError` if the ledger does not know the subject, or it has a legal hold already; `NotAllowed`.
    """
    _require_reason(reason)
    authorize(context, "purge", batch_id=RETENTION, subject=subject)
    context.ledger.legal_holds.place(
        context.facility.facility_id, subject, reason=reason, actor=context.actor, at=context.now()
    )
    return f"{subject} has a legal hold. `statements purge` keeps everything about it until the hold is lifted."


def lift_legal_hold(context: AppContext, subject: str, reason: str) -> str:
    """End a legal hold. Returns a sentence for the operator. `ConfigError` if there is none; `NotAllowed`."""
    _require_reason(reason)
    authorize(context, "purge", batch_id=RETENTION, subject=subject)
    context.ledger.legal_holds.lift(
        context.facility.facility_id, subject, reason=reason, actor=context.actor, at=context.now()
    )
    return f"The legal hold on {subject} is lifted. The next `statements purge` follows the retention settings again."


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ConfigError('A legal hold requires a reason: --reason "…"')
