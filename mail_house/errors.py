"""Outcomes of a hand-off. The exception class is the outcome and decides whether the hand-off may be repeated."""


class HandOffError(Exception):
    """Base class. Messages name files, documents and hosts; never a person, an address or an amount."""


class Retryable(HandOffError):
    """Nothing was accepted; the same hand-off may be tried again."""


class Misconfigured(Retryable):
    """Nothing was accepted, and nothing will be until an address, a login, a permission or a certificate is fixed.

    The mail itself is fine: the whole run stops, and the same mail goes out once the setup is fixed.
    """


class SenderRefused(Retryable):
    """The server refused this e-mail because of us: a blocked address, SPF, DKIM or DMARC, a relay that refuses us, or
    a message that is too large. Nothing was accepted, and the recipient's address may be fine.

    One refusal may be about one server; after a few, the run stops until the setup is fixed.
    """


class Permanent(HandOffError):
    """This piece was refused permanently; another try changes nothing."""

    is_reply = False
    """Whether a mail server refused it. Many in a row are the server's fault and not the recipients'."""
    is_vague = False
    """Whether its reply does not say that the recipient is the reason."""


class PreflightFailed(Permanent):
    """The preflight check of a print file found faults before the hand-off: nothing was handed over or claimed."""


class UnknownOutcome(HandOffError):
    """The hand-off may have been accepted: ask the vendor or an operator; never repeat it without checking."""
