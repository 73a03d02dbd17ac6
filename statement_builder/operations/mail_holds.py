"""Mail holds: an operator holds all mail to a guarantor, and lifts the hold. Both are events.

The billing system is where most holds belong. This one is for what cannot wait until it is entered there: the next
selection finds it, and so does the recheck before the hand-off, which withholds what was made already.
"""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.errors import ConfigError
from statement_builder.ledger import MAIL_HOLDS, MailHold
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext

_DAYS_MAX = 366
_REASON_CHARACTERS_MAX = 2_000
_ID_CHARACTERS_MAX = 64


def list_mail_holds(context: AppContext) -> list[MailHold]:
    """Every mail hold that was not lifted, by guarantor."""
    return context.ledger.mail_holds.all(context.facility.facility_id)


def find_mail_hold(context: AppContext, guarantor_id: str) -> MailHold | None:
    """The mail hold of a guarantor; None if there is none."""
    owner = guarantor_of(guarantor_id)
    return context.ledger.mail_holds.by_guarantor(context.facility.facility_id, [owner]).get(owner)


def place_mail_hold(context: AppContext, guarantor_id: str, reason: str, *, ends_on: date | None = None) -> str:
    """Hold all mail to a guarantor from now on. `ends_on` is the first day without the hold. Returns a sentence for the
    operator.

    `ConfigError` without a reason, for a day that is not ahead, and if the guarantor has a mail hold; `NotAllowed`.
    """
    today = context.today()
    reason = _require_reason(reason)
    if not 0 < len(guarantor_id) <= _ID_CHARACTERS_MAX or not guarantor_id.isprintable():
        raise ConfigError(f"A guarantor id has 1 to {_ID_CHARACTERS_MAX} characters.")
    if ends_on is not None and not today < ends_on <= today + timedelta(days=_DAYS_MAX):
        raise ConfigError(f"A mail hold ends on a day from tomorrow to {_DAYS_MAX} days ahead, or when it is lifted.")
    owner = guarantor_of(guarantor_id)
    authorize(context, "hold", batch_id=MAIL_HOLDS, subject=owner)
    context.ledger.mail_holds.place(
        context.facility.facility_id,
        MailHold(
            guarantor_id=owner,
            reason=reason,
            placed_on=today,
            ends_on=ends_on,
            placed_by=context.actor,
            placed_at=context.now(),
        ),
    )
    until = f"until {ends_on}" if ends_on else "until somebody lifts it"
    return (
        f"All mail to guarantor {owner} is held {until}. What was made and not handed off is withheld by the recheck. "
        "What the vendor has already is not stopped."
    )


def lift_mail_hold(context: AppContext, guarantor_id: str, reason: str) -> str:
    """End a mail hold. Returns a sentence for the operator. `ConfigError` if there is none; `NotAllowed`."""
    reason = _require_reason(reason)
    owner = guarantor_of(guarantor_id)
    authorize(context, "hold", batch_id=MAIL_HOLDS, subject=owner)
    context.ledger.mail_holds.lift(
        context.facility.facility_id, owner, reason=reason, actor=context.actor, at=context.now()
    )
    return f"The mail hold on guarantor {owner} is lifted. The next batch decides again."


def _require_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise ConfigError("Write the reason: it is kept in the event log.")
    if len(reason) > _REASON_CHARACTERS_MAX:
        raise ConfigError(f"A reason has at most {_REASON_CHARACTERS_MAX:,} characters.")
    return reason
