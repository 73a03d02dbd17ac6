"""Segments: which insert, return envelope and sentence of the month go with a document.

The first segment that matches applies. A final notice has no segment: only what the law requires goes with it. A letter
has no sentence of the month, because a message beside a demand for payment is marketing at best.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from statement_builder.billing.model import FinancialClass, GuarantorAccount, Record
from statement_builder.billing.selection import FINAL_LEVEL, Kind, Selection
from statement_builder.billing.text import DAMAGED, FORBIDDEN, LINE_ENDS

MESSAGE_CHARACTERS_MAX = 160
"""Two lines of the page, in standard print."""
MESSAGE_KINDS = frozenset(kind for kind in Kind if kind.traits.carries_message)
"""Kinds that may carry a sentence of the month."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


def is_insert_code(text: str) -> bool:
    """Whether a text can be a vendor's code of an insert."""
    return _CODE.fullmatch(text) is not None


_unprintable = re.compile(f"[{DAMAGED}{FORBIDDEN}{LINE_ENDS}]").search


class Segment(Record, kw_only=True, forbid_unknown_fields=True):
    """Documents that match all of these conditions, and what goes with them. An empty condition matches all."""

    code: str
    kinds: tuple[Kind, ...] = (Kind.STATEMENT,)
    languages: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    """Dunning levels; 0 is a first statement."""
    financial_classes: tuple[FinancialClass, ...] = ()
    """Of every visit on the document."""
    first_on: date | None = None
    """Documents dated from this day on."""
    last_on: date | None = None
    """Documents dated up to this day."""
    insert_code: str = ""
    """The vendor's code of the insert. Empty: the one of the print profile."""
    return_envelope_code: str = ""
    """The vendor's code of the return envelope. Empty: the vendor's usual one."""
    message_code: str = ""
    message: Mapping[str, str] = {}
    """Language → one sentence, printed in a place of its own. Empty: none."""

    def matches(self, kind: Kind, level: int, language: str, classes: Collection[FinancialClass], on: date) -> bool:
        """Whether a document belongs to the segment. `classes` are those of its visits."""
        return (
            kind in self.kinds
            and (not self.languages or language in self.languages)
            and (not self.levels or level in self.levels)
            and (not self.financial_classes or (bool(classes) and set(classes) <= set(self.financial_classes)))
            and (self.first_on is None or on >= self.first_on)
            and (self.last_on is None or on <= self.last_on)
        )


class SegmentFile(Record, kw_only=True, forbid_unknown_fields=True):
    """The file that `mail.segments` names."""

    segment: tuple[Segment, ...] = ()


FINAL_NOTICE = "final-notice"
"""The segment's code of final notices with an insert that the law requires."""
NO_SEGMENT = Segment(code="", kinds=())
"""Of a document that no segment matches."""


def find_segment(
    account: GuarantorAccount,
    selection: Selection,
    segments: Sequence[Segment],
    issued_on: date,
    *,
    final_notice_insert: str = "",
) -> Segment:
    """The first segment that the document matches; `NO_SEGMENT` when none does. A final notice has no segment, and only
    the insert that the law requires."""
    if selection.kind.traits.is_dunning and selection.level >= FINAL_LEVEL:
        return Segment(code=FINAL_NOTICE, insert_code=final_notice_insert) if final_notice_insert else NO_SEGMENT
    numbers = set(selection.account_numbers)
    classes = {each.financial_class for each in account.encounters if each.account_number in numbers}
    if selection.episode_id:
        classes = {each.financial_class for each in account.episodes if each.episode_id == selection.episode_id}
    language = account.guarantor.language
    for segment in segments:
        if segment.matches(selection.kind, selection.level, language, classes, issued_on):
            return segment
    return NO_SEGMENT


def message_of(segment: Segment, kind: Kind, language: str) -> str:
    """The sentence of the month on a document of this kind. Empty: none, as on every letter."""
    return segment.message.get(language, "") if kind in MESSAGE_KINDS else ""


def read_segments(text: str, languages: Sequence[str]) -> tuple[Segment, ...]:
    """The segments of a TOML file. ValueError that says what is wrong: a message on a letter, or in some language that
    the segment covers but not in all of `languages`."""
    try:
        data: Any = tomllib.loads(text)
        segments = msgspec.convert(data, SegmentFile).segment
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise ValueError(str(exc)) from exc
    codes = [segment.code for segment in segments]
    if len(set(codes)) < len(codes):
        raise ValueError("a code is used for two segments")
    for segment in segments:
        for problem in _find_problems(segment, languages):
            raise ValueError(f"segment {segment.code}: {problem}")
    return segments


def _find_problems(segment: Segment, languages: Sequence[str]) -> Iterator[str]:
    codes = (segment.code, segment.insert_code, segment.return_envelope_code, segment.message_code)
    if not segment.code or not all(_CODE.fullmatch(code) for code in codes if code):
        yield "a code has 1 to 32 letters, digits, dots, and hyphens"
    if bool(segment.message) != bool(segment.message_code):
        yield "message and message_code go together"
    if segment.message and not set(segment.kinds) <= MESSAGE_KINDS:
        names = " and ".join(sorted(MESSAGE_KINDS))
        yield f"a message goes on {names} only, never on a letter; name the other kinds in a segment of their own"
    covered = [each for each in languages if not segment.languages or each in segment.languages]
    if segment.message and (missing := [each for each in covered if not segment.message.get(each, "").strip()]):
        yield f"the message has no text in {', '.join(missing)}"
    for language, text in segment.message.items():
        if len(text) > MESSAGE_CHARACTERS_MAX or _unprintable(text) or text != text.strip():
            yield f"the message in {language} must be one line of at most {MESSAGE_CHARACTERS_MAX} characters"
