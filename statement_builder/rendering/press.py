"""An engine with verification behind it: nothing leaves it that was not read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from statement_builder.documents.content import Content
from statement_builder.rendering.engine import Engine, Rendered
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

    def print_all(self, contents: Sequence[Content], foreign: ForeignIds) -> Iterator[Rendered | DocumentError]:
        """Each document, verified, or what is wrong with it."""
        for content in contents:
            try:
                yield self._print(content, foreign)
            except DocumentError as exc:
                yield exc

    def _print(self, content: Content, foreign: ForeignIds) -> Rendered:
        with self._watch("fill"):
            rendered = self._engine.render(content)
        with self._watch("verify"):
            label = partial(page_label, self._templates, content.language)
            self._verifier.verify(rendered.pdf, content, foreign=foreign, page_label=label)
        return rendered
