"""Render documents and verify each one before returning it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pdf_kit.interleave import GROUP_SIZE
from statement_builder.documents.content import Content
from statement_builder.rendering.engine import Engine, LayoutPending, Rendered
from statement_builder.rendering.envelope import EnvelopeWindows
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.templating import page_label
from statement_builder.rendering.verification import ForeignIds
from statement_builder.rendering.verifier import ProofStore, Verifier, VerifyRequest
from statement_builder.stopwatch import Stopwatch


class VerifiedRenderer:
    """One process's engine and verifier."""

    def __init__(
        self,
        engine: Engine,
        templates: Path,
        windows: EnvelopeWindows,
        watch: Stopwatch | None = None,
        proofs: ProofStore | None = None,
    ) -> None:
        self._engine = engine
        self._watch = watch or Stopwatch()
        self._templates = templates
        self._verifier = Verifier(windows, proofs)

    def render_all(self, contents: Sequence[Content], foreign: ForeignIds) -> list[Rendered | DocumentError]:
        """Each document rendered and verified, or its error, in the order of `contents`.

        Documents whose layout is not there yet are rendered last: see `LayoutPending`.
        """
        finished: dict[int, Rendered | DocumentError] = {}
        for may_wait in (True, False):
            indexes = [index for index in range(len(contents)) if index not in finished]
            for start in range(0, len(indexes), GROUP_SIZE):
                group = indexes[start : start + GROUP_SIZE]
                outcomes = self._render_group([contents[index] for index in group], foreign, may_wait=may_wait)
                finished |= {
                    index: outcome for index, outcome in zip(group, outcomes, strict=True) if outcome is not None
                }
        return [finished[index] for index in range(len(contents))]

    def _render_group(
        self, contents: Sequence[Content], foreign: ForeignIds, *, may_wait: bool
    ) -> list[Rendered | DocumentError | None]:
        """None for a document to render later."""
        with self._watch("fill"):
            outcomes = self._engine.render_all(contents, may_wait=may_wait)
        with self._watch("verify"):
            requests = [
                VerifyRequest(outcome.pdf, content, partial(page_label, self._templates, content.language))
                for content, outcome in zip(contents, outcomes, strict=True)
                if isinstance(outcome, Rendered)
            ]
            errors = iter(self._verifier.verify_all(requests, foreign))
        return [
            None if isinstance(each, LayoutPending) else next(errors) or each if isinstance(each, Rendered) else each
            for each in outcomes
        ]
