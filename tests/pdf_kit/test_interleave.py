"""Interleaved jobs run step by step and return their results in order."""

from __future__ import annotations

from collections.abc import Generator

from pdf_kit.interleave import interleave


def test_in_lockstep__runs_each_step_of_all_jobs_before_the_next_step() -> None:
    done: list[tuple[str, int]] = []

    def job(name: str, steps: int) -> Generator[None, None, str]:
        for step in range(steps):
            done.append((name, step))
            if step < steps - 1:
                yield
        return name.upper()

    assert interleave([job("a", 1), job("b", 3), job("c", 2)]) == ["A", "B", "C"]
    assert done == [("a", 0), ("b", 0), ("c", 0), ("b", 1), ("c", 1), ("b", 2)]
    assert interleave([]) == []
