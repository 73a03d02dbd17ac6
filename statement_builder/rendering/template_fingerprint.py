"""A hash of everything that a document's appearance depends on."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from statement_builder.errors import ConfigError
from statement_builder.rendering.fonts import FACES, NOTICE_FACES, font_path

_LIBRARIES = (
    "weasyprint",
    "pydyf",
    "jinja2",
    "babel",
    "fonttools",
    "font-source-sans-pro",
    "uharfbuzz",
    "zint-bindings",
)
_SUFFIXES = {".html", ".css", ".po", ".toml"}
_NOT_FOR_PATIENTS = ("reports", "demo")
"""Folders of templates that no patient's page depends on."""


def fingerprint_templates(templates: Path) -> str:
    """Hash of the patients' templates, catalogs, fonts and the versions of the layout libraries: 16 hexadecimal digits.

    Raises ConfigError if there are no templates or a font is missing.
    """
    digest = hashlib.sha256()
    for path in template_files(templates):
        if path.relative_to(templates).parts[0] in _NOT_FOR_PATIENTS:
            continue
        _add(digest, path.relative_to(templates).as_posix().encode(), path.read_bytes())
    for name in (*FACES, *NOTICE_FACES):
        _add(digest, name.encode(), font_path(name).read_bytes())
    for library in _LIBRARIES:
        _add(digest, library.encode(), version(library).encode())
    return digest.hexdigest()[:16]


def template_files(templates: Path) -> list[Path]:
    """Every file that a page can depend on, sorted."""
    found = sorted(path for path in templates.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    if not found:
        raise ConfigError(f"There are no templates in {templates}.")
    return found


def _add(digest: hashlib._Hash, name: bytes, data: bytes) -> None:
    """Prefix each part with its length, so that different sets of files never hash the same bytes."""
    digest.update(len(name).to_bytes(8, "big") + name + len(data).to_bytes(8, "big") + data)
