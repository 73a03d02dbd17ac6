"""Apply mail and e-mail suppressions to the accounts that the billing system reports now.

The source is read-only, so the ledger keeps the suppressions. They expire without an operator: a mail suppression when
the billing system has another address, an e-mail suppression when the patient consents again.

A death does not expire: another address, name or consent on file does not end it. The billing system ends it in one of
two ways. It bills another guarantor (the estate, a surviving spouse), whom the suppression does not name. Or, when the
report was wrong, it records a hold DECEASED of its own on or after the day of the report and lets it expire.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from statement_builder.billing.model import Guarantor, GuarantorAccount, RecordedHold
from statement_builder.ledger import MailHold, Suppression, SuppressionCode
from statement_builder.policy.recipient import address_digest


def apply_suppressions(account: GuarantorAccount, suppressions: Iterable[Suppression]) -> GuarantorAccount:
    """The account with a hold for returned mail, and without e-mail consent when e-mail to it bounced."""
    for suppression in suppressions:
        if not is_in_force(suppression, account.guarantor):
            continue
        if suppression.code is not SuppressionCode.EMAIL:
            hold = RecordedHold(
                hold_id=f"returned-{suppression.document_id}",
                code=suppression.code.value,
                placed_on=suppression.since,
                expires_on=find_end_of_death(suppression, account),
            )
            account = replace(account, holds=(*account.holds, hold))
        else:
            account = replace(account, guarantor=replace(account.guarantor, email_consent_at=None))
    return account


def apply_mail_hold(account: GuarantorAccount, placed: MailHold | None) -> GuarantorAccount:
    """The account with the hold that the billing office placed on its guarantor in this service."""
    if placed is None:
        return account
    hold = RecordedHold(
        hold_id=f"office-{placed.guarantor_id}",
        code="OFFICE_HOLD",
        placed_on=placed.placed_on,
        expires_on=placed.ends_on,
    )
    return replace(account, holds=(*account.holds, hold))


def is_in_force(suppression: Suppression, guarantor: Guarantor) -> bool:
    """Whether the address, or the e-mail consent, is still the one that failed. A death needs no comparison."""
    if suppression.code is SuppressionCode.DECEASED:
        return True
    if suppression.code is SuppressionCode.RETMAIL:
        return suppression.digest == address_digest(guarantor)
    consent = guarantor.email_consent_at
    return consent is not None and consent.date() <= suppression.since


def find_end_of_death(suppression: Suppression, account: GuarantorAccount) -> date | None:
    """The day on which the billing system says that a report of a death was wrong: the last of its own holds DECEASED,
    recorded on or after the day of the report, expires. None while it does not say so."""
    if suppression.code is not SuppressionCode.DECEASED:
        return None
    ends = [
        hold.expires_on
        for hold in account.holds
        if hold.code == suppression.code.value and hold.placed_on >= suppression.since
    ]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
