"""What `statements bench` measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from statement_builder.cli.output.console import out, print_line

if TYPE_CHECKING:
    from statement_builder.devtools.batch_benchmark import BatchBenchmark
    from statement_builder.devtools.benchmark import BenchmarkResult


def show_benchmark(result: BenchmarkResult) -> None:
    """Print the speed of both engines, and of a whole batch if it was measured."""
    out.print(
        f"{result.documents:,} documents ({result.kind}): {result.compiled_per_s:,}/s with the compiled engine, "
        f"{result.plain_per_s:,}/s with one WeasyPrint call each: {result.ratio:,} times as fast"
    )
    layouts = f"{result.layouts:,} layouts to compile and {result.composed:,} to compose"
    out.print(f"{result.cold_per_s:,}/s from an empty folder, with {layouts}")
    out.print(f"{result.first_s:,} s from the start of a process to its first document")
    out.print(f"{result.bytes_per_document:,} bytes each; {result.plain_bytes_per_document:,} with the plain engine")
    out.print(f"{result.fallbacks:,} fell back to a WeasyPrint call")
    for reason, count in result.reasons.items():
        print_line(f"  {count:,}: {reason}")
    if result.batch is not None and result.again is not None:
        _show_batches(result.batch, result.again)


def show_benchmarks(results: Sequence[BenchmarkResult]) -> None:
    """Print the speed of both engines for each kind."""
    headings = ("documents", "compiled/s", "WeasyPrint/s", "times", "compiled", "composed", "fell back")
    out.print(f"{'':<22}" + "".join(f"{heading:>14}" for heading in headings), highlight=False)
    for each in results:
        figures = (each.documents, each.compiled_per_s, each.plain_per_s, each.ratio)
        layouts = (each.layouts, each.composed, each.fallbacks)
        out.print(f"{each.kind:<22}" + "".join(f"{figure:>14,}" for figure in (*figures, *layouts)), highlight=False)
    out.print("compiled, composed: layouts that WeasyPrint makes, and layouts that are composed of their parts")
    for each in results:
        for reason, count in each.reasons.items():
            print_line(f"  {each.kind}: {count:,} fell back to a WeasyPrint call: {reason}")


def _show_batches(first: BatchBenchmark, again: BatchBenchmark) -> None:
    out.print(f"A batch of {first.documents:,}, from the pull to its print files, with {first.workers} processes:")
    for batch, layouts in ((first, "from an empty folder"), (again, "again, with the layouts kept")):
        seconds = ", ".join(f"{name} {value:,} s" for name, value in batch.seconds.items())
        memory = f"peak memory of all processes {batch.memory_mib:,} MiB"
        out.print(f"  {layouts}: {batch.documents_per_s:,}/s ({seconds}), {memory}")
    out.print("Processor time per document in milliseconds, with layouts to compile and with layouts kept:")
    for stage, milliseconds in first.stages.items():
        out.print(f"  {stage:<12}{milliseconds:>8.3f}{again.stages[stage]:>8.3f}", highlight=False)
    totals = [sum(batch.stages.values()) for batch in (first, again)]
    out.print(f"  {'total':<12}{totals[0]:>8.3f}{totals[1]:>8.3f}", highlight=False)
    out.print(f"Only deflating, hashing and writing the same bytes takes {first.floor_ms:.3f}", highlight=False)
