"""Which insert, envelope and sentence go with a document, and that a legal letter gets none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Delivery, FinancialClass
from statement_builder.billing.selection import Channel, Kind, Selection
from statement_builder.policy.segments import NO_SEGMENT, Segment, find_segment, message_of, read_segments
from tests.builders import AS_OF, make_account, make_encounter, make_guarantor
from tests.hospital import ROOT

FILE = """
[[segment]]
code = "SELFPAY-1"
kinds = ["statement"]
levels = [0]
financial_classes = ["self_pay"]
insert_code = "FAP"
return_envelope_code = "NO9-GREEN"
message_code = "CLINIC-11"
[segment.message]
en = "Our billing office is open on Saturdays in November."
es = "Nuestra oficina abre los sábados de noviembre."

[[segment]]
code = "REST"
kinds = ["statement", "dunning"]
insert_code = "GENERAL"
"""


def find(
    *classes: FinancialClass, kind: Kind = Kind.STATEMENT, level: int = 0, language: str = "en", on: date = AS_OF
) -> Segment:
    visits = [make_encounter(f"A{n}", financial_class=each) for n, each in enumerate(classes)]
    account = make_account(*visits, guarantor=make_guarantor(language=language, delivery=Delivery.PAPER))
    selection = Selection(
        kind=kind,
        guarantor_id="G1001",
        level=level,
        account_numbers=tuple(each.account_number for each in visits),
        channel=Channel.PRINT,
        amount_cents=100,
        due_on=AS_OF,
    )
    return find_segment(account, selection, read_segments(FILE, ("en", "es")), on)


SELF_PAY, COMMERCIAL = FinancialClass.SELF_PAY, FinancialClass.COMMERCIAL


@pytest.mark.parametrize(
    ("classes", "facts", "code"),
    [
        pytest.param((SELF_PAY,), {}, "SELFPAY-1", id="matches-all-conditions"),
        pytest.param((SELF_PAY, SELF_PAY), {}, "SELFPAY-1", id="every-visit-in-the-class"),
        pytest.param((SELF_PAY, COMMERCIAL), {}, "REST", id="one-visit-in-another-class"),
        pytest.param((SELF_PAY,), {"level": 1}, "REST", id="another-level"),
        pytest.param((SELF_PAY,), {"kind": Kind.DUNNING, "level": 3}, "REST", id="letter"),
        pytest.param((SELF_PAY,), {"kind": Kind.DUNNING, "level": 4}, "", id="final-notice-gets-nothing-1.501(r)-6"),
        pytest.param((SELF_PAY,), {"kind": Kind.OB_NOTICE}, "", id="kind-in-no-segment"),
    ],
)
def test_find_segment__first_match(classes: tuple[FinancialClass, ...], facts: dict[str, Any], code: str) -> None:
    assert find(*classes, **facts).code == code


def test_find_segment__a_final_notice_has_only_the_insert_that_the_law_requires() -> None:
    """Cal. Health and Safety Code 127425(e)."""
    selection = Selection(
        kind=Kind.DUNNING, guarantor_id="G1", level=4, channel=Channel.PRINT, amount_cents=100, due_on=AS_OF
    )
    segments = read_segments(FILE, ("en", "es"))
    found = find_segment(make_account(), selection, segments, AS_OF, final_notice_insert="APP-1")
    assert (found.code, found.insert_code, found.return_envelope_code) == ("final-notice", "APP-1", "")
    third = replace(selection, level=3)
    assert find_segment(make_account(), third, segments, AS_OF, final_notice_insert="APP-1").insert_code != "APP-1"


@pytest.mark.parametrize(
    ("on", "matches"),
    [
        pytest.param(date(2026, 10, 31), False, id="day-before"),
        pytest.param(date(2026, 11, 1), True, id="first-day"),
        pytest.param(date(2026, 11, 30), True, id="last-day"),
        pytest.param(date(2026, 12, 1), False, id="day-after"),
    ],
)
def test_segment__dates(on: date, matches: bool) -> None:
    segment = Segment(code="NOV", first_on=date(2026, 11, 1), last_on=date(2026, 11, 30))
    assert segment.matches(Kind.STATEMENT, 0, "en", (), on) is matches


def test_message__in_the_readers_language_and_never_on_a_letter() -> None:
    segment = find(SELF_PAY)
    assert message_of(segment, Kind.STATEMENT, "es") == "Nuestra oficina abre los sábados de noviembre."
    assert message_of(segment, Kind.STATEMENT, "fr") == ""
    assert [message_of(segment, kind, "en") for kind in Kind if kind not in {Kind.STATEMENT, Kind.OB_NOTICE}] == [
        "" for kind in Kind if kind not in {Kind.STATEMENT, Kind.OB_NOTICE}
    ]
    assert message_of(segment, Kind.DUNNING, "en") == ""
    assert message_of(NO_SEGMENT, Kind.STATEMENT, "en") == ""


WITH_MESSAGE = '[[segment]]\ncode = "A"\nmessage_code = "M"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param('[[segment]]\ncode = "A B"\n', "letters, digits", id="code-with-a-space"),
        pytest.param("[[segment]]\n", "code", id="no-code"),
        pytest.param('[[segment]]\ncode = "A"\ncolor = "red"\n', "color", id="unknown-key"),
        pytest.param('[[segment]]\ncode = "A"\n[[segment]]\ncode = "A"\n', "two segments", id="same-code-twice"),
        pytest.param(f'{WITH_MESSAGE}message = {{ en = "Hi." }}', "no text in es", id="language-missing"),
        pytest.param(
            f'{WITH_MESSAGE}kinds = ["statement", "dunning"]\nmessage = {{ en = "Hi.", es = "Hola." }}',
            "never on a letter",
            id="message-on-a-letter",
        ),
        pytest.param(f'{WITH_MESSAGE}message = {{ en = "{"x" * 161}", es = "x" }}', "at most 160", id="too-long"),
        pytest.param(f'{WITH_MESSAGE}message = {{ en = "a\\nb", es = "x" }}', "one line", id="two-lines"),
        pytest.param(WITH_MESSAGE, "go together", id="code-without-a-message"),
        pytest.param("[[segment]", "line 1", id="no-toml"),
    ],
)
def test_read_segments__says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_segments(text, ("en", "es"))


def test_read_segments__a_language_that_the_segment_does_not_cover_needs_no_text() -> None:
    text = f'{WITH_MESSAGE}languages = ["en"]\nmessage = {{ en = "Hi." }}'
    (segment,) = read_segments(text, ("en", "es"))
    assert segment.message == {"en": "Hi."}


def test_read_segments__the_example_of_the_documentation() -> None:
    page = (ROOT / "docs" / "configure" / "segments.md").read_text(encoding="utf-8")
    example = page.split("```toml")[2].partition("```")[0]
    assert [segment.code for segment in read_segments(example, ("en", "es"))] == ["SELFPAY-FIRST", "REST"]
