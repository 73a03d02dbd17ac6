"""Every document and e-mail is written for a reader of 13 to 14 years at most: US grade 8, by a published formula."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.model import RefundReason
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.billing.selection import PlanLetterMode
from statement_builder.documents import Content
from statement_builder.policy import Policy
from statement_builder.rendering.templating import render_markup
from statement_builder.resources import languages
from tests.answers import make_asked, make_dispute, make_reply, make_verification
from tests.assistance_letters import make_denied, make_full, make_incomplete, make_partial, make_presumptive
from tests.builders import make_encounter, make_episode
from tests.contents import (
    TEMPLATES,
    make_invoice,
    make_letter,
    make_ob_notice,
    make_plan_statement,
    make_statement,
    three_visits,
)
from tests.estate_letters import make_claim, make_inquiry
from tests.payroll import SIGNED, make_authorization, make_deduction
from tests.plan_letters import make_agreement, make_default, make_missed, make_reminder
from tests.readability import SCALES, SENTENCE_WORDS_MAX, measure, running_text
from tests.refund_letters import make_deposit_letter, make_refund, make_refund_letter, make_sent

COURTESY = Policy(plan_letter_mode=PlanLetterMode.COURTESY)
DOCUMENTS: dict[str, Callable[..., Content]] = {
    "statement": make_statement,
    "reminder": lambda **person: make_statement(level=1, **person),
    "statement-of-five-visits": lambda **person: make_statement(
        *three_visits(), make_encounter("A70004"), make_encounter("A70005"), **person
    ),
    "statement-self-pay": lambda **person: make_statement(make_encounter(share=None, insurance_name=""), **person),
    "statement-with-a-plan": make_plan_statement,
    "estimate": make_ob_notice,
    "estimate-self-pay": lambda **person: make_ob_notice(
        make_episode(good_faith_estimate_id="GFE-88", insurance_name="", estimate_basis=""), **person
    ),
    "itemized": make_invoice,
    "past-due-letter": lambda **person: make_letter(2, **person),
    "second-letter": lambda **person: make_letter(3, **person),
    "final-notice": lambda **person: make_letter(4, **person),
    "plan-agreement": make_agreement,
    "plan-agreement-courtesy": lambda **person: make_agreement(policy=COURTESY, **person),
    "plan-reminder": make_reminder,
    "plan-missed": make_missed,
    "plan-default": make_default,
    "assistance-incomplete": lambda **person: make_incomplete(*MissingItem, **person),
    "assistance-partial": make_partial,
    "assistance-full": make_full,
    "assistance-presumptive": make_presumptive,
    "assistance-denied": make_denied,
    "assistance-denied-without-answer": lambda **person: make_denied(DecisionBasis.NO_ANSWER, **person),
    "estate-inquiry": make_inquiry,
    "estate-claim": make_claim,
    "payroll-form": make_authorization,
    "payroll-signed-copy": lambda **person: make_authorization(make_deduction(**SIGNED), **person),
    "verification": make_verification,
    "verification-corrected": lambda **person: make_verification(make_dispute(corrected=tuple(Correction)), **person),
    "itemized-reply": make_reply,
    "itemized-reply-identity": lambda **person: make_reply(make_asked(obstacle=RequestObstacle.IDENTITY), **person),
    "itemized-reply-not-ours": lambda **person: make_reply(make_asked(obstacle=RequestObstacle.NOT_OURS), **person),
    "refund": make_refund_letter,
    "refund-sent": lambda **person: make_refund_letter(make_sent(check_number="10482"), **person),
    "refund-deposit": make_deposit_letter,
    "refund-assistance": lambda **person: make_refund_letter(make_refund(reason=RefundReason.ASSISTANCE), **person),
    "refund-insurer-paid": lambda **person: make_refund_letter(make_refund(reason=RefundReason.INSURER_PAID), **person),
    "refund-duplicate": lambda **person: make_refund_letter(make_refund(reason=RefundReason.DUPLICATE), **person),
}
EVERY_LANGUAGE = languages(TEMPLATES)
EMAIL_TEXTS = sorted((TEMPLATES.parent / "mail_house" / "email" / "texts").glob("*.toml"))
assert {path.stem for path in EMAIL_TEXTS} >= {"en", "es"}


def markup(kind: str, language: str) -> str:
    return render_markup(TEMPLATES, DOCUMENTS[kind](language=language))


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_document__reads_at_grade_8_or_below(kind: str, language: str) -> None:
    sentences = running_text(markup(kind, language))
    assert len(sentences) >= 10
    score = measure(sentences, language)
    assert SCALES[language].allows(score), f"{score:.1f}: {sentences}"


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_summary_of_assistance__reads_at_grade_8_or_below__26_cfr_1_501r_1_b_24(language: str) -> None:
    sentences = running_text(markup("final-notice", language), part="enclosure")
    assert len(sentences) >= 15
    score = measure(sentences, language)
    assert SCALES[language].allows(score), f"{score:.1f}: {sentences}"


@pytest.mark.parametrize("path", EMAIL_TEXTS, ids=[path.stem for path in EMAIL_TEXTS])
def test_email__reads_at_grade_8_or_below(path: Path) -> None:
    values = {"hospital": "Riverbend Hospital", "phone": "phone", "portal": "web", "days": "7"}
    texts = tomllib.loads(path.read_text(encoding="utf-8")).values()
    sentences = [text.format(**values) for text in texts if text.endswith((".", ":"))]
    assert len(sentences) >= 8
    score = measure(sentences, path.stem)
    assert SCALES[path.stem].allows(score), f"{score:.1f}: {sentences}"


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_document__no_long_sentence(kind: str, language: str) -> None:
    for sentence in running_text(markup(kind, language)):
        assert len(sentence.split()) <= SENTENCE_WORDS_MAX, sentence


EASY_AND_HARD = [
    pytest.param(
        "en",
        ["Call us if you need help. You can pay in parts. It is free to ask."],
        [
            "Notwithstanding the aforementioned, remuneration of outstanding obligations necessitates the immediate "
            "submission of documentation substantiating eligibility."
        ],
        id="english",
    ),
    pytest.param(
        "es",
        ["Llame si necesita ayuda. Puede pagar en partes. Preguntar no cuesta nada."],
        [
            "Sin perjuicio de lo anteriormente expuesto, la remuneración de las obligaciones pendientes necesita la "
            "presentación inmediata de documentación administrativa que fundamente la elegibilidad correspondiente."
        ],
        id="spanish",
    ),
]


@pytest.mark.parametrize(("language", "easy", "hard"), EASY_AND_HARD)
def test_measure__tells_easy_text_from_hard_text(language: str, easy: list[str], hard: list[str]) -> None:
    assert SCALES[language].allows(measure(easy, language))
    assert not SCALES[language].allows(measure(hard, language))


def test_running_text__leaves_out_what_is_not_read_as_sentences() -> None:
    text = " ".join(running_text(markup("statement", "en")))
    assert "here is what is left for you to pay" in text
    for label in ("PO Box 4100", "12 Maple Street", "555-0142", "riverbend.example", "MRI scan of the knee"):
        assert label not in text
