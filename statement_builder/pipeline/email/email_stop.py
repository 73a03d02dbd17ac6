"""When to stop sending e-mail: the server defers everything, or refuses us and not the recipients.

A refusal because of us must not turn a whole lot into paper, or end anybody's consent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, SenderRefused
from statement_builder.ledger import Document
from statement_builder.pipeline.context import AppContext

TEMPORARY_REFUSALS_MAX = 3
"""After this many consecutive temporary refusals, the server is at fault and not the message: sending stops."""
SENDER_FAULTS_MAX = 3
"""After this many refusals because of us, the setup is at fault: all e-mail stops, and nothing is printed for it."""
PERMANENT_REFUSALS_MAX = 5
"""After this many consecutive permanent refusals, the relay may refuse everybody: sending stops until a re-run."""
EMAIL_ATTEMPTS_MAX = 3
"""After this many bounces that are not final, the document is printed."""
SOFT_BOUNCE_RETRY_AFTER = timedelta(hours=24)


def is_email_stopped(context: AppContext) -> bool:
    """Whether so many e-mails bounced because of us, within a day, that no e-mail is sent."""
    return _count_sender_faults(context) >= SENDER_FAULTS_MAX


def explain_stop(context: AppContext) -> str:
    """Why no e-mail is sent, and what to do."""
    return (
        f"{_count_sender_faults(context)} e-mails bounced within a day because of the sender: a blocked address, "
        "SPF, DKIM or DMARC, a relay that refuses, a message that is too large, or no reason that names the "
        "recipient. No e-mail is sent and none of them "
        "is printed until a day after the last of them. Read the messages in `done`, and fix the setup before then."
    )


def _count_sender_faults(context: AppContext) -> int:
    since = context.now() - SOFT_BOUNCE_RETRY_AFTER
    return context.ledger.redeliveries.count_sender_faults(context.facility.facility_id, since=since)


@dataclass
class Refusals:
    """What was not accepted during one pass through the shards."""

    count: int = 0
    consecutive: int = 0
    consecutive_permanent: int = 0
    accepted: int = 0
    last: Retryable | None = None
    because_of_us: list[tuple[Document, SenderRefused]] = field(default_factory=list)
    vague: list[tuple[Document, Permanent]] = field(default_factory=list)
    """Permanent refusals that do not name the recipient: printed at the end, if others were accepted."""

    def record(self, document: Document, error: HandOffError | None) -> None:
        self.accepted += error is None
        is_reply = isinstance(error, Permanent) and error.is_reply
        self.consecutive_permanent = self.consecutive_permanent + 1 if is_reply else 0
        if isinstance(error, Permanent) and error.is_vague:
            self.vague.append((document, error))
        if isinstance(error, SenderRefused):
            self.because_of_us.append((document, error))
        elif isinstance(error, Retryable):
            self.count, self.consecutive, self.last = self.count + 1, self.consecutive + 1, error
        else:
            self.consecutive = 0

    def find_stop(self, error: HandOffError | None) -> Retryable | None:
        """The error to stop with, if the server would refuse any further message too."""
        if len(self.because_of_us) >= SENDER_FAULTS_MAX:
            return explain_refusals(len(self.because_of_us), self.because_of_us[-1][1])
        if self.consecutive_permanent >= PERMANENT_REFUSALS_MAX:
            return explain_vague(self.consecutive_permanent, error)
        is_stopped = self.consecutive >= TEMPORARY_REFUSALS_MAX or isinstance(self.last, Misconfigured)
        return self.last if is_stopped else None


def explain_refusals(count: int, last: SenderRefused) -> Misconfigured:
    """The error that stops sending because of these refusals."""
    return Misconfigured(
        f"{count} e-mails were refused because of the sender, the last: {last}. Sending stopped, and none of them is "
        "printed. Fix what the code names: the relay's permission, SPF, DKIM or DMARC, a block, encryption, or the size"
    )


def explain_vague(count: int, last: HandOffError | None) -> Misconfigured:
    """The error that stops sending because the server may refuse everybody."""
    return Misconfigured(
        f"{count} e-mails in a row were refused permanently, the last: {last}. Sending stopped. Check that the mail "
        "server accepts mail for these recipients"
    )
