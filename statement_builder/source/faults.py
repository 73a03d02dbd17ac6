"""Faults in a clerk's words: which file, which column, which row, what is wrong and what to do.

A row is named by its key. Values are never repeated: they may be a name, an address or an amount.
"""

from __future__ import annotations

import hashlib

from statement_builder.billing.model import Fault
from statement_builder.source.column_types import ID_CHARACTERS_MAX, Wrong


def row_fault(result_set: str, column: str, row_key: str, wrong: Wrong) -> Fault:
    """One value of one row that breaks the contract."""
    return Fault(
        code=wrong.code,
        result_set=result_set,
        column=column,
        row_key=row_key,
        message=f"{result_set}, row {row_key}: {column} {wrong.what}.",
        fix=wrong.fix,
    )


def account_fault(result_set: str, column: str, row_key: str, *, code: str, what: str, fix: str) -> Fault:
    """A row that is well-formed but does not fit the others; `what` is a clause with `column` as its subject."""
    return row_fault(result_set, column, show_key(row_key), Wrong(code, what, fix))


def show_key(key: str) -> str:
    """A key as it may stand in a message and in the ledger: printable, short, and still one of a kind.

    A key that had to be altered gets a digest of the original, so that two of them cannot be taken for one.
    """
    shown = "".join(character if character.isprintable() else "?" for character in key)[:ID_CHARACTERS_MAX]
    if shown == key:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{shown[: ID_CHARACTERS_MAX - 9]}~{digest}"
