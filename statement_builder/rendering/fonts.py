"""The project's fonts: one set, so that a page looks the same on every machine.

Text fonts come from a pinned package. No package has the scan line's font, so Debian's is used; the template
fingerprint covers it, like every other file that a page depends on.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import font_source_sans_pro
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from statement_builder.errors import ConfigError

TEXT_FACES = ("SourceSansPro-Regular.ttf", "SourceSansPro-Semibold.ttf", "SourceSansPro-Bold.ttf")
"""The fonts of all text. All three cover the same characters."""
SCANLINE_FACE = "OCRA.ttf"
"""OCR-A (ANSI X3.17), for the scan line only."""
FACES = (*TEXT_FACES, SCANLINE_FACE)
"""The only files that a template can load, as `url("font:<file>")`."""
_SCANLINE_FOLDER = Path("/usr/share/fonts/truetype/ocr-a")


def font_path(name: str) -> Path:
    """The path of one of `FACES`. Raises `ConfigError` if the file is missing."""
    if name == SCANLINE_FACE:
        path, advice = _SCANLINE_FOLDER / name, "install the Debian package fonts-ocr-a"
    else:
        path = Path(font_source_sans_pro.font_directory) / name
        advice = "it is part of the package font-source-sans-pro; reinstall the locked packages"
    if name not in FACES or not path.is_file():
        raise ConfigError(f"The font {name} is missing: {advice}.")
    return path


@lru_cache(maxsize=1)
def covered_code_points() -> frozenset[int]:
    """Code points for which every text font has a glyph."""
    covered = [frozenset(_code_points(font_path(name))) for name in TEXT_FACES]
    return frozenset.intersection(*covered)


def _code_points(path: Path) -> set[int]:
    with TTFont(path, lazy=True) as font:
        return set(font.getBestCmap())


def missing_code_points(text: str) -> list[int]:
    """Code points of `text` that cannot be printed, sorted. Line breaks and tabs are white space."""
    return sorted({ord(character) for character in text} - covered_code_points() - {0x09, 0x0A, 0x0D})
