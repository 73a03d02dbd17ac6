"""`python -m tests.benchmarks.reportlab_statement --documents 500`: ReportLab against the compiled engine.

Renders statements of the sample hospital in standard print, by turns on one core; measures processor time, which does
not depend on other load. Both have rendered equally many other documents before, but not these. `reportlab_page` lists
what ReportLab's pages omit. Both get the composed content; the compiled engine's time includes the markup.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.operations.sample_contents import sample_contents
from statement_builder.pipeline.workers import infrequent_gc
from statement_builder.rendering import GROUP_SIZE, CompiledEngine, Rendered
from statement_builder.resources import SAMPLE_SETTINGS, TEMPLATES
from statement_builder.settings import load_settings
from tests.benchmarks.reportlab_page import render
from tests.benchmarks.reportlab_sheet import register_fonts

_TURN = GROUP_SIZE
"""Documents per turn: as many as the compiled engine interleaves."""


def compare(documents: int) -> dict[str, float]:
    """Documents per second of processor time, the compiled engine's speed relative to ReportLab, and bytes per
    document."""
    with TemporaryDirectory() as folder:
        settings = load_settings({"STATEMENTS_CONFIG": str(SAMPLE_SETTINGS), "STATEMENTS_HOME": folder}, Path(folder))
        needed = 2 * documents + documents // 10 + 10  # some are in large print
        contents = [
            content
            for content in sample_contents(Path(folder), needed, Kind.STATEMENT, settings)
            if not content.large_print
        ][: 2 * documents]
    warmup, new = contents[: len(contents) // 2], contents[len(contents) // 2 :]
    register_fonts()
    engine = CompiledEngine(TEMPLATES)
    renderers: dict[str, Callable[[Sequence[Content]], Sequence[bytes]]] = {
        "reportlab": lambda contents: [render(content) for content in contents],
        "compiled": lambda contents: [each.pdf for each in engine.render_all(contents) if isinstance(each, Rendered)],
    }
    seconds = dict.fromkeys(renderers, 0.0)
    sizes = dict.fromkeys(renderers, 0)
    with infrequent_gc():
        for make in renderers.values():
            for start in range(0, len(warmup), _TURN):
                _time(make, warmup[start : start + _TURN])
        compiled_before = engine.compiled + sum(engine.fallbacks.values())
        for start in range(0, len(new), _TURN):
            for name, make in renderers.items():
                took, size = _time(make, new[start : start + _TURN])
                seconds[name] += took
                sizes[name] += size
    per_s = {name: len(new) / took for name, took in seconds.items()}
    return {
        "documents": len(new),
        "reportlab_per_s": per_s["reportlab"],
        "compiled_per_s": per_s["compiled"],
        "ratio": per_s["compiled"] / per_s["reportlab"],
        "laid_out_meanwhile": engine.compiled + sum(engine.fallbacks.values()) - compiled_before,
        "reportlab_bytes": sizes["reportlab"] / len(new),
        "compiled_bytes": sizes["compiled"] / len(new),
    }


def _time(make: Callable[[Sequence[Content]], Sequence[bytes]], contents: Sequence[Content]) -> tuple[float, int]:
    started = time.process_time()
    made = make(contents)
    took = time.process_time() - started
    assert len(made) == len(contents)
    return took, sum([len(each) for each in made])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=500)
    figures = compare(parser.parse_args().documents)
    print(f"{figures['documents']:.0f} statements that neither has rendered before")
    for name in ("reportlab", "compiled"):
        print(f"{name:>10}: {figures[f'{name}_per_s']:7.1f} documents/s, {figures[f'{name}_bytes']:7.0f} bytes each")
    print(f"     ratio: {figures['ratio']:7.1f}")
    print(f"            {figures['laid_out_meanwhile']:.0f} laid out by WeasyPrint within the compiled engine's time")


if __name__ == "__main__":
    main()
