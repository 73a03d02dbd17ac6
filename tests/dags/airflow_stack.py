"""A whole Airflow on this machine: api-server, scheduler, dag-processor, triggerer, two Celery workers, over PostgreSQL
and Redis.

The set-up is compose's own script, and the programs are started with compose's command lines, outside containers.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.dags.airflow_home import DAGS, AirflowHome
from tests.hospital import ROOT
from tests.services.processes import free_port

AIRFLOW_PROGRAMS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler",),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer",),
    "worker": ("celery", "worker", "--concurrency"),
}
"""By the names of docker-compose.yml; options that only tests need come after."""
PASSWORD = "opens-the-console"
WAIT_S = 240
HEARTBEAT_TIMEOUT_S = 10
POLL_S = 0.4


@dataclass
class AirflowStack:
    """`place` has everything in its environment that the programs read."""

    place: AirflowHome
    port: int
    processes: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    _token: str = ""

    def start(self, name: str, program: str, *options: str) -> None:
        """Start a program of docker-compose.yml under a name. The kernel kills it when the tests die."""
        command = ["setpriv", "--pdeathsig", "KILL", str(Path(sys.executable).parent / "airflow")]
        command += [*AIRFLOW_PROGRAMS[program], *options]
        log = (self.place.home / f"{name}.log").open("ab")
        process = subprocess.Popen(
            command,
            env=self.place.environment,
            cwd=self.place.hospital.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.processes.append((name, process))
        log.close()

    def start_worker(self, name: str) -> None:
        """A Celery worker with one slot."""
        self.start(name, "worker", "1", "--celery-hostname", f"{name}@%h")

    def pids(self, name: str = "") -> list[int]:
        """Every process of one program, or of all of them: each program is a session of its own."""
        sessions = {process.pid for program, process in self.processes if not name or program == name}
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                # After the name, which may hold anything: state, parent, group, session.
                if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[3]) in sessions:
                    found.append(int(entry.name))
        return found

    def kill(self, name: str) -> None:
        """SIGKILL for the program with everything that it started: a machine that lost its power."""
        for pid in self.pids(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_main(self, name: str) -> None:
        """SIGKILL for the program's first process alone: what it started lives on."""
        [*_, process] = [process for program, process in self.processes if program == name]
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End every process that this stack started, and whatever those left behind."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for _, process in self.processes:
            process.wait(30)

    def call(self, method: str, path: str, **body: Any) -> Any:
        """One request to Airflow's REST API, as the operator."""
        if not self._token:
            answer = httpx.post(f"{self.url}/auth/token", json={"username": "admin", "password": PASSWORD}, timeout=60)
            self._token = answer.raise_for_status().json()["access_token"]
        answer = httpx.request(
            method,
            f"{self.url}/api/v2/{path}",
            headers={"Authorization": f"Bearer {self._token}"},
            json=body or None,
            timeout=60,
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, what: str, condition: Callable[[], Any], *, timeout_s: float = WAIT_S) -> Any:
        """Poll until the condition holds; what every program last said, when it never does."""
        end = time.monotonic() + timeout_s
        while True:
            if answer := condition():
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"waited {timeout_s:.0f} s for {what}\n{self.last_words()}")
            time.sleep(POLL_S)

    def last_words(self) -> str:
        logs = sorted(self.place.home.glob("*.log"))
        return "\n".join(f"--- {log.name}\n" + log.read_text(errors="replace")[-1500:] for log in logs)

    def is_up(self) -> bool:
        try:
            health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return False
        return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer"))

    # What an operator does

    def trigger(self, dag: str, run_id: str, **conf: Any) -> str:
        self.call("PATCH", f"dags/{dag}", is_paused=False)
        self.call("POST", f"dags/{dag}/dagRuns", dag_run_id=run_id, logical_date=None, conf=conf)
        return run_id

    def run_state(self, dag: str, run_id: str) -> str:
        state: str = self.call("GET", f"dags/{dag}/dagRuns/{run_id}")["state"]
        return state

    def runs(self, dag: str, state: str) -> list[str]:
        """The runs of this state, whoever began them."""
        found = self.call("GET", f"dags/{dag}/dagRuns?state={state}&limit=100")["dag_runs"]
        return [each["dag_run_id"] for each in found]

    def tasks(self, dag: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Task id, and map index where it has one, to the task instance."""
        found = self.call("GET", f"dags/{dag}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
        return {
            each["task_id"] if each["map_index"] < 0 else f"{each['task_id']}[{each['map_index']}]": each
            for each in found
        }

    def states(self, dag: str, run_id: str) -> dict[str, str]:
        return {name: each["state"] for name, each in self.tasks(dag, run_id).items()}

    def state_of(self, dag: str, run_id: str, task: str) -> str:
        return self.states(dag, run_id).get(task, "")

    def wait_for_end(self, dag: str, run_id: str, *states: str) -> str:
        """The run's last state, which is one of these (success)."""
        ends = {"success", "failed"}
        state: str = self.wait_for(
            f"the end of {run_id}", lambda: now if (now := self.run_state(dag, run_id)) in ends else ""
        )
        assert state in (states or ("success",)), f"{self.states(dag, run_id)}\n{self.last_words()}"
        return state

    def wait_for_approval(self, dag: str, run_id: str, task: str = "approve", *, timeout_s: float = WAIT_S) -> None:
        def waits() -> bool:
            states = self.states(dag, run_id)
            assert self.run_state(dag, run_id) != "failed", f"{states}\n{self.last_words()}"
            return states.get(task) == "awaiting_input"

        self.wait_for(f"{task} of {run_id} to ask", waits, timeout_s=timeout_s)

    def approve(self, dag: str, run_id: str, task: str = "approve") -> str:
        """Press the button; the text that the operator saw."""
        path = f"dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/-1/hitlDetails"
        seen: str = self.call("GET", path)["body"]
        self.call("PATCH", path, chosen_options=["Approve"], params_input={})
        return seen

    def log(self, dag: str, run_id: str, task: str, attempt: int = 1) -> str:
        """What the task's log says of one try, as Airflow's page shows it."""
        path = f"dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/logs/{attempt}?full_content=true"
        return json.dumps(self.call("GET", path)["content"])

    def result(self, dag: str, run_id: str, task: str) -> Any:
        """What the task returned."""
        path = f"dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/return_value"
        return self.call("GET", path)["value"]

    def set_slots(self, pool: str, slots: int) -> None:
        self.call("PATCH", f"pools/{pool}?update_mask=slots", pool=pool, slots=slots, include_deferred=False)

    def clear(self, dag: str, run_id: str, *task_ids: Any) -> None:
        """Clear tasks (an id, or id and map index) with all that follows."""
        self.call(
            "POST",
            f"dags/{dag}/clearTaskInstances",
            dag_run_id=run_id,
            task_ids=list(task_ids),
            include_downstream=True,
            only_failed=False,
            dry_run=False,
        )

    def clear_run(self, dag: str, run_id: str) -> None:
        """Clear a whole run."""
        self.call("POST", f"dags/{dag}/dagRuns/{run_id}/clear", dry_run=False, only_failed=False)


def make_stack(
    place: AirflowHome,
    *,
    airflow_db: str,
    redis_url: str,
    host_key: Path,
    source_url: str,
    connections: dict[str, dict[str, Any]],
) -> AirflowStack:
    """Set Airflow up as compose does, start its programs, and say where everything is."""
    port = free_port()
    place.home.mkdir(parents=True, exist_ok=True)
    place.environ.update(
        {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": "7T512UXSSmBOkpWimFHIVb8jK6lfmSAvx4mO6Arehnc=",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_db,
            "AIRFLOW__CELERY__BROKER_URL": redis_url,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{airflow_db}",
            "AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS": "common.celery_config.CELERY_CONFIG",
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_TIMEOUT_S),
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
            "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # how late the end of a skipped or failed task is seen
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }
    )
    _set_up(place, host_key=host_key, source_url=source_url)
    stack = AirflowStack(place, port)
    try:
        stack.start("api-server", "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
        stack.start("scheduler", "scheduler", "--skip-serve-logs")
        stack.start("dag-processor", "dag-processor")
        stack.start("triggerer", "triggerer", "--skip-serve-logs")
        stack.start_worker("worker-1")
        stack.start_worker("worker-2")
        stack.wait_for("Airflow's health", stack.is_up)
        there = {each["connection_id"] for each in stack.call("GET", "connections")["connections"]}
        assert there == {"statements_print"}, "what the set-up makes"
        for name, values in connections.items():
            extra = json.dumps(values.get("extra", {}))
            body = {"connection_id": name, "conn_type": "generic", "password": values["url"], "extra": extra}
            stack.call(*(("PATCH", f"connections/{name}") if name in there else ("POST", "connections")), **body)
        dags = {path.stem for path in DAGS.glob("*.py")}
        stack.wait_for("the DAGs", lambda: {each["dag_id"] for each in stack.call("GET", "dags")["dags"]} == dags)
    except BaseException:
        stack.stop()
        raise
    return stack


def _set_up(place: AirflowHome, *, host_key: Path, source_url: str) -> None:
    """Run compose's init. There is a hospital already, so it makes none."""
    programs = Path(sys.executable).parent
    environment = place.environment | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "POOLS": str(ROOT / "deploy" / "pools.json"),
        "AIRFLOW_ADMIN_PASSWORD": PASSWORD,
        "SFTP_HOST_KEY": str(host_key),
        "SAMPLE_HOSPITAL_URL": source_url,
    }
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "init.sh")],
        env=environment,
        cwd=place.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
