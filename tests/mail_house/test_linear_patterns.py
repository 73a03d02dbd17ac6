"""Every pattern that reads outside text takes time linear in its length, whatever words of its own are repeated.

A sender who knows our patterns writes what they look for, many times. The words are taken from the patterns themselves,
so that a new pattern is tried without a new test.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined] # the parser of `re` itself knows the literals
from types import ModuleType
from typing import Any

import pytest

import mail_house.bounces
import mail_house.inbound
from mail_house import enhanced_status, limits
from mail_house.email import message

SHORT = 1_000
LONG = 100_000
SLACK = 8
"""A text of a hundred times the length may take eight hundred times as long. A quadratic pattern takes ten thousand."""
SECONDS_MIN = 0.02
"""Below this, a clock says nothing."""
PROBE = 2_000
"""Patterns with a hundred words are slow, so a text is tried at this length first. The long one follows if that was
fast, or took more than twice as long as a tenth of it suggests."""
PROBE_SECONDS_FAST = 0.001
AFTER = ("", " ")
"""What separates the repetitions."""


def modules() -> list[ModuleType]:
    packages = (mail_house.bounces, mail_house.inbound)
    names = [
        each.name for package in packages for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ]
    return [*map(importlib.import_module, names), enhanced_status, limits, message]


def patterns() -> dict[str, re.Pattern[Any]]:
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }


def words(pattern: re.Pattern[Any]) -> set[str]:
    """The literal words of a pattern."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    return {word for word in _literals(_parser.parse(source, pattern.flags & ~re.UNICODE)) if word.strip()}


def parts_of(found: set[str]) -> set[str]:
    """Halves and starts of the words, and all of them in a row."""
    cut = {part for word in found for part in (word[: len(word) // 2], word[len(word) // 2 :], word[:-1])}
    return {part for part in (cut - found) | {"".join(sorted(found)), " ".join(sorted(found))} if part.strip()}


def _literals(items: Any) -> Iterator[str]:
    """Each run of literal characters; an optional character belongs to its run."""
    run = ""
    for kind, argument in items:
        if kind is _constants.LITERAL:
            run += chr(argument)
            continue
        if run:
            yield run
            run = ""
        for inner in _inner(argument):
            yield from _literals(inner)
    if run:
        yield run


def _inner(argument: Any) -> Iterator[Any]:
    """The sequences inside a group, a repetition or an alternative."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for each in argument:
            yield from _inner(each)


def seconds(pattern: re.Pattern[Any], text: str) -> float:
    """The time to find everything."""
    subject = text if isinstance(pattern.pattern, str) else text.encode()
    started = time.process_time()
    sum(1 for _ in pattern.finditer(subject))
    return time.process_time() - started


def repeat(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def is_probably_linear(pattern: re.Pattern[Any], unit: str) -> bool:
    taken = seconds(pattern, repeat(unit, PROBE))
    return PROBE_SECONDS_FAST < taken < 20 * seconds(pattern, repeat(unit, PROBE // 10))


@pytest.mark.parametrize("name", patterns())
def test_pattern__repeated_words_of_its_own_take_linear_time(name: str) -> None:
    pattern = patterns()[name]
    found = words(pattern)
    units = [*(word + after for word in found for after in AFTER), *parts_of(found)]
    for unit in sorted(units):
        if is_probably_linear(pattern, unit):
            continue
        long = seconds(pattern, repeat(unit, LONG))
        if long > SECONDS_MIN:
            times_max = SLACK * LONG // SHORT
            short = min(seconds(pattern, repeat(unit, SHORT)) for _ in range(3))
            long = min(long, seconds(pattern, repeat(unit, LONG)))
            assert long <= max(SECONDS_MIN, times_max * short), f"{unit[:60]!r} repeated takes {long:.2f} s"


def test_patterns__are_found_with_their_words() -> None:
    found = patterns()
    assert {"enhanced_status._SENDER", "heuristics._RECIPIENT", "reader._DEATH", "own_id.OWN_ID"} <= set(found)
    assert {"unsolicited", "exceed", "throttl"} <= words(found["enhanced_status._SENDER"])
