"""Measure each kind of document with as many documents as you like. A sample hospital has few of the rare kinds: for
them `statements bench --kind all` measures mostly what an engine does once.

`python -m tests.benchmarks.kinds --documents 1000`; the documents are random, with difficult names and amounts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from statement_builder.cli.output import show_benchmarks
from statement_builder.devtools.benchmark import BenchmarkResult, measure_contents
from tests.rendering.random_contents import KINDS, make_random

LARGE_PRINT_SHARE = 0.02
SPANISH_SHARE = 0.1


def measure(documents: int, names: Sequence[str], folder: Path) -> dict[str, BenchmarkResult]:
    """Name in `KINDS` to what was measured with `documents` documents."""
    return {name: _measure_one(documents, name, folder / name) for name in names}


def _measure_one(documents: int, name: str, folder: Path) -> BenchmarkResult:
    random = Random(name)
    contents = [
        make_random(
            name,
            random,
            large_print=random.random() < LARGE_PRINT_SHARE,
            language="es" if random.random() < SPANISH_SHARE else "en",
        )
        for _ in range(2 * documents)
    ]
    return measure_contents(contents[0].kind, contents, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--kind", choices=KINDS, action="append", help="one of them; may be repeated")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        show_benchmarks(measure(arguments.documents, arguments.kind or KINDS, Path(folder)))


if __name__ == "__main__":
    main()
