"""A complete Airflow on this machine: api-server, scheduler, dag-processor, triggerer and two Celery workers, with
PostgreSQL and Redis.

It is set up by deploy/init.sh and started with the command lines in docker-compose.yml, outside containers.
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
"""Commands by the names in docker-compose.yml; tests append options."""
PASSWORD = "opens-the-console"
WAIT_S = 240
HEARTBEAT_TIMEOUT_S = 10
POLL_S = 0.4


@dataclass
class AirflowStack:
    """`airflow` has everything in its environment that the programs read."""

    airflow: AirflowHome
    port: int
    processes: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, program: str, *options: str) -> None:
        """Start a program of docker-compose.yml under a name. The kernel kills it when the test process exits."""
        command = ["setpriv", "--pdeathsig", "KILL", str(Path(sys.executable).parent / "airflow")]
        command += [*AIRFLOW_PROGRAMS[program], *options]
        log = (self.airflow.home / f"{name}.log").open("ab")
        process = subprocess.Popen(
            command,
            env=self.airflow.environment,
            cwd=self.airflow.hospital.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.processes.append((name, process))
        log.close()

    def start_worker(self, name: str) -> None:
        """Start a Celery worker with one slot."""
        self.start(name, "worker", "1", "--celery-hostname", f"{name}@%h")

    def pids(self, name: str = "") -> list[int]:
        """The process ids of one program, or of all programs. Each program is a separate session."""
        sessions = {process.pid for program, process in self.processes if not name or program == name}
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                # The fields after the name, which may contain anything, are state, parent, group and session.
                if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[3]) in sessions:
                    found.append(int(entry.name))
        return found

    def kill(self, name: str) -> None:
        """Kill the program and everything it started, as a power failure does."""
        for pid in self.pids(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_main(self, name: str) -> None:
        """Kill only the program's main process; its children keep running."""
        [*_, process] = [process for program, process in self.processes if program == name]
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Kill every process that this stack started, and their children."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for _, process in self.processes:
            process.wait(30)

    def call(self, method: str, path: str, *, by: str = "admin", api: str = "api/v2", **body: Any) -> Any:
        """Send one request to Airflow's REST API on behalf of a user."""
        if by not in self._tokens:
            response = httpx.post(f"{self.url}/auth/token", json={"username": by, "password": PASSWORD}, timeout=60)
            self._tokens[by] = response.raise_for_status().json()["access_token"]
        response = httpx.request(
            method,
            f"{self.url}/{api}/{path}",
            headers={"Authorization": f"Bearer {self._tokens[by]}"},
            json=body or None,
            timeout=60,
        )
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, what: str, condition: Callable[[], Any], *, timeout_s: float = WAIT_S) -> Any:
        """Poll until the condition is true. On a timeout, the error has the end of every program's log."""
        end = time.monotonic() + timeout_s
        while True:
            if value := condition():
                return value
            if time.monotonic() > end:
                raise AssertionError(f"waited {timeout_s:.0f} s for {what}\n{self.log_tails()}")
            time.sleep(POLL_S)

    def log_tails(self) -> str:
        logs = sorted(self.airflow.home.glob("*.log"))
        return "\n".join(f"--- {log.name}\n" + log.read_text(errors="replace")[-1500:] for log in logs)

    def is_up(self) -> bool:
        try:
            health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return False
        return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer"))

    def add_user(self, name: str) -> str:
        """Add an administrator besides the first one, and return the name."""
        names = {"username": name, "first_name": name, "last_name": "Lee", "email": f"{name}@hospital.example"}
        self.call("POST", "users", api="auth/fab/v1", **names, password=PASSWORD, roles=[{"name": "Admin"}])
        return name

    # Operator actions

    def trigger(self, dag: str, run_id: str, **conf: Any) -> str:
        self.call("PATCH", f"dags/{dag}", is_paused=False)
        self.call("POST", f"dags/{dag}/dagRuns", dag_run_id=run_id, logical_date=None, conf=conf)
        return run_id

    def run_state(self, dag: str, run_id: str) -> str:
        state: str = self.call("GET", f"dags/{dag}/dagRuns/{run_id}")["state"]
        return state

    def runs(self, dag: str, state: str) -> list[str]:
        """The ids of the runs in this state, manual or scheduled."""
        found = self.call("GET", f"dags/{dag}/dagRuns?state={state}&limit=100")["dag_runs"]
        return [each["dag_run_id"] for each in found]

    def tasks(self, dag: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Task instances by task id, with the map index if there is one."""
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
        """Wait for the run to end and return its state, which must be one of `states` (default: success)."""
        final_states = {"success", "failed"}
        state: str = self.wait_for(
            f"the end of {run_id}", lambda: now if (now := self.run_state(dag, run_id)) in final_states else ""
        )
        assert state in (states or ("success",)), f"{self.states(dag, run_id)}\n{self.log_tails()}"
        return state

    def wait_for_approval(self, dag: str, run_id: str, task: str = "approve", *, timeout_s: float = WAIT_S) -> None:
        def is_waiting() -> bool:
            states = self.states(dag, run_id)
            assert self.run_state(dag, run_id) != "failed", f"{states}\n{self.log_tails()}"
            return states.get(task) == "awaiting_input"

        self.wait_for(f"{task} of {run_id} to ask", is_waiting, timeout_s=timeout_s)

    def approve(self, dag: str, run_id: str, task: str = "approve", *, by: str = "admin") -> str:
        """Approve, and return the text that the user saw."""
        path = f"dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/-1/hitlDetails"
        text: str = self.call("GET", path, by=by)["body"]
        self.call("PATCH", path, by=by, chosen_options=["Approve"], params_input={})
        return text

    def log(self, dag: str, run_id: str, task: str, attempt: int = 1) -> str:
        """The task's log of one try, as on Airflow's page."""
        path = f"dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/logs/{attempt}?full_content=true"
        return json.dumps(self.call("GET", path)["content"])

    def result(self, dag: str, run_id: str, task: str) -> Any:
        """The task's return value."""
        path = f"dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/return_value"
        return self.call("GET", path)["value"]

    def set_slots(self, pool: str, slots: int) -> None:
        self.call("PATCH", f"pools/{pool}?update_mask=slots", pool=pool, slots=slots, include_deferred=False)

    def clear(self, dag: str, run_id: str, *task_ids: Any) -> None:
        """Clear tasks (an id, or an id and a map index) with everything downstream."""
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
        """Clear all tasks of a run."""
        self.call("POST", f"dags/{dag}/dagRuns/{run_id}/clear", dry_run=False, only_failed=False)


def start_stack(
    airflow: AirflowHome,
    *,
    airflow_db: str,
    redis_url: str,
    host_key: Path,
    source_url: str,
    connections: dict[str, dict[str, Any]],
) -> AirflowStack:
    """Set up Airflow as docker-compose.yml does, start its programs, and create its connections."""
    port = free_port()
    airflow.home.mkdir(parents=True, exist_ok=True)
    airflow.environ.update(
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
            # How late Airflow notices the end of a skipped or failed task.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }
    )
    _run_init(airflow, host_key=host_key, source_url=source_url)
    stack = AirflowStack(airflow, port)
    try:
        stack.start("api-server", "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
        stack.start("scheduler", "scheduler", "--skip-serve-logs")
        stack.start("dag-processor", "dag-processor")
        stack.start("triggerer", "triggerer", "--skip-serve-logs")
        stack.start_worker("worker-1")
        stack.start_worker("worker-2")
        stack.wait_for("Airflow's health", stack.is_up)
        existing = {each["connection_id"] for each in stack.call("GET", "connections")["connections"]}
        assert existing == {"statements_print"}, "deploy/init.sh creates one connection"
        for name, values in connections.items():
            extra = json.dumps(values.get("extra", {}))
            body = {"connection_id": name, "conn_type": "generic", "password": values["url"], "extra": extra}
            stack.call(*(("PATCH", f"connections/{name}") if name in existing else ("POST", "connections")), **body)
        dags = {path.stem for path in DAGS.glob("*.py")}
        stack.wait_for("the DAGs", lambda: {each["dag_id"] for each in stack.call("GET", "dags")["dags"]} == dags)
    except BaseException:
        stack.stop()
        raise
    return stack


def _run_init(airflow: AirflowHome, *, host_key: Path, source_url: str) -> None:
    """Run deploy/init.sh. The hospital exists, so it creates none."""
    programs = Path(sys.executable).parent
    environment = airflow.environment | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "POOLS": str(ROOT / "deploy" / "pools.json"),
        "AIRFLOW_ADMIN_PASSWORD": PASSWORD,
        "AIRFLOW_OPERATOR_PASSWORD": PASSWORD,
        "SFTP_HOST_KEY": str(host_key),
        "SAMPLE_HOSPITAL_URL": source_url,
    }
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "init.sh")],
        env=environment,
        cwd=airflow.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
