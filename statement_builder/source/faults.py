"""Builds faults that a clerk can act on: result set, row, column, problem and fix.

A row is identified by its key. Values are never repeated, because they may be a name, an address or an amount.
"""

from __future__ import annotations

import hashlib

from statement_builder.billing.model import Fault
from statement_builder.source.column_types import ID_CHARACTERS_MAX, Violation


def row_fault(result_set: str, column: str, row_key: str, violation: Violation) -> Fault:
    """Fault of one value that breaks the contract."""
    return Fault(
        code=violation.code,
        result_set=result_set,
        column=column,
        row_key=row_key,
        message=f"{result_set}, row {row_key}: {column} {violation.problem}.",
        fix=violation.fix,
    )


def account_fault(result_set: str, column: str, row_key: str, *, code: str, problem: str, fix: str) -> Fault:
    """Fault of a valid row that conflicts with other rows. `problem` completes a sentence that starts with `column`."""
    return row_fault(result_set, column, format_key(row_key), Violation(code, problem, fix))


def format_key(key: str) -> str:
    """A key for messages and the ledger: printable, at most `ID_CHARACTERS_MAX` characters, and unique.

    An altered key ends with a digest of the original, so different keys stay different.
    """
    shown = "".join(character if character.isprintable() else "?" for character in key)[:ID_CHARACTERS_MAX]
    if shown == key:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{shown[: ID_CHARACTERS_MAX - 9]}~{digest}"
