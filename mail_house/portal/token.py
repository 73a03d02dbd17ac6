"""The token of a document at the portal. Document ids are printed and can be guessed; a report that a document
was opened shows its token, which only we and the portal know."""

from __future__ import annotations

from mail_house.secret import KeyRing

PORTAL_KEY = "STATEMENTS_PORTAL_KEY"
"""The environment variable with the keys of the tokens, the newest first, separated by commas."""


def portal_token(keys: KeyRing, document_id: str) -> str:
    """Return the code that proves that a report comes from the portal that has this document. Empty without a key."""
    return keys.code("portal", document_id)


def verifies_portal_token(keys: KeyRing, token: str, document_id: str) -> bool:
    """Whether `portal_token` made the token, with any of the keys."""
    return keys.verifies(token, "portal", document_id)


def enrollment_code(keys: KeyRing, guarantor_id: str) -> str:
    """Return the code by which a guarantor signs up at the portal: 12 letters and digits in groups of 4, which are hard
    to guess and easy to type. Empty without a key."""
    code = keys.code("enrollment", guarantor_id)[:12].upper()
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
