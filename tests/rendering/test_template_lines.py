"""Finding the template line of an element."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from statement_builder.rendering.compiled.template_lines import add_template_lines

PAGE = """{% extends "base.html" %}{# <p class="pair"> is no tag #}
{% block body %}{#
#}<div class="pair">{{ "a > b" }}</div>
<p class="what
  now">{% if 1 > 0 %}<b>x</b>{% endif %}</p>
<div class='pair wide'></div><div class="pair {{ size }}"></div>
<div id="x" {% if large %}class="large"{% endif %}></div>
<li
class=bare>x</li>
{% endblock %}
"""
BASE = '{% import "parts.html" as parts %}<body><div class="box"></div>{% block body %}{% endblock %}</body>'
PARTS = '{% macro one() %}\n<div class="part {% if big %}big{% endif %}"></div>{% endmacro %}'


@pytest.mark.parametrize(
    ("element", "lines"),
    [
        pytest.param('<div class="pair">', ["page.html:3", "page.html:6"], id="literal-class-and-class-from-jinja"),
        pytest.param('<div class="pair wide">', ["page.html:6"], id="several-classes-once-per-line"),
        pytest.param('<p class="what now">', ["page.html:4"], id="over-two-lines"),
        pytest.param('<div class="box">', ["base.html:1"], id="in-extended-template"),
        pytest.param('<div class="part big">', ["parts.html:2"], id="in-macro"),
        pytest.param('<div class="large">', ["page.html:7"], id="conditional-class"),
        pytest.param("<div>", ["page.html:7"], id="without-class"),
        pytest.param("<b>", ["page.html:5"], id="tag-with-the-same-prefix"),
        pytest.param('<li class="bare">', ["page.html:8"], id="without-quotes"),
    ],
)
def test_add_template_lines(element: str, lines: list[str]) -> None:
    sources = {"page.html": PAGE, "base.html": BASE, "parts.html": PARTS, "other.html": PAGE}
    environment = jinja2.Environment(loader=jinja2.DictLoader(sources), autoescape=True)
    named = add_template_lines(f"float ({element})", environment, "page.html", Path("any/templates"))
    assert named == f"float ({element}, {', '.join(f'templates/{line}' for line in lines)})"


@pytest.mark.parametrize("reason", ["text indent", "float (page)", 'float (<div class="logo">)'])
def test_add_template_lines__no_matching_tag(reason: str) -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"page.html": PAGE, "base.html": ""}), autoescape=True)
    assert add_template_lines(reason, environment, "page.html", Path("templates")) == reason
