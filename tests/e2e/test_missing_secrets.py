"""A machine without the secrets for sending: what sends nothing works, and what sends names the secret first."""

from __future__ import annotations

import pytest
import typer

from statement_builder.cli import app
from statement_builder.operations.reports.registry import REPORTS
from tests.commands import BATCH, RELEASE, RERUN, RUN, RUN_TO_GATES, call, error_message
from tests.e2e.test_access import list_commands
from tests.hospital import EMAIL_KEY, Hospital

_EMAIL = "smtp://mail.hospital.example?from=billing@hospital.example"
MISSING = {
    "STATEMENTS_EMAIL_KEY": {"STATEMENTS_EMAIL": _EMAIL, "STATEMENTS_EMAIL_KEY": ""},
    "STATEMENTS_DKIM_KEY": {
        "STATEMENTS_EMAIL": f"{_EMAIL}&dkim=s1",
        "STATEMENTS_EMAIL_KEY": EMAIL_KEY,
        "STATEMENTS_DKIM_KEY": "/nowhere/dkim.pem",
    },
    "STATEMENTS_LOB_KEY": {"STATEMENTS_PRINT": "lob://api.lob.com/v1?from=adr_1"},
}
"""The variable that is missing, or names a missing file, and the environment."""
SENDS = {
    "run": RUN,
    "rerun": RERUN,
    "release": RELEASE,
    "track": ("track",),
    "resend": ("resend", "DOCUMENT", "--reason", "asked"),
    "reprint": ("reprint", "DOCUMENT", "--reason", "asked"),
    "correct": ("correct", "DOCUMENT", "--reason", "asked"),
}
SENDS_NOTHING = {
    "batches": ("batches",),
    "show": ("show", BATCH),
    "exceptions": ("exceptions", BATCH),
    "holds": ("holds", BATCH),
    "find": ("find", "DOCUMENT"),
    "get": ("get", "DOCUMENT", "-o", "one.pdf"),
    "void": ("void", "DOCUMENT", "--reason", "asked"),
    "resolve": ("resolve", "DOCUMENT", "--sent", "--reason", "asked"),
    "reject": ("reject", BATCH, "--reason", "asked"),
    "purge": ("purge", "--before", "2020-01-01"),
    "settings": ("settings",),
    "doctor": ("doctor",),
    "adopt": ("adopt", "inbox", "--reason", "moved"),
    "ledger upgrade": ("ledger", "upgrade"),
    "report control": ("report", "control", BATCH),
    "report access": ("report", "access", "--guarantor", "G100001"),
    **{f"report {name}": ("report", name) for name in REPORTS},
    "source check": ("source", "check", "reference"),
    "legal-hold place": ("legal-hold", "place", BATCH, "--reason", "suit"),
    "legal-hold lift": ("legal-hold", "lift", BATCH, "--reason", "suit"),
    "legal-hold list": ("legal-hold", "list"),
    "mail-hold place": ("mail-hold", "place", "G100001", "--reason", "asked"),
    "mail-hold lift": ("mail-hold", "lift", "G100001", "--reason", "asked"),
    "mail-hold list": ("mail-hold", "list"),
    "request": ("request", "invoice", "A-NOT-THERE"),
    "payroll send": ("payroll", "send"),
    "place": ("place", "--cycle", "2026-11"),
    "placement list": ("placement", "list"),
    "placement show": ("placement", "show", "2026-11-placement-1"),
    "placement approve": ("placement", "approve", "2026-11-placement-1"),
    "placement reject": ("placement", "reject", "2026-11-placement-1", "--reason", "asked"),
    "placement send": ("placement", "send"),
    "placement collect": ("placement", "collect"),
    "placement recall": ("placement", "recall", "A-NOT-THERE", "--reason", "asked"),
    "placement status": ("placement", "status"),
    "payroll collect": ("payroll", "collect"),
    "requests": ("requests",),
    "queue list": ("queue", "list"),
    "queue assign": ("queue", "assign", "0123456789abcdef", "--to", "ana"),
    "queue note": ("queue", "note", "0123456789abcdef", "--note", "called"),
    "queue snooze": ("queue", "snooze", "0123456789abcdef", "--until", "2026-12-01", "--note", "called"),
    "queue done": ("queue", "done", "0123456789abcdef", "--note", "called"),
    "queue reopen": ("queue", "reopen", "0123456789abcdef"),
    "credits": ("credits",),
    "review": ("review", "R-NOT-THERE"),
    "evidence bad-debt": ("evidence", "bad-debt", "A-NOT-THERE", "--reason", "audit"),
    "evidence small-claims": ("evidence", "small-claims", "A-NOT-THERE", "--reason", "suit"),
    "evidence draft": ("evidence", "draft", "EV-NOT-THERE", "-o", "one.pdf"),
    "evidence approve": ("evidence", "approve", "EV-NOT-THERE", "--content", "0", "--reason", "read"),
    "evidence write": ("evidence", "write", "EV-NOT-THERE", "-o", "out"),
    "evidence list": ("evidence", "list"),
    "withdraw": ("withdraw", "R-NOT-THERE", "--reason", "asked"),
}
WITHOUT_SETTINGS = {"bench", "demo", "preflight", "serve", "source make-sample", "source load-synthea"}
"""These do not open the hospital's mail house, or make one of their own. The console serves until it is stopped; its
buttons are the operations of the commands above."""
pytestmark = pytest.mark.hospital("waiting")


def _arguments(hospital: Hospital, template: tuple[str, ...]) -> list[str]:
    document = str(hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0])
    return [document if each == "DOCUMENT" else each for each in template]


def test_every_command__is_in_one_of_the_tables() -> None:
    assert set(list_commands(typer.main.get_command(app))) == SENDS.keys() | SENDS_NOTHING.keys() | WITHOUT_SETTINGS


@pytest.mark.parametrize("variable", MISSING)
@pytest.mark.parametrize("command", SENDS)
def test_command_that_sends__names_the_secret_and_changes_nothing(
    hospital: Hospital, command: str, variable: str
) -> None:
    tables = ("batch", "document", "delivery", "print_file", "redelivery", "shard")
    before = [hospital.ledger(f"SELECT * FROM {table}") for table in tables]
    arguments = _arguments(hospital, SENDS[command])
    assert variable in error_message(call(Hospital(hospital.home, MISSING[variable]), *arguments, code=2))
    assert [hospital.ledger(f"SELECT * FROM {table}") for table in tables] == before


@pytest.mark.parametrize("variable", MISSING)
@pytest.mark.parametrize("command", SENDS_NOTHING)
def test_command_that_sends_nothing__needs_no_secret(hospital: Hospital, command: str, variable: str) -> None:
    arguments = _arguments(hospital, SENDS_NOTHING[command])
    lacking = Hospital(hospital.copy_to(hospital.home.with_name("lacking")).home, MISSING[variable])
    result, complete = call(lacking, *arguments, code=None), call(hospital, *arguments, code=None)
    if command == "doctor":
        assert variable in result.out, "the check of the mail house says what is missing, beside the others"
        assert "all templates compile" in result.out
    else:
        assert result.code == complete.code, result.err
        assert variable not in result.err


@pytest.mark.parametrize("variable", MISSING)
def test_dry_run__refuses_what_the_run_refuses(hospital: Hospital, variable: str) -> None:
    lacking = Hospital(hospital.home, MISSING[variable])
    assert variable in error_message(call(lacking, *RUN_TO_GATES, "--dry-run", code=2))
    call(lacking, "rerun", BATCH, "--dry-run")
