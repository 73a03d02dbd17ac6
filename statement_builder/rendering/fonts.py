"""The project's fonts: one set, so that a page looks the same on every machine.

Text fonts come from a pinned package. No package has the scan line's font and those of the notice of language
assistance, so Debian's are used; the template fingerprint covers them, like every other file that a page depends on.
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
"""The fonts of documents."""
NOTICE_FACES = (
    "NotoSans-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "DroidSansFallbackFull.ttf",
    "NanumGothic.ttf",
)
"""The fonts of the notice of language assistance, and of nothing else."""
_DEBIAN_FOLDER = Path("/usr/share/fonts/truetype")
_DEBIAN = {
    SCANLINE_FACE: ("ocr-a", "fonts-ocr-a"),
    **dict.fromkeys(NOTICE_FACES[:3], ("noto", "fonts-noto-core")),
    NOTICE_FACES[3]: ("droid", "fonts-droid-fallback"),
    NOTICE_FACES[4]: ("nanum", "fonts-nanum"),
}
"""By file: its folder, and the Debian package that has it."""


def font_path(name: str) -> Path:
    """The path of one of `FACES` or `NOTICE_FACES`, the only files that a template can load, as `url("font:<file>")`.

    Raises `ConfigError` if the file is missing.
    """
    if name in _DEBIAN:
        folder, package = _DEBIAN[name]
        path, advice = _DEBIAN_FOLDER / folder / name, f"install the Debian package {package}"
    else:
        path = Path(font_source_sans_pro.font_directory) / name
        advice = "it is part of the package font-source-sans-pro; reinstall the locked packages"
    if name not in (*FACES, *NOTICE_FACES) or not path.is_file():
        raise ConfigError(f"The font {name} is missing: {advice}.")
    return path


@lru_cache(maxsize=1)
def covered_code_points() -> frozenset[int]:
    """Code points for which every text font has a glyph."""
    covered = [frozenset(_code_points(font_path(name))) for name in TEXT_FACES]
    return frozenset.intersection(*covered)


@lru_cache(maxsize=1)
def notice_code_points() -> frozenset[int]:
    """Code points for which one of the notice's fonts has a glyph, and those that only control its shaping."""
    covered = [frozenset(_code_points(font_path(name))) for name in NOTICE_FACES]
    return frozenset.union(*covered, {0x200C, 0x200D})


def _code_points(path: Path) -> set[int]:
    with TTFont(path, lazy=True) as font:
        return set(font.getBestCmap())


def missing_code_points(text: str, covered: frozenset[int] | None = None) -> list[int]:
    """Code points of `text` that cannot be printed, sorted. Line breaks and tabs are white space. `covered`: those of
    the fonts, if they are not the text fonts."""
    found = {ord(character) for character in text} - (covered_code_points() if covered is None else covered)
    return sorted(found - {0x09, 0x0A, 0x0D})
