"""`make airflow`: run Airflow on this machine with a sample hospital, LocalExecutor and SQLite, to try it out.

Everything is stored in `.airflow/`. Ctrl-C, SIGTERM or closing the terminal stops it and every program it started.
"""

from __future__ import annotations

import grp
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from statement_builder.settings.model import RoleSettings
from statement_builder.source import make_sample

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".airflow"
PORT = int(os.environ.get("PORT", "8080"))
AIRFLOW = str(Path(sys.executable).parent / "airflow")
STARTUP_TIMEOUT_S = 180


def main() -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            sys.exit(f"Port {PORT} is in use. Choose another: make airflow PORT=8081")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    password = _prepare()
    environment = _environment()
    print("Creating Airflow's tables …", flush=True)
    subprocess.run([AIRFLOW, "db", "migrate"], env=environment, cwd=HOME, check=True, stdout=subprocess.DEVNULL)
    statements = str(Path(sys.executable).parent / "statements")
    subprocess.run([statements, "ledger", "upgrade"], env=environment, cwd=HOME, check=True, stdout=subprocess.DEVNULL)
    pools = [AIRFLOW, "pools", "import", str(ROOT / "deploy" / "pools.json")]
    subprocess.run(pools, env=environment, cwd=HOME, check=True, stdout=subprocess.DEVNULL)
    programs = {
        "api-server": ("api-server", "--host", "127.0.0.1", "--port", str(PORT), "--workers", "1"),
        "scheduler": ("scheduler",),
        "dag-processor": ("dag-processor",),
        "triggerer": ("triggerer",),
    }
    running = {name: _start(name, arguments, environment) for name, arguments in programs.items()}
    try:
        _wait_until_healthy(running)
        print(f"Airflow:  http://127.0.0.1:{PORT}   user admin   password {password}")
        print(
            f"Trigger “Patient statements” with the cycle {datetime.now(UTC):%B %Y}, approve it under Required "
            f"Actions, and open {HOME / 'outbox'}. “Statements” in the navigation is the operator's console."
        )
        print(f"Look at its batches from another terminal:  STATEMENTS_HOME={HOME} {statements} batches")
        print("Press Ctrl-C to stop.", flush=True)
        while all(process.poll() is None for process in running.values()):
            time.sleep(1)
        sys.exit(f"A program stopped. Its log is in {HOME / 'programs'}.")
    except KeyboardInterrupt:
        print("Stopping …")
    finally:
        for process in running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _prepare() -> str:
    """Create settings, keys, a password and a sample hospital, unless they exist. Returns the password."""
    (HOME / "programs").mkdir(mode=0o700, parents=True, exist_ok=True)
    HOME.chmod(0o700)
    sample = (ROOT / "statements.sample.toml").read_text(encoding="utf-8")
    (HOME / "statements.toml").write_text(f"{sample}\n{_write_roles()}", encoding="utf-8")
    if not (HOME / "hospital.db").exists():
        part = HOME / "hospital.part"
        part.unlink(missing_ok=True)
        make_sample(f"sqlite:///{part}", guarantors=300, as_of=datetime.now(UTC).date())
        part.replace(HOME / "hospital.db")
    for name in ("passwords.json", "jwt.key"):
        if not (HOME / name).exists():
            secret = secrets.token_urlsafe(12 if name == "passwords.json" else 32)
            text = json.dumps({"admin": secret}) if name == "passwords.json" else secret
            (HOME / name).write_text(text)
            (HOME / name).chmod(0o600)
    return str(json.loads((HOME / "passwords.json").read_text())["admin"])


def _write_roles() -> str:
    """Everything is allowed to Airflow's login, to its scheduled runs, and to the terminal's group: this opens the
    console in Airflow."""
    group = grp.getgrgid(os.getgid()).gr_name
    members = json.dumps(["airflow:admin", "schedule", f"group:{group}"])
    names = [name for name in RoleSettings.__struct_fields__ if name != "console"]
    return "\n".join(["[roles]", 'console = ["airflow:admin"]', *(f"{name} = {members}" for name in names), ""])


def _environment() -> dict[str, str]:
    key = (HOME / "jwt.key").read_text()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STATEMENTS_")}
    return inherited | {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{PORT}",
        "AIRFLOW__API__SECRET_KEY": key,
        "AIRFLOW__API_AUTH__JWT_SECRET": key,
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{PORT}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "common" / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'dags'}",
        "STATEMENTS_HOME": str(HOME),
        "STATEMENTS_ALERT_EMAIL": "none",  # here, somebody watches the pages
    }


def _start(name: str, arguments: tuple[str, ...], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (HOME / "programs" / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [AIRFLOW, *arguments],
            env=environment,
            cwd=HOME,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_until_healthy(running: dict[str, subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + STARTUP_TIMEOUT_S
    while time.monotonic() < end:
        for name, process in running.items():
            if process.poll() is not None:
                sys.exit(f"{name} stopped. Its log is {HOME / 'programs' / name}.log")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/v2/monitor/health", timeout=5) as response:
                health = json.load(response)
        except (OSError, ValueError):
            time.sleep(1)
            continue
        if all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor")):
            return
        time.sleep(1)
    sys.exit(f"Airflow did not start within {STARTUP_TIMEOUT_S} s. The logs are in {HOME / 'programs'}.")


if __name__ == "__main__":
    main()
