"""May a copy of what was mailed go out: what stands against writing to this person about this at all.

Who asks for a copy may have paid since, or may have been mailed to yesterday: amounts and days are no reason to
refuse one. A court, a death, a loss, a confidential address and what else people put on file are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from statement_builder.billing.model import EpisodeStatus, GuarantorAccount
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.codes import make_hold
from statement_builder.policy.codes_obstetric import OBSTETRIC_ON_FILE
from statement_builder.policy.codes_on_file import ON_FILE
from statement_builder.policy.decide import candidate_cents, decide
from statement_builder.policy.settings import Policy

_STOPPING = frozenset(
    [each.code for each in (*ON_FILE, *OBSTETRIC_ON_FILE)]
    + ["UNKNOWN_HOLD", "HOLD_NO_ACCOUNT", "BADADDR", "NOZIP", "CONF_NOADDR", "OB_MINOR"]
)
_STANDS = (EpisodeStatus.ACTIVE, EpisodeStatus.DELIVERED)


def find_copy_holds(
    account: GuarantorAccount | None,
    kind: Kind,
    policy: Policy,
    as_of: date,
    *,
    account_numbers: Sequence[str],
    episode_id: str,
) -> tuple[Hold, ...]:
    """Every reason why a copy of a document about these visits, or this pregnancy, must not be mailed.

    `account` is as on file on `as_of`, None where the guarantor is on file no more.
    """
    if account is None or candidate_cents(account, kind, as_of) is None:
        return (make_hold("NOT_ON_FILE"),)
    holds = [hold for hold in decide(account, kind, policy, as_of).holds if hold.code in _STOPPING]
    if kind is Kind.OB_NOTICE:
        own = next((each for each in account.episodes if each.episode_id == episode_id), None)
        if own is None or own.status not in _STANDS:
            lost = own is not None and own.status is EpisodeStatus.LOST
            holds.append(make_hold("LOSS" if lost else "NOT_ON_FILE"))
        return tuple(dict.fromkeys(holds))
    about = {"", *account_numbers}
    return tuple(dict.fromkeys(hold for hold in holds if hold.account_number in about))
