"""The gates of a batch: which foot, and how broken ones are described."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statement_builder.ledger import ControlTotals, DeliveryState, Figures, PieceCount, PrintFileRow
from statement_builder.reports import ClassFigures, check_close, check_gates, check_print_files, describe_broken_gates
from tests.ledger.world import AT, SHA

FOOTING = Figures(
    pulled=10, selected=6, held=3, exceptions=1, rendered=5, errors=1, print=3, email=2, handed_off=4, withheld=1
)


def totals(counts: Figures = FOOTING, cents: Figures = FOOTING) -> ControlTotals:
    return ControlTotals(counts=counts, cents=cents, holds={})


def with_changes(**figures: int) -> Figures:
    return replace(FOOTING, **figures)


def test_gates__all_foot_for_a_balanced_batch() -> None:
    gates = check_gates(totals())
    assert len(gates) == 6
    assert all(gate.foots for gate in gates)


@pytest.mark.parametrize(
    ("figures", "name"),
    [
        pytest.param(with_changes(pulled=11), "pulled = selected + held + exceptions", id="one-lost-at-selection"),
        pytest.param(with_changes(exceptions=0), "pulled = selected + held + exceptions", id="exception-dropped"),
        pytest.param(with_changes(errors=0), "selected = rendered + errors", id="one-lost-at-rendering"),
        pytest.param(with_changes(email=3), "rendered = print + e-mail", id="one-in-both-channels"),
    ],
)
@pytest.mark.parametrize("unit", ["documents", "cents"])
def test_gates__broken_gate_is_named(figures: Figures, name: str, unit: str) -> None:
    gates = check_gates(totals(counts=figures) if unit == "documents" else totals(cents=figures))
    assert [(gate.name, gate.unit) for gate in gates if not gate.foots] == [(name, unit)]


@pytest.mark.parametrize(
    ("figures", "foots"),
    [
        pytest.param(FOOTING, True, id="handed-off-and-withheld"),
        pytest.param(with_changes(handed_off=5, withheld=0), True, id="all-handed-off"),
        pytest.param(with_changes(withheld=0), False, id="one-not-handed-off"),
        pytest.param(with_changes(handed_off=5), False, id="withheld-and-sent"),
    ],
)
def test_close__every_rendered_document_is_accounted_for(figures: Figures, foots: bool) -> None:
    assert all(gate.foots for gate in check_close(totals(counts=figures, cents=figures))) is foots


@pytest.mark.parametrize("unit", ["documents", "cents"])
def test_close__unbalanced_class_is_named(unit: str) -> None:
    right = Figures(rendered=5, handed_off=5)
    short, long = Figures(rendered=3, handed_off=2), Figures(rendered=2, handed_off=3)
    classes = [
        ClassFigures(
            name=name,
            pages=5,
            counts=each if unit == "documents" else right,
            cents=right if unit == "documents" else each,
        )
        for name, each in (("letter", short), ("flat", long))
    ]
    broken = [gate for gate in check_close(totals(), classes) if not gate.foots]
    assert [(gate.name.partition(":")[0], gate.unit) for gate in broken] == [("letter", unit), ("flat", unit)]


def print_file(*documents: str, cents: int, state: DeliveryState = DeliveryState.SENT) -> PrintFileRow:
    return PrintFileRow(
        name=f"STMT_{'-'.join(documents)}",
        batch_id="2026-11-statement",
        sequence=1,
        envelope_class="letter",
        vendor="file",
        sha256=SHA,
        bytes=9_000,
        documents=documents,
        pages=len(documents),
        sheets=len(documents),
        cents=cents,
        state=state,
        attempt=1,
        claimed_at=AT,
        changed_at=AT,
    )


@pytest.mark.parametrize(
    ("files", "broken"),
    [
        pytest.param([print_file("a", "b", cents=300)], "", id="as-claimed"),
        pytest.param(
            [print_file("a", "b", cents=300), print_file("a", "c", cents=9, state=DeliveryState.FAILED)],
            "",
            id="failed-file-does-not-count",
        ),
        pytest.param(
            [print_file("a", cents=300)],
            "letter: claimed = in print files (documents): 2 in, 1 out",
            id="one-document-short",
        ),
        pytest.param(
            [print_file("a", "b", cents=299)],
            "letter: claimed = in print files (cents): 300 in, 299 out",
            id="one-cent-short",
        ),
        pytest.param(
            [],
            "letter: claimed = in print files (documents): 2 in, 0 out; "
            "letter: claimed = in print files (cents): 300 in, 0 out",
            id="no-print-file",
        ),
    ],
)
def test_print_files__match_the_claimed_documents(files: list[PrintFileRow], broken: str) -> None:
    pieces = [PieceCount(envelope_class="letter", documents=2, cents=300)]
    assert describe_broken_gates(check_print_files(files, pieces)) == broken
