"""An engine with verification behind it: nothing leaves it that was not read back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pdf_kit.interleave import GROUP
from statement_builder.documents.content import Content
from statement_builder.rendering.engine import Engine, LayoutPending, Rendered
from statement_builder.rendering.envelope import Windows
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.templating import page_label
from statement_builder.rendering.verification import ForeignIds, Made, Proofs, Verifier
from statement_builder.stopwatch import Stopwatch


class Press:
    """One process's engine and reader."""

    def __init__(
        self,
        engine: Engine,
        templates: Path,
        windows: Windows,
        watch: Stopwatch | None = None,
        proofs: Proofs | None = None,
    ) -> None:
        self._engine = engine
        self._watch = watch or Stopwatch()
        self._templates = templates
        self._verifier = Verifier(windows, proofs)

    def print_all(self, contents: Sequence[Content], foreign: ForeignIds) -> list[Rendered | DocumentError]:
        """Each document, verified, or what is wrong with it. Those whose layout another process is making come last."""
        made: dict[int, Rendered | DocumentError] = {}
        for may_wait in (True, False):
            places = [place for place in range(len(contents)) if place not in made]
            for start in range(0, len(places), GROUP):
                group = places[start : start + GROUP]
                outcomes = self._print([contents[place] for place in group], foreign, may_wait=may_wait)
                made |= {place: each for place, each in zip(group, outcomes, strict=True) if each is not None}
        return [made[place] for place in range(len(contents))]

    def _print(
        self, contents: Sequence[Content], foreign: ForeignIds, *, may_wait: bool
    ) -> list[Rendered | DocumentError | None]:
        """None for what is to be done later."""
        with self._watch("fill"):
            outcomes = self._engine.render_all(contents, may_wait=may_wait)
        with self._watch("verify"):
            made = [
                Made(each.pdf, content, partial(page_label, self._templates, content.language))
                for content, each in zip(contents, outcomes, strict=True)
                if isinstance(each, Rendered)
            ]
            verdicts = iter(self._verifier.verify_all(made, foreign))
        return [
            None if isinstance(each, LayoutPending) else next(verdicts) or each if isinstance(each, Rendered) else each
            for each in outcomes
        ]
