"""The interface of every mailer."""

from __future__ import annotations

from typing import Protocol, Self

from mail_house.email.message import Message
from mail_house.models import Receipt


class Mailer(Protocol):
    """A mailer may keep a connection between messages: use it as a context manager or close it."""

    def send(self, message: Message) -> Receipt:
        """Deliver the message and return its receipt.

        Raises Permanent if this message was refused permanently, Retryable if it may be sent again, Misconfigured (a
        Retryable) if every message would be refused until the setup is fixed, UnknownOutcome if the message may have
        been accepted.
        """

    def find(self, message: Message) -> Receipt | None:
        """Return the receipt of this document and attempt, or None if it was definitely not accepted. Raises
        UnknownOutcome if the server cannot be asked: an operator then decides."""

    def check(self) -> None:
        """Raise unless the server can be reached and accepts mail."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...
