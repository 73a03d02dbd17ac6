"""However many documents of a kind there are, they share a few layouts, in both sizes of print."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from statement_builder.rendering import CompiledEngine, PlainEngine, Rendered
from tests.contents import TEMPLATES
from tests.night import NIGHT
from tests.rendering.likeness import differences
from tests.rendering.random_contents import KINDS, make_random

DOCUMENTS, LAYOUTS_MAX = (1_000, 60) if NIGHT else (100, 35)
LARGE_PRINT_SHARE = 0.1
GROUP = 100
COMPARED = 4
"""Documents of each kind whose pages are compared with those of WeasyPrint."""
BY_DAY = ("plan-agreement", "estate-claim")
"""Kinds with a page that begins at a forced break."""


@pytest.mark.parametrize("kind", KINDS if NIGHT else BY_DAY)
def test_documents_of_a_kind__share_few_layouts_and_are_what_weasyprint_draws(engine: PlainEngine, kind: str) -> None:
    compiled, random = CompiledEngine(TEMPLATES), Random(kind)
    for _ in range(0, DOCUMENTS, GROUP):
        contents = [make_random(kind, random, large_print=random.random() < LARGE_PRINT_SHARE) for _ in range(GROUP)]
        rendered = compiled.render_all(contents)
    assert compiled.compiled <= LAYOUTS_MAX
    assert compiled.fallbacks == Counter()
    for content, outcome in [*zip(contents, rendered, strict=True)][-COMPARED:]:
        assert isinstance(outcome, Rendered)
        assert differences(outcome.pdf, engine.render(content).pdf) == []
