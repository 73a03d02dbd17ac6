"""Find the template lines that may have produced an element, to help the template's author."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
from jinja2 import meta

_ELEMENT = re.compile(r'\(<(?P<tag>\w+)(?: class="(?P<names>[^"]*)")?>\)\Z')
"""The element at the end of a reason."""
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CLASS = re.compile(r"""(?<![\w-])class=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_ANYTHING = "\0"
"""Marks the output of a Jinja expression."""


def add_template_lines(reason: str, environment: jinja2.Environment, template: str, folder: Path) -> str:
    """Add file and line of every opening tag that may have produced the element at the end of the reason.

    `float (<div class="pair">)` becomes `float (<div class="pair">, templates/letter/letter.html:17)`. Searches the
    template and all that it extends, imports or includes.
    """
    element = _ELEMENT.search(reason)
    if element is None:
        return reason
    locations = [
        f"{folder.name}/{name}:{line}"
        for name, source in sorted(_sources(environment, template).items())
        for line in _lines(source, element["tag"], (element["names"] or "").split())
    ]
    return f"{reason[:-1]}, {', '.join(locations)})" if locations else reason


def _sources(environment: jinja2.Environment, template: str) -> dict[str, str]:
    """Every template that this one uses, by name."""
    assert environment.loader is not None
    sources: dict[str, str] = {}
    pending = [template]
    while pending:
        name = pending.pop()
        if name not in sources:
            sources[name] = environment.loader.get_source(environment, name)[0]
            pending += [other for other in meta.find_referenced_templates(environment.parse(sources[name])) if other]
    return sources


def _lines(source: str, tag: str, names: list[str]) -> Iterator[int]:
    """Lines with an opening tag that has or could have these classes."""
    markup = _JINJA.sub(lambda found: _ANYTHING + "\n" * found[0].count("\n"), source)
    last_line = 0
    for opening in re.finditer(rf"<{re.escape(tag)}(?=[\s>\0])([^>]*)>", markup):
        line = markup.count("\n", 0, opening.start()) + 1
        if line != last_line and _can_have(opening[1], names):
            last_line = line
            yield line


def _can_have(attributes: str, names: list[str]) -> bool:
    found = _CLASS.search(attributes)
    if found is None:
        return not names
    if not names:
        return _ANYTHING in attributes[: found.start()]  # a condition may add it
    value = " ".join("".join(part or "" for part in found.groups()).split())
    parts = re.split(f" ?{_ANYTHING} ?", value)
    return re.fullmatch(".*".join(map(re.escape, parts)), " ".join(names)) is not None
