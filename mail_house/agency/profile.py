"""An agency's file format, read from a TOML file.

A file has a header record, a record for each account, and a trailer record with count and total. Each record is a list
of columns, and each column names a field of `FileHead`, `PlacementLine` or `ChangeLine`, or has a fixed `text`.
"""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from mail_house.agency.lines import FIELDS

DEFAULT_PROFILE = "pipe"
_SEPARATORS = {"pipe": "|", "csv": ","}


class AgencyColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    field: str = ""
    """The field of the record. Empty: `text`."""
    title: str = ""
    """The title in the line of titles. Empty: the field's name, or `row` for a fixed text."""
    text: str = ""
    """What the column always has."""
    width: int = 0
    """Characters, of a fixed-width file."""
    cut: bool = False
    """Whether a longer text is cut to the width. Otherwise the account is refused."""


class AgencyProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal["pipe", "csv", "fixed"]
    line_end: Literal["crlf", "lf"] = "crlf"
    dates: str = "%Y-%m-%d"
    """As of `date.strftime`."""
    money: Literal["dollars", "cents"] = "dollars"
    """`dollars`: 1234.50. `cents`: 123450."""
    titles: bool = False
    """Whether a line of column titles follows the header record."""
    header: tuple[AgencyColumn, ...]
    placement: tuple[AgencyColumn, ...]
    changes: tuple[AgencyColumn, ...]
    trailer: tuple[AgencyColumn, ...]

    @property
    def separator(self) -> str:
        """Between two values. Empty in a fixed-width file."""
        return _SEPARATORS.get(self.format, "")


def load_agency_profile(name: str | Path, *, fields: dict[str, frozenset[str]] | None = None) -> AgencyProfile:
    """Load the shipped profile of this name, or the TOML file at a `Path`. `fields` are the known fields of each
    record, to refuse an unknown one.

    Raises ValueError that names the profile and what is wrong.
    """
    try:
        text = name.read_text(encoding="utf-8") if isinstance(name, Path) else _read_shipped(name)
        profile = msgspec.convert(tomllib.loads(text), AgencyProfile)
        _check(profile)
    except OSError as exc:
        raise ValueError(f"agency profile {name}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, ValueError) as exc:
        raise ValueError(f"agency profile {name}: {exc}") from exc
    return profile


def _read_shipped(name: str) -> str:
    folder = resources.files("mail_house.agency.profiles")
    shipped = {item.name.removesuffix(".toml"): item for item in folder.iterdir() if item.name.endswith(".toml")}
    if name not in shipped:
        raise ValueError(f"it does not exist; use one of: {', '.join(sorted(shipped))}, or the path of a .toml file")
    return shipped[name].read_text(encoding="utf-8")


def _check(profile: AgencyProfile) -> None:
    for record in ("header", "placement", "changes", "trailer"):
        columns: tuple[AgencyColumn, ...] = getattr(profile, record)
        for column in columns:
            if bool(column.field) == bool(column.text):
                raise ValueError(f"{record}: a column has either a field or a text")
            if column.field and column.field not in FIELDS[record]:
                raise ValueError(f"{record}: there is no field {column.field}")
            if profile.format == "fixed" and column.width < max(1, len(column.text)):
                raise ValueError(f"{record}: column {column.field or column.text} has no width")
    if not {"records", "cents"} <= {column.field for column in profile.trailer}:
        raise ValueError("trailer: it must have records and cents, so that a file that was cut can be told")
    try:
        if date(2026, 12, 31).strftime(profile.dates) == date(2026, 1, 31).strftime(profile.dates):
            raise ValueError("dates: it does not show the month")
    except UnicodeEncodeError as exc:
        raise ValueError("dates is not a date format such as %Y-%m-%d") from exc
