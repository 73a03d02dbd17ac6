"""Where an element of a page is written: for the author of a template, whom a reason should take to the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
from jinja2 import meta

_ELEMENT = re.compile(r'\(<(?P<tag>\w+)(?: class="(?P<names>[^"]*)")?>\)\Z')
"""What a reason ends with."""
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CLASS = re.compile(r"""(?<![\w-])class=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_ANYTHING = "\0"
"""Stands for what Jinja puts there."""


def name_lines(reason: str, environment: jinja2.Environment, template: str, folder: Path) -> str:
    """The reason with file and line of every opening tag that may have made the element which it ends with.

    `float (<div class="pair">)` becomes `float (<div class="pair">, templates/letter/letter.html:17)`. Tags are looked
    for in the template and in all that it extends, imports or includes.
    """
    element = _ELEMENT.search(reason)
    if element is None:
        return reason
    places = [
        f"{folder.name}/{name}:{line}"
        for name, source in sorted(_sources(environment, template).items())
        for line in _lines(source, element["tag"], (element["names"] or "").split())
    ]
    return f"{reason[:-1]}, {', '.join(places)})" if places else reason


def _sources(environment: jinja2.Environment, template: str) -> dict[str, str]:
    """Every file that a document of this template is made from, by name."""
    assert environment.loader is not None
    sources: dict[str, str] = {}
    waiting = [template]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = environment.loader.get_source(environment, name)[0]
            waiting += [other for other in meta.find_referenced_templates(environment.parse(sources[name])) if other]
    return sources


def _lines(source: str, tag: str, names: list[str]) -> Iterator[int]:
    """Lines with an opening tag that gives these classes, or could."""
    markup = _JINJA.sub(lambda found: _ANYTHING + "\n" * found[0].count("\n"), source)
    latest = 0
    for opening in re.finditer(rf"<{re.escape(tag)}(?=[\s>\0])([^>]*)>", markup):
        line = markup.count("\n", 0, opening.start()) + 1
        if line != latest and _can_have(opening[1], names):
            latest = line
            yield line


def _can_have(attributes: str, names: list[str]) -> bool:
    written = _CLASS.search(attributes)
    if written is None:
        return not names
    if not names:
        return _ANYTHING in attributes[: written.start()]  # a condition before it
    value = " ".join("".join(part or "" for part in written.groups()).split())
    parts = re.split(f" ?{_ANYTHING} ?", value)
    return re.fullmatch(".*".join(map(re.escape, parts)), " ".join(names)) is not None
