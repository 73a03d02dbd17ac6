"""Evidence packets: what one says, and its pages."""

from statement_builder.reports.evidence.contents import (
    AccountEvidence,
    Attempt,
    ChargeLine,
    Exhibit,
    ExhibitState,
    Fact,
    Happening,
    LogEntry,
    MailProof,
    PacketContents,
    digest_contents,
)
from statement_builder.reports.evidence.pages import IndexedPages, render_front

__all__ = [
    "AccountEvidence",
    "Attempt",
    "ChargeLine",
    "Exhibit",
    "ExhibitState",
    "Fact",
    "Happening",
    "IndexedPages",
    "LogEntry",
    "MailProof",
    "PacketContents",
    "digest_contents",
    "render_front",
]
