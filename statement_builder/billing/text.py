"""The one definition of blank, white space, and a line's end in text from a billing system.

Intake (`source/`) normalizes every text with it, so no later code asks the question again. Pure functions.
"""

from __future__ import annotations

import re
import unicodedata

LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
"""Every character that ends a line in some system: line feed, carriage return, vertical tab, form feed, next line, and
Unicode's line and paragraph separators."""
SPACES = "\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
"""White space within a line, as a regular expression's range. U+2800 is a braille cell without dots."""
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
"""Characters that print nothing and mean nothing on paper: soft hyphens, zero-width characters, fillers, variation
selectors. Intake removes them."""
DAMAGED = "\ud800-\udfff\ufffd"
"""Bytes that were not UTF-8 (they arrive as lone surrogates), and U+FFFD left by an earlier decoding error."""
FORBIDDEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u202a-\u202e\u2066-\u2069"
    "\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000f0000-\U0010ffff"
)
"""Characters that cannot be printed and cannot be guessed: control characters, bidirectional overrides, private-use
characters, noncharacters. Intake refuses them."""

_NORMAL = "!-~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u1e00-\u1eff"
"""Visible characters that are in NFC whatever stands beside them. Text of other characters may be normal too."""
NORMAL_TEXT = rf"(?:[{_NORMAL}]++(?: [{_NORMAL}]++)*+)?+"
"""Matches only text that `clean_text` does not change. Text that does not match is only slower."""
NORMAL_LINES = rf"(?:[{_NORMAL}]++(?:[ \n][{_NORMAL}]++)*+)?+"
"""Matches only lines, separated by line feeds, that `clean_lines` does not change."""

_is_normal = re.compile(NORMAL_TEXT).fullmatch
_remove_invisible = re.compile(f"[{INVISIBLE}]+").sub
_join_spaces = re.compile(f"[{SPACES}]+").sub
_split_lines = re.compile(f"[{LINE_ENDS}]").split
_AT_THE_ENDS = " " + LINE_ENDS
_FOLD_ASCII = {
    code: None if chr(code) in ".'" else " " for code in range(128) if not chr(code).isalnum() and chr(code) not in "/#"
}


def clean_text(text: str) -> str:
    """The text in Unicode NFC, without characters that print nothing, each run of white space as one space, and no
    white space or line end at either end.

    Blank text becomes `""`. A line end inside stays, because only the caller knows whether a second line is allowed.
    """
    text = text.strip(_AT_THE_ENDS)
    if _is_normal(text):
        return text
    visible = unicodedata.normalize("NFC", _remove_invisible("", text))
    return _join_spaces(" ", visible).strip(_AT_THE_ENDS)


def clean_lines(text: str) -> tuple[str, ...]:
    """The lines of the text that are not blank, each cleaned."""
    return tuple([cleaned for line in _split_lines(text) if (cleaned := clean_text(line))])


def fold(text: str) -> str:
    """Capitals without accents and punctuation, for comparing with a list: `U.S.A.` is `USA`, `N/A` is `N/A`."""
    if text.isascii():
        return " ".join(text.upper().translate(_FOLD_ASCII).split())
    plain = "".join([each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each)])
    kept = "".join([each if each.isalnum() or each in "/#" else "" if each in ".'’" else " " for each in plain])
    return " ".join(kept.upper().split())
