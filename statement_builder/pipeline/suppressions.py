"""Apply mail and e-mail suppressions to the accounts that the billing system reports now.

The source is read-only, so the ledger keeps the suppressions. They expire without an operator: a mail suppression when
the billing system has another address, an e-mail suppression when the patient consents again.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from statement_builder.billing.model import Guarantor, GuarantorAccount, RecordedHold
from statement_builder.ledger import Suppression, SuppressionCode
from statement_builder.policy.recipient import address_digest


def apply_suppressions(account: GuarantorAccount, suppressions: Iterable[Suppression]) -> GuarantorAccount:
    """The account with a hold for returned mail, and without e-mail consent when e-mail to it bounced."""
    for suppression in suppressions:
        if not is_in_force(suppression, account.guarantor):
            continue
        if suppression.code is SuppressionCode.RETMAIL:
            hold = RecordedHold(
                hold_id=f"returned-{suppression.document_id}",
                code=suppression.code.value,
                placed_on=suppression.since,
            )
            account = replace(account, holds=(*account.holds, hold))
        else:
            account = replace(account, guarantor=replace(account.guarantor, email_consent_at=None))
    return account


def is_in_force(suppression: Suppression, guarantor: Guarantor) -> bool:
    """Whether the address, or the e-mail consent, is still the one that failed."""
    if suppression.code is SuppressionCode.RETMAIL:
        return suppression.digest == address_digest(guarantor)
    consent = guarantor.email_consent_at
    return consent is not None and consent.date() <= suppression.since
