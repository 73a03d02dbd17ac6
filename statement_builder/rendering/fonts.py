"""The one set of fonts, so that a page looks the same on every machine.

What is read by people comes from a pinned package. The scan line's type is in no such package; Debian's is used, and
is part of the templates' version like every other file that a page depends on.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import font_source_sans_pro
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from statement_builder.errors import ConfigError

TEXT_FACES = ("SourceSansPro-Regular.ttf", "SourceSansPro-Semibold.ttf", "SourceSansPro-Bold.ttf")
"""What words are set in. All three cover the same characters."""
SCANLINE_FACE = "OCRA.ttf"
"""OCR-A (ANSI X3.17): what the scan line is set in, and nothing else."""
FACES = (*TEXT_FACES, SCANLINE_FACE)
"""The only files that a template can load: `url("font:<file>")`."""
_SCANLINE_FOLDER = Path("/usr/share/fonts/truetype/ocr-a")


def font_path(name: str) -> Path:
    """The file of one of `FACES`. `ConfigError` when it is not there."""
    if name == SCANLINE_FACE:
        path, advice = _SCANLINE_FOLDER / name, "install Debian's package fonts-ocr-a"
    else:
        path = Path(font_source_sans_pro.font_directory) / name
        advice = "it belongs to the package font-source-sans-pro: install the locked packages again"
    if name not in FACES or not path.is_file():
        raise ConfigError(f"The font {name} is not there: {advice}.")
    return path


@lru_cache(maxsize=1)
def covered_code_points() -> frozenset[int]:
    """Code points that every face for words has a glyph for."""
    covered = [frozenset(_code_points(font_path(name))) for name in TEXT_FACES]
    return frozenset.intersection(*covered)


def _code_points(path: Path) -> set[int]:
    with TTFont(path, lazy=True) as font:
        return set(font.getBestCmap())


def missing_code_points(text: str) -> list[int]:
    """Code points of `text` that cannot be printed, each once, in order. Line breaks and tabs are white space."""
    return sorted({ord(character) for character in text} - covered_code_points() - {0x09, 0x0A, 0x0D})
