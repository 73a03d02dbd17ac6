"""The benchmark of each kind measures the documents that it was asked for. Their speed is not tested."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.kinds import measure


def test_measure__compiles_every_document(tmp_path: Path) -> None:
    (result,) = measure(6, ["refund"], tmp_path).values()
    assert (result.kind, result.documents, result.fallbacks) == ("refund", 6, 0)
    assert result.layouts > 0
    assert result.compiled_per_s > result.plain_per_s > 0
