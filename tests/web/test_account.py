"""The account's page: look again, legal clocks, the rules one by one, a search by name, a hold, and a request."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.commands import BATCH, call
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("mailed", guarantors=40)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def open_account(visit: Visit, guarantor: str) -> str:
    """The path of a guarantor's page."""
    return str(visit.post("/accounts", text=guarantor).url.path)


def one_mailed(visit: Visit) -> tuple[str, str]:
    """A guarantor with a mailed statement, and the account number of a visit on it."""
    query = (
        "SELECT guarantor_id, account_number FROM document JOIN document_account USING (document_id) "
        "WHERE state = 'handed_off' AND guarantor_id NOT LIKE '%+%' LIMIT 1"
    )
    return visit.hospital.ledger(query)[0]


def one_held(visit: Visit) -> tuple[str, str]:
    """A guarantor for whom nothing was made, and a code that says why."""
    query = (
        "SELECT subject, code FROM candidate_hold JOIN candidate USING (batch_id, subject) "
        "WHERE outcome = 'held' AND account_number = '' AND subject NOT LIKE '%+%' LIMIT 1"
    )
    return visit.hospital.ledger(query)[0]


def test_look_again__says_what_a_batch_would_decide_today_and_makes_nothing(visit: Visit) -> None:
    guarantor, _ = one_mailed(visit)
    path = open_account(visit, guarantor)
    before = [visit.hospital.ledger(f"SELECT count(*) FROM {table}") for table in ("batch", "document", "candidate")]
    page = visit.act(f"{path}/look-again", document_kind="statement").text
    assert "What a statement batch would decide today" in page
    assert "MINDAYS" in page
    assert "✓" in page
    assert ("console look again", "ben@desk") in visit.looked()
    after = [visit.hospital.ledger(f"SELECT count(*) FROM {table}") for table in ("batch", "document", "candidate")]
    assert before == after


def test_look_again__sees_what_changed_since(visit: Visit) -> None:
    guarantor, _ = one_mailed(visit)
    path = open_account(visit, guarantor)
    visit.hospital.sql("UPDATE guarantor SET address_lines = '' WHERE guarantor_id = ?", guarantor)
    assert "BADADDR" in visit.act(f"{path}/look-again", document_kind="statement").text


def test_clocks__are_those_of_the_command_with_their_citation(visit: Visit) -> None:
    guarantor, account = one_mailed(visit)
    found = call(visit.hospital, "find", account, "--clocks", "--json").json
    clocks = [clock for each in found for clock in each["clocks"]]
    assert clocks
    page = visit.act(f"{open_account(visit, guarantor)}/look-again", document_kind="statement").text
    for clock in clocks:
        assert clock["ends_on"] in page
        assert clock["citation"] in page
    assert "applications for financial assistance are accepted" in page


def test_decision__is_explained_rule_by_rule(visit: Visit) -> None:
    guarantor, code = one_held(visit)
    page = visit.get(f"{open_account(visit, guarantor)}/decisions/{BATCH}").text
    assert re.search(r'<li class="found">.*?' + code, page, re.DOTALL)
    assert page.count('<li class="passed">') > 10
    assert visit.looked()[-1] == ("console decision", "ben@desk")


def test_decision__of_a_batch_that_decided_nothing_about_them(visit: Visit) -> None:
    path = open_account(visit, one_held(visit)[0])
    visit.get(f"{path}/decisions/2030-01-statement", status=404)


def test_request__is_recorded_as_the_command_does(visit: Visit) -> None:
    guarantor, account = one_mailed(visit)
    path = open_account(visit, guarantor)
    page = visit.act(f"{path}/request", account=account, format="large_print").text
    assert "is recorded. The next batch answers it" in page
    (row,) = call(visit.hospital, "requests", "--json").json
    assert (row["account_number"], row["format"], row["recorded_by"]) == (account, "large_print", "ben@desk")


def test_hold__is_shown_with_the_reason_and_stops_the_mail(visit: Visit) -> None:
    guarantor, _ = one_mailed(visit)
    path = open_account(visit, guarantor)
    page = visit.act(f"{path}/hold", reason="a lawyer called").text
    assert f"All mail to guarantor {guarantor} is held" in page
    assert "a lawyer called" in page
    assert "OFFICE_HOLD" in visit.act(f"{path}/look-again", document_kind="statement").text
    assert [row["guarantor_id"] for row in call(visit.hospital, "mail-hold", "list", "--json").json] == [guarantor]
    page = visit.act(f"{path}/lift-hold", reason="it was somebody else").text
    assert "is lifted" in page
    assert call(visit.hospital, "mail-hold", "list", "--json").json == []
    events = visit.hospital.ledger("SELECT what, actor FROM event WHERE batch_id = 'mail-holds' ORDER BY event_id")
    assert events == [("mail_hold", "ben@desk"), ("mail_hold_lifted", "ben@desk")]


@pytest.mark.parametrize(
    ("verb", "fields", "message"),
    [
        pytest.param("hold", {}, "Write the reason", id="no-reason"),
        pytest.param("hold", {"reason": "x", "until": "soon"}, "A day is a date", id="no-date"),
        pytest.param("request", {"format": "standard"}, "Choose the account", id="no-account"),
        pytest.param("request", {"account": "1", "format": "fax"}, "Choose one of the formats", id="no-such-format"),
        pytest.param("look-again", {"document_kind": "poem"}, "Choose one of the kinds", id="no-such-kind"),
    ],
)
def test_act__refused_in_words(visit: Visit, verb: str, fields: dict[str, str], message: str) -> None:
    path = open_account(visit, one_mailed(visit)[0])
    assert message in visit.post(f"{path}/{verb}", status=400, **fields).text


@pytest.mark.parametrize("until", ["2020-01-01", "2099-01-01"], ids=["in-the-past", "years-ahead"])
def test_hold__ends_on_a_day_that_is_ahead(visit: Visit, until: str) -> None:
    path = open_account(visit, one_mailed(visit)[0])
    assert "Not done" in visit.act(f"{path}/hold", reason="x", until=until).text


def test_hold__needs_the_role(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:desk"]\nhold = ["group:leads"]\n'
    settings.write_text(settings.read_text(encoding="utf-8") + roles, encoding="utf-8")
    with open_console(hospital, memberships=frozenset({"group:desk"})) as visit:
        visit.sign_in()
        path = open_account(visit, one_mailed(visit)[0])
        assert "Hold all mail" not in visit.get(path).text
        assert "roles.hold" in visit.act(f"{path}/hold", reason="x").text
        assert hospital.ledger("SELECT count(*) FROM mail_hold") == [(0,)]


def allow_names(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f"{text}\n[console]\nfinds_names = true\n", encoding="utf-8")


def test_name__finds_who_was_held_too(hospital: Hospital) -> None:
    allow_names(hospital)
    with open_console(hospital) as visit:
        visit.sign_in()
        guarantor, _ = one_held(visit)
        ((first, last),) = hospital.sql("SELECT first_name, last_name FROM guarantor WHERE guarantor_id = ?", guarantor)
        answer = visit.act("/accounts", by="name", text=f"{last.upper()} {first[:3].lower()}")
        assert guarantor in answer.text
        assert last not in str(answer.url)
        assert ("console name search", "ben@desk") in visit.looked()
        logged = hospital.ledger("SELECT what, purpose FROM access")
        assert not any(last in text for row in logged for text in row)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("Zzyzx Qqqq", "has nobody by that name", id="nobody"),
        pytest.param("A", "at least 2 letters", id="one-letter"),
        pytest.param("%_*", "at least 2 letters", id="no-letter"),
    ],
)
def test_name__that_finds_nobody(hospital: Hospital, text: str, message: str) -> None:
    allow_names(hospital)
    with open_console(hospital) as visit:
        assert message in visit.sign_in().act("/accounts", by="name", text=text).text


def test_name__needs_the_setting(visit: Visit) -> None:
    assert "Search by name" not in visit.get("/accounts").text
    assert "console.finds_names" in visit.act("/accounts", by="name", text="Smith").text


@pytest.mark.hospital("waiting", guarantors=40)
def test_queue__looks_again_at_a_row(visit: Visit) -> None:
    page = visit.get("/queue").text
    path, batch = re.findall(r'formaction="([^"]+/look-again)" name="of_batch" value="([^"]+)"', page)[0]
    answer = visit.act(path, of_batch=batch)
    assert "What a statement batch would decide today" in answer.text
