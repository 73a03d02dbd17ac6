"""Progress of a long command: a bar on a terminal, one line per finished step elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from statement_builder.cli.output.console import err


@contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows progress on standard error: step, done, total (0 if unknown)."""
    if not err.is_terminal:
        yield _print_finished
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total or None)


def _print_finished(step: str, done: int, total: int) -> None:
    if total and done >= total:
        err.print(f"{step}: {done:,}")
