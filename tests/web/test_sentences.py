"""What operations say, in Spanish: every reason, refusal and question, with its ids and figures in place."""

from __future__ import annotations

import pytest

from scripts.console_sentences import extract_sentences
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.policy.settings import Policy
from statement_builder.rendering.translations import read_texts
from statement_builder.web.sentences import Sentences, list_places
from statement_builder.web.templating import WEB

SPANISH = read_texts(WEB, "es")


@pytest.fixture(scope="module")
def spanish() -> Sentences:
    return Sentences(SPANISH)


@pytest.mark.parametrize("code", HOLD_CODES)
def test_hold_code__is_said_in_spanish_with_the_numbers_of_the_policy(code: str, spanish: Sentences) -> None:
    text = describe_hold(code, Policy())
    for english in (text.title, text.why, text.what_to_do):
        said = spanish.say(english)
        assert said != english
        assert "{" not in said
        for number in (word for word in english.split() if word.strip("$,.:").isdigit()):
            assert number.strip("$,.:") in said


def test_sentences__all_have_the_places_of_the_english_text() -> None:
    found = extract_sentences()
    assert len(found) > 900
    assert {text: SPANISH[text] for text in found if list_places(text) != list_places(SPANISH[text])} == {}


@pytest.mark.parametrize(
    ("english", "said"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("Choose at least one row.", "Elija al menos una fila.", id="whole"),
        pytest.param(
            "batch 2026-11-statement is not built yet. First run `statements rerun 2026-11-statement`.",
            "el lote 2026-11-statement aún no está hecho. Ejecute primero `statements rerun 2026-11-statement`.",
            id="with-values",
        ),
        pytest.param(
            "guarantors, row G7: first_name is blank, which is not allowed.",
            "guarantors, fila G7: first_name está en blanco, lo que no está permitido.",
            id="a-sentence-in-a-sentence",
        ),
        pytest.param("3 rows: assigned to ana.", "3 filas: asignado a ana.", id="two-in-one"),
        pytest.param(
            "No action needed. The next batch decides again.",
            "No hay que hacer nada. El próximo lote decide otra vez.",
            id="several",
        ),
        pytest.param("She called twice. Ask Bob: he knows.", "She called twice. Ask Bob: he knows.", id="a-persons"),
        pytest.param("{1} <b>%s</b>", "{1} <b>%s</b>", id="like-a-template"),
        pytest.param(". " * 5_000, ". " * 5_000, id="very-many-ends"),
    ],
)
def test_say(english: str, said: str, spanish: Sentences) -> None:
    assert spanish.say(english) == said


def test_say__a_value_is_shown_as_it_is(spanish: Sentences) -> None:
    """What a person wrote can look like a place of a template, and is no place."""
    said = spanish.say("ana@desk rejected this batch on 2026-11-07: {1} {2} Is the reason gone?")
    assert said == "ana@desk rechazó este lote el 2026-11-07: {1} {2} ¿Ya no existe el motivo?"


def test_say__english_is_left_alone() -> None:
    assert Sentences({}).say("Choose at least one row.") == "Choose at least one row."
