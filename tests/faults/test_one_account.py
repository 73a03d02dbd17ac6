"""One account never stops the others: whatever goes wrong in one account's work is that account's exception.

Issue 15: 3,000 visits of one guarantor ended the whole batch with `OverflowError`, and so did its re-run.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mail_house.email.folder import FolderMailer
from statement_builder.documents import Content
from statement_builder.operations.run_parallel import build_run
from statement_builder.pipeline import build, build_worker
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email import email_delivery
from statement_builder.pipeline.print import print_delivery, print_worker
from statement_builder.pipeline.pull import candidates, ledger_facts
from statement_builder.pipeline.recheck import recheck, recheck_worker
from statement_builder.rendering import engine as rendering_engine
from statement_builder.rendering import verifier
from statement_builder.rendering.compiled import compiler
from statement_builder.source import accounts
from tests.commands import BATCH, RELEASE, RERUN, RUN, RUN_TO_GATES, call, run_accepting_everything
from tests.faults.account_rows import add_account
from tests.hospital import ROOT, Hospital
from tests.outcomes import outcome_of
from tests.pipeline.task_functions import (
    FATAL,
    open_fatal_builder,
    open_fatal_printer,
    open_fatal_recheck,
    spin_at,
)

ERRORS = [OverflowError, MemoryError, RecursionError, ZeroDivisionError]
SECRET = "Lopez owes 300.00"
"""The text of the injected errors. It must not be in a message or the log."""


@pytest.fixture
def hospital(hospital: Hospital) -> Hospital:
    add_account(hospital, FATAL)
    return hospital


def id_in(argument: Any) -> str:
    """The guarantor id, or what else identifies the account, in an argument of one of our functions."""
    if isinstance(argument, str):
        return argument
    if isinstance(argument, Content):
        return " ".join(argument.account_numbers)
    return str(getattr(getattr(argument, "guarantor", None), "guarantor_id", getattr(argument, "document_id", "")))


def _row_sets(values: list[Any]) -> list[Any]:
    """The guarantor's rows among the arguments of `build_account`."""
    return [each[0] for each in values if isinstance(each, list) and each and isinstance(each[0], list)]


def failing(function: Callable[..., Any], error: type[Exception], of: str = FATAL) -> Callable[..., Any]:
    """The function, which raises an error when an argument belongs to the account."""

    def fail(*arguments: Any, **keywords: Any) -> Any:
        values = [*arguments, *keywords.values()]
        if any(of in id_in(each) for each in values) or any(each and each[0][1] == of for each in _row_sets(values)):
            raise error(SECRET)
        return function(*arguments, **keywords)

    return fail


STEPS = [
    pytest.param(accounts, "build_account", id="pull-rows"),
    pytest.param(candidates, "entry_cents", id="pull-balance"),
    pytest.param(ledger_facts, "apply_suppressions", id="pull-history"),
    pytest.param(build_worker, "decide", id="decide"),
    pytest.param(build_worker, "compose", id="compose"),
    pytest.param(rendering_engine, "render_markup", id="render"),
    pytest.param(verifier, "verify_pages", id="verify"),
]


@pytest.mark.parametrize(("module", "name"), STEPS)
@pytest.mark.parametrize("error", ERRORS[:1], ids=lambda error: error.__name__)
def test_error_while_building__is_that_accounts_exception(
    hospital: Hospital,
    module: Any,
    name: str,
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    without = call(hospital, *RUN, "--dry-run").json
    monkeypatch.setattr(module, name, failing(getattr(module, name), error))
    summary = run_accepting_everything(hospital).json
    assert summary["state"] == "closed"
    assert summary["foots"] is True
    assert summary["counts"]["handed_off"] == without["counts"]["selected"] - 1
    (row,) = [each for each in call(hospital, "exceptions", BATCH, "--json").json if each["guarantor"] == FATAL]
    assert row["code"] == "INTERNAL"
    assert error.__name__ in row["message"]
    assert "log" in row["fix"]
    assert error.__name__ in caplog.text
    assert SECRET not in caplog.text + row["message"] + row["fix"]


@pytest.mark.parametrize("error", ERRORS[2:4], ids=lambda error: error.__name__)
def test_error_in_the_recheck__withholds_that_document(
    hospital: Hospital, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = call(hospital, *RUN_TO_GATES, code=3).json["counts"]
    monkeypatch.setitem(vars(recheck_worker), "recheck", failing(vars(recheck_worker)["recheck"], error))
    counts = call(hospital, *RELEASE).json["counts"]
    assert (counts["handed_off"], counts["withheld"]) == (before["rendered"] - 1, 1)
    assert _late_codes(hospital) == ["RECHECK_FAILED"]


@pytest.mark.parametrize("name", ["_piece", "build_print_file"])
def test_error_in_a_print_file__withholds_that_document(
    hospital: Hospital, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = call(hospital, *RUN_TO_GATES, code=3).json["counts"]
    if name == "_piece":
        scanline = failing(vars(print_worker)["scanline"], OverflowError)
        monkeypatch.setattr(print_worker, "scanline", scanline)
    else:
        build_file = vars(print_worker)["build_print_file"]

        def fail(*, pieces: Any, **keywords: Any) -> Any:
            if any(each.document_id == _document_id(hospital) for each in pieces):
                raise OverflowError(SECRET)
            return build_file(pieces=pieces, **keywords)

        monkeypatch.setattr(print_worker, "build_print_file", fail)
    counts = call(hospital, *RELEASE).json["counts"]
    assert (counts["handed_off"], counts["withheld"]) == (before["rendered"] - 1, 1)
    assert _late_codes(hospital) == ["PRINT_FAILED"]
    assert _document_id(hospital) not in {row["document_id"] for row in hospital.manifest_rows()}


def _document_id(hospital: Hospital) -> str:
    ((document_id,),) = hospital.ledger("SELECT document_id FROM document WHERE guarantor_id = ?", FATAL)
    return str(document_id)


def _late_codes(hospital: Hospital) -> list[str]:
    return [code for (code,) in hospital.ledger("SELECT code FROM candidate_hold WHERE late AND subject = ?", FATAL)]


@pytest.mark.parametrize("name", ["compose", "send"])
def test_error_in_an_email__is_printed_if_not_sent_and_else_uncertain(
    hospital: Hospital, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent = (
        "UPDATE guarantor SET delivery = 'email', email = 'a@example.org', email_consent_at = '2026-01-01T00:00:00Z'"
    )
    hospital.sql(f"{consent} WHERE guarantor_id = ?", FATAL)
    before = call(hospital, *RUN_TO_GATES, code=3).json["counts"]
    document_id = _document_id(hospital)
    if name == "compose":
        failing_compose = failing(vars(email_delivery)["compose_email"], OverflowError, document_id)
        monkeypatch.setattr(email_delivery, "compose_email", failing_compose)
    else:
        monkeypatch.setattr(FolderMailer, "send", failing(FolderMailer.send, OverflowError, document_id))
    counts = call(hospital, *RELEASE, code=None).json["counts"]
    if name == "compose":
        assert (counts["handed_off"], counts["email"]) == (before["rendered"], before["email"] - 1)
    else:
        assert (counts["handed_off"], counts["uncertain"]) == (before["rendered"] - 1, 1)


def test_more_objects_than_the_object_table_numbers__is_laid_out_without_it(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 15: the compiled engine numbers at most 65,536 packed objects of a file."""
    monkeypatch.setattr(compiler, "PACKED_OBJECTS_MAX", 10)
    hospital.change_setting("layouts", str(hospital.home / "own-layouts"))
    assert call(hospital, *RUN).json["counts"]["errors"] == 0


def test_thousands_of_visits__are_too_long_without_being_laid_out(hospital: Hospital) -> None:
    """Issue 15: one guarantor with thousands of visits."""
    hospital.sql(
        "CREATE TABLE n AS WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT 4800) SELECT n FROM n"
    )
    for table, key in (("encounter", "account_number"), ("charge", "account_number")):
        columns = [row[1] for row in hospital.sql(f"PRAGMA table_info({table})")]
        values = [f"{each} || '-' || n" if each in {key, "charge_id"} else each for each in columns]
        hospital.sql(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}, n WHERE {key} = ?",
            f"A-{FATAL}",
        )
    summary = run_accepting_everything(hospital).json
    assert (summary["state"], summary["counts"]["errors"]) == ("closed", 1)
    (row,) = [each for each in call(hospital, "exceptions", BATCH, "--json").json if each["guarantor"] == FATAL]
    assert row["code"] == "TOO_LONG"
    assert "split the account" in row["fix"]


@pytest.mark.parametrize(
    ("workers", "at"),
    [
        pytest.param(1, None, id="killed-one-worker"),
        pytest.param(2, None, id="killed-two-workers"),
        pytest.param(1, spin_at, id="endless-loop"),
    ],
)
def test_account_that_ends_every_worker__is_an_exception_and_the_rest_is_the_same(
    hospital: Hospital, workers: int, at: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The other documents have the bytes that they have in a batch without the account."""
    other = hospital.copy_to(tmp_path / "other")
    other.sql("UPDATE charge SET amount_cents = -1 WHERE charge_id = ?", f"C-{FATAL}")
    add_account(hospital, f"{FATAL}-2")
    add_account(other, f"{FATAL}-2", charge={"amount_cents": -1})
    monkeypatch.setitem(AppContext.__init__.__kwdefaults__ or {}, "shard_candidates_max", 8)
    call(other, *RUN)
    monkeypatch.setattr(build, "open_builder", open_fatal_builder if at is None else partial(open_fatal_builder, at=at))
    monkeypatch.setattr("statement_builder.pipeline.workers.GROUP_CPU_S_MAX", 5)
    monkeypatch.setattr("statement_builder.pipeline.workers.PART_CPU_S_MAX", 1)
    _use_processes(hospital, workers, monkeypatch)
    summary = run_accepting_everything(hospital).json
    rows = [each for each in call(hospital, "exceptions", BATCH, "--json").json if each["guarantor"].startswith(FATAL)]
    assert [(each["guarantor"], each["code"]) for each in rows] == [
        (FATAL, "WORKER_DIED"),
        (f"{FATAL}-2", "WORKER_DIED"),
    ]
    assert (summary["state"], summary["foots"]) == ("closed", True)
    mine, theirs = outcome_of(hospital, BATCH), outcome_of(other, BATCH)
    for each in ("documents", "printed", "emailed", "print_files", "holds"):
        assert mine[each] == theirs[each], each
    call(hospital, *RERUN)
    assert outcome_of(hospital, BATCH) == mine


def _exception_codes(hospital: Hospital) -> dict[str, str]:
    return {each["guarantor"]: each["code"] for each in call(hospital, "exceptions", BATCH, "--json").json}


def test_account_that_ended_every_worker__a_rerun_before_the_release_tries_it_again(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it ends its worker again, and not the command; then the cause is fixed."""
    with monkeypatch.context() as broken:
        broken.setattr(build, "open_builder", open_fatal_builder)
        with monkeypatch.context() as signed:
            _use_processes(hospital, 1, signed)
            before = call(hospital, *RUN_TO_GATES, code=3).json
        assert _exception_codes(hospital)[FATAL] == "WORKER_DIED"
        steps = call(hospital, "rerun", BATCH, "--dry-run", "--json").json["would"]
        assert "retry 1 document that could not be made" in steps
        again = call(hospital, "rerun", BATCH, "--json", code=3).json
        assert again["counts"] == before["counts"]
        assert _exception_codes(hospital)[FATAL] == "WORKER_DIED"
    after = call(hospital, "rerun", BATCH, "--json", code=3).json
    assert FATAL not in _exception_codes(hospital)
    assert (after["counts"]["exceptions"], after["foots"]) == (before["counts"]["exceptions"] - 1, True)
    assert after["counts"]["rendered"] == before["counts"]["rendered"] + 1
    assert "retry" not in str(call(hospital, "rerun", BATCH, "--dry-run", "--json").json["would"])
    assert call(hospital, *RELEASE).json["state"] == "closed"
    assert _document_id(hospital) in {row["document_id"] for row in hospital.manifest_rows()}


def test_account_that_a_rule_failed_on__a_rerun_before_the_release_tries_it_again(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(build_worker, "decide", failing(vars(build_worker)["decide"], OverflowError))
        call(hospital, *RUN_TO_GATES, code=3)
        assert _exception_codes(hospital)[FATAL] == "INTERNAL"
    call(hospital, "rerun", BATCH, code=3)
    assert FATAL not in _exception_codes(hospital)


def _use_processes(hospital: Hospital, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in separate processes: with two workers in small shards, with one as after a killed run."""
    if workers == 1:
        monkeypatch.setattr("statement_builder.ledger.batches.BatchRepository.is_signed", lambda *_: True)
        return
    text = (hospital.home / "statements.toml").read_text()
    (hospital.home / "statements.toml").write_text(text.replace("workers = 1", "workers = 2"))


@pytest.mark.parametrize("what", ["recheck", "print"])
def test_document_that_ends_every_worker_of_the_hand_off__is_withheld(
    hospital: Hospital, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = call(hospital, *RUN_TO_GATES, code=3).json["counts"]
    if what == "recheck":
        monkeypatch.setattr(recheck, "open_recheck_worker", open_fatal_recheck)
    else:
        monkeypatch.setattr(print_delivery, "open_print_file_builder", open_fatal_printer)
    _use_processes(hospital, 1, monkeypatch)
    counts = call(hospital, *RELEASE).json["counts"]
    assert (counts["handed_off"], counts["withheld"]) == (before["rendered"] - 1, 1)
    assert _late_codes(hospital) == ["RECHECK_FAILED" if what == "recheck" else "PRINT_FAILED"]


def test_killed_run__its_rerun_isolates_the_account(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker works in the command's own process, which dies; the re-run uses a process that may die."""
    monkeypatch.setattr(build, "open_builder", open_fatal_builder)
    child = os.fork()
    if child == 0:
        call(hospital, *RUN, code=None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert call(hospital, *RERUN).json["state"] == "closed"
    codes = {each["guarantor"]: each["code"] for each in call(hospital, "exceptions", BATCH, "--json").json}
    assert codes[FATAL] == "WORKER_DIED"


def test_airflow_task_that_died__its_retry_isolates_the_account(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapped task builds in its own process, which dies; its next try uses a process that may die."""
    call(hospital, *RUN, "--until", "pull")
    monkeypatch.setattr(build, "open_builder", open_fatal_builder)
    child = os.fork()
    if child == 0:
        try:
            _build_as_task(hospital, 1, monkeypatch)
        finally:
            os._exit(0)  # also after an error, or this copy of the tests would go on
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert _build_as_task(hospital, 2, monkeypatch) == [], "a retry finds shards done, so it knows no rate"
    assert call(hospital, *RERUN, "--release").json["state"] == "closed"
    codes = {each["guarantor"]: each["code"] for each in call(hospital, "exceptions", BATCH, "--json").json}
    assert codes[FATAL] == "WORKER_DIED"


def test_airflow_task__sends_how_fast_its_stage_was(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    call(hospital, *RUN, "--until", "pull")
    ((name, shards_per_s, tags),) = _build_as_task(hospital, 1, monkeypatch)
    assert (name, tags) == ("statements.stage.rate", {"stage": "build"})
    assert shards_per_s > 0


def _build_as_task(
    hospital: Hospital, try_number: int, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, float, dict[str, str]]]:
    """Build the batch's shards as the mapped task does in this try, without Airflow's packages. Returns the gauges that
    it sent."""
    sent: list[tuple[str, float, dict[str, str]]] = []
    current = {
        "ti": SimpleNamespace(try_number=try_number),
        "dag": SimpleNamespace(dag_id="monthly_statements"),
        "dag_run": SimpleNamespace(triggering_user_name=None),
    }
    not_found = type("AirflowNotFoundException", (Exception,), {})

    def get_connection(_name: str) -> None:
        raise not_found

    sdk = SimpleNamespace(get_current_context=lambda: current, Connection=SimpleNamespace(get=get_connection))
    monkeypatch.setitem(sys.modules, "airflow.sdk", cast(Any, sdk))
    monkeypatch.setitem(
        sys.modules, "airflow.sdk.exceptions", cast(Any, SimpleNamespace(AirflowNotFoundException=not_found))
    )
    stats = SimpleNamespace(gauge=lambda name, value, tags: sent.append((name, value, tags)))
    monkeypatch.setitem(sys.modules, "airflow.sdk.observability.stats", cast(Any, stats))
    monkeypatch.syspath_prepend(str(ROOT / "dags"))
    for name, value in hospital.environment.items():
        monkeypatch.setenv(name, value)
    connections = importlib.import_module("common.connections")
    with connections.open_task_context() as context:
        build_run(context, context.require_batch(BATCH), 1, 99)
    return sent
