"""Work side by side gives what it gives one after the other."""

from __future__ import annotations

from collections.abc import Generator

from pdf_kit.interleave import in_lockstep


def test_in_lockstep__every_step_of_all_before_the_next_of_any() -> None:
    done: list[tuple[str, int]] = []

    def work(name: str, steps: int) -> Generator[None, None, str]:
        for step in range(steps):
            done.append((name, step))
            if step < steps - 1:
                yield
        return name.upper()

    assert in_lockstep([work("a", 1), work("b", 3), work("c", 2)]) == ["A", "B", "C"]
    assert done == [("a", 0), ("b", 0), ("c", 0), ("b", 1), ("c", 1), ("b", 2)]
    assert in_lockstep([]) == []
