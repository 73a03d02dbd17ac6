"""Worker processes: order kept, faults in their places, deaths told, nobody left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from statement_builder.documents import Content
from statement_builder.errors import ConfigError
from statement_builder.rendering import DocumentError, ForeignIds, Rendered, RenderPool, RenderWorkerDied
from tests.builders import make_encounter
from tests.contents import TEMPLATES, make_statement
from tests.pdf_text import page_texts
from tests.rendering.engines import DyingEngine, NotedEngine

NOBODY = ForeignIds(accounts_by_guarantor={})
OWNER_EXIT_S = 60


def statements(count: int) -> list[Content]:
    return [make_statement(make_encounter(), guarantor_id=f"G{n:04}") for n in range(count)]


@pytest.mark.parametrize("workers", [pytest.param(1, id="in-process"), pytest.param(2, id="two-workers")])
def test_render_all__order_is_kept_and_faults_stand_in_their_places(workers: int) -> None:
    contents = statements(11)
    contents[4] = make_statement(make_encounter(), guarantor_id="G0004", first_name="李")
    with RenderPool(workers=workers, templates=TEMPLATES) as pool:
        outcomes = list(pool.render_all(contents, NOBODY))
    fault = outcomes.pop(4)
    assert isinstance(fault, DocumentError)
    assert (fault.code, bool(fault.fix)) == ("GLYPH", True)
    rest = [content for content in contents if content.guarantor_id != "G0004"]
    for content, outcome in zip(rest, outcomes, strict=True):
        assert isinstance(outcome, Rendered)
        assert content.document_id in page_texts(outcome.pdf)[0]


def test_render_all__workers_give_the_same_bytes_as_this_process() -> None:
    contents = statements(3)
    with RenderPool(workers=1, templates=TEMPLATES) as here, RenderPool(workers=2, templates=TEMPLATES) as there:
        assert list(here.render_all(contents, NOBODY)) == list(there.render_all(contents, NOBODY))


def test_render_all__verifies_what_it_rendered() -> None:
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Community"})})
    with RenderPool(workers=1, templates=TEMPLATES) as pool:
        assert isinstance(next(pool.render_all(statements(1), foreign)), Rendered)
        foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Emergency"})})
        outcome = next(pool.render_all(statements(1), foreign))
    assert isinstance(outcome, DocumentError)
    assert outcome.code == "FOREIGN_ID"


def test_render_all__workers_are_replaced(tmp_path: Path) -> None:
    contents = statements(20)
    with RenderPool(
        workers=2, templates=TEMPLATES, documents_per_worker_max=8, make_engine=partial(NotedEngine, tmp_path)
    ) as pool:
        assert len(list(pool.render_all(contents, NOBODY))) == 20
    processes = {int(path.name) for path in tmp_path.iterdir()} - {os.getpid()}
    assert len(processes) > 2


def test_render_all__a_killed_worker_is_told_and_the_pool_works_on() -> None:
    contents = statements(3)
    contents[1] = make_statement(make_encounter(), guarantor_id="G-DIES")
    with RenderPool(workers=2, templates=TEMPLATES, make_engine=DyingEngine) as pool:
        with pytest.raises(RenderWorkerDied, match="run it again"):
            list(pool.render_all(contents, NOBODY))
        assert isinstance(next(pool.render_all(statements(1), NOBODY)), Rendered)


def test_pool__set_up_errors_come_before_the_first_document(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        RenderPool(workers=2, templates=tmp_path)


OWNER = """
import sys
from functools import partial
from pathlib import Path
from statement_builder.rendering import ForeignIds, RenderPool
from tests.contents import TEMPLATES
from tests.rendering.engines import NotedEngine
from tests.rendering.test_pool import statements

if __name__ == "__main__":
    with RenderPool(workers=2, templates=TEMPLATES, make_engine=partial(NotedEngine, Path(sys.argv[1]))) as pool:
        for _ in pool.render_all(statements(16), ForeignIds(accounts_by_guarantor={})):
            pass
        print("ready", flush=True)
        sys.stdin.read()
"""


def test_pool__workers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER, encoding="utf-8")
    notes = tmp_path / "notes"
    notes.mkdir()
    root = TEMPLATES.parent
    with subprocess.Popen(
        [sys.executable, str(script), str(notes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        workers = [os.pidfd_open(pid) for path in notes.iterdir() if (pid := int(path.name)) != owner.pid]
        owner.send_signal(signal.SIGKILL)
    assert workers
    for worker in workers:
        poll = select.poll()
        poll.register(worker, select.POLLIN)
        assert poll.poll(OWNER_EXIT_S * 1000), "a worker outlived its owner"
        os.close(worker)
