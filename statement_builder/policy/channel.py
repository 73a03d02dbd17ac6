"""Paper or e-mail: e-mail only where the person wants it, has agreed to it, and the document allows it."""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import Delivery
from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.policy.candidate import Case
from statement_builder.policy.codes import make_hold
from statement_builder.policy.recorded_holds import on_file

FINAL_LEVEL = 4


def choose_channel(case: Case, level: int) -> Channel:
    """E-mail with preference, consent on record and an address. Final notices are always paper: a legal clock
    runs from them, and an e-mail that nobody opens would start it."""
    guarantor = case.account.guarantor
    wanted = guarantor.delivery is Delivery.EMAIL or on_file(case, "NOMAIL", "ECONSENT")
    agreed = guarantor.email_consent_at is not None and bool(guarantor.email.strip())
    final = case.kind is Kind.DUNNING and level >= FINAL_LEVEL
    allowed = case.kind in case.policy.email_kinds and not final
    return Channel.EMAIL if wanted and agreed and allowed else Channel.PRINT


def hold_unwanted_paper(case: Case, level: int) -> Iterable[Hold]:
    """Hold paper for who asked for none: a person decides."""
    if on_file(case, "NOMAIL") and choose_channel(case, level) is Channel.PRINT:
        yield make_hold("NOMAIL_PAPER")
