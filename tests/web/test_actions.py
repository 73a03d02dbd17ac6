"""The buttons do what the commands do, with the signed-in person as the actor, and say what came of it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from statement_builder.errors import BatchBusy
from statement_builder.web.orders import Order
from tests.commands import BATCH, call
from tests.e2e.test_correct import corrections, pay_part
from tests.e2e.test_release import set_release
from tests.e2e.test_reprint import printed
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=20)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def seen(visit: Visit) -> str:
    """The fingerprint in the form of the batch's page."""
    return find_seen(visit.get(f"/batches/{BATCH}").text)


def find_seen(page: str) -> str:
    """What a form says that the person has seen."""
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def wait(visit: Visit, address: str) -> str:
    """Load a page again and again until its action has ended."""
    for _ in range(600):
        if not visit.console.jobs.all_running():
            return visit.get(address).text
        time.sleep(0.1)
    raise AssertionError("the action did not end")


def act(visit: Visit, path: str, **fields: Any) -> str:
    """Press a button and wait for the page with the result."""
    answer = visit.post(path, **fields)
    return wait(visit, str(answer.url).removeprefix(visit.address))


def state(visit: Visit) -> str:
    return str(visit.hospital.ledger("SELECT state FROM batch")[0][0])


def test_release__hands_off_with_the_visitor_as_the_actor(visit: Visit) -> None:
    page = act(visit, f"/batches/{BATCH}/release", seen=seen(visit))
    assert "is closed" in page
    assert state(visit) == "closed"
    assert visit.hospital.ledger("SELECT released_by FROM batch") == [("ben@desk",)]
    assert visit.hospital.manifest_rows()


def test_release__of_another_batch_than_was_shown_is_refused(visit: Visit) -> None:
    old = seen(visit)
    document = visit.hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0]
    call(visit.hospital, "void", document, "--reason", "asked")
    page = act(visit, f"/batches/{BATCH}/release", seen=old)
    assert "Not done" in page
    assert "has changed since" in page
    assert state(visit) == "waiting"


def test_release__asks_every_question_by_name(hospital: Hospital) -> None:
    set_release(hospital, amount_max_cents="1")
    with open_console(hospital) as visit:
        visit.sign_in()
        page = visit.get(f"/batches/{BATCH}").text
        assert 'name="accept" value="AMOUNT"' in page
        assert "waits for approval" in act(visit, f"/batches/{BATCH}/release", seen=seen(visit))
        page = act(visit, f"/batches/{BATCH}/release", seen=seen(visit), accept="AMOUNT")
        assert "Say why you accept it" in page
        assert state(visit) == "waiting"
        fields = {"seen": seen(visit), "accept": "AMOUNT", "reason": "a trial"}
        assert "is closed" in act(visit, f"/batches/{BATCH}/release", **fields)


def test_release__needs_a_second_user_under_dual_control(hospital: Hospital) -> None:
    set_release(hospital, statement='"dual-control"')
    ((opened_by,),) = hospital.ledger("SELECT opened_by FROM batch")
    with open_console(hospital, actor=f"{opened_by.partition('@')[0]}@console") as visit:
        visit.sign_in()
        assert "must be released by a second user" in act(visit, f"/batches/{BATCH}/release", seen=seen(visit))
    with open_console(hospital) as visit:
        visit.sign_in()
        assert "is closed" in act(visit, f"/batches/{BATCH}/release", seen=seen(visit))


def test_release__needs_the_proof_if_the_setting_says_so(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    settings.write_text(f"{settings.read_text('utf-8')}\n[console]\nrequires_proof = true\n", encoding="utf-8")
    with open_console(hospital) as visit:
        visit.sign_in()
        page = visit.get(f"/batches/{BATCH}").text
        assert "disabled" in page
        assert "open each document of its proof first" in act(visit, f"/batches/{BATCH}/release", seen=seen(visit))
        for document in set(re.findall(r'href="/documents/([0-9a-f-]{36})"', page)):
            visit.get(f"/documents/{document}")
        assert "disabled" not in visit.get(f"/batches/{BATCH}").text
        assert "is closed" in act(visit, f"/batches/{BATCH}/release", seen=seen(visit))


def test_reject__with_a_reason_and_release_after_all(visit: Visit) -> None:
    assert "requires a reason" in act(visit, f"/batches/{BATCH}/reject", reason=" ")
    page = act(visit, f"/batches/{BATCH}/reject", reason="wrong <b>logo</b>")
    assert "Rejected by ben@desk" in page
    assert "wrong &lt;b&gt;logo&lt;/b&gt;" in page
    fields = {"seen": seen(visit), "accept": "REJECTED", "reason": "the logo is right"}
    assert "is closed" in act(visit, f"/batches/{BATCH}/release", **fields)


def test_role__refusal_is_said_and_recorded(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:clerks"]\nrelease = ["group:supervisors"]\n'
    settings.write_text(f"{settings.read_text('utf-8')}{roles}", encoding="utf-8")
    with open_console(hospital, memberships=frozenset({"group:clerks"})) as visit:
        visit.sign_in()
        assert "may not do this" in act(visit, f"/batches/{BATCH}/release", seen=seen(visit))
        assert state(visit) == "waiting"
        assert hospital.ledger("SELECT actor, why FROM event WHERE what = 'refused'") == [("ben@desk", "release")]
        document = hospital.ledger("SELECT document_id FROM document LIMIT 1")[0][0]
        assert "Void it" not in visit.get(f"/documents/{document}").text


def test_void__before_the_release(visit: Visit) -> None:
    document = visit.hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0]
    assert "is void" in act(visit, f"/documents/{document}/void", reason="asked")
    assert ("void", "ben@desk") in visit.hospital.ledger("SELECT what, actor FROM access")
    query = "SELECT actor FROM event WHERE subject = ? AND what = 'withheld'"
    assert visit.hospital.ledger(query, document) == [("ben@desk",)]


@pytest.mark.hospital("mailed", guarantors=20)
def test_reprint__mails_a_copy(visit: Visit) -> None:
    document = printed(visit.hospital)
    page = act(visit, f"/documents/{document}/reprint", reason="lost")
    assert f"is a copy of {document}" in page
    assert visit.hospital.ledger("SELECT count(*) FROM document WHERE is_copy") == [(1,)]


@pytest.mark.hospital("mailed", guarantors=20)
def test_correct__shows_the_difference_first(visit: Visit) -> None:
    document = printed(visit.hospital)
    page = act(visit, f"/documents/{document}/correct/preview")
    assert "it would print the same amount" in page
    pay_part(visit.hospital, document)
    page = act(visit, f"/documents/{document}/correct/preview")
    assert "It changes: <strong>the amount, the lines</strong>." in page
    for picture in re.findall(r'src="(/previews/[^"]+)"', page):
        assert visit.get(picture).content.startswith(b"\x89PNG")
    assert corrections(visit.hospital, document) == [], "the preview made a correction"
    shown = find_seen(page)
    assert "replaces" in act(visit, f"/documents/{document}/correct", reason="paid before", seen=shown)
    assert len(corrections(visit.hospital, document)) == 1


@pytest.mark.hospital("mailed", guarantors=20)
def test_correct__that_is_not_what_was_previewed_is_not_made(visit: Visit) -> None:
    document = printed(visit.hospital)
    pay_part(visit.hospital, document)
    shown = find_seen(act(visit, f"/documents/{document}/correct/preview"))
    pay_part(visit.hospital, document)
    page = act(visit, f"/documents/{document}/correct", reason="paid before", seen=shown)
    assert "would print something else than the preview" in page
    assert corrections(visit.hospital, document) == []


@pytest.mark.hospital("mailed", guarantors=20)
def test_button__pressed_twice_does_and_says_the_same(visit: Visit) -> None:
    document = printed(visit.hospital)
    for _ in range(2):
        assert f"is a copy of {document}" in act(visit, f"/documents/{document}/reprint", reason="lost")
    assert visit.hospital.ledger("SELECT count(*) FROM document WHERE is_copy") == [(1,)]


@pytest.mark.hospital("mailed", guarantors=20)
@pytest.mark.parametrize("verb", ["resend", "resolve", "void"])
def test_document__what_the_operation_refuses_is_explained(visit: Visit, verb: str) -> None:
    document = printed(visit.hospital)
    page = act(visit, f"/documents/{document}/{verb}", reason="asked", sent="yes")
    assert "Not done" in page


def test_action__killed_in_the_middle_is_finished_later(visit: Visit) -> None:
    """The ledger knows what was done: the batch is finished once, by the button or by the command."""
    order = Order(verb="release", subject=BATCH, actor="ben@desk", memberships=frozenset(), seen=seen(visit), reason="")
    job = visit.console.jobs.start(order, session="s", batch_id=BATCH)
    while state(visit) == "waiting":
        time.sleep(0.001)
    assert job.process_id
    os.kill(job.process_id, signal.SIGKILL)
    assert job.ended.wait(60)
    assert "ended before it was finished" in job.problem
    assert "Finish" in visit.get(f"/batches/{BATCH}").text
    assert "is closed" in act(visit, f"/batches/{BATCH}/rerun")
    ids = [row["document_id"] for row in visit.hospital.manifest_rows()]
    assert (
        len(ids)
        == len(set(ids))
        == visit.hospital.ledger("SELECT count(*) FROM document WHERE channel = 'print'")[0][0]
    )


def test_action__one_at_a_time_for_a_batch(visit: Visit) -> None:
    order = Order(verb="rerun", subject=BATCH, actor="ben@desk", memberships=frozenset())
    visit.console.jobs.start(order, session="s", batch_id=BATCH)
    with pytest.raises(BatchBusy):
        visit.console.jobs.start(order, session="of-another-person", batch_id=BATCH)


def test_progress__is_shown_while_it_runs_and_the_page_reloads_after(visit: Visit) -> None:
    answer = visit.client.get(f"/batches/{BATCH}/progress")
    assert answer.headers["HX-Refresh"] == "true"
