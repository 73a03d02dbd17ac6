"""The base of all records."""

from __future__ import annotations

from typing import dataclass_transform

import msgspec


# The decorator tells type checkers that every subclass is frozen too.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of all records: immutable, comparable, and encodable to the snapshot.

    `gc=False` is safe because immutable records cannot form reference cycles.
    """
