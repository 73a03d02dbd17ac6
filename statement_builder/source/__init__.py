"""Runs the queries in `sql/`, validates rows against the contract, streams accounts and checks freshness.

Does not decide who gets mail, compute a balance, or write to the billing system.
"""

from statement_builder.source.check import CheckReport
from statement_builder.source.database import has_password
from statement_builder.source.freshness import require_fresh
from statement_builder.source.reference import create_reference_schema
from statement_builder.source.repeated import read_refusing
from statement_builder.source.sample import SampleSummary, make_sample
from statement_builder.source.source import BY_GUARANTOR_MAX, Source, open_source
from statement_builder.source.synthea import LoadSummary, load_synthea

__all__ = [
    "BY_GUARANTOR_MAX",
    "CheckReport",
    "LoadSummary",
    "SampleSummary",
    "Source",
    "create_reference_schema",
    "has_password",
    "load_synthea",
    "make_sample",
    "open_source",
    "read_refusing",
    "require_fresh",
]
