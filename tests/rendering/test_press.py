"""Printing many: order kept, faults in their places, nothing that was not read back."""

from __future__ import annotations

from statement_builder.documents import Content
from statement_builder.rendering import DOUBLE_WINDOW_10, DocumentError, ForeignIds, PlainEngine, Press, Rendered
from tests.builders import make_encounter
from tests.contents import TEMPLATES, make_statement
from tests.pdf_text import page_texts

NOBODY = ForeignIds(accounts_by_guarantor={})


def statements(count: int) -> list[Content]:
    return [make_statement(make_encounter(), guarantor_id=f"G{n:04}") for n in range(count)]


def test_print_all__order_is_kept_and_faults_stand_in_their_places(engine: PlainEngine) -> None:
    contents = statements(5)
    contents[2] = make_statement(make_encounter(), guarantor_id="G0002", first_name="李")
    outcomes = list(Press(engine, TEMPLATES, DOUBLE_WINDOW_10).print_all(contents, NOBODY))
    fault = outcomes.pop(2)
    assert isinstance(fault, DocumentError)
    assert (fault.code, bool(fault.fix)) == ("GLYPH", True)
    rest = [content for content in contents if content.guarantor_id != "G0002"]
    for content, outcome in zip(rest, outcomes, strict=True):
        assert isinstance(outcome, Rendered)
        assert content.document_id in page_texts(outcome.pdf)[0]


def test_print_all__verifies_what_it_rendered(engine: PlainEngine) -> None:
    press = Press(engine, TEMPLATES, DOUBLE_WINDOW_10)
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Community"})})
    assert isinstance(next(press.print_all(statements(1), foreign)), Rendered)
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Emergency"})})
    outcome = next(press.print_all(statements(1), foreign))
    assert isinstance(outcome, DocumentError)
    assert outcome.code == "FOREIGN_ID"
