"""A hash of everything that a document's appearance depends on, and a check that all of it is present."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import jinja2
from jinja2 import meta

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.errors import ConfigError
from statement_builder.rendering.engine import PlainEngine, check_notice_style
from statement_builder.rendering.fonts import FACES, NOTICE_FACES, font_path
from statement_builder.rendering.language_notice import check_notices
from statement_builder.rendering.templating import environment
from statement_builder.rendering.translations import find_approval_faults, find_catalog_faults
from statement_builder.resources import languages

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


def check_templates(templates: Path, *, approved: Sequence[str] = (), facility_id: str = "") -> list[str]:
    """Problems with templates, catalogs and fonts; empty if every document can be rendered.

    The languages in `approved` are those that documents are made in: their catalogs must be complete and approved for
    the facility.
    """
    problems: list[str] = []
    try:
        PlainEngine(templates)
        check_notices(templates)
        check_notice_style(templates)
        for language in approved:
            if language != SOURCE_LANGUAGE:
                problems += find_catalog_faults(templates, language)
        problems += find_approval_faults(templates, approved, facility_id)
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
            raise ConfigError(f"{path} refers to {name}, which is not in {templates}.")


def _add(digest: hashlib._Hash, name: bytes, data: bytes) -> None:
    """Prefix each part with its length, so that different sets of files never hash the same bytes."""
    digest.update(len(name).to_bytes(8, "big") + name + len(data).to_bytes(8, "big") + data)
