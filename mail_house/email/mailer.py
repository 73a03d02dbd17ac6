"""What everybody who delivers e-mail can do."""

from __future__ import annotations

from typing import Protocol, Self

from mail_house.email.message import Message
from mail_house.models import Receipt


class Mailer(Protocol):
    """Use as a context manager, or close it: it may keep a connection between messages."""

    def send(self, message: Message) -> Receipt:
        """Delivers the message.

        Raises Permanent where this message was refused for good, Retryable where it may be tried again, Misconfigured
        (a Retryable) where every message would be refused until the set-up is mended, UnknownOutcome where it may have
        been accepted.
        """

    def find(self, message: Message) -> Receipt | None:
        """The receipt of this document and attempt, or None when it was definitely not accepted. Raises UnknownOutcome
        where nobody can be asked: then a person decides."""

    def check(self) -> None:
        """Raises unless the other side can be reached and would take mail."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...
