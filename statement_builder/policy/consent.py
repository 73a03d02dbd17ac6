"""Whether a consent to e-mail is in force, and whether it is to the right text (E-SIGN, 15 USC 7001(c))."""

from __future__ import annotations

from datetime import timedelta

from statement_builder.billing.model import Guarantor
from statement_builder.billing.selection import Kind
from statement_builder.policy.settings import Policy

_UTC_AHEAD = timedelta(days=1)
"""A consent is given at a UTC time and withdrawn on a local day: the evening of that day is the next one in UTC."""


def has_consent(guarantor: Guarantor, kind: Kind, policy: Policy) -> bool:
    """Whether this kind of document may go to the guarantor by e-mail, as far as the consent is concerned.

    A consent ends on the day of its withdrawal, and only a later one replaces it (15 USC 7001(c)(1)(B)). One given so
    soon after that it may be of the same local day does not. Where the law requires the document in writing, the
    consent must be to a text in force: a material change of what people agreed to requires a new one (15 USC
    7001(c)(1)(D)).
    """
    given_at, withdrawn_on = guarantor.email_consent_at, guarantor.email_consent_withdrawn_on
    if given_at is None or (withdrawn_on is not None and given_at.date() <= withdrawn_on + _UTC_AHEAD):
        return False
    requires_terms = bool(policy.consent_terms) and kind in policy.esign_kinds
    return not requires_terms or guarantor.email_consent_terms in policy.consent_terms
