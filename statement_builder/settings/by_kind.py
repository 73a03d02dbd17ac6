"""The settings that every kind of document has, made from the kinds: a new kind needs no line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind

YEARS_MIN, YEARS_MAX = 1, 100


def _record_by_kind(name: str, field: Callable[[Kind], tuple[str, type, object, str]]) -> type[msgspec.Struct]:
    """A record with one field for each kind. `field` tells its name, type, default and description."""
    rows = [field(kind) for kind in Kind]
    return msgspec.defstruct(
        name,
        [(field_name, type_, default) for field_name, type_, default, _ in rows],
        bases=(Record,),
        namespace={"field_descriptions": {field_name: text for field_name, _, _, text in rows}},
        module=__name__,
        kw_only=True,
    )


def _release_field(kind: Kind) -> tuple[str, type, object, str]:
    text = (
        f"Release of {kind.noun}s: `person`, by an operator; `dual-control`, by a different operator from the one who "
        "opened the batch; `auto`, automatic if all gates foot and nothing is unusual."
    )
    return kind.name_in_code, str, kind.traits.release, text


def _retention_field(kind: Kind) -> tuple[str, type, object, str]:
    text = (
        f"Years that {kind.noun}s are kept, {YEARS_MIN} to {YEARS_MAX}. A false claim may be sued over for 10 years "
        "(31 USC 3731(b)(2))."
    )
    return f"{kind.name_in_code}_years", int, kind.traits.retention_years, text


if TYPE_CHECKING:

    class ReleaseByKind(Record, kw_only=True):
        """`person`, `dual-control`, or `auto` for each kind."""

    class RetentionByKind(Record, kw_only=True):
        """Years for each kind."""

else:
    ReleaseByKind = _record_by_kind("ReleaseByKind", _release_field)
    RetentionByKind = _record_by_kind("RetentionByKind", _retention_field)
