"""What can become of a hand-off: the class is the outcome, so that nobody has to guess whether to repeat it."""


class HandOffError(Exception):
    """Base. Messages name files, documents and hosts: never a person, an address or an amount."""


class Retryable(HandOffError):
    """Nothing was accepted: the very same hand-off may be tried again."""


class Permanent(HandOffError):
    """Refused for good: trying again changes nothing until somebody mends something."""


class Duplicate(HandOffError):
    """The other side has it already, unchanged: a success."""


class UnknownOutcome(HandOffError):
    """It may have been accepted: ask the other side, or a person; never repeat it blindly."""
