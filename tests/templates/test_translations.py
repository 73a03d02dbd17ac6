"""Every translation is complete, approved, in the same terms as the English text, and fits its place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.rendering import check_templates
from statement_builder.rendering.text_fit import count_lines
from statement_builder.rendering.translations import (
    catalog_path,
    find_approval_faults,
    find_catalog_faults,
    load_catalog,
)
from statement_builder.resources import languages
from tests.contents import TEMPLATES

TRANSLATIONS = [each for each in languages(TEMPLATES) if each != SOURCE_LANGUAGE]
assert "es" in TRANSLATIONS
REGULAR, SEMIBOLD = "SourceSansPro-Regular.ttf", "SourceSansPro-Semibold.ttf"
INCH = 72.0


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_catalog__translates_every_text(language: str) -> None:
    assert list(find_catalog_faults(TEMPLATES, language)) == []


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES, copy)
    return copy


def _edit(templates: Path, before: str, after: str) -> None:
    path = catalog_path(templates, "es")
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


_COPAY = 'msgid "copay %(amount)s"\nmsgstr "copago %(amount)s"\n'
_ENTRY = "#, python-format\n" + _COPAY
_DAMAGES = [
    pytest.param(_ENTRY, "", "'copay %(amount)s' has no translation", id="missing-entry"),
    pytest.param(_COPAY, 'msgid "copay %(amount)s"\nmsgstr ""\n', "has no translation", id="empty-entry"),
    pytest.param(_ENTRY, "#, fuzzy, python-format\n" + _COPAY, "is fuzzy", id="fuzzy-entry"),
    pytest.param(_COPAY, _COPAY.replace("copago %(amount)s", "copago %(cents)s"), "placeholders", id="placeholder"),
    pytest.param(_COPAY, _COPAY.replace("copago %(amount)s", "copago"), "placeholders", id="placeholder-left-out"),
    pytest.param("<b>Usted tiene un saldo", "Usted tiene un saldo", "placeholders or tags", id="tag"),
    pytest.param("son como máximo el %(most)s%%", "son como máximo el %(most)s", "placeholders", id="percent-sign"),
    pytest.param('msgstr[1] "Sus %(count)s visitas costaron %(charges)s."\n', "", "no translation", id="plural-form"),
    pytest.param(_ENTRY, _ENTRY + '\nmsgid "Gone"\nmsgstr "Ido"\n', "'Gone' is not in the templates", id="unknown"),
    pytest.param(_ENTRY, _ENTRY + '\n#~ msgid "Gone"\n#~ msgstr "Ido"\n', "'Gone' is not in the", id="obsolete"),
]


@pytest.mark.parametrize(("before", "after", "expected"), _DAMAGES)
def test_catalog__a_damage_is_named(templates: Path, before: str, after: str, expected: str) -> None:
    _edit(templates, before, after)
    (fault,) = find_catalog_faults(templates, "es")
    assert expected in fault


def test_check_templates__refuses_an_incomplete_catalog_of_a_listed_language(templates: Path) -> None:
    _edit(templates, _ENTRY, "")
    (problem,) = check_templates(templates, approved=("en", "es"), facility_id="maple-valley")
    assert "copay" in problem
    assert check_templates(templates, approved=("en",), facility_id="maple-valley") == []


_BY, _ON, _FOR = (f'"X-Approved-{name}: ' for name in ("By", "On", "For"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(_BY, '"X-Reviewed-By: ', "names nobody who approved it", id="no-name"),
        pytest.param(_ON, '"X-Approved-On: in ', "no date", id="no-date"),
        pytest.param(_FOR, '"X-Approved-For: other-', "not for maple-valley", id="another-facility"),
    ],
)
def test_approval__is_by_name_with_a_date_for_this_facility(
    templates: Path, before: str, after: str, expected: str
) -> None:
    assert list(find_approval_faults(templates, ("en", "es"), "maple-valley")) == []
    _edit(templates, before, after)
    (fault,) = find_approval_faults(templates, ("en", "es"), "maple-valley")
    assert "'es'" in fault
    assert expected in fault


def test_approval__for_several_facilities(templates: Path) -> None:
    _edit(templates, _FOR, _FOR + "river-bend ")
    assert list(find_approval_faults(templates, ("es",), "river-bend")) == []
    assert list(find_approval_faults(templates, ("es",), "maple-valley")) == []


def test_approval__english_needs_none() -> None:
    assert list(find_approval_faults(TEMPLATES, ("en",), "anywhere")) == []


class Place(NamedTuple):
    """Where a page prints a text: type size and width in points, and the lines that it may take."""

    face: str
    size: float
    width: float
    lines_max: int = 1


_KEY_FACT = Place(REGULAR, 10, 1.2 * INCH)
_KEY_FACT_LARGE = Place(REGULAR, 18, 2.5 * INCH)
_COUPON_LABEL = Place(REGULAR, 10, 1.35 * INCH)
_COUPON_LABEL_LARGE = Place(REGULAR, 18, 2.25 * INCH)
_INTRO = Place(REGULAR, 10, 3.9 * INCH)
_INTRO_LARGE = Place(REGULAR, 18, 7.3 * INCH)
_COLUMN = Place(SEMIBOLD, 9, 0.84 * INCH - 5, 2)
_INSURANCE_COLUMN = Place(SEMIBOLD, 9, 0.96 * INCH - 5, 2)
_PAID_COLUMN = Place(SEMIBOLD, 9, 0.79 * INCH - 5, 2)
_ROLL = Place(REGULAR, 9, 0.98 * INCH - 6, 2)
_ROLL_LABEL = Place(SEMIBOLD, 9, 1.42 * INCH - 6)
_HEADING = Place(SEMIBOLD, 20, 2.95 * INCH, 2)
_HEADING_LARGE = Place(SEMIBOLD, 22, 2.95 * INCH, 2)

PLACES = {
    _KEY_FACT: ("Pay online", "Pay or ask", "Billing number", "Bill date", "Letter date", "Notice date"),
    _KEY_FACT_LARGE: ("Pay online", "Pay or ask", "Billing number", "Bill date", "Letter date", "Notice date"),
    Place(REGULAR, 18, 2 * INCH - 6): ("Pay online", "Pay or ask", "Billing number"),
    Place(REGULAR, 10, 0.55 * INCH): ("Name",),
    _COUPON_LABEL: (
        *("Billing number", "Please pay", "Pay by", "Amount past due", "Please pay by", "Suggested payment"),
        *("Suggested date", "Amount enclosed"),
    ),
    _COUPON_LABEL_LARGE: (
        *("Billing number", "Please pay", "Pay by", "Amount past due", "Please pay by", "Suggested payment"),
        *("Suggested date", "Amount enclosed"),
    ),
    Place(SEMIBOLD, 13, 4 * INCH): ("Paying by mail", "Paying ahead by mail"),
    _INTRO: ("You can also pay online or by phone: see the top of this page.",),
    _INTRO_LARGE: (
        "Make checks payable to the hospital in the address below.",
        "Please write your billing number on the check.",
        "New address or new insurance? Call %(phone)s.",
    ),
    Place(REGULAR, 12, 7.3 * INCH): (
        "Please detach here and return this part with your payment in the envelope provided.",
    ),
    Place(REGULAR, 9, 2.85 * INCH): ("New address? Write it here:",),
    Place(REGULAR, 9, 2.95 * INCH): (
        *("New insurance? Plan name:", "Member number:", "Hearing or speech help: dial 711"),
    ),
    Place(SEMIBOLD, 10, 1.2 * INCH): ("Pay online: scan",),
    Place(SEMIBOLD, 18, 2.1 * INCH): ("Pay online: scan",),
    _COLUMN: (*("Charges", "Discounts", "Financial help", "Written off", "Taken off", "Other changes", "You owe"),),
    Place(SEMIBOLD, 9, 0.84 * INCH, 3): ("+ %(amount)s with insurance",),
    _INSURANCE_COLUMN: ("Insurance", "Insurance paid"),
    _PAID_COLUMN: ("You paid", "Your payments"),
    _ROLL: (
        *("Balance before", "New charges", "Insurance paid", "Insurance took back", "Added back", "Returned"),
        *("You paid", "Balance now", "Discounts", "Financial help", "Written off", "Taken off", "Other changes"),
    ),
    _ROLL_LABEL: ("What has changed", "Since %(date)s"),
    _HEADING: (
        *("Your hospital bill", "Bill reminder", "Your bill is past due", "Your bill is still unpaid", "Final notice"),
        "Your cost estimate",
    ),
    _HEADING_LARGE: (
        *("Your hospital bill", "Bill reminder", "Your bill is past due", "Your bill is still unpaid", "Final notice"),
        "Your cost estimate",
    ),
}
"""The texts whose place does not grow with them (`theme/theme.css`, `theme/large_print.css`)."""
_VALUES = {"phone": "(413) 555-0142", "date": "30 sept 2026", "amount": "$98,765.43"}
"""Values as wide as they get."""


@pytest.mark.parametrize("language", languages(TEMPLATES))
@pytest.mark.parametrize(
    ("place", "text"),
    [pytest.param(place, text, id=f"{place.size:g}-{text}") for place in PLACES for text in PLACES[place]],
)
def test_text__fits_its_place(language: str, place: Place, text: str) -> None:
    printed = load_catalog(TEMPLATES, language).gettext(text)
    printed = re.sub(r"%\((\w+)\)s", lambda found: _VALUES[found[1]], printed)
    assert count_lines(printed, place.size, place.width, place.face) <= place.lines_max, printed
