"""Write THIRD-PARTY-NOTICES.md: every package of requirements.lock with its version and license.

    .venv/bin/python -m scripts.write_third_party_notices

Licenses come from the metadata of the installed packages.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "THIRD-PARTY-NOTICES.md"
LOCK = ROOT / "requirements.lock"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)")
_OTHER_PLATFORMS = {
    "brotlicffi": "MIT",
    "colorama": "BSD-3-Clause",
    "pywin32-ctypes": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
"""Packages of the lock that this platform does not install."""
_LONG_NAMES = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License": "ISC",
}
_INTRODUCTION = """\
# Third-party notices

The service imports the packages in the table; none of them is part of this repository or of its wheel.
`requirements.lock` pins them. Packages under the LGPL or the MPL (`paramiko`, `psycopg`, `pikepdf`, `pygal`, `certifi`)
are used unmodified through their public interfaces, which leaves this project under Apache-2.0. `pyphen` is offered
under the GPL, the LGPL or the MPL, at the user's choice.

htmx 4.0.1 (`statement_builder/web/static/htmx.min.js`, Zero-Clause BSD) is part of this repository and of its wheel.

Fonts: Source Sans Pro (`font-source-sans-pro`, SIL Open Font License 1.1) and OCR-A (Debian's `fonts-ocr-a`, public
domain) are embedded in the PDFs; in the notice of language assistance also Noto Sans (`fonts-noto-core`, SIL Open Font
License 1.1), Droid Sans Fallback (`fonts-droid-fallback`, Apache-2.0), and Nanum Gothic (`fonts-nanum`, SIL Open Font
License 1.1).

| package | version | license |
|---|---|---|
"""


def page_text() -> str:
    """The page as it should be. KeyError for a package that is neither installed nor known."""
    rows = [f"| {name} | {version} | {_license_of(name)} |\n" for name, version in locked_packages()]
    return _INTRODUCTION + "".join(rows)


def locked_packages() -> list[tuple[str, str]]:
    """Name and version of every package in the lock, by name."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return sorted((match[1], match[2]) for line in lines if (match := _PINNED.match(line)))


def _license_of(name: str) -> str:
    if name in _OTHER_PLATFORMS:
        return _OTHER_PLATFORMS[name]
    try:
        fields = distribution(name).metadata.json
    except PackageNotFoundError as exc:
        raise KeyError(f"{name} is not installed here: add its license to _OTHER_PLATFORMS") from exc
    if expression := fields.get("license_expression"):
        return str(expression)
    classifiers = [
        str(entry).rpartition(" :: ")[2] for entry in fields.get("classifier", []) if str(entry).startswith("License")
    ]
    text = str(fields.get("license", "")).strip().splitlines()
    names = classifiers if classifiers and classifiers != ["DFSG approved"] else text[:1]
    return ", ".join(_LONG_NAMES.get(each, each) for each in names)


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
