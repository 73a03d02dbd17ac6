"""Check that templates, catalogs, and fonts are present and valid, before the first document is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import jinja2
from jinja2 import meta

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.errors import ConfigError
from statement_builder.rendering.compiled.layout_cache import LayoutCache
from statement_builder.rendering.engine import check_notice_style, check_style
from statement_builder.rendering.language_notice import check_notices
from statement_builder.rendering.template_fingerprint import template_files
from statement_builder.rendering.templating import environment
from statement_builder.rendering.translations import find_approval_faults, find_catalog_faults, messages_path
from statement_builder.resources import languages

_CODE = Path(__file__).parent
"""Filters and the sandbox."""


def check_templates(
    templates: Path, *, approved: Sequence[str] = (), facility_id: str = "", layouts: Path | None = None
) -> list[str]:
    """Problems with templates, catalogs, and fonts; empty if every document can be rendered.

    The languages in `approved` are those that documents are made in: their catalogs must be complete and approved for
    the facility. `layouts` is the folder of compiled layouts, which also remembers templates without a problem:
    checking all of them takes two seconds, and a batch waits for it.
    """
    problems: list[str] = []
    try:
        cache = LayoutCache(layouts, templates) if layouts is not None else None
        key = _hash_checked(templates, approved)
        if cache is None or not cache.has_proof(key):
            problems += _check_files(templates, approved)
            if cache is not None and not problems:
                cache.add_proof(key)
        problems += find_approval_faults(templates, approved, facility_id)
    except ConfigError as exc:
        problems.append(str(exc))
    return problems


def _check_files(templates: Path, approved: Sequence[str]) -> list[str]:
    """What is missing in catalogs. Raises `ConfigError` for a damaged file."""
    check_style(templates)
    check_notices(templates)
    check_notice_style(templates)
    problems: list[str] = []
    for language in approved:
        if language != SOURCE_LANGUAGE:
            problems += find_catalog_faults(templates, language)
    for path in template_files(templates):
        if path.suffix == ".html":
            for language in languages(templates):
                _compile(templates, path, language)
    return problems


def _hash_checked(templates: Path, approved: Sequence[str]) -> bytes:
    """Hash of everything that decides whether the files are valid, and that the folder of layouts is not named for:
    templates of reports, the texts to translate, languages, filters, and Jinja2."""
    digest = hashlib.sha256(f"{version('jinja2')} {' '.join(approved)}".encode())
    texts = (path for path in [messages_path(templates)] if path.is_file())
    for folder, paths in ((templates, (*template_files(templates), *texts)), (_CODE, sorted(_CODE.glob("*.py")))):
        for path in paths:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\0{path.relative_to(folder).as_posix()}\0{content}".encode())
    return digest.digest()


def _compile(templates: Path, path: Path, language: str) -> None:
    env = environment(templates, language)
    try:
        tree = env.parse(path.read_text(encoding="utf-8"), path.relative_to(templates).as_posix(), str(path))
        env.compile(tree, raw=True)
    except jinja2.TemplateSyntaxError as exc:
        raise ConfigError(f"{path}, line {exc.lineno}: {exc.message}") from exc
    for name in meta.find_referenced_templates(tree):
        if name is not None and not (templates / name).is_file():
            raise ConfigError(f"{path} refers to {name}, which is not in {templates}.")
