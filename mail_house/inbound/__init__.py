"""What print vendors answer: files and events, read strictly. What is not understood is a problem, never a guess."""

from mail_house.inbound.delivery_reports import (
    Acknowledgement,
    AddressChange,
    Answer,
    JobMailed,
    PieceAnswer,
    PieceState,
)
from mail_house.inbound.fetching import collect_answers, collect_bounces
from mail_house.inbound.reading import Problem, Taken, read_answers
from mail_house.inbound.tables import RETURN_REASONS, TABLES

__all__ = [
    "RETURN_REASONS",
    "TABLES",
    "Acknowledgement",
    "AddressChange",
    "Answer",
    "JobMailed",
    "PieceAnswer",
    "PieceState",
    "Problem",
    "Taken",
    "collect_answers",
    "collect_bounces",
    "read_answers",
]
