"""What has happened: every batch, candidate, document, hand-off and mailing, and what may therefore happen next."""

from statement_builder.ledger.ledger import Ledger
from statement_builder.ledger.records import (
    Batch,
    Delivery,
    Document,
    Event,
    ExceptionLine,
    Fate,
    Figures,
    FoundDocument,
    HeldCandidate,
    NewCandidate,
    NewDocument,
    NewPrintFile,
    NewShard,
    PieceCount,
    PrintFileRow,
    Shard,
    Tally,
)
from statement_builder.ledger.states import BatchState, DeliveryState, DocumentState, Outcome, ShardState

__all__ = [
    "Batch",
    "BatchState",
    "Delivery",
    "DeliveryState",
    "Document",
    "DocumentState",
    "Event",
    "ExceptionLine",
    "Fate",
    "Figures",
    "FoundDocument",
    "HeldCandidate",
    "Ledger",
    "NewCandidate",
    "NewDocument",
    "NewPrintFile",
    "NewShard",
    "Outcome",
    "PieceCount",
    "PrintFileRow",
    "Shard",
    "ShardState",
    "Tally",
]
