"""An engine with verification behind it: nothing leaves it that was not read back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from statement_builder.documents.content import Content
from statement_builder.rendering.engine import BeingMade, Engine, Rendered
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.markup import page_label
from statement_builder.rendering.verify import ForeignIds, Verifier
from statement_builder.rendering.windows import Windows
from statement_builder.stopwatch import Stopwatch


class Press:
    """One process's engine and reader."""

    def __init__(
        self,
        engine: Engine,
        templates: Path,
        windows: Windows,
        watch: Stopwatch | None = None,
    ) -> None:
        self._engine = engine
        self._watch = watch or Stopwatch()
        self._templates = templates
        self._verifier = Verifier(windows)

    def print_all(self, contents: Sequence[Content], foreign: ForeignIds) -> list[Rendered | DocumentError]:
        """Each document, verified, or what is wrong with it. Those whose layout another process is making come last."""
        made: dict[int, Rendered | DocumentError] = {}
        for may_wait in (True, False):
            for place, content in enumerate(contents):
                if place not in made:
                    with suppress(BeingMade):
                        made[place] = self._print(content, foreign, may_wait=may_wait)
        return [made[place] for place in range(len(contents))]

    def _print(self, content: Content, foreign: ForeignIds, *, may_wait: bool) -> Rendered | DocumentError:
        try:
            return self._print_and_verify(content, foreign, may_wait=may_wait)
        except DocumentError as exc:
            return exc

    def _print_and_verify(self, content: Content, foreign: ForeignIds, *, may_wait: bool) -> Rendered:
        with self._watch("fill"):
            rendered = self._engine.render(content, may_wait=may_wait)
        with self._watch("verify"):
            label = partial(page_label, self._templates, content.language)
            self._verifier.verify(rendered.pdf, content, foreign=foreign, page_label=label)
        return rendered
