"""What staff type where an address or a name is missing, read from `placeholders.toml`. A placeholder is not data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files

import msgspec

from statement_builder.billing.model import Record
from statement_builder.billing.text import fold

_UNIT_ONLY = re.compile(
    r"(?:(?:APT|APARTMENT|UNIT|STE|SUITE|RM|ROOM|LOT|FL|FLOOR|TRLR|TRAILER|SPC|SPACE|NO)\b[ #]*[A-Z0-9]{1,6}"
    r"|# ?[A-Z0-9]{1,6}(?: ?[A-Z0-9]{1,3})?|BSMT|BASEMENT|FRNT|LOWR|UPPR|REAR)"
)
"""A secondary unit (USPS Publication 28, appendix C2): it needs a street."""
_CARE_OF = re.compile(r"(?:C/O|CARE OF|ATTN|ATTENTION)\b.*")
_NOTHING = re.compile(r"[^A-Z0-9]*|(?:[X0]{2,}|0|9{4,}|X)(?: (?:[X0]+|9{4,}))*")
"""No letter or digit, or only X, zeros or nines."""
_PLAIN_STREET = re.compile(
    r"[1-9][0-9]* (?:[NSEW] )?[A-Za-z]+ (?:Ave|Ct|Dr|Ln|Pl|Rd|St|Avenue|Court|Drive|Lane|Road|Street)"
)
"""What most addresses look like. Others are only slower."""


class _Street(Record, kw_only=True):
    lines: frozenset[str]
    phrases: tuple[str, ...]
    fillers: frozenset[str]


class _City(Record, kw_only=True):
    names: frozenset[str]


class _Name(Record, kw_only=True):
    markers: frozenset[str]
    weak: frozenset[str]
    others: frozenset[str]
    names: frozenset[str]


class Placeholders(Record, kw_only=True):
    """The lists, folded by `billing.text.fold`."""

    reviewed: date
    citation: str
    street: _Street
    city: _City
    name: _Name


PLACEHOLDERS = msgspec.convert(
    tomllib.loads(files(__package__).joinpath("placeholders.toml").read_text(encoding="utf-8")), Placeholders
)
_PHRASES = re.compile(rf"\b(?:{'|'.join(map(re.escape, PLACEHOLDERS.street.phrases))})\b")


def is_street(lines: Sequence[str], *, domestic: bool = True) -> bool:
    """Whether mail can be delivered to these delivery lines: one is a street, a box or a route, and none says that
    nobody can be reached.

    Abroad, a line with an apartment or a house name only may be enough.
    """
    if len(lines) == 1 and domestic and _PLAIN_STREET.fullmatch(lines[0]):
        return True
    found = False
    for line in lines:
        text = fold(line)
        if text in PLACEHOLDERS.street.lines or _PHRASES.search(text):
            return False
        found = found or not _is_filler(text, line, domestic=domestic)
    return found


def _is_filler(text: str, line: str, *, domestic: bool) -> bool:
    if text in PLACEHOLDERS.street.fillers or _is_nothing(text, line) or _CARE_OF.fullmatch(text):
        return True
    return domestic and _UNIT_ONLY.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_city(name: str) -> bool:
    """Whether this may be a city: it is not blank and not a placeholder."""
    text = fold(name)
    return not _is_nothing(text, name) and text not in PLACEHOLDERS.city.names


def is_placeholder_name(full_name: str) -> bool:
    """Whether nobody can have this name, such as `UNKNOWN UNKNOWN`, `Unknown Baby Doe` or `XXX`. Blank counts too.

    A person may be called None or Null: one such word is no placeholder.
    """
    first = full_name.partition(" ")[0]
    if len(first) > 1 and first.isascii() and first.isalpha() and first.upper() not in _FIRST_WORDS:
        return False
    text = fold(full_name)
    if _is_nothing(text, full_name):
        return True
    words, lists = text.split(), PLACEHOLDERS.name
    if text in lists.names:
        return True
    if words[0] not in _NAME_WORDS:
        return False
    if all(word in lists.weak for word in words):
        return len(words) > 1
    return any(word in lists.markers for word in words) and all(word in _NAME_WORDS for word in words)


_NAME_WORDS = PLACEHOLDERS.name.markers | PLACEHOLDERS.name.weak | PLACEHOLDERS.name.others
_FIRST_WORDS = _NAME_WORDS | {name.split()[0] for name in PLACEHOLDERS.name.names} | {"X" * n for n in range(2, 9)}


def _is_nothing(text: str, original: str) -> bool:
    """Whether nothing was entered. Text in another script than Latin is data."""
    return _NOTHING.fullmatch(text) is not None and (original.isascii() or not any(map(str.isalnum, original)))
