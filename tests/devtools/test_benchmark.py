"""The figures of `statements bench`."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import STAGES
from statement_builder.devtools.benchmark import run_bench
from statement_builder.operations.sample_contents import sample_contents
from statement_builder.settings import load_settings
from tests.hospital import ROOT


@pytest.mark.parametrize("kind", list(Kind), ids=str)
def test_run_bench__measures_both_engines_on_the_same_documents(kind: Kind) -> None:
    result = run_bench(documents=2, kind=kind)
    assert result.documents == 2
    assert 1 <= result.layouts <= 4, "two documents to warm up, two to measure"
    assert result.fallbacks == 0
    assert result.ratio > 1
    assert min(result.first_s, result.compiled_per_s, result.plain_per_s, result.cold_per_s) > 0
    assert result.bytes_per_document > 0
    assert (result.batch, result.again) == (None, None)


def test_sample_contents__are_in_the_languages_of_a_batch(tmp_path: Path) -> None:
    settings = load_settings({"STATEMENTS_CONFIG": str(ROOT / "statements.sample.toml")}, tmp_path)
    contents = sample_contents(tmp_path, 60, Kind.STATEMENT, settings)
    assert {content.language for content in contents} == {"en", "es"}
    assert sum(bool(content.other_language) for content in contents) <= 1, "only the reader of another language"


def test_run_bench__stages_measure_a_batch_without_and_with_layouts() -> None:
    result = run_bench(documents=2, kind=Kind.STATEMENT, stages=True)
    first, again = result.batch, result.again
    assert first is not None
    assert again is not None
    assert first.documents == again.documents > 0
    assert [set(each.stages) for each in (first, again)] == [set(STAGES)] * 2
    assert all(50 < each.memory_mib < 5_000 for each in (first, again))
    assert all(each.documents_per_s > 0 and each.floor_ms > 0 for each in (first, again))
