"""An action that is killed, or outlived by nobody, has no result: nothing half is served, and it can be asked again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from multiprocessing import Pipe
from pathlib import Path

import pytest

from statement_builder.web.jobs import Job, Jobs
from statement_builder.web.orders import Done, Order
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=20)
REPORT = {"path": "/reports/aging", "fields": {"format": "csv"}, "shown": "/reports/aging"}
PREVIEW = {"path": "/templates/statement", "fields": {}, "shown": "/templates/statement"}


def follow(*said: tuple[str, object]) -> Job:
    """A job whose process said this, and ended."""
    ours, theirs = Pipe(duplex=False)
    for each in said:
        theirs.send(each)
    theirs.close()
    order = Order(verb="report", subject="aging", actor="ben@desk", memberships=frozenset())
    job = Job(job_id="j", order=order, session="s", batch_id="", started_s=0.0)
    Jobs({}, Path(), workers=1, monotonic=lambda: 0.0)._follow(job, ours)
    return job


def test_file__is_there_when_all_of_it_is() -> None:
    assert follow(("file", b"a,b\n")).file is None
    assert follow(("file", b"a,b\n"), ("problem", "the ledger cannot be reached")).file is None
    whole = follow(("file", b"a,b\n"), ("file", b"1,2\n"), ("done", Done(message="2 rows"))).file
    assert whole is not None
    assert b"".join(whole.read()) == b"a,b\n1,2\n"


@pytest.mark.parametrize("asked", [pytest.param(REPORT, id="report"), pytest.param(PREVIEW, id="preview")])
def test_process__killed(hospital: Hospital, monkeypatch: pytest.MonkeyPatch, asked: Mapping[str, object]) -> None:
    monkeypatch.setattr("statement_builder.web.console.WAIT_S", 0.0)
    with open_console(hospital) as visit:
        visit.sign_in()
        job_id = ask(visit, asked)
        job = visit.console.jobs._jobs[job_id]
        while job.process_id is None:
            time.sleep(0.001)
        os.kill(job.process_id, signal.SIGKILL)
        assert job.ended.wait(60)
        assert "ended before it was finished" in visit.get(f"{asked['shown']}?job={job_id}").text
        visit.get(f"/reports/aging/file?job={job_id}", status=404)
        again = ask(visit, asked)
        assert again != job_id, "it is another action"
        assert visit.console.jobs._jobs[again].ended.wait(300)
        assert visit.console.jobs._jobs[again].result is not None


def test_console__started_again_knows_nothing_of_it(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statement_builder.web.console.WAIT_S", 0.0)
    with open_console(hospital) as visit:
        job_id = ask(visit.sign_in(), REPORT)
    with open_console(hospital) as visit:
        visit.sign_in()
        page = visit.get(f"/reports/aging?job={job_id}").text
        assert "is being worked on" not in page
        assert "<tbody>" not in page
        visit.get(f"/reports/aging/file?job={job_id}", status=404)
        assert "Download the CSV file" in visit.act("/reports/aging", format="csv").text


def ask(visit: Visit, asked: Mapping[str, object]) -> str:
    """Press the button. Returns the id of the action."""
    fields = asked["fields"]
    assert isinstance(fields, dict)
    answer = visit.post(str(asked["path"]), **fields)
    return str(answer.url).partition("job=")[2]
