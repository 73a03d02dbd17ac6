"""The sandbox's shortcuts allow nothing that Jinja2's own sandbox refuses."""

from __future__ import annotations

from gettext import NullTranslations

import jinja2
import pytest
from jinja2.exceptions import SecurityError
from markupsafe import Markup

from statement_builder.rendering.sandbox import Sandbox
from tests.builders import make_facility


def _render(text: str, **values: object) -> str:
    env = Sandbox(NullTranslations(), autoescape=True, undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.i18n"])
    return env.from_string(text).render(**values)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ facility.__class__ }}", id="class"),
        pytest.param("{{ facility.__init__.__globals__ }}", id="globals"),
        pytest.param("{{ _.__globals__ }}", id="translation-function"),
        pytest.param("{{ lines.append(1) }}", id="changing-a-list"),
        pytest.param("{{ '{0.__class__}'.format(facility) }}", id="format"),
    ],
)
def test_sandbox__refuses(text: str) -> None:
    for _ in range(2):
        with pytest.raises(SecurityError):
            _render(text, facility=make_facility(), lines=[])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{ _('100% <b>free</b>'|replace('%', '%%')) }}", "100% <b>free</b>", id="message-is-markup"),
        pytest.param("{% trans n=name %}Dear {{ n }}{% endtrans %}", "Dear &lt;b&gt;Al", id="value-is-escaped"),
        pytest.param("{% trans n=safe %}Dear {{ n }}{% endtrans %}", "Dear <i>Al</i>", id="markup-is-not-escaped"),
        pytest.param(
            "{% trans count=1 %}{{ count }} day{% pluralize %}{{ count }} days{% endtrans %}", "1 day", id="one"
        ),
        pytest.param(
            "{% trans count=3 %}{{ count }} day{% pluralize %}{{ count }} days{% endtrans %}", "3 days", id="many"
        ),
        pytest.param("{% macro m(x, y=2) %}{{ x }}-{{ y }}{% endmacro %}{{ m(name) }}", "&lt;b&gt;Al-2", id="macro"),
        pytest.param("{% for x in [1, 2] %}{{ _('a') }}{{ loop.index }}{% endfor %}", "a1a2", id="in-a-loop"),
    ],
)
def test_sandbox__renders_as_jinja2(text: str, expected: str) -> None:
    assert _render(text, name="<b>Al", safe=Markup("<i>Al</i>")) == expected
