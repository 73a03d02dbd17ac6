"""Encrypts a PDF with a secret that the recipient chose. A secret that others know or can guess is refused."""

from __future__ import annotations

import io
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterator
from importlib import resources

import pikepdf

SECRET_CHARACTERS_MIN = 8
_LETTERS_BESIDE_NAME_MIN = 4
_LETTERS_BESIDE_DATE_MIN = 2
"""Letters that must be left without names, ids, dates and numbers. Initials beside a name are not a secret."""
_STRENGTH_MIN = 3
"""zxcvbn's score from 0 to 4: at least 100 million guesses."""
_ESTIMATED_CHARACTERS_MAX = 72
_KNOWN_CHARACTERS_MIN = 3
"""A shorter word of a name or an address occurs in many other words."""

_LISTS = tomllib.loads(resources.files(__package__).joinpath("guessable_words.toml").read_text(encoding="utf-8"))
_DATE_WORDS = frozenset(_LISTS["dates"].split())
_COMMON_WORDS = frozenset(_LISTS["common"].split())
_LETTER_FOR = str.maketrans("01345@$7", "oieasast")
_GUESSABLE = (
    "the secret for its attachment is a common word or easy to guess; choose several words that do not belong together"
)


def require_secret(secret: str, known: Collection[str] = ()) -> None:
    """Raise ValueError for a secret that others could know or guess (domain rules 8).

    Too short; made of names, ids, dates (also in words) or numbers; or a common word or pattern. `known` are facts that
    others know about the person: names, ids, addresses. The message never repeats the secret.
    """
    if len(secret) < SECRET_CHARACTERS_MIN:
        raise ValueError(f"the secret for its attachment is missing or shorter than {SECRET_CHARACTERS_MIN} characters")
    known_words = {word for fact in known for word in _words(fact) if len(word) >= _KNOWN_CHARACTERS_MIN}
    known_words |= {word[::-1] for word in known_words}
    for spelling in (secret, _with_letters(secret)):
        _require_own_words(spelling, known_words)
    if _is_weak(secret, known_words):
        raise ValueError(_GUESSABLE)


def _require_own_words(secret: str, known_words: Collection[str]) -> None:
    not_dates = [word for word in _words(secret) if not _is_made_of(word, _DATE_WORDS)]
    own = [word for word in not_dates if not _is_made_of(word, {*known_words, *_DATE_WORDS})]
    letters_min = _LETTERS_BESIDE_DATE_MIN if own == not_dates else _LETTERS_BESIDE_NAME_MIN
    if sum(map(len, own)) < letters_min:
        raise ValueError(
            "the secret for its attachment is a name, an id, a date or a number, which others may know; choose another"
        )
    guessable = {*known_words, *_DATE_WORDS, *_COMMON_WORDS}
    if all(_is_made_of(word, guessable) for word in own):
        raise ValueError(_GUESSABLE)


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


def _is_weak(secret: str, known_words: Collection[str]) -> bool:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - reads its dictionaries

    estimate = zxcvbn(secret[:_ESTIMATED_CHARACTERS_MAX], user_inputs=[*known_words, *_COMMON_WORDS])
    return bool(estimate["score"] < _STRENGTH_MIN)


def encrypt_pdf(pdf: bytes, secret: str, known: Collection[str] = ()) -> bytes:
    """Encrypt with AES-256 (PDF 2.0, revision 6). Screen readers stay permitted. Raises ValueError as
    `require_secret` does."""
    require_secret(secret, known)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            out,
            encryption=pikepdf.Encryption(
                user=secret, owner=secret, R=6, aes=True, metadata=True, allow=pikepdf.Permissions(accessibility=True)
            ),
        )
    return out.getvalue()
