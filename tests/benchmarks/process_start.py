"""What each process of a batch does once, in milliseconds of processor time, with the layouts of an earlier cycle.

Run: python -m tests.benchmarks.process_start
"""

from __future__ import annotations

import multiprocessing
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from pdf_kit.embedded_fonts import EmbeddedFont
from pdf_kit.fonts import read_widths
from statement_builder.rendering import CompiledEngine, check_templates
from statement_builder.rendering.compiled.font_subsets import glyph_levels, make_subset
from statement_builder.rendering.fonts import FACES
from statement_builder.rendering.templating import render_markup
from statement_builder.resources import TEMPLATES
from tests.contents import make_statement

_LEVELS_USED = (0, 1, 2)


def _steps(layouts: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "open the engine", lambda: CompiledEngine(TEMPLATES, layouts)
    for language in ("en", "es"):
        yield f"compile templates ({language})", lambda: render_markup(TEMPLATES, make_statement(language=language))  # noqa: B023
    yield "levels of glyphs", lambda: [glyph_levels(face) for face in FACES]
    yield "subsets to embed", lambda: [make_subset(face, level) for face in FACES for level in _LEVELS_USED]
    yield "read these subsets", lambda: [_read(face, level) for face in FACES for level in _LEVELS_USED]
    notice = make_statement(other_language="vi")
    yield "first notice of language assistance", lambda: CompiledEngine(TEMPLATES, layouts).render(notice)
    yield "check of templates, in the owner", lambda: check_templates(TEMPLATES, layouts=layouts)


def _read(face: str, level: int) -> EmbeddedFont:
    subset = make_subset(face, level)
    return EmbeddedFont(read_widths(b"/W " + subset.widths), _inflate(subset.character_map), _inflate(subset.file))


def _inflate(stream: bytes) -> bytes:
    return zlib.decompress(stream.partition(b"\nstream\n")[2].removesuffix(b"\nendstream"))


def _measure(layouts: Path) -> dict[str, float]:
    spent_ms = {}
    for name, step in _steps(layouts):
        started = time.process_time()
        step()
        spent_ms[name] = 1000 * (time.process_time() - started)
    return spent_ms


def main() -> None:
    """The first process fills the folder of layouts; the second is measured."""
    with TemporaryDirectory() as folder:
        for _ in range(2):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
                spent_ms = executor.submit(_measure, Path(folder)).result()
    for name, milliseconds in spent_ms.items():
        print(f"{name:<40} {milliseconds:7.0f}")
    print(f"{'all':<40} {sum(spent_ms.values()):7.0f}")


if __name__ == "__main__":
    main()
