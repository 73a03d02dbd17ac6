"""A look at data of persons leaves a trace, and `statements report access` answers for it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
import typer

from statement_builder.cli import app
from statement_builder.operations.reports.registry import REPORTS
from tests.commands import BATCH, RUN_TO_GATES, call
from tests.e2e.test_preflight import swap_pages
from tests.e2e.test_release import set_release
from tests.hospital import CLOCK, Hospital

pytestmark = pytest.mark.hospital("mailed", guarantors=40)

SHOWS_NO_PERSON = {
    "adopt": "the installation",
    "bench": "sample data",
    "demo": "sample data",
    "doctor": "the installation",
    "ledger upgrade": "the installation",
    "legal-hold lift": "the id that was typed",
    "legal-hold place": "the id that was typed",
    "mail-hold lift": "the id that was typed",
    "mail-hold place": "the id that was typed",
    "payroll collect": "figures and file names",
    "place": "figures of whole lists",
    "placement approve": "figures of whole lists",
    "placement collect": "figures and file names",
    "placement list": "figures of whole lists",
    "placement recall": "the account number that was typed",
    "placement reject": "figures of whole lists",
    "placement send": "figures and file names",
    "placement status": "figures of whole agencies",
    "payroll send": "figures and ids of authorizations",
    "purge": "figures of whole batches",
    "serve": "nothing; the console records each page (tests/web)",
    "evidence bad-debt": "the accounts that were typed",
    "evidence small-claims": "the accounts that were typed",
    "request": "the account number that was typed",
    "review": "the id that was typed",
    "withdraw": "the id that was typed",
    "settings": "the settings",
    "source load-synthea": "sample data",
    "source make-sample": "sample data",
}
"""Commands that need no entry in the access log, and what they show instead."""
RECORDS_WHEN_IT_NAMES_SOMEBODY = {"run", "rerun", "release", "reject", "track", "preflight", "source check"}
RECORDS_WHEN_IT_NAMES_SOMEBODY |= {f"report {name}" for name in REPORTS}
RECORDS_WHEN_IT_NAMES_SOMEBODY |= {"legal-hold list", "mail-hold list", "batches", "requests", "credits"}
RECORDS_WHEN_IT_NAMES_SOMEBODY |= {"placement show", "evidence list"}
"""These show figures, unless they stop at a person's document or find faults."""


def looked(hospital: Hospital) -> list[tuple[str, str, str]]:
    """Command, purpose and batch of each entry of the access log."""
    return hospital.ledger("SELECT what, purpose, batch_id FROM access ORDER BY access_id")


def subjects(hospital: Hospital) -> set[tuple[str, str]]:
    """Guarantor and document of the last entry."""
    query = "SELECT guarantor_id, document_id FROM access_subject WHERE access_id = (SELECT max(access_id) FROM access)"
    return set(hospital.ledger(query))


def first_document(hospital: Hospital) -> tuple[str, str]:
    """A document and its guarantor."""
    return hospital.ledger("SELECT document_id, guarantor_id FROM document WHERE state = 'handed_off' LIMIT 1")[0]


@pytest.fixture
def document(hospital: Hospital) -> str:
    return first_document(hospital)[0]


@pytest.mark.parametrize("as_json", [pytest.param(False, id="table"), pytest.param(True, id="json")])
@pytest.mark.parametrize("what", ["find", "get", "holds", "exceptions", "show", "report control", "report access"])
def test_view__is_recorded_with_actor_purpose_and_time(hospital: Hospital, what: str, as_json: bool) -> None:
    document, guarantor = first_document(hospital)
    arguments = {
        "find": [document],
        "get": [document, "-o", str(hospital.home / "x.pdf")],
        "report access": ["--guarantor", guarantor],
    }.get(what, [BATCH])
    json = ["--json"] if as_json and what != "get" else []
    before = len(looked(hospital))
    call(hospital, *what.split(), *arguments, *json, "--purpose", "the patient called")
    entries = looked(hospital)[before:]
    assert [(each[0], each[1]) for each in entries] == [(what, "the patient called")]
    ((actor, at),) = hospital.ledger("SELECT actor, at FROM access ORDER BY access_id DESC LIMIT 1")
    ((opened_by,),) = hospital.ledger("SELECT opened_by FROM batch")
    assert actor == opened_by
    assert at.startswith(CLOCK[:16].replace("T", " "))
    if what in {"find", "get"}:
        assert subjects(hospital) == {(guarantor, document)}


def test_every_command__is_in_one_of_the_tables() -> None:
    """A new command must say whether it shows data of persons."""
    recorded = {"find", "get", "holds", "exceptions", "show", "report control", "report access"}
    recorded |= {"void", "resend", "reprint", "correct", "resolve"}
    recorded |= {f"evidence {verb}" for verb in ("draft", "approve", "write")}
    recorded |= {f"queue {verb}" for verb in ("list", "assign", "note", "snooze", "done", "reopen")}
    assert set(list_commands(typer.main.get_command(app))) == (
        recorded | SHOWS_NO_PERSON.keys() | RECORDS_WHEN_IT_NAMES_SOMEBODY
    )


def list_commands(group: object, prefix: str = "") -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from list_commands(command, f"{name} ")
        elif not command.hidden:
            yield f"{prefix}{name}"


def test_holds__names_every_guarantor_shown(hospital: Hospital) -> None:
    shown = {row["guarantor"].partition("+")[0] for row in call(hospital, "holds", BATCH, "--json").json}
    assert len(shown) > 3
    assert {guarantor for guarantor, _ in subjects(hospital)} == shown


@pytest.mark.parametrize("command", ["void", "resend", "reprint", "correct", "resolve"])
def test_document_command__refused_or_not_is_a_view(hospital: Hospital, document: str, command: str) -> None:
    extra = ["--sent"] if command == "resolve" else []
    call(hospital, command, document, *extra, "--reason", "asked", code=None)
    assert (command, "", BATCH) in looked(hospital)


@pytest.mark.hospital("new")
def test_stop__that_names_a_document_is_a_view(hospital: Hospital) -> None:
    set_release(hospital, statement='"person"', amount_max_cents="100000")
    assert "AMOUNT" in call(hospital, *RUN_TO_GATES, code=3).err
    assert looked(hospital) == [("run", "", BATCH)]
    named = hospital.ledger("SELECT document_id FROM document WHERE amount_cents > 100000")
    assert {document for _, document in subjects(hospital)} <= {document for (document,) in named}
    assert all(guarantor for guarantor, _ in subjects(hospital))


def test_source_check__names_the_guarantors_with_faults(hospital: Hospital) -> None:
    guarantor = hospital.sql("SELECT guarantor_id FROM guarantor LIMIT 1")[0][0]
    hospital.sql("UPDATE guarantor SET birth_on = '2026-02-30' WHERE guarantor_id = ?", guarantor)
    call(hospital, "source", "check", "reference", "--purpose", "set-up", code=1)
    assert looked(hospital)[-1] == ("source check", "set-up", "")
    assert (guarantor, "") in subjects(hospital)


def test_source_check__names_the_guarantors_with_notes(hospital: Hospital) -> None:
    guarantor = hospital.sql("SELECT guarantor_id FROM guarantor LIMIT 1")[0][0]
    hospital.sql("UPDATE guarantor SET email_secret = 'sunshine' WHERE guarantor_id = ?", guarantor)
    report = call(hospital, "source", "check", "reference", "--json", code=None).json
    assert guarantor in {note["row_key"] for note in report["notes"]}
    assert (guarantor, "") in subjects(hospital)


def test_preflight__names_the_faulty_documents(hospital: Hospital) -> None:
    pdf = next((hospital.home / "outbox" / "print").glob("*.pdf"))
    call(hospital, "preflight", str(pdf))
    assert looked(hospital) == []  # figures only
    swap_pages(pdf)
    pdf.with_suffix(".ctl").unlink()
    faults = call(hospital, "preflight", str(pdf), "--json", "--purpose", "vendor asked", code=1).json["faults"]
    assert looked(hospital) == [("preflight", "vendor asked", "")]
    assert {document for _, document in subjects(hospital)} == {fault["document"] for fault in faults} - {None}
    assert all(guarantor for guarantor, _ in subjects(hospital))


def test_no_trace__no_look(hospital: Hospital, document: str) -> None:
    """If the view cannot be recorded, nothing is shown or written."""
    connection = sqlite3.connect(hospital.home / "ledger.db")
    connection.execute("CREATE TRIGGER broken BEFORE INSERT ON access BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    connection.commit()
    connection.close()
    target = hospital.home / "x.pdf"
    for arguments in (("find", document), ("holds", BATCH), ("get", document, "-o", str(target))):
        result = call(hospital, *arguments, code=1)
        assert result.out == ""
    assert not target.exists()


def test_no_ledger__no_look(hospital: Hospital) -> None:
    """A ledger that does not exist records nothing, so what would be recorded is not shown."""
    pdf = next((hospital.home / "outbox" / "print").glob("*.pdf"))
    swap_pages(pdf)
    pdf.with_suffix(".ctl").unlink()
    hospital.sql(
        "UPDATE guarantor SET birth_on = '2026-02-30' WHERE guarantor_id = (SELECT min(guarantor_id) FROM guarantor)"
    )
    elsewhere = Hospital(hospital.home, {"STATEMENTS_LEDGER": f"sqlite:///{hospital.home / 'none.db'}"})
    for arguments in (
        ("preflight", str(pdf)),
        ("source", "check", "reference"),
        ("source", "check", "reference", "--json"),
    ):
        result = call(elsewhere, *arguments, code=2)
        assert result.out == ""
        assert "statements ledger upgrade" in result.err
    assert not (hospital.home / "none.db").exists()


def test_report__accounts_for_views_and_disclosures(hospital: Hospital) -> None:
    document, guarantor = first_document(hospital)
    call(hospital, "find", guarantor, "--purpose", "the patient called")
    call(hospital, "get", document, "-o", str(hospital.home / "x.pdf"))
    report = call(hospital, "report", "access", "--guarantor", guarantor, "--json").json
    assert (report["guarantor"], report["since"]) == (guarantor, "2020-11-07")
    assert [(view["what"], view["purpose"]) for view in report["views"]] == [
        ("find", "the patient called"),
        ("get", ""),
    ]
    (sent,) = [row for row in report["disclosures"] if row["document"] == document]
    ((channel, vendor),) = hospital.ledger("SELECT channel, vendor FROM delivery WHERE document_id = ?", document)
    assert (sent["channel"], sent["recipient"]) == (channel, vendor)
    shown = call(hospital, "report", "access", "--guarantor", guarantor).out
    assert "the patient called" in shown
    later = call(hospital, "report", "access", "--guarantor", guarantor, "--since", "2026-11-08", "--json").json
    assert later["views"] == later["disclosures"] == []


def named_in(hospital: Hospital, text: str) -> set[str]:
    """The documents and guarantors of the ledger that a text names."""
    words = set(re.findall(r"[A-Za-z0-9-]+", text))
    ids = hospital.ledger("SELECT document_id FROM document UNION SELECT guarantor_id FROM candidate")
    return {each for (each,) in ids} & words


@pytest.mark.hospital("waiting", guarantors=40)
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("batches",), id="batches"),
        pytest.param(("show", BATCH), id="show"),
        pytest.param(("exceptions", BATCH), id="exceptions"),
        pytest.param(("holds", BATCH), id="holds"),
        pytest.param(("queue", "list"), id="queue-list"),
        pytest.param(("find", BATCH), id="find"),
        pytest.param(("report", "control", BATCH), id="report-control"),
        pytest.param(("report", "access", "--guarantor", "GUARANTOR"), id="report-access"),
        pytest.param(("report", "tie-out-accounts"), id="report-tie-out-accounts"),
        pytest.param(("report", "plan-lapses"), id="report-plan-lapses"),
        pytest.param(("report", "expiring-clocks"), id="report-expiring-clocks"),
        pytest.param(("run", "statement", "--cycle", "2026-11"), id="run"),
        pytest.param(("rerun", BATCH), id="rerun"),
        pytest.param(("release", BATCH), id="release"),
        pytest.param(("legal-hold", "list"), id="legal-hold-list"),
        pytest.param(("mail-hold", "list"), id="mail-hold-list"),
        pytest.param(("track",), id="track"),
    ],
)
def test_view__records_everybody_whom_it_names(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    """In fields, in questions, and in what people wrote: a reason, a rejection, the name of a file."""
    (document, guarantor), (other, _) = hospital.ledger(
        "SELECT document_id, guarantor_id FROM document WHERE state = 'rendered' ORDER BY document_id LIMIT 2"
    )
    ((account,),) = hospital.ledger("SELECT min(account_number) FROM document_account WHERE document_id = ?", document)
    set_release(hospital, statement='"person"', amount_max_cents="100000")
    call(hospital, "reject", BATCH, "--reason", f"{document} has a wrong amount")
    call(hospital, "legal-hold", "place", account, "--reason", f"suit about {other}")
    call(hospital, "mail-hold", "place", guarantor, "--reason", f"a lawyer called about {other}")
    inbox = hospital.home / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / f"{other}.txt").write_text("Not a report.", encoding="utf-8")
    own = [guarantor if each == "GUARANTOR" else each for each in arguments]

    as_json = ["--json"] if "--json" in call(hospital, *own, "--help").out else []
    result = call(hospital, *own, *as_json, code=None)

    named = named_in(hospital, result.out + result.err)
    assert named, "this case shows nobody, so it proves nothing"
    recorded = {each for pair in subjects(hospital) for each in pair}
    assert named <= recorded


@pytest.mark.hospital("waiting", guarantors=40)
def test_legal_hold_list__on_an_account_is_about_its_guarantor(hospital: Hospital) -> None:
    account, guarantor = hospital.ledger(
        "SELECT min(a.account_number), d.guarantor_id FROM document AS d JOIN document_account AS a USING (document_id)"
        " GROUP BY d.document_id LIMIT 1"
    )[0]
    call(hospital, "legal-hold", "place", account, "--reason", "suit")
    call(hospital, "legal-hold", "place", BATCH, "--reason", "suit")
    call(hospital, "legal-hold", "list")
    assert subjects(hospital) == {(guarantor.partition("+")[0], "")}


def test_report__guarantor_whom_nobody_looked_at(hospital: Hospital) -> None:
    report = call(hospital, "report", "access", "--guarantor", "G0", "--json").json
    assert report["views"] == []
    assert "No view on record" in call(hospital, "report", "access", "--guarantor", "G1").out


def test_access__is_in_the_chain(hospital: Hospital, document: str) -> None:
    call(hospital, "find", document)
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with pytest.raises(sqlite3.IntegrityError, match="insert-only"):
        connection.execute("DELETE FROM access")
    for name in ("access_no_delete", "access_no_update"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE access SET actor = 'colleague@desk'")
    connection.commit()
    connection.close()
    findings = call(hospital, "doctor", "--json", code=1).json
    (found,) = [each for each in findings if each["part"] == "event log"]
    assert "access 1 is not as the event log says" in found["message"]


@pytest.mark.hospital("mailed")
def test_report_access__of_another_recipient_is_that_of_the_guarantor(hospital: Hospital) -> None:
    ((guarantor, document),) = hospital.ledger("SELECT guarantor_id, document_id FROM document LIMIT 1")
    call(hospital, "get", document, "-o", str(hospital.home / "x.pdf"))
    for who in (guarantor, f"{guarantor}+K1"):
        report = call(hospital, "report", "access", "--guarantor", who, "--json").json
        assert "get" in [each["what"] for each in report["views"]]
