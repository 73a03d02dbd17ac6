"""The kinds of document: who gets one, what it says, and how it is checked again before it is mailed. Pure.

`decide` decides the outcome of a candidate, `compose` makes the content of a selected document, `recheck` checks a
rendered document just before mailing, and `find_reprint_holds` checks a reprint. Each asks the `KindDefinition` of its
kind, which the kind's own folder exports.
"""

from statement_builder.kinds.compose import compose
from statement_builder.kinds.decide import candidate_cents, decide, explain, faulty_candidate_cents
from statement_builder.kinds.definition import FreshFeed, KindDefinition
from statement_builder.kinds.recheck import find_first_date, find_passed_dates, recheck
from statement_builder.kinds.registry import definition_of
from statement_builder.kinds.reprint_rules import find_reprint_holds

__all__ = [
    "FreshFeed",
    "KindDefinition",
    "candidate_cents",
    "compose",
    "decide",
    "definition_of",
    "explain",
    "faulty_candidate_cents",
    "find_first_date",
    "find_passed_dates",
    "find_reprint_holds",
    "recheck",
]
