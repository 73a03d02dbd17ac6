"""What stands before every page: nothing is open by default, and no other site can make a visitor write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from fastapi.routing import APIRoute

from tests.commands import BATCH
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=20)
OPEN_WITHOUT_SESSION = {"/open", "/link"}
SECRET = "s" * 32
PUBLIC = "mail.hospital.example"


@pytest.fixture
def stranger(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit


@pytest.fixture
def visit(stranger: Visit) -> Visit:
    return stranger.sign_in()


def routes(visit: Visit, method: str) -> list[str]:
    """Every path of the application, with something in the place of its parameters."""
    found = [each for each in visit.app.routes if isinstance(each, APIRoute) and method in each.methods]
    filled = {"batch_id": BATCH, "document_id": "0" * 8, "token": "t", "verb": "void", "name": "STMT_X", "job_id": "j"}
    filled |= {"version": "before", "number": "1", "kind": "statement", "page": "1"}
    filled |= {"list_id": "2026-11-placement-1", "decision": "approve", "packet_id": "EV-1"}
    return [each.path.format(**filled) for each in found]


def test_every_page__is_closed_to_strangers(stranger: Visit) -> None:
    paths = routes(stranger, "GET")
    assert len(paths) >= 12
    for path in set(paths) - OPEN_WITHOUT_SESSION:
        answer = stranger.get(path, status=401)
        assert "not signed in" in answer.text
        assert BATCH not in answer.text
    assert stranger.looked() == []


def test_every_write__is_closed_to_strangers(stranger: Visit) -> None:
    paths = routes(stranger, "POST")
    assert len(paths) >= 8
    for path in set(paths) - OPEN_WITHOUT_SESSION:
        answer = stranger.client.post(path, content="reason=x", headers={"Origin": stranger.origin})
        assert answer.status_code == 401, path


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        pytest.param({"Origin": "https://evil.example"}, True, 403, id="another-site"),
        pytest.param({}, True, 403, id="no-origin"),
        pytest.param({"Origin": "null"}, True, 403, id="opaque-origin"),
        pytest.param({"Origin": "http://127.0.0.1:9999"}, True, 403, id="another-port"),
        pytest.param({"Origin": "OURS", "Sec-Fetch-Site": "cross-site"}, True, 403, id="the-browser-says-cross-site"),
        pytest.param({"Origin": "OURS"}, False, 403, id="no-token"),
    ],
)
def test_every_write__needs_our_origin_and_token(
    visit: Visit, headers: dict[str, str], token: bool, status: int
) -> None:
    fields = {"reason": "x"} | ({"form_token": visit.form_token()} if token else {})
    headers = {name: value.replace("OURS", visit.origin) for name, value in headers.items()}
    before = visit.hospital.ledger("SELECT count(*) FROM event")
    for path in routes(visit, "POST"):
        answer = visit.client.post(path, content=urlencode(fields), headers=headers)
        assert answer.status_code == status, path
    assert visit.hospital.ledger("SELECT count(*) FROM event") == before


def test_write__of_a_long_form_is_refused_unread(visit: Visit) -> None:
    headers = {"Origin": visit.origin}
    answer = visit.client.post("/accounts", content="x" * 70_000, headers=headers)
    assert answer.status_code == 403
    assert "too long" in answer.text


def test_host__of_another_name_is_not_answered(visit: Visit) -> None:
    """A name that an attacker points to this machine (DNS rebinding)."""
    answer = visit.client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/", "/accounts", f"/batches/{BATCH}", "/nothing", "/static/console.css"])
def test_answer__has_the_security_headers(visit: Visit, path: str) -> None:
    headers = visit.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert ("no-store" in headers.get("Cache-Control", "")) is not path.startswith("/static")


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_interface__is_described_nowhere(visit: Visit, path: str) -> None:
    visit.get(path, status=404)


def test_cookie__is_closed_to_scripts_and_other_sites(stranger: Visit) -> None:
    link = stranger.links[-1]
    cookie = stranger.client.get(link, follow_redirects=False).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert stranger.client.get(link, follow_redirects=False).status_code == 401, "the link worked twice"


def test_sign_out__ends_the_session(visit: Visit) -> None:
    visit.post("/sign-out")
    visit.get("/", status=401)


def test_link__a_new_one_goes_to_the_terminal_only(stranger: Visit) -> None:
    answer = stranger.client.post("/link", content="", headers={"Origin": stranger.origin})
    assert answer.status_code == 401
    assert "moment ago" in answer.text
    assert len(stranger.links) == 1


def test_role_console__keeps_others_out(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    settings.write_text(f'{settings.read_text("utf-8")}\n[roles]\nconsole = ["group:billing"]\n', encoding="utf-8")
    with open_console(hospital, memberships=frozenset({"group:other"})) as visit:
        visit.sign_in().get("/", status=403)
    with open_console(hospital, memberships=frozenset({"group:billing"})) as visit:
        visit.sign_in().get("/")


def test_proxy__user_comes_in_and_is_the_actor(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        f'{text}\n[console]\npublic_url = "https://{PUBLIC}"\n[roles]\nconsole = ["web:ana"]\n', encoding="utf-8"
    )
    hospital = replace(hospital, environ=hospital.environ | {"STATEMENTS_PROXY_SECRET": SECRET})
    with open_console(hospital, actor="service@host") as visit:
        visit.client.headers["Host"] = PUBLIC
        visit.get("/", status=401)
        visit.client.headers["X-Forwarded-User"] = "ana"
        visit.get("/", status=401)
        visit.client.headers["X-Statements-Proxy-Secret"] = SECRET
        assert "ana@console" in visit.get("/").text
        visit.get(f"/batches/{BATCH}")
        assert visit.looked() == [("console batch", "ana@console")]
        visit.client.headers["X-Forwarded-User"] = "ana/root"
        visit.get("/", status=401)
