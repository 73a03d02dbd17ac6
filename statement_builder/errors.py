"""The errors of the service, grouped by what the caller can do about them.

Messages may contain batch, shard, document, and row ids, but never a name, an address, or an amount.
`mail_house.errors` has the four outcomes of a hand-off.
"""


class StatementsError(Exception):
    """Base of all errors that this service raises on purpose. The message says what to do next."""


class ConfigError(StatementsError):
    """A setting, template, or font is missing or invalid. Nothing was started. Exit code 2."""


class NotAllowed(ConfigError):
    """The setting `roles` does not allow this to the person who asks. Nothing was changed. Exit code 2."""


class SourceError(StatementsError):
    """The billing data cannot be read, is stale, or does not meet the contract as a whole. Exit code 1."""


class QueryError(SourceError):
    """One query of the source fails, lacks a column or returns rows that cannot be merged. Exit code 1."""

    def __init__(self, result_set: str, message: str) -> None:
        super().__init__(message)
        self.result_set = result_set


class ArchiveError(StatementsError):
    """The archive refused or damaged an object. Nothing later relies on it. Exit code 1."""


class ObjectLocked(ArchiveError):
    """Object Lock or a legal hold of the store keeps an object. It can be deleted later."""


class LedgerError(StatementsError):
    """The ledger cannot be reached. Exit code 1."""


class LedgerVersionError(ConfigError, LedgerError):
    """The ledger's tables have another version than this release requires. Nothing was read or changed. Exit code 2."""


class ClockError(ConfigError):
    """The clock is replaced, and the ledger is not a demonstration. Nothing was started. Exit code 2."""


class StoreError(ConfigError):
    """A store is not the one that this installation used before: a lost mount, a wrong address, or a restored copy.
    Nothing was started. Exit code 2."""


class LockLost(LedgerError):
    """The connection that held a batch lock was lost, and another process may hold it now. Send nothing more."""


class DeliveryReportError(StatementsError):
    """A delivery report contradicts the ledger. The report is kept for an operator and changes nothing."""


class BatchBusy(StatementsError):
    """Another process is working on this batch. The message names it. Exit code 1."""


class DocumentsWithheld(StatementsError):
    """Documents were withheld after their hand-off was planned. Nothing was claimed: claim the others."""

    def __init__(self, message: str, document_ids: tuple[str, ...]) -> None:
        super().__init__(message)
        self.document_ids = document_ids


class WorkerDied(StatementsError):
    """A worker process was killed. Its unfinished work was discarded and can be repeated. Exit code 1."""


class GateStop(StatementsError):
    """A gate does not foot, or an operator must decide. Exit code 3."""


class AwaitingConfirmation(GateStop):
    """All mail is sent. The batch closes by itself when the vendor's confirmations arrive."""


class InvariantError(StatementsError):
    """A bug in this service: an invariant does not hold. The run stops before hand-off. Exit code 1."""
