"""What `statements bench` promises to scripts."""

from __future__ import annotations

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import STAGES
from statement_builder.devtools.benchmark import run_bench


@pytest.mark.parametrize("kind", list(Kind), ids=str)
def test_bench__runs_both_engines_on_the_same_documents(kind: Kind) -> None:
    figures = run_bench(documents=2, kind=kind)
    assert figures["documents"] == 2
    assert 1 <= figures["layouts"] <= 4, "two documents to get ready with, two to measure"
    assert figures["fallbacks"] == 0
    assert figures["ratio"] > 1
    assert figures["first_s"] > 0
    assert {"compiled_per_s", "plain_per_s", "cold_per_s", "bytes_per_document"} <= set(figures)


def test_bench__a_whole_batch_with_layouts_to_make_and_with_those_kept() -> None:
    figures = run_bench(documents=2, kind=Kind.STATEMENT, stages=True)
    first, again = figures["batch"], figures["again"]
    assert first["documents"] == again["documents"] > 0
    assert [set(each["stages"]) for each in (first, again)] == [set(STAGES)] * 2
    assert all(50 < each["memory_mib"] < 5_000 for each in (first, again))
    assert all(each["documents_per_s"] > 0 and each["floor_ms"] > 0 for each in (first, again))
