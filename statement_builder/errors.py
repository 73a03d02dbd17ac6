"""The errors of the service, by what the caller can do about them.

Messages carry batch, shard, document and row ids: never a name, an address or an amount.
What leaves the building has its own four outcomes in `mail_house.errors`.
"""


class StatementsError(Exception):
    """Base of everything that this service raises on purpose. The message says what to do next."""


class ConfigError(StatementsError):
    """A setting, template or font is missing or wrong: nothing has been started. Exit code 2."""


class SourceError(StatementsError):
    """The billing data cannot be read, is stale, or is not as the contract says as a whole. Exit code 1."""


class ArchiveError(StatementsError):
    """The archive refused or damaged something; nothing later relies on it. Exit code 1."""


class LedgerError(StatementsError):
    """The ledger cannot be reached or is of another version. Exit code 1."""


class LockLost(LedgerError):
    """The lock on a batch went with its connection, and somebody else may have taken it: nothing more may leave."""


class DeliveryReportError(StatementsError):
    """What the other side reports cannot be so: the report is kept for a person, and nothing is changed by it."""


class BatchBusy(StatementsError):
    """Another process works on this batch; the message says which. Exit code 1."""


class WorkerDied(StatementsError):
    """A worker process was killed. What it had in hand was not kept, and can be done again. Exit code 1."""


class GateStop(StatementsError):
    """A gate does not foot, or a person has to decide. Exit code 3."""


class AwaitingConfirmation(GateStop):
    """Everything has left, and the other side has yet to say that it arrived: time closes the batch, and no person."""


class InvariantError(StatementsError):
    """Our own bug: something that must always hold does not. The run stops before hand-off. Exit code 1."""


AnswerError = DeliveryReportError  # until every caller has the new name
Unanswered = AwaitingConfirmation
