"""Who runs a command: the operating system says so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from statement_builder.actor import current_actor, is_same_user
from tests.hospital import needs_other_users

ROOT = Path(__file__).resolve().parent.parent
MACHINE = socket.gethostname()
_PRINT_ACTOR = "from statement_builder.actor import current_actor; print(current_actor())"


def actor_in_child(*wrapper: str, environ: dict[str, str] | None = None) -> str:
    """The actor of a new process, started by a command such as `unshare`."""
    command = [*wrapper, sys.executable, "-c", _PRINT_ACTOR]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | (environ or {})
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip()


def test_actor__ignores_the_environment() -> None:
    names = ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER", "SUDO_UID", "HOME")
    assert actor_in_child(environ=dict.fromkeys(names, "colleague")) == current_actor()


@pytest.mark.skipif(not Path("/usr/bin/unshare").exists(), reason="util-linux's unshare is not installed")
def test_actor__a_user_namespace_changes_nobody() -> None:
    assert actor_in_child("/usr/bin/unshare", "--user", "--map-user=70001") == current_actor()


@needs_other_users
@pytest.mark.skipif(
    Path("/proc/self/loginuid").read_text(encoding="ascii") != str(2**32 - 1),
    reason="a login started the tests, and a login cannot be changed",
)
def test_actor__login_behind_sudo_is_the_person() -> None:
    # The kernel lets root set the login of a process once, as a login program does; sudo and su keep it.
    login = "import os; open('/proc/self/loginuid', 'w').write('70001'); os.setreuid(70002, -1); " + _PRINT_ACTOR
    done = subprocess.run(
        [sys.executable, "-c", login], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    if "PermissionError" in done.stderr:
        pytest.skip("this machine's container may not set a login")
    assert done.stdout.strip() == f"70001/70002@{MACHINE}"


@pytest.mark.parametrize(
    ("actor", "other", "same"),
    [
        pytest.param("ana@one", "ana@two", True, id="another-machine"),
        pytest.param("ana@one", "Ana@one", True, id="case"),
        pytest.param("ana/statements@one", "ana@one", True, id="sudo-and-without"),
        pytest.param("ana/statements@one", "ben/statements@one", False, id="two-logins-share-an-account"),
        pytest.param("ana@one", "ben@one", False, id="two-users"),
        pytest.param("ana@a.org@airflow", "ana@b.org@airflow", False, id="names-are-email-addresses"),
        pytest.param("ana@a.org@airflow", "Ana@a.org/statements@one", True, id="email-address-of-a-login"),
    ],
)
def test_is_same_user(actor: str, other: str, same: bool) -> None:
    assert is_same_user(actor, other) is same
