"""The format of billing cycles and batch ids, for every place that reads one from an operator."""

from __future__ import annotations

import re

from statement_builder.billing.selection import Kind

CYCLE_PATTERN = r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?"
"""`2026-11` for a monthly cycle, `2026-11-07` if billing is split by day."""

BATCH_ID_PATTERN = rf"{CYCLE_PATTERN}-({'|'.join(Kind)})"
"""`2026-11-statement`: the cycle, then the kind of document."""

_CYCLE = re.compile(CYCLE_PATTERN)


def is_cycle(text: str) -> bool:
    """Whether the text is a billing cycle."""
    return _CYCLE.fullmatch(text) is not None


def batch_id_of(cycle: str, kind: Kind) -> str:
    """The id of the batch for one cycle and one kind of document, such as `2026-11-statement`."""
    return f"{cycle}-{kind.value}"
