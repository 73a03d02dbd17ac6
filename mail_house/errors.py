"""What can become of a hand-off: the class is the outcome, so that nobody has to guess whether to repeat it."""


class HandOffError(Exception):
    """Base. Messages name files, documents and hosts: never a person, an address or an amount."""


class Retryable(HandOffError):  # noqa: N818 - the outcome is the name
    """Nothing was accepted: the very same hand-off may be tried again."""


class Permanent(HandOffError):  # noqa: N818 - the outcome is the name
    """Refused for good: trying again changes nothing until somebody mends something."""


class Duplicate(HandOffError):  # noqa: N818 - the outcome is the name
    """The other side has it already, unchanged: a success."""


class UnknownOutcome(HandOffError):  # noqa: N818 - the outcome is the name
    """It may have been accepted: ask the other side, or a person; never repeat it blindly."""
