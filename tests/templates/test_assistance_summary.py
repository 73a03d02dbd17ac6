"""The plain-language summary that a final notice encloses has every part that the regulation requires."""

from __future__ import annotations

import pytest

from statement_builder.rendering import PlainEngine
from tests.builders import make_facility
from tests.contents import make_letter
from tests.pdf_text import page_texts

TITLE = "Financial assistance: a summary in plain words"


def summary(engine: PlainEngine, *, large_print: bool = False, free: int = 200, discount: int = 400) -> str:
    """The text from the summary's title to the end of the document."""
    facility = make_facility(assistance_free_max_percent=free, assistance_discount_max_percent=discount)
    pages = page_texts(engine.render(make_letter(4, facility=facility, large_print=large_print)).pdf)
    (first,) = (number for number, page in enumerate(pages) if TITLE in page)
    return " ".join(pages[first:]).replace("\u00a0", " ")


REQUIRED = [
    pytest.param(
        ("Riverbend Community Hospital gives free or discounted care",),
        id="assistance-is-offered-26-CFR-1.501(r)-1(b)(24)",
    ),
    pytest.param(
        (
            "Free care: your income is at most 200% of the federal poverty level.",
            "Discounted care: your income is more than 200% and at most 400% of the federal poverty level.",
            "with or without insurance",
        ),
        id="eligibility-26-CFR-1.501(r)-1(b)(24)(i)",
    ),
    pytest.param(
        ("The help is for emergency care and other medically necessary care",),
        id="assistance-offered-26-CFR-1.501(r)-1(b)(24)(i)",
    ),
    pytest.param(
        ("How to apply", "Get the form.", "Fill in the form.", "Send or bring it to our office."),
        id="how-to-apply-26-CFR-1.501(r)-1(b)(24)(ii)",
    ),
    pytest.param(
        ("The form, our policy and this summary are free. You find them at riverbend.example/help.",),
        id="web-address-of-policy-and-form-26-CFR-1.501(r)-1(b)(24)(iii)",
    ),
    pytest.param(
        ("You can also come to our office", "410 River Road, Room 12", "Springfield, MA 01105"),
        id="location-of-policy-and-form-26-CFR-1.501(r)-1(b)(24)(iii)",
    ),
    pytest.param(
        ("call (413) 555-0177 and we will mail them to you",),
        id="free-copies-by-mail-26-CFR-1.501(r)-1(b)(24)(iv)",
    ),
    pytest.param(
        (
            "Our office Financial assistance office, Riverbend Community Hospital 410 River Road, Room 12",
            "Phone: (413) 555-0177",
        ),
        id="office-for-information-26-CFR-1.501(r)-1(b)(24)(v)",
    ),
    pytest.param(
        ("Our office will help you",),
        id="office-helps-with-the-application-26-CFR-1.501(r)-1(b)(24)(v)(A)",
    ),
    pytest.param(
        ("You can get the policy, the form and this summary in other languages",),
        id="translations-26-CFR-1.501(r)-1(b)(24)(vi)",
    ),
    pytest.param(
        ("we will not charge you more for this care than the amounts that we generally bill to people with insurance",),
        id="amounts-generally-billed-26-CFR-1.501(r)-1(b)(24)(vii)",
    ),
    pytest.param(("You can apply for help with the visits in this letter until June 17, 2027.",), id="last-day"),
]


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large-print")])
@pytest.mark.parametrize("sentences", REQUIRED)
def test_summary__has_what_the_regulation_requires(
    engine: PlainEngine, sentences: tuple[str, ...], large_print: bool
) -> None:
    text = summary(engine, large_print=large_print)
    for sentence in sentences:
        assert sentence in text


@pytest.mark.parametrize(
    ("free", "discount", "said", "unsaid"),
    [
        pytest.param(300, 0, "Free care: your income is at most 300%", "Discounted care", id="free-care-only"),
        pytest.param(0, 350, "Discounted care: your income is at most 350%", "Free care", id="discounted-care-only"),
    ],
)
def test_summary__names_only_the_care_that_the_hospital_gives(
    engine: PlainEngine, free: int, discount: int, said: str, unsaid: str
) -> None:
    text = summary(engine, free=free, discount=discount)
    assert said in text
    assert unsaid not in text


def test_summary__is_one_page_of_its_own_on_paper(engine: PlainEngine) -> None:
    *letter, last = page_texts(engine.render(make_letter(4)).pdf)
    assert TITLE in last
    assert len(letter) == 1
    assert "Tell us what is wrong." in letter[0]
