"""A separate Airflow for tests: its home folder, its settings, and programs that run in it.

Airflow always runs in other processes: it reads its settings on import, and its warnings would fail this project's
tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hospital import ROOT, Hospital
from tests.services.smtp import SmtpServer

DAGS = ROOT / "dags"


def smtp_connection(smtp: SmtpServer) -> str:
    """Airflow's connection `smtp_default` for this server, in the form that docker-compose.yml uses."""
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@hospital.example"}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": smtp.port, "extra": extra})


@dataclass(frozen=True)
class AirflowHome:
    """Airflow's folder `home`, and the hospital whose mail it sends."""

    home: Path
    hospital: Hospital
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(DAGS / "common" / "plugins"),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{DAGS}",
            "STATEMENTS_RETRY_DELAY_S": "0.1",
        }
        return self.hospital.environment | own | self.environ

    def airflow(self, *arguments: str) -> str:
        """Run an `airflow` command and return its output."""
        return self._run([str(Path(sys.executable).parent / "airflow"), *arguments]).stdout

    def script(self, name: str, *arguments: str) -> tuple[Any, str]:
        """Run `tests/dags/<name>.py`. Returns the JSON in its last line, and everything it printed."""
        done = self._run([sys.executable, str(ROOT / "tests" / "dags" / f"{name}.py"), *arguments])
        return json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, env=self.environment, cwd=self.hospital.home, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done
