"""Passwords that people choose: which ones others know or can guess. Messages never repeat the password."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterator
from importlib import resources

PASSWORD_CHARACTERS_MIN = 8
_LETTERS_BESIDE_NAME_MIN = 4
_LETTERS_BESIDE_DATE_MIN = 2
"""Letters that must be left without names, ids, dates and numbers. Initials beside a name are not a secret."""
_STRENGTH_MIN = 3
"""zxcvbn's score from 0 to 4: at least 100 million guesses."""
_ESTIMATED_CHARACTERS_MAX = 72
_KNOWN_CHARACTERS_MIN = 3
"""A shorter word of a name or an address occurs in many other words."""
_KNOWN_DIGITS_MIN = 4
"""A shorter number of an address or an id occurs in many other numbers."""
_CHARACTERS_BESIDE_NUMBER_MIN = 4
"""Letters and digits that must be left without known numbers, dates and common words: `MRN 7000100001` has none."""
_DATE = re.compile(r"(?<!\d)(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4}|(?:19|20)\d{6}|\d{4}(?:19|20)\d\d)(?!\d)")

_LISTS = tomllib.loads(resources.files(__package__).joinpath("guessable_words.toml").read_text(encoding="utf-8"))
_DATE_WORDS = frozenset(_LISTS["dates"].split())
_COMMON_WORDS = frozenset(_LISTS["common"].split())
_LETTER_FOR = str.maketrans("01345@$7", "oieasast")
_KNOWN_TO_OTHERS = "is a name, an id, a date or a number, which others may know; choose another"
_GUESSABLE = "is a common word or easy to guess; choose several words that do not belong together"


def find_weakness(password: str, known: Collection[str] = ()) -> str:
    """Why others could know or guess the password, to complete a sentence. Empty if they could not.

    Too short; made of names, ids, dates (also in words) or numbers; or a common word or pattern. `known` are facts that
    others know about the person: names, ids, addresses.
    """
    if len(password) < PASSWORD_CHARACTERS_MIN:
        return f"is missing or shorter than {PASSWORD_CHARACTERS_MIN} characters"
    known_words = {word for fact in known for word in _words(fact) if len(word) >= _KNOWN_CHARACTERS_MIN}
    known_words |= {word[::-1] for word in known_words}
    if _is_made_of_numbers(password, known, known_words):
        return _KNOWN_TO_OTHERS
    for spelling in (password, _with_letters(password)):
        if weakness := _find_known_words(spelling, known_words):
            return weakness
    return _GUESSABLE if _is_weak(password, known_words) else ""


def _find_known_words(password: str, known_words: Collection[str]) -> str:
    not_dates = [word for word in _words(password) if not _is_made_of(word, _DATE_WORDS)]
    own = [word for word in not_dates if not _is_made_of(word, {*known_words, *_DATE_WORDS})]
    letters_min = _LETTERS_BESIDE_DATE_MIN if own == not_dates else _LETTERS_BESIDE_NAME_MIN
    if sum(map(len, own)) < letters_min:
        return _KNOWN_TO_OTHERS
    guessable = {*known_words, *_DATE_WORDS, *_COMMON_WORDS}
    return _GUESSABLE if all(_is_made_of(word, guessable) for word in own) else ""


def _is_made_of_numbers(password: str, known: Collection[str], known_words: Collection[str]) -> bool:
    """Whether the password is a known number or a date with little beside it, such as a label or initials."""
    rest = _DATE.sub(" ", password)
    for number in sorted({each for fact in known for each in _numbers(fact)}, key=len, reverse=True):
        rest = rest.replace(number, " ")
    if rest == password:
        return False
    labels = {*known_words, *_DATE_WORDS, *_COMMON_WORDS}
    left = sum(len(word) for word in _words(rest) if not _is_made_of(word, labels))
    return left + sum(each.isdigit() for each in rest) < _CHARACTERS_BESIDE_NUMBER_MIN


def _numbers(text: str) -> list[str]:
    return [each for each in re.findall(r"\d+", text) if len(each) >= _KNOWN_DIGITS_MIN]


def _with_letters(text: str) -> str:
    """The text with the digits and signs in its words as the letters that they stand for: `M4r1a` is `Maria`."""
    return re.sub(r"[\w@$]*[^\W\d_][\w@$]*", lambda word: word[0].translate(_LETTER_FOR), text)


def _words(text: str) -> Iterator[str]:
    """The words of a text, without case, accents and digits."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return iter(re.findall(r"[^\W\d_]+", plain.casefold()))


def _is_made_of(word: str, parts: Collection[str]) -> bool:
    """Whether the word is a sequence of these parts, such as `marianunez`."""
    longest = max(map(len, parts), default=0)
    reached = [True] + [False] * len(word)
    for end in range(1, len(word) + 1):
        starts = range(max(0, end - longest), end)
        reached[end] = any(reached[start] and word[start:end] in parts for start in starts)
    return reached[-1]


def _is_weak(password: str, known_words: Collection[str]) -> bool:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - reads its dictionaries

    estimate = zxcvbn(password[:_ESTIMATED_CHARACTERS_MAX], user_inputs=[*known_words, *_COMMON_WORDS])
    return bool(estimate["score"] < _STRENGTH_MIN)
