"""What a document's look depends on, as one hash, and whether all of it is there."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import jinja2
from jinja2 import meta

from statement_builder.errors import ConfigError
from statement_builder.rendering.engine import PlainEngine
from statement_builder.rendering.fonts import FACES, font_path
from statement_builder.rendering.templating import environment
from statement_builder.rendering.translations import languages

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
_SUFFIXES = {".html", ".css", ".po"}
_OFFICE = "reports"
"""What only the office reads: no patient's page depends on it."""


def template_version(templates: Path) -> str:
    """Hash over patients' templates, catalogues, fonts and the libraries that shape a page: 16 hexadecimal digits.

    ConfigError when there are no templates or a font is missing.
    """
    digest = hashlib.sha256()
    for path in template_files(templates):
        if path.is_relative_to(templates / _OFFICE):
            continue
        _feed(digest, path.relative_to(templates).as_posix().encode(), path.read_bytes())
    for name in FACES:
        _feed(digest, name.encode(), font_path(name).read_bytes())
    for library in _LIBRARIES:
        _feed(digest, library.encode(), version(library).encode())
    return digest.hexdigest()[:16]


def template_files(templates: Path) -> list[Path]:
    """Every file that a page can depend on, in a fixed order."""
    found = sorted(path for path in templates.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    if not found:
        raise ConfigError(f"There are no templates in {templates}.")
    return found


def check_setup(templates: Path) -> list[str]:
    """What is wrong with the set-up, for `statements doctor`; empty when every page could be rendered."""
    problems: list[str] = []
    try:
        PlainEngine(templates)
        for path in template_files(templates):
            if path.suffix == ".html":
                for language in languages(templates):
                    _compile(templates, path, language)
    except ConfigError as exc:
        problems.append(str(exc))
    return problems


def _compile(templates: Path, path: Path, language: str) -> None:
    env = environment(templates, language)
    try:
        env.get_template(path.relative_to(templates).as_posix())
        referenced = list(meta.find_referenced_templates(env.parse(path.read_text(encoding="utf-8"))))
    except jinja2.TemplateSyntaxError as exc:
        raise ConfigError(f"{path}, line {exc.lineno}: {exc.message}") from exc
    for name in referenced:
        if name is not None and not (templates / name).is_file():
            raise ConfigError(f"{path} builds on {name}, which is not in {templates}.")


def _feed(digest: hashlib._Hash, name: bytes, data: bytes) -> None:
    """Length-prefixed, so that no two sets of files hash alike."""
    digest.update(len(name).to_bytes(8, "big") + name + len(data).to_bytes(8, "big") + data)
