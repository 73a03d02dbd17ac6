"""The one set of fonts, from its pinned package: so that a page looks the same on every machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import font_source_sans_pro
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from statement_builder.errors import ConfigError

FACES = ("SourceSansPro-Regular.ttf", "SourceSansPro-Semibold.ttf", "SourceSansPro-Bold.ttf")
"""The only files that a template can load: `url("font:<file>")`. All three cover the same characters."""


def font_path(name: str) -> Path:
    """The file of one of `FACES`. `ConfigError` when the package does not have it."""
    path = Path(font_source_sans_pro.font_directory) / name
    if name not in FACES or not path.is_file():
        raise ConfigError(
            f"The font {name} is not in the font-source-sans-pro package: install the locked packages again."
        )
    return path


@lru_cache(maxsize=1)
def covered_code_points() -> frozenset[int]:
    """Code points that every face has a glyph for."""
    covered = [frozenset(_code_points(font_path(name))) for name in FACES]
    return frozenset.intersection(*covered)


def _code_points(path: Path) -> set[int]:
    with TTFont(path, lazy=True) as font:
        return set(font.getBestCmap())


def missing_code_points(text: str) -> list[int]:
    """Code points of `text` that cannot be printed, each once, in order. Line breaks and tabs are white space."""
    return sorted({ord(character) for character in text} - covered_code_points() - {0x09, 0x0A, 0x0D})
