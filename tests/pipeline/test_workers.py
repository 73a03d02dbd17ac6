"""The worker pool: results in order, errors and killed workers reported, no process left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from statement_builder.errors import WorkerDied
from statement_builder.pipeline import workers
from statement_builder.pipeline.workers import WorkerPool
from statement_builder.web import jobs
from tests.pipeline.task_functions import FatalItems, FatalTogether, KilledByTask, ProcessRecorder, TaskRecorder, double

OWNER_EXIT_S = 60


@pytest.mark.parametrize("workers", [pytest.param(1, id="in-process"), pytest.param(2, id="two-workers")])
def test_run_all__yields_results_in_the_order_of_the_tasks(workers: int) -> None:
    with WorkerPool(workers=workers, make_worker=double, tasks_per_worker_max=100) as pool:
        assert list(pool.run_all(range(11))) == [2 * task for task in range(11)]


def test_run_all__runs_little_ahead_of_the_reader() -> None:
    started = []

    def tasks() -> Iterator[int]:
        for task in range(50):
            started.append(task)
            yield task

    with WorkerPool(workers=2, make_worker=double, tasks_per_worker_max=100) as pool:
        assert next(pool.run_all(tasks())) == 0
        assert len(started) <= 4


def test_run_all__workers_are_replaced(tmp_path: Path) -> None:
    with WorkerPool(workers=2, make_worker=partial(ProcessRecorder, tmp_path), tasks_per_worker_max=4) as pool:
        assert len(list(pool.run_all(range(20)))) == 20
    processes = {int(path.name) for path in tmp_path.iterdir()} - {os.getpid()}
    assert len(processes) > 2


def test_run_all__reports_a_killed_worker_and_stays_usable() -> None:
    with WorkerPool(workers=2, make_worker=KilledByTask, tasks_per_worker_max=100) as pool:
        with pytest.raises(WorkerDied, match="run it again"):
            list(pool.run_all([1, KilledByTask.FATAL_TASK, 3]))
        assert list(pool.run_all([1])) == [1]


@pytest.mark.parametrize("workers", [pytest.param(1, id="in-process"), pytest.param(2, id="two-workers")])
def test_run_all__raises_the_error_of_make_worker(workers: int) -> None:
    with (
        WorkerPool(workers=workers, make_worker=partial(divmod, 1, 0), tasks_per_worker_max=1) as pool,
        pytest.raises(ZeroDivisionError),
    ):
        list(pool.run_all([1]))


def test_prefetch__no_task_runs_twice(tmp_path: Path) -> None:
    with WorkerPool(workers=2, make_worker=partial(TaskRecorder, tmp_path), tasks_per_worker_max=2) as pool:
        for task in range(9):
            pool.prefetch(task)
        assert list(pool.run_all(range(10))) == list(range(10))
    done = sorted(int(path.name.partition("-")[0]) for path in tmp_path.iterdir())
    assert done == list(range(10))


def test_prefetch__starts_at_most_one_generation(tmp_path: Path) -> None:
    with WorkerPool(workers=2, make_worker=partial(TaskRecorder, tmp_path), tasks_per_worker_max=2) as pool:
        for task in range(9):
            pool.prefetch(task)
    assert {int(path.name.partition("-")[0]) for path in tmp_path.iterdir()} <= {0, 1, 2, 3}


@pytest.mark.parametrize(
    "fatal",
    [
        pytest.param([], id="none"),
        pytest.param([0], id="first"),
        pytest.param([99], id="last"),
        pytest.param([0, 49, 50], id="three"),
    ],
)
def test_halving__finds_the_items_that_end_every_worker_and_does_the_rest(fatal: list[int]) -> None:
    bad = tuple(-1 if index in fatal else 1 for index in range(100))
    with WorkerPool(workers=2, make_worker=FatalItems, tasks_per_worker_max=100, halving=FatalItems()) as pool:
        assert list(pool.run_all([(1, 2), bad, (3,), (4,), (5,), (6,)])) == [3, 100 - len(fatal), 3, 4, 5, 6]
        assert list(pool.run_all([(7,)])) == [7]


def test_halving__of_prefetched_tasks() -> None:
    with WorkerPool(workers=2, make_worker=FatalItems, tasks_per_worker_max=100, halving=FatalItems()) as pool:
        for task in ((1, -1, 1), (2, 2)):
            pool.prefetch(task)
        assert list(pool.run_all([(1, -1, 1), (2, 2), (3,)])) == [2, 4, 3]


def test_halving__is_bounded_and_blames_no_item_when_none_alone_is_the_cause() -> None:
    with (
        WorkerPool(workers=2, make_worker=FatalTogether, tasks_per_worker_max=100, halving=FatalTogether()) as pool,
        pytest.raises(WorkerDied, match="fewer workers"),
    ):
        list(pool.run_all([(1,) * 32]))


def test_isolate__one_worker_has_its_own_process() -> None:
    with WorkerPool(
        workers=1, make_worker=FatalItems, tasks_per_worker_max=100, halving=FatalItems(), isolate=True
    ) as pool:
        assert list(pool.run_all([(1, -1), (2,)])) == [1, 2]


def test_prefetch__run_all_reports_a_killed_worker_and_the_pool_stays_usable() -> None:
    with WorkerPool(workers=2, make_worker=KilledByTask, tasks_per_worker_max=100) as pool:
        pool.prefetch(KilledByTask.FATAL_TASK)
        with pytest.raises(WorkerDied, match="run it again"):
            list(pool.run_all([KilledByTask.FATAL_TASK, 3]))
        assert list(pool.run_all([1])) == [1]


OWNER = """
import sys
from functools import partial
from pathlib import Path
from statement_builder.pipeline.workers import WorkerPool
from tests.pipeline.task_functions import ProcessRecorder

if __name__ == "__main__":
    make = partial(ProcessRecorder, Path(sys.argv[1]))
    with WorkerPool(workers=2, make_worker=make, tasks_per_worker_max=100) as pool:
        for _ in pool.run_all(range(16)):
            pass
        print("ready", flush=True)
        sys.stdin.read()
"""


def test_pool__workers_exit_when_their_owner_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER, encoding="utf-8")
    processes = tmp_path / "processes"
    processes.mkdir()
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script), str(processes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        workers = [os.pidfd_open(pid) for path in processes.iterdir() if (pid := int(path.name)) != owner.pid]
        owner.send_signal(signal.SIGKILL)
    assert workers
    for worker in workers:
        poll = select.poll()
        poll.register(worker, select.POLLIN)
        assert poll.poll(OWNER_EXIT_S * 1000), "a worker is still running"
        os.close(worker)


@pytest.mark.parametrize("name", [*workers.PRELOADED, *workers.PRELOADED_WITH.values(), *jobs.PRELOADED])
def test_preloaded_module__exists(name: str) -> None:
    """The fork server says nothing about a module that it does not find, and each worker then imports it."""
    assert find_spec(name) is not None
