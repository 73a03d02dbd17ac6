"""Who may do what is a setting. What is not allowed is refused in one sentence, and on record."""

from __future__ import annotations

import grp
import os

import pytest

from tests.commands import BATCH, RELEASE, RERUN, RUN, RUN_TO_GATES, call, error_message
from tests.hospital import Hospital

OWN_GROUP = grp.getgrgid(os.getgid()).gr_name
OTHERS = '["group:billing-supervisors", "airflow:ana"]'
pytestmark = pytest.mark.hospital("waiting")


def set_roles(hospital: Hospital, **roles: str) -> None:
    path = hospital.home / "statements.toml"
    lines = "\n".join(f"{verb} = {members}" for verb, members in roles.items())
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[roles]\n{lines}\n", encoding="utf-8")


def recorded(hospital: Hospital, what: str) -> list[tuple[str, str]]:
    return hospital.ledger("SELECT subject, why FROM event WHERE what = ? ORDER BY event_id", what)


def a_document(hospital: Hospital) -> str:
    return str(hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0])


def account_of(hospital: Hospital) -> str:
    return str(hospital.ledger("SELECT min(account_number) FROM document_account")[0][0])


COMMANDS: dict[str, tuple[str, ...]] = {
    "run": RUN,
    "rerun": RERUN,
    "release": RELEASE,
    "reject": ("reject", BATCH, "--reason", "wrong"),
    "void": ("void", "DOCUMENT", "--reason", "wrong"),
    "resend": ("resend", "DOCUMENT", "--reason", "wrong"),
    "reprint": ("reprint", "DOCUMENT", "--reason", "wrong"),
    "correct": ("correct", "DOCUMENT", "--reason", "wrong"),
    "resolve": ("resolve", "DOCUMENT", "--sent", "--reason", "wrong"),
    "track": ("track",),
    "evidence": ("evidence", "bad-debt", "7001", "--reason", "wrong"),
}


@pytest.mark.parametrize("members", [pytest.param(OTHERS, id="others"), pytest.param(None, id="not-set")])
@pytest.mark.parametrize("verb", COMMANDS)
def test_refused__in_one_sentence_and_on_record(hospital: Hospital, verb: str, members: str | None) -> None:
    """A verb that is not set is allowed to nobody as soon as any is set."""
    mine = f'["group:{OWN_GROUP}"]'
    set_roles(
        hospital, **{each: mine for each in ("run", "rerun") if each != verb} | ({verb: members} if members else {})
    )
    document = a_document(hospital)
    before = hospital.ledger("SELECT state, released_by, rejected_by FROM batch"), hospital.manifest_rows()
    arguments = [document if each == "DOCUMENT" else each for each in COMMANDS[verb]]
    message = error_message(call(hospital, *arguments, code=2))
    allowed = "group:billing-supervisors, airflow:ana" if members else "nobody"
    assert message.strip().endswith(f"may not do this: the setting roles.{verb} allows it to {allowed}.")
    assert [why for _, why in recorded(hospital, "refused")] == [verb]
    assert (hospital.ledger("SELECT state, released_by, rejected_by FROM batch"), hospital.manifest_rows()) == before
    assert hospital.ledger("SELECT count(*) FROM document WHERE state = 'withheld'") == [(0,)]


def test_allowed__is_on_record_with_the_role(hospital: Hospital) -> None:
    set_roles(hospital, void=f'["airflow:ana", "group:{OWN_GROUP}"]')
    document = a_document(hospital)
    call(hospital, "void", document, "--reason", "wrong person")
    assert recorded(hospital, "authorized") == [(document, f"void, by group:{OWN_GROUP}")]


def test_run_with_release__needs_both_roles(hospital: Hospital) -> None:
    set_roles(hospital, run=f'["group:{OWN_GROUP}"]')
    assert "roles.release allows it to nobody" in call(hospital, *RUN, code=2).err
    assert hospital.manifest_rows() == []
    call(hospital, *RUN_TO_GATES, code=3)  # stops at the gate, as before


def test_evidence_list__needs_the_role_of_the_page(hospital: Hospital) -> None:
    """A packet names accounts and why somebody asks for them. The console's page requires the same role."""
    call(hospital, "evidence", "bad-debt", account_of(hospital), "--reason", "sample of the auditor")
    viewed = "SELECT count(*) FROM access WHERE what = 'evidence list'"
    set_roles(hospital, void=f'["group:{OWN_GROUP}"]', evidence=OTHERS)
    for as_json in ([], ["--json"]):
        result = call(hospital, "evidence", "list", *as_json, code=2)
        assert "may not do this: the setting roles.evidence allows it to" in result.err
        assert account_of(hospital) not in result.out + result.err
    assert hospital.ledger(viewed) == [(0,)]


def test_evidence_list__with_the_role_is_a_view(hospital: Hospital) -> None:
    call(hospital, "evidence", "bad-debt", account_of(hospital), "--reason", "sample of the auditor")
    set_roles(hospital, evidence=f'["group:{OWN_GROUP}"]')
    (row,) = call(hospital, "evidence", "list", "--json").json
    assert row["accounts"] == [account_of(hospital)]
    assert hospital.ledger("SELECT count(*) FROM access WHERE what = 'evidence list'") == [(1,)]
    assert recorded(hospital, "authorized") == [], "the access log has the view"


def test_no_roles__nothing_is_recorded(hospital: Hospital) -> None:
    call(hospital, *RELEASE)
    assert recorded(hospital, "authorized") == recorded(hospital, "refused") == []


def test_reads__need_no_role(hospital: Hospital) -> None:
    set_roles(hospital, void=OTHERS)
    for command in (("show", BATCH), ("batches",), ("holds", BATCH), ("exceptions", BATCH)):
        call(hospital, *command)


@pytest.mark.parametrize(
    "member",
    ["group:domain users@corp", "airflow:Ben Smith", "airflow:ben@hospital.org=2", "airflow:Ben Smith=a-1", "schedule"],
)
def test_setting__accepts_names_of_a_directory_service(hospital: Hospital, member: str) -> None:
    set_roles(hospital, void=f'["{member}"]')
    call(hospital, "batches")


@pytest.mark.parametrize(
    "member",
    [
        "billing",
        "role:Op",
        "group:",
        "airflow:",
        "",
        "airflow:=2",
        "airflow:ben=",
        "airflow:ben=1=2",
        "group: x",
        "group:x\\ty",
    ],
)
def test_setting__names_what_is_wrong(hospital: Hospital, member: str) -> None:
    set_roles(hospital, void=f'["{member}"]')
    assert "roles.void" in error_message(call(hospital, "batches", code=2))
