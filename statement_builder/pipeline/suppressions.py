"""What came back and what that forbids, laid on the accounts as the billing system has them now.

The source cannot be written to, so our ledger keeps these stops. They end by themselves: a stop on mail when another
address is on file, a stop on e-mail when consent was given anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from statement_builder.billing.model import Guarantor, GuarantorAccount, RecordedHold
from statement_builder.ledger import Suppression, SuppressionCode
from statement_builder.policy.recipient import address_digest


def obey_stops(account: GuarantorAccount, stops: Iterable[Suppression]) -> GuarantorAccount:
    """The account with a hold for returned mail, and without a consent that bounced."""
    for stop in stops:
        if not applies(stop, account.guarantor):
            continue
        if stop.code is SuppressionCode.RETMAIL:
            hold = RecordedHold(hold_id=f"returned-{stop.document_id}", code=stop.code.value, placed_on=stop.since)
            account = replace(account, holds=(*account.holds, hold))
        else:
            account = replace(account, guarantor=replace(account.guarantor, email_consent_at=None))
    return account


def applies(stop: Suppression, guarantor: Guarantor) -> bool:
    """Whether nothing new has come into the billing system since."""
    if stop.code is SuppressionCode.RETMAIL:
        return stop.digest == address_digest(guarantor)
    consent = guarantor.email_consent_at
    return consent is not None and consent.date() <= stop.since
