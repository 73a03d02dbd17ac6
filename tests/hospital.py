"""A sample hospital with the whole service in one folder, driven through the command line."""

from __future__ import annotations

import atexit
import csv
import functools
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from statement_builder.source import make_sample
from tests.fork_server import STATEMENTS, run_forked

ROOT = Path(__file__).resolve().parent.parent
needs_other_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a command as another Unix user")
AS_OF = date(2026, 11, 7)
CYCLE = "2026-11"
CLOCK = "2026-11-07T15:00:00+00:00"
SERVER_DOWN = {
    "print": {
        "STATEMENTS_PRINT": "sftp://hospital@127.0.0.1:1/in?host_key=SHA256:unknown",
        "STATEMENTS_SFTP_PASSWORD": "x",
    },
    "email": {"STATEMENTS_EMAIL": "smtp://127.0.0.1:1?from=a@b.example"},
}
"""Channel to the variables that set a server which is down."""
EMAIL_KEY = "6e1cbd0a1c8b4f5e9d3a7b2f8c4e6d10"
"""Signs the tokens of e-mails, so that bounces can be proven."""


@dataclass(frozen=True)
class CommandResult:
    """A command's exit code and output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Hospital:
    """A hospital's folder, with settings, billing database, ledger, archive and outbox. `environ` adds variables."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    user_id: int | None = None
    """The Unix user of the commands, by number. None: the user who runs the tests."""
    is_cold: bool = False
    """Whether each command starts a new interpreter, as for an operator."""

    @property
    def database(self) -> Path:
        return self.home / "hospital.db"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "statement_builder.cli", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STATEMENTS_")}
        own = {"STATEMENTS_HOME": str(self.home), "STATEMENTS_CLOCK": CLOCK, "PYTHONPATH": str(ROOT)}
        own["STATEMENTS_EMAIL_KEY"] = EMAIL_KEY
        return inherited | own | self.environ

    def statements(self, *arguments: str, code: int | None = 0) -> CommandResult:
        """Run one command in its own process and check its exit code; `code=None` accepts any."""
        done = self._run(*arguments)
        result = CommandResult(done.returncode, done.stdout, done.stderr)
        assert code is None or result.code == code, f"{arguments}: exit {result.code}\n{result.out}\n{result.err}"
        return result

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        if not self.is_cold:
            return run_forked(STATEMENTS, list(arguments), env=self.environment, cwd=self.home, user_id=self.user_id)
        assert self.user_id is None, "only forked commands run as another user"
        return subprocess.run(
            self.command(*arguments), env=self.environment, cwd=self.home, capture_output=True, text=True, check=False
        )

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement on the billing database, as the hospital would."""
        with sqlite3.connect(self.database) as connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows

    def ledger_exists(self) -> bool:
        """Whether a run has created the ledger's tables."""
        if not (self.home / "ledger.db").is_file():
            return False
        return bool(self.ledger("SELECT 1 FROM sqlite_master WHERE name = 'batch'"))

    def ledger(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query on the ledger's SQLite file."""
        connection = sqlite3.connect(self.home / "ledger.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def manifest_rows(self, folder: Path | None = None) -> list[dict[str, str]]:
        """The rows of every manifest with a control file: what the vendor would print from `folder` (default:
        outbox)."""
        rows: list[dict[str, str]] = []
        for control in sorted((folder or self.home / "outbox" / "print").glob("*.ctl")):
            rows += self.manifest_rows_of(control)
        return rows

    @staticmethod
    def manifest_rows_of(file: Path) -> list[dict[str, str]]:
        """The rows of one print file's manifest."""
        return list(csv.DictReader(io.StringIO(file.with_suffix(".csv").read_text(encoding="utf-8"))))

    def emailed(self) -> list[str]:
        """The document ids of the e-mails in the outbox."""
        return sorted(path.name.removesuffix(".eml") for path in (self.home / "outbox" / "email").glob("*.eml"))

    def change_setting(self, name: str, value: str) -> None:
        """Replace a setting that is a text in the sample settings."""
        path = self.home / "statements.toml"
        text, count = re.subn(rf'^{name} = ".*"$', f'{name} = "{value}"', path.read_text(encoding="utf-8"), flags=re.M)
        assert count == 1, f"the sample settings have {count} lines for {name}"
        path.write_text(text, encoding="utf-8")

    def copy_to(self, home: Path) -> Hospital:
        """Copy the hospital with its whole history to another folder."""
        shutil.copytree(self.home, home)
        return replace(self, home=home, environ=dict(self.environ))

    def on_day(self, day: str, time: str = "15:00") -> Hospital:
        """The same hospital on another day, such as `2026-12-15`, with billing data of that day."""
        self.sql("UPDATE feed SET loaded_at = ?", f"{day}T06:00:00Z")
        return replace(self, environ=self.environ | {"STATEMENTS_CLOCK": f"{day}T{time}:00+00:00"})

    def as_user(self, user_id: int) -> Hospital:
        """The same hospital, operated by another Unix user. Files stay accessible."""
        return replace(self, user_id=user_id)


def build_hospital(
    home: Path,
    *,
    guarantors: int = 40,
    seed: int = 1,
    workers: int = 1,
    is_cold: bool = False,
    layouts: Path | None = None,
) -> Hospital:
    """Create a sample hospital with the sample settings; delivery reports are taken in as soon as a test writes them.
    All hospitals of a test process share one layout cache, unless `layouts` names another folder."""
    home.mkdir(parents=True, exist_ok=True)
    settings = (ROOT / "statements.sample.toml").read_text(encoding="utf-8")
    rendering = f'workers = {workers}\nlayouts = "{layouts or shared_layouts()}"'
    settings = settings.replace("workers = 0", rendering).replace("[mail]\n", "[mail]\nsettle_seconds = 0\n")
    (home / "statements.toml").write_text(settings, encoding="utf-8")
    make_sample(f"sqlite:///{home / 'hospital.db'}", guarantors=guarantors, seed=seed, as_of=AS_OF)
    return Hospital(home, is_cold=is_cold)


@functools.cache
def shared_layouts() -> Path:
    """Laying out the sample hospital's documents takes ten times as long as filling them."""
    folder = Path(tempfile.mkdtemp(prefix="layouts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
