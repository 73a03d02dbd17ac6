"""What can become of a hand-off: the class is the outcome, so that nobody has to guess whether to repeat it."""


class HandOffError(Exception):
    """Base. Messages name files, documents and hosts: never a person, an address or an amount."""


class Retryable(HandOffError):
    """Nothing was accepted: the very same hand-off may be tried again."""


class Misconfigured(Retryable):
    """Nothing was accepted, and nothing will be until somebody mends an address, a login, a right or a certificate.

    No piece of mail is to blame: the whole lot stops, and goes out as it is once the set-up is mended.
    """


class Permanent(HandOffError):
    """This piece was refused for good: trying it again changes nothing."""


class PreflightFailed(Permanent):
    """Found by reading a print file back before anybody got it: nothing was handed over, and nothing was claimed."""


class UnknownOutcome(HandOffError):
    """It may have been accepted: ask the other side, or a person; never repeat it blindly."""
