"""Every visible sentence comes from the message catalog, so a new language needs no code."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pikepdf
import pytest
import tinyhtml5
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.model import InsuranceStatus, RefundMethod, RefundReason, RequestFormat
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.billing.selection import CollectionAction, PlanLetterMode
from statement_builder.documents import Content
from statement_builder.documents.formats import format_long_date, format_medium_date, format_month
from statement_builder.policy import Policy
from statement_builder.rendering import PlainEngine
from statement_builder.rendering.templating import page_label, render_markup
from statement_builder.resources import languages
from tests.answers import make_asked, make_dispute, make_disputed, make_reply, make_verification
from tests.assistance_letters import (
    make_denied,
    make_full,
    make_helped_plan,
    make_incomplete,
    make_partial,
    make_presumptive,
)
from tests.builders import AS_OF, make_encounter, make_episode
from tests.contents import (
    BILLED,
    TEMPLATES,
    TERMS,
    make_invoice,
    make_letter,
    make_ob_notice,
    make_plan_statement,
    make_statement,
    make_stay,
    three_visits,
)
from tests.estate_letters import make_claim, make_inquiry, make_visit
from tests.payroll import SIGNED, make_authorization, make_deduction
from tests.plan_letters import make_agreement, make_default, make_missed, make_reminder
from tests.refund_letters import make_deposit_letter, make_overpaid, make_refund, make_refund_letter, make_sent

PSEUDO = "eo"
"""Stands for any other language: its messages are the English ones between ⟦ and ⟧."""


def extracted() -> set[str | tuple[str, ...]]:
    with (TEMPLATES / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream, "babel.cfg")  # type: ignore[no-untyped-call]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    found = extract_from_dir(TEMPLATES.parent, methods, options, keywords)
    return {message for _, _, message, _, _ in found}


def test_catalog__template_is_up_to_date() -> None:
    with (TEMPLATES / "locale" / "messages.pot").open("rb") as stream:
        kept = {message.id for message in read_po(stream) if message.id}
    assert len(kept) > 100
    assert kept == extracted(), "run the pybabel command in templates/babel.cfg"


def test_languages__english_needs_no_catalog() -> None:
    assert languages(TEMPLATES)[0] == "en"


@pytest.fixture(scope="module")
def pseudo_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    templates = tmp_path_factory.mktemp("pseudo") / "templates"
    shutil.copytree(TEMPLATES, templates)
    catalog = Catalog(locale=PSEUDO)
    for message in extracted():
        marked = tuple(f"⟦{part}⟧" for part in message) if isinstance(message, tuple) else f"⟦{message}⟧"
        catalog.add(message, marked)
    buffer = io.BytesIO()
    write_po(buffer, catalog)
    path = templates / "locale" / PSEUDO / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return templates


def _itemized(*, large_print: bool) -> Iterator[Content]:
    yield make_invoice(large_print=large_print)
    yield make_invoice(make_stay(correspondence=BILLED), large_print=large_print)
    yield make_invoice(make_stay(sensitive=True), large_print=large_print)
    pending = make_stay(insurance_status=InsuranceStatus.PENDING, insurance_pending_cents=20_000)
    for encounter in (pending, make_stay(owed_cents=0), make_stay(owed_cents=-4_500)):
        yield make_invoice(encounter, asks=False, large_print=large_print)


def _refunds(*, large_print: bool) -> Iterator[Content]:
    yield make_deposit_letter(large_print=large_print)
    for reason in (each for each in RefundReason if each is not RefundReason.DEPOSIT):
        yield make_refund_letter(make_refund(reason=reason), visits=(make_overpaid(9_000),), large_print=large_print)
    for method in RefundMethod:
        yield make_refund_letter(make_refund(method=method), large_print=large_print)
        yield make_refund_letter(make_sent(method=method, check_number="10482"), large_print=large_print)


def _answers(*, large_print: bool) -> Iterator[Content]:
    yield make_verification(make_dispute(corrected=tuple(Correction)), large_print=large_print)
    for visit in (
        make_disputed(),
        make_disputed(correspondence=None),
        make_disputed(insurance_status=InsuranceStatus.PENDING, insurance_name="", sensitive=True),
        make_disputed(insurance_name="", insurance=(), share=None, owed_cents=202_000),
        make_disputed(owed_cents=0),
        make_disputed(owed_cents=-4_500),
    ):
        yield make_verification(visit=visit, large_print=large_print)
    yield make_reply(large_print=large_print)
    for asked in (
        *(make_asked(obstacle=each, reviewed_on=AS_OF) for each in RequestObstacle),
        make_asked(format=RequestFormat.BRAILLE),
    ):
        yield make_reply(asked, large_print=large_print)


def documents() -> Iterator[Content]:
    for large_print in (False, True):
        yield make_statement(large_print=large_print)
        yield make_statement(*three_visits(), level=1, large_print=large_print)
        yield make_statement(make_encounter(sensitive=True, share=None, insurance_name=""), large_print=large_print)
        yield make_plan_statement(large_print=large_print)
        yield make_ob_notice(large_print=large_print)
        yield from _itemized(large_print=large_print)
        yield make_ob_notice(make_episode(good_faith_estimate_id="GFE-88", insurance_name=""), large_print=large_print)
        yield make_agreement(large_print=large_print)
        yield make_agreement(policy=Policy(plan_letter_mode=PlanLetterMode.COURTESY), large_print=large_print)
        yield make_reminder(large_print=large_print)
        yield make_missed(large_print=large_print)
        yield make_default(large_print=large_print)
        yield make_incomplete(*MissingItem, large_print=large_print)
        for make in (make_partial, make_full, make_presumptive, make_helped_plan):
            yield make(large_print=large_print)
        yield make_full(400, large_print=large_print)
        for basis in DecisionBasis:
            if not basis.approves:
                yield make_denied(basis, large_print=large_print)
        yield make_authorization(large_print=large_print)
        yield make_authorization(make_deduction(**SIGNED), large_print=large_print)
        yield from _refunds(large_print=large_print)
        yield from _answers(large_print=large_print)
        yield make_inquiry(large_print=large_print)
        yield make_claim(large_print=large_print)
        yield make_claim(make_visit(sensitive=True), large_print=large_print)
        yield make_claim(make_visit(insurance_status=InsuranceStatus.DENIED), large_print=large_print)
        for level in (2, 3, 4):
            yield make_letter(level, large_print=large_print)
        actions = msgspec.structs.replace(TERMS, collection_actions=tuple(CollectionAction))
        yield make_letter(4, terms=actions, large_print=large_print)


@pytest.mark.parametrize("content", [pytest.param(each, id=f"{each.title}-{n}") for n, each in enumerate(documents())])
def test_templates__no_visible_word_outside_the_catalog(pseudo_templates: Path, content: Content) -> None:
    html = render_markup(pseudo_templates, msgspec.structs.replace(content, language=PSEUDO))
    tree = tinyhtml5.parse(html, namespace_html_elements=False)
    rest = outside_marks(" ".join(tree.itertext()))
    values = data_words(content)
    strays = [word for word in re.findall(r"[^\W\d_]{2,}", rest) if word not in values]
    assert "⟦" in html
    assert not strays


def outside_marks(text: str) -> str:
    """The text without everything between ⟦ and ⟧, innermost first."""
    while "⟦" in text:
        shorter = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
        assert shorter != text, "a message is split"
        text = shorter
    return text


def data_words(content: Content) -> set[str]:
    """Words from the account, the hospital and the calendar."""
    printed = (content.facts, content.recipient, content.facility, content.guarantor_id, content.document_id)
    dates = (
        fmt(value, PSEUDO)
        for value in all_values((*printed, content.issued_on))
        if hasattr(value, "isoformat")
        for fmt in (format_long_date, format_medium_date, format_month)
    )
    strings = (value for value in all_values(printed) if isinstance(value, str))
    return {word for text in (*dates, *strings) for word in re.findall(r"[^\W\d_]{2,}", text)}


def all_values(value: object) -> Iterator[object]:
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from all_values(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from all_values(item)
    else:
        yield value


def test_page_label__is_translated(pseudo_templates: Path) -> None:
    assert page_label(pseudo_templates, PSEUDO, 1, 3) == "⟦Page 1 of 3⟧"
    assert page_label(TEMPLATES, "en", 1, 3) == "Page 1 of 3"


def test_render__sets_the_pdf_language(tmp_path: Path, pseudo_templates: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(pseudo_templates, templates)
    path = templates / "locale" / PSEUDO / "LC_MESSAGES" / "messages.po"
    path.write_text(path.read_text(encoding="utf-8").replace("⟦", "“").replace("⟧", "”"), encoding="utf-8")
    pdf = PlainEngine(templates).render(msgspec.structs.replace(make_statement(), language=PSEUDO)).pdf
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert str(document.Root.Lang) == PSEUDO
        assert str(document.docinfo["/Title"]) == "“Hospital statement”"
