"""The hold codes: why mail is held and what a clerk does about it, read from `hold_codes.toml`.

A recorded hold whose code is not in the table holds everything (`UNKNOWN_HOLD`).
"""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from importlib.resources import files
from string import Formatter
from typing import Annotated

import msgspec
from msgspec.structs import replace

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Hold
from statement_builder.policy.legal_numbers import POLICY_NUMBERS, Unit
from statement_builder.policy.settings import Policy

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Scope(StrEnum):
    """What a hold stops. The letters are the scopes of the industry's hold table."""

    GUARANTOR = "guarantor"
    """H: everything to this guarantor, even if the hold was recorded on one account."""
    ENCOUNTER = "encounter"
    """E: the account that the hold names, or the whole guarantor if it names none."""
    LETTERS = "letters"
    """L: dunning letters only; statements still go."""
    CONTENT = "content"
    """C: nothing is held; the mail is addressed or printed differently."""
    OBSTETRIC = "obstetric"
    """Obstetric notices only."""
    ALL = "all"
    """Everything that this facility sends."""


class HoldCode(Record, kw_only=True):
    """One reason why mail is held, in a clerk's words.

    A text can name a number of the policy in braces, such as `{final_notice_days}`; `describe_hold` fills it in.
    """

    code: str
    scope: Scope
    stops_obstetric: bool
    """Also stops obstetric notices, when recorded for the whole guarantor or for the pregnant patient."""
    blocks_reprint: bool
    """Also stops a reprint of a document that was already mailed."""
    title: _Text
    why: _Text
    what_to_do: _Text
    citation: _Text
    """The law behind the hold, or the setting or hospital policy."""
    reviewed: date
    """When compliance last reviewed the text and the citation."""


def read_hold_codes(text: str) -> dict[str, HoldCode]:
    """The hold codes in a TOML document with one table per code.

    ValueError names the code and the field if a field is missing, unknown, empty, or of the wrong type, or if a text
    names a number that the policy does not have. TOML itself refuses a code that is listed twice.
    """
    table = {}
    for code, fields in tomllib.loads(text).items():
        try:
            table[code] = msgspec.convert({"code": code, **fields}, HoldCode)
        except (msgspec.ValidationError, TypeError) as exc:
            raise ValueError(f"hold_codes.toml: {code}: {exc}") from exc
        if unknown := _numbers_in(table[code]) - POLICY_NUMBERS.keys():
            raise ValueError(f"hold_codes.toml: {code}: the policy has no number {', '.join(sorted(unknown))}")
    return table


def _numbers_in(code: HoldCode) -> set[str]:
    """The names in braces in a code's texts."""
    return {name for text in (code.why, code.what_to_do) for _, name, _, _ in Formatter().parse(text) if name}


HOLD_CODES = read_hold_codes(files(__package__).joinpath("hold_codes.toml").read_text(encoding="utf-8"))


def make_hold(code: str, account_number: str = "", until: date | None = None, since: date | None = None) -> Hold:
    """A hold with a code from the table. KeyError if the table does not have the code."""
    return Hold(code=HOLD_CODES[code].code, account_number=account_number, until=until, since=since)


def describe_hold(code: str, policy: Policy) -> HoldCode:
    """The texts of a code with the numbers of the policy in force: `$400.00`, `30`. KeyError as `make_hold`."""
    found = HOLD_CODES[code]
    numbers = {name: _format_number(name, policy) for name in _numbers_in(found)}
    return replace(found, why=found.why.format(**numbers), what_to_do=found.what_to_do.format(**numbers))


def _format_number(name: str, policy: Policy) -> str:
    value = policy.number(name)
    return f"${value // 100:,}.{value % 100:02}" if POLICY_NUMBERS[name].unit is Unit.CENTS else f"{value:,}"
