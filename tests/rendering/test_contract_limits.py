"""Every text and amount that the query contract admits is printed correctly, or is an exception that names the field.

The limits are those of sql/contract.md: 200 characters of text, 64 of an id, $99,999,999.99 for one amount.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statement_builder.billing.balance import Aging, RollForward
from statement_builder.documents import Content
from statement_builder.documents.formats import format_cents
from statement_builder.rendering import CompiledEngine, DocumentError, ForeignIds
from statement_builder.rendering.verification import english_page_label
from statement_builder.rendering.verifier import Verifier
from statement_builder.source.column_types import TEXT_CHARACTERS_MAX
from tests.builders import make_encounter, make_facility
from tests.contents import BILLED, make_letter, make_ob_notice, make_plan_statement, make_statement
from tests.envelope import DOUBLE_WINDOW_10

CENTS_MAX = 9_999_999_999
ID_CHARACTERS_MAX = 64
VISITS = 120
NOBODY = ForeignIds(accounts_by_guarantor={})
PAYMENT_CODE = make_facility(payment_url="https://pay.riverbend.example/{document}")

KINDS: dict[str, Callable[..., Content]] = {
    "statement-with-code": lambda **person: make_statement(facility=PAYMENT_CODE, **person),
    "reminder": lambda **person: make_statement(level=1, **person),
    "plan": make_plan_statement,
    "past-due": lambda **person: make_letter(2, **person),
    "final-notice": lambda **person: make_letter(4, **person),
    "estimate": make_ob_notice,
}
FORMS = ("statement-with-code", "final-notice", "estimate")
"""One kind of each template."""
SIZES = [pytest.param(False, id="standard"), pytest.param(True, id="large-print")]


def words(characters: int) -> str:
    """Text of this length in words of one to twelve letters."""
    text = " ".join("abcdefghijkl"[: 1 + number % 12] for number in range(characters))
    return (text[: characters - 1] + "z")[:characters]


SHAPES = {
    "1": "x",
    "100": words(100),
    "200": words(TEXT_CHARACTERS_MAX),
    "200-in-one-word": "a" * TEXT_CHARACTERS_MAX,
    "200-wide-letters": "W" * TEXT_CHARACTERS_MAX,
}


def with_texts(content: Content, text: str) -> Content:
    """The content with every text of a query set to `text`, except the name and address in the window."""
    number = text.replace(" ", "")[:ID_CHARACTERS_MAX]
    facts: Any = content.facts
    changes: dict[str, Any] = {
        "patient_name": f"{text} {text}",
        "estimate_basis": text,
        "insurance_name": text,
        "good_faith_estimate_id": text,
    }
    changes = {name: value for name, value in changes.items() if name in facts.__struct_fields__}
    if "visits" in facts.__struct_fields__:
        changes["visits"] = tuple(
            msgspec.structs.replace(
                visit, description=text, patient_name=f"{text} {text}", account_number=f"{number[:-1]}{index}"
            )
            for index, visit in enumerate(facts.visits)
        )
    return msgspec.structs.replace(
        content, facts=msgspec.structs.replace(facts, **changes), guarantor_id=number, scanline=""
    )


@pytest.fixture(scope="module")
def check(compiled: CompiledEngine) -> Callable[[Content], None]:
    """Renders and verifies, with both readers. Raises DocumentError."""
    verifier = Verifier(DOUBLE_WINDOW_10)

    def render_and_verify(content: Content) -> None:
        pdf = compiled.render(content).pdf
        for _ in range(2):
            verifier.verify(pdf, content, foreign=NOBODY, page_label=english_page_label)

    return render_and_verify


@pytest.mark.parametrize("large_print", SIZES)
@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_texts__fit_every_document(
    check: Callable[[Content], None], make: Callable[..., Content], text: str, large_print: bool
) -> None:
    check(with_texts(make(large_print=large_print), text))


@pytest.mark.parametrize("large_print", SIZES)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("x", "", id="1"),
        pytest.param(words(100), "", id="100"),
        pytest.param(words(200), "", id="200"),
        pytest.param("a" * 100, "", id="100-in-one-word"),
        pytest.param("a" * 200, "", id="200-in-one-word"),
        pytest.param("W" * 100, "", id="100-wide-letters"),
        pytest.param("W" * 200, "NAME", id="200-wide-letters"),
        pytest.param(f"{words(200)} {words(200)}", "NAME", id="first-and-last-name-of-200"),
    ],
)
@pytest.mark.parametrize("make", [KINDS[kind] for kind in FORMS], ids=FORMS)
def test_name__fits_or_the_exception_names_it(
    check: Callable[[Content], None], make: Callable[..., Content], name: str, code: str, large_print: bool
) -> None:
    content = make(large_print=large_print)
    content = msgspec.structs.replace(content, recipient=msgspec.structs.replace(content.recipient, name=name))
    if not code:
        check(content)
        return
    with pytest.raises(DocumentError, match="name") as caught:
        check(content)
    assert caught.value.code == code
    assert name not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        pytest.param(("12 Maple Street", "Springfield, MA 01103"), "", id="usual"),
        pytest.param((words(100), "Springfield, MA 01103"), "", id="100"),
        pytest.param((words(40), words(40), words(40), "Springfield, MA 01103"), "", id="four-of-40"),
        pytest.param(("W" * 40, "Springfield, MA 01103"), "", id="wide-letters"),
        pytest.param((words(200), words(200), "Springfield, MA 01103"), "ADDRESS", id="two-of-200"),
        pytest.param(("12 Maple Street", f"{'W' * 200}, MA 01103"), "ADDRESS", id="city-of-200-wide-letters"),
        pytest.param((words(200), words(200), words(200), f"{words(200)}, MA 01103"), "ADDRESS", id="all-of-200"),
    ],
)
def test_address__fits_or_the_exception_names_it(
    check: Callable[[Content], None], lines: tuple[str, ...], code: str
) -> None:
    content = make_statement()
    content = msgspec.structs.replace(content, recipient=msgspec.structs.replace(content.recipient, lines=lines))
    if not code:
        check(content)
        return
    with pytest.raises(DocumentError, match="address") as caught:
        check(content)
    assert caught.value.code == code


COLUMNS = (
    "charges_cents",
    "insurance_cents",
    "adjustments_cents",
    "payments_cents",
    "pending_cents",
    "owed_cents",
    "deductible_cents",
    "estimate_cents",
    "paid_cents",
    "remaining_cents",
    "plan_later_cents",
)


def with_cents(content: Content, cents: int, columns: tuple[str, ...] = COLUMNS) -> Content:
    """The content with this amount in these columns of every visit and total, and as the amount due."""

    def changed(record: Any) -> Any:
        changes: dict[str, Any] = {name: cents for name in record.__struct_fields__ if name in columns}
        for name in record.__struct_fields__:
            value = getattr(record, name)
            if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
                changes[name] = tuple(changed(each) for each in value)
            elif isinstance(value, Aging | RollForward):
                changes[name] = msgspec.structs.replace(
                    value, **{name: cents for name in value.__struct_fields__ if name.endswith("_cents")}
                )
        return msgspec.structs.replace(record, **changes)

    return msgspec.structs.replace(
        content, facts=changed(content.facts), amount_cents=cents, amount_text=format_cents(cents, "en"), scanline=""
    )


AMOUNTS = [
    pytest.param(99_999_999, id="just-below-a-million"),
    pytest.param(100_000_000, id="a-million"),
    pytest.param(CENTS_MAX, id="maximum"),
    pytest.param(VISITS * CENTS_MAX, id="maximum-of-120-visits"),
]


@pytest.mark.parametrize("large_print", SIZES)
@pytest.mark.parametrize("cents", AMOUNTS)
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_amounts__fit_every_document(
    check: Callable[[Content], None], make: Callable[..., Content], cents: int, large_print: bool
) -> None:
    check(with_cents(make(large_print=large_print), cents))


@pytest.mark.parametrize("column", COLUMNS[:7])
@pytest.mark.parametrize("cents", [-99_999_999, -CENTS_MAX])
def test_amounts__fit_every_column_alone(check: Callable[[Content], None], cents: int, column: str) -> None:
    check(
        msgspec.structs.replace(with_cents(make_statement(), cents, (column,)), amount_cents=100, amount_text="$1.00")
    )


@pytest.mark.parametrize("kind", ["statement", "past-due"])
def test_amounts__fit_with_120_visits(check: Callable[[Content], None], kind: str) -> None:
    visits = tuple(make_encounter(f"A7{number:04}", correspondence=BILLED) for number in range(VISITS))
    content = make_statement(*visits) if kind == "statement" else make_letter(2, *visits)
    check(with_cents(content, CENTS_MAX))


@settings(max_examples=15)
@given(
    make=st.sampled_from([KINDS[kind] for kind in FORMS]),
    large_print=st.booleans(),
    text=st.text(st.sampled_from("aWil. -/@4,"), min_size=1, max_size=TEXT_CHARACTERS_MAX).filter(str.strip),
    cents=st.integers(1, CENTS_MAX),
)
def test_texts_and_amounts__together(
    check: Callable[[Content], None], make: Callable[..., Content], large_print: bool, text: str, cents: int
) -> None:
    check(with_cents(with_texts(make(large_print=large_print), " ".join(text.split())), cents))
