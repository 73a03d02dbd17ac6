"""Write the README's badges from pyproject.toml, so that they are true without a badge service.

.venv/bin/python -m scripts.write_badges
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
_CHARACTER_PX = 6.6
_PADDING_PX = 14
_BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {value}">
  <rect width="{width}" height="20" rx="3" fill="#3d4852"/>
  <rect x="{split}" width="{right}" height="20" rx="3" fill="#0f766e"/>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{label_x}" y="14">{label}</text>
    <text x="{value_x}" y="14">{value}</text>
  </g>
</svg>
"""


def badges() -> dict[Path, str]:
    """Every badge with its SVG text."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    first, last = re.findall(r"3\.(\d+)", project["requires-python"])
    facts = {
        "python": ("python", f"3.{first} to 3.{int(last) - 1}"),
        "license": ("license", project["license"]),
        "typed": ("types", "mypy strict" if pyproject["tool"]["mypy"]["strict"] else "mypy"),
        "version": ("version", project["version"]),
    }
    return {FOLDER / f"badge-{name}.svg": _draw(label, value) for name, (label, value) in facts.items()}


def _draw(label: str, value: str) -> str:
    left, right = (round(len(text) * _CHARACTER_PX + _PADDING_PX) for text in (label, value))
    return _BADGE.format(
        label=label,
        value=value,
        width=left + right,
        split=left,
        right=right,
        label_x=left / 2,
        value_x=left + right / 2,
    )


if __name__ == "__main__":
    for path, text in badges().items():
        path.write_text(text, encoding="utf-8")
