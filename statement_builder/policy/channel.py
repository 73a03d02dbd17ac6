"""Print or e-mail: e-mail only if the guarantor prefers it, has a consent in force, and the document allows it."""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import Delivery
from statement_builder.billing.selection import FINAL_LEVEL, Channel, Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.consent import has_consent
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recorded_holds import has_recorded_hold


def choose_channel(candidate: Candidate, level: int) -> Channel:
    """E-mail requires the preference, a consent in force, and an e-mail address. Final notices always go on paper: they
    start a legal clock, and an unopened e-mail must not start it."""
    guarantor = candidate.account.guarantor
    prefers_email = guarantor.delivery is Delivery.EMAIL or has_recorded_hold(candidate, "NOMAIL", "ECONSENT")
    consented = has_consent(guarantor, candidate.kind, candidate.policy) and bool(guarantor.email.strip())
    final = candidate.kind.traits.is_dunning and level >= FINAL_LEVEL
    allowed = candidate.kind in candidate.policy.email_kinds and not final
    return Channel.EMAIL if prefers_email and consented and allowed else Channel.PRINT


def hold_unwanted_bill_on_paper(candidate: Candidate) -> Iterable[Hold]:
    """Hold a bill or a letter of no level on paper for a guarantor who asked for no paper; a clerk decides."""
    return hold_unwanted_paper(candidate, level=0)


def hold_unwanted_paper(candidate: Candidate, level: int) -> Iterable[Hold]:
    """Hold paper for a guarantor who asked for none; a clerk decides."""
    if has_recorded_hold(candidate, "NOMAIL") and choose_channel(candidate, level) is Channel.PRINT:
        yield make_hold("NOMAIL_PAPER")
