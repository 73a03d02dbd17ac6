"""What a hold code is: its words for a clerk, and what it stops."""

from __future__ import annotations

from enum import StrEnum

from statement_builder.billing.model import Record


class Scope(StrEnum):
    """What a hold stops. The letters are those of the trade's table (domain rules, 2.2)."""

    GUARANTOR = "guarantor"
    """H: everything to this guarantor, also where it was recorded on one account."""
    ENCOUNTER = "encounter"
    """E: the account that it names; the whole guarantor where it names none."""
    LETTERS = "letters"
    """L: letters of the ladder only; statements still go."""
    CONTENT = "content"
    """C: nothing is stopped, the mail goes elsewhere or looks different."""
    OBSTETRIC = "obstetric"
    """Obstetric notices only."""
    ALL = "all"
    """Everything that this facility sends."""


class HoldCode(Record, kw_only=True):
    """One reason why mail waits, in a clerk's words."""

    code: str
    scope: Scope
    obstetric: bool
    """Stops obstetric notices too, when it is on file for the whole guarantor or for the pregnant patient."""
    title: str
    why: str
    what_to_do: str


def hold_code(  # noqa: PLR0917 (the tables of codes read as rows)
    code: str, scope: Scope, obstetric: bool, title: str, why: str, what_to_do: str
) -> HoldCode:
    """A row of the code tables."""
    return HoldCode(code=code, scope=scope, obstetric=obstetric, title=title, why=why, what_to_do=what_to_do)
