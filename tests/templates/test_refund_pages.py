"""What a guarantor finds on a letter about a refund, and what must never be on it."""

from __future__ import annotations

import re
from functools import partial

import pytest

from statement_builder.billing.model import RefundMethod, RefundReason
from statement_builder.documents import Content
from statement_builder.rendering import DocumentError, ForeignIds, PlainEngine, verify
from statement_builder.rendering.templating import page_label
from tests.builders import make_facility
from tests.contents import TEMPLATES
from tests.envelope import DOUBLE_WINDOW_10
from tests.pdf_text import page_texts
from tests.refund_letters import make_deposit_letter, make_overpaid, make_refund, make_refund_letter, make_sent

PAYABLE = make_facility(payment_url="https://pay.riverbend.example/d/{document}")
EVERY = [
    pytest.param(make_refund_letter, id="approved"),
    pytest.param(lambda **person: make_refund_letter(make_sent(), **person), id="sent"),
    pytest.param(make_deposit_letter, id="deposit"),
]


def read(engine: PlainEngine, content: Content) -> str:
    """The text of all pages. The document must pass verification."""
    pdf = engine.render(content).pdf
    label = partial(page_label, TEMPLATES, content.language)
    verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=ForeignIds(accounts_by_guarantor={}), page_label=label)
    return " ".join(page_texts(pdf)).replace("\u00a0", " ")


@pytest.mark.parametrize("large_print", [False, True])
@pytest.mark.parametrize("make", EVERY)
def test_refund__asks_for_nothing(engine: PlainEngine, make: object, large_print: bool) -> None:
    assert callable(make)
    text = read(engine, make(facility=PAYABLE, large_print=large_print))
    assert "This is not a bill." in text
    for never in ("You owe", "you owe", "Please pay", "Amount enclosed", "Make checks payable", "Pay online", "detach"):
        assert never not in text
    for always in ("(413) 555-0142", "Refund number", "You may qualify for free or discounted care", "dial 711"):
        assert always in text


WHEN = [
    pytest.param(make_refund(), "We will mail you a check on November 27, 2026.", id="check"),
    pytest.param(make_sent(check_number="10482"), "The number of the check is 10482.", id="check-that-was-sent"),
    pytest.param(
        make_refund(method=RefundMethod.CARD),
        "We will send it on November 27, 2026 to the card that you paid with.",
        id="card",
    ),
    pytest.param(
        make_sent(method=RefundMethod.ACCOUNT),
        "We sent it on November 18, 2026 to the bank account that you paid from.",
        id="account",
    ),
]


@pytest.mark.parametrize(("refund", "told"), WHEN)
def test_refund__says_how_and_when_it_comes(engine: PlainEngine, refund: object, told: str) -> None:
    text = read(engine, make_refund_letter(refund))  # type: ignore[arg-type]
    assert told in text
    assert "If you do not have the money by December" in text


def test_refund__shows_how_it_was_worked_out(engine: PlainEngine) -> None:
    text = read(engine, make_refund_letter(visits=(make_overpaid(7_000),)))
    table = text[text.index("How we worked it out") : text.index("Does something look wrong?")]
    rows = re.findall(r"-?\$[\d.]+", table)
    paid, part, credit, left, refund = (round(100 * float(each.replace("$", ""))) for each in rows)
    assert (paid, refund) == (17_000, 4_500)
    assert paid + part == credit
    assert credit + left == refund, "what is left is a row above the sum"
    assert "Emergency room visit" in text


def test_refund__of_a_sensitive_visit_says_medical_services(engine: PlainEngine) -> None:
    refund = make_refund(reason=RefundReason.INSURER_PAID)
    text = read(engine, make_refund_letter(refund, visits=(make_overpaid(sensitive=True),)))
    assert "Medical services" in text
    for hidden in ("Emergency", "Commonwealth Health Plan"):
        assert hidden not in text


@pytest.mark.parametrize("language", ["en", "es"])
def test_refund__of_a_deposit_does_not_say_what_it_was_for(engine: PlainEngine, language: str) -> None:
    text = read(engine, make_deposit_letter(language=language)).lower()
    for word in ("birth", "baby", "pregnan", "deliver", "mother", "parto", "bebé", "embaraz", "e1", "september"):
        assert word not in text


def test_refund__the_amount_on_page_1_is_verified(engine: PlainEngine) -> None:
    content = make_refund_letter()
    other = make_refund_letter(make_refund(amount_cents=4_400))
    with pytest.raises(DocumentError) as caught:
        verify(
            engine.render(other).pdf,
            content,
            windows=DOUBLE_WINDOW_10,
            foreign=ForeignIds(accounts_by_guarantor={}),
        )
    assert caught.value.code == "AMOUNT"


def test_refund__number_may_be_a_uuid(engine: PlainEngine) -> None:
    number = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    assert "Refund number" in read(engine, make_refund_letter(make_refund(number)))
