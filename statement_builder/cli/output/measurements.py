"""What `statements bench` measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from statement_builder.cli.output.console import out, print_line

if TYPE_CHECKING:
    from statement_builder.devtools.batch_benchmark import BatchBenchmark
    from statement_builder.devtools.benchmark import BenchmarkResult
    from statement_builder.devtools.deployment_benchmark import DeploymentBenchmark


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


def show_benchmarks(results: Mapping[str, BenchmarkResult]) -> None:
    """Print the speed of both engines for each kind. The keys are the names to print."""
    headings = ("documents", "compiled/s", "WeasyPrint/s", "times", "compiled", "composed", "fell back")
    out.print(f"{'':<22}" + "".join(f"{heading:>14}" for heading in headings), highlight=False)
    for name, each in results.items():
        figures = (each.documents, each.compiled_per_s, each.plain_per_s, each.ratio)
        layouts = (each.layouts, each.composed, each.fallbacks)
        out.print(f"{name:<22}" + "".join(f"{figure:>14,}" for figure in (*figures, *layouts)), highlight=False)
    out.print("compiled, composed: layouts that WeasyPrint makes, and layouts that are composed of their parts")
    for name, each in results.items():
        for reason, count in each.reasons.items():
            print_line(f"  {name}: {count:,} fell back to a WeasyPrint call: {reason}")


def show_deployment_benchmark(result: DeploymentBenchmark) -> None:
    """Print a batch on the stores of a deployment beside the same batch on embedded ones."""
    one, other, stores = result.embedded, result.deployed, result.stores
    places = {
        "the ledger on PostgreSQL": stores.ledger,
        "the archive on S3": stores.archive,
        "the billing system on PostgreSQL": stores.source,
    }
    out.print(
        f"A batch of {one.documents:,} statements, from the pull to its print files, from an empty folder, with "
        f"{one.workers} processes; {result.rounds} of each, in turn"
    )
    out.print("  embedded: SQLite files and folders")
    out.print(f"  deployed: {', '.join(place for place, is_there in places.items() if is_there)}")
    out.print(f"{'':<34}{'embedded':>10}{'deployed':>10}{'ratio':>8}", highlight=False)
    for half, seconds in one.seconds.items():
        _show_pair(f"{half}, s", seconds, other.seconds[half])
    _show_pair("elapsed, s", sum(one.seconds.values()), sum(other.seconds.values()))
    _show_pair("documents per second", one.documents_per_s, other.documents_per_s)
    _show_pair("processor time, ms per document", one.processor_ms, other.processor_ms)
    _show_pair("peak memory, MiB", one.memory_mib, other.memory_mib)
    for title, figures, others in (
        ("processor time, ms per document", one.stages, other.stages),
        ("until it was done, ms per document", one.elapsed, other.elapsed),
    ):
        out.print(f"{title}, by stage:", highlight=False)
        for stage, milliseconds in figures.items():
            _show_pair(f"  {stage}", milliseconds, others[stage])
    out.print("The processor time of the servers is not in these figures. Processes work at the same time.")


def _show_pair(name: str, one: float, other: float) -> None:
    ratio = f"{other / one:>8.2f}" if one else f"{'–':>8}"
    out.print(f"{name:<34}{one:>10,.2f}{other:>10,.2f}{ratio}", highlight=False)


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
