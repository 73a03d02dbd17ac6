"""How fast pages are made on this machine: both engines, the same documents, one run, one core.

Times are processor time, so that what else the machine does is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from statement_builder.batch.demo import SAMPLE_SETTINGS
from statement_builder.batch.shard import terms_of
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.documents import CompositionError, Content, compose
from statement_builder.policy import candidate_cents, decide
from statement_builder.rendering import CompiledEngine, DocumentError, Engine, PlainEngine, Rendered
from statement_builder.settings import SQL_ROOT, TEMPLATES, Settings, load_settings
from statement_builder.source import make_sample, open_source

AS_OF = date(2026, 11, 7)
PLAIN_MAX = 25
"""A WeasyPrint call takes so long that more of them would only make the run longer."""
_GUARANTORS_PER_DOCUMENT = {Kind.STATEMENT: 2, Kind.OB_NOTICE: 30, Kind.DUNNING: 14}
"""In the sample hospital, with something to spare."""


def run_bench(*, documents: int, kind: Kind) -> dict[str, Any]:
    """Documents per second of both engines and what the compiled one needed for it.

    `compiled_per_s` is filling with all layouts there; `cold_per_s` counts their making, from an empty folder.
    """
    with TemporaryDirectory() as folder:
        contents = _contents(Path(folder), documents, kind)
        compiled = CompiledEngine(TEMPLATES, Path(folder) / "layouts")
        cold_s, _ = _render_all(compiled, contents)
        layouts, fallbacks = compiled.compiled, dict(compiled.fallbacks)
        plain, plain_s, warm_s = PlainEngine(TEMPLATES), 0.0, 0.0
        plainly: list[Rendered] = []
        rendered: list[Rendered] = []
        for some in _slices(contents):  # in turns, so that a busy machine slows both
            seconds, made = _render_all(plain, some[:1])
            plain_s, plainly = plain_s + seconds, plainly + made
            seconds, made = _render_all(compiled, some)
            warm_s, rendered = warm_s + seconds, rendered + made
    compiled_per_s, plain_per_s = len(rendered) / warm_s, len(plainly) / plain_s
    return {
        "kind": kind.value,
        "documents": len(contents),
        "ratio": round(compiled_per_s / plain_per_s, 1),
        "compiled_per_s": round(compiled_per_s, 1),
        "plain_per_s": round(plain_per_s, 1),
        "cold_per_s": round(len(contents) / cold_s, 1),
        "layouts": layouts,
        "fallbacks": sum(fallbacks.values()),
        "reasons": fallbacks,
        "bytes_per_document": sum(len(each.pdf) for each in rendered) // max(1, len(rendered)),
        "plain_bytes_per_document": sum(len(each.pdf) for each in plainly) // max(1, len(plainly)),
    }


def _contents(folder: Path, documents: int, kind: Kind) -> list[Content]:
    """Documents of a sample hospital: as many as asked for, or all that there are."""
    settings = load_settings({"STATEMENTS_CONFIG": str(SAMPLE_SETTINGS), "STATEMENTS_HOME": str(folder)}, folder)
    url = f"sqlite:///{folder / 'hospital.db'}"
    make_sample(url, guarantors=max(100, _GUARANTORS_PER_DOCUMENT[kind] * documents), seed=1, as_of=AS_OF)
    with open_source("reference", url, SQL_ROOT) as source:
        accounts = source.accounts(as_of=AS_OF, cycle="2026-11")
        composed = (_compose(entry, kind, settings) for entry in accounts if not isinstance(entry, FaultyAccount))
        return list(islice((content for content in composed if content is not None), documents))


def _compose(account: GuarantorAccount, kind: Kind, settings: Settings) -> Content | None:
    if candidate_cents(account, kind, AS_OF) is None:
        return None
    decision = decide(account, kind, settings.policy, AS_OF)
    if decision.outcome != "selected" or decision.selection is None:
        return None
    try:
        return compose(
            account,
            decision.selection,
            settings.require_facility(),
            terms=terms_of(settings.policy),
            batch_cycle="2026-11",
            issued_on=AS_OF,
        )
    except CompositionError:
        return None


def _slices(contents: Sequence[Content]) -> list[Sequence[Content]]:
    """At most `PLAIN_MAX` slices: the plain engine renders the first document of each."""
    step = max(1, -(-len(contents) // PLAIN_MAX))
    return [contents[start : start + step] for start in range(0, len(contents), step)]


def _render_all(engine: Engine, contents: Sequence[Content]) -> tuple[float, list[Rendered]]:
    """Seconds of processor time, and the documents that could be made."""
    rendered = []
    started = time.process_time()
    for content in contents:
        try:
            rendered.append(engine.render(content))
        except DocumentError:
            continue
    return time.process_time() - started, rendered
