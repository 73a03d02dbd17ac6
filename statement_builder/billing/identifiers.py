"""The format of billing cycles, batch ids and recipient ids, for every place that reads or makes one."""

from __future__ import annotations

import re

from statement_builder.billing.selection import Kind

CYCLE_PATTERN = r"[0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?"
"""`2026-11` for a monthly cycle, `2026-11-07` if billing is split by day."""

BATCH_ID_PATTERN = rf"{CYCLE_PATTERN}-({'|'.join(Kind)})"
"""`2026-11-statement`: the cycle, then the kind of document."""

DOCUMENT_ID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A document id, as it appears in texts."""

_CYCLE = re.compile(CYCLE_PATTERN)


def is_cycle(text: str) -> bool:
    """Whether the text is a billing cycle."""
    return _CYCLE.fullmatch(text) is not None


def batch_id_of(cycle: str, kind: Kind) -> str:
    """The id of the batch for one cycle and one kind of document, such as `2026-11-statement`."""
    return f"{cycle}-{kind.value}"


RECIPIENT_SEPARATOR = "+"
"""Between the two parts of a recipient id. A guarantor id that contains it is a fault of the source."""


def recipient_id(guarantor_id: str, contact_id: str) -> str:
    """The id of a recipient other than the guarantor, such as `G100042+K7`. It is stable while both parts are."""
    return f"{guarantor_id}{RECIPIENT_SEPARATOR}{contact_id}"


def guarantor_of(recipient: str) -> str:
    """The guarantor id in the id of a recipient, who may be the guarantor."""
    return recipient.partition(RECIPIENT_SEPARATOR)[0]


def describe_recipient(recipient: str) -> str:
    """`guarantor G100042`, or `recipient G100042+K7`, for messages to an operator."""
    return f"{'recipient' if RECIPIENT_SEPARATOR in recipient else 'guarantor'} {recipient}"
