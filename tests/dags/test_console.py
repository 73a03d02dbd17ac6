"""The console in a real Airflow API server: who may look, who may act, and what a person sees in Airflow's own page."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import expect

from tests.commands import BATCH
from tests.dags.airflow_home import AirflowHome
from tests.e2e.test_roles import set_roles
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import Hospital
from tests.services.processes import free_port
from tests.web.browser import find_barriers, open_browser

PASSWORD = "opens-the-console"
USERS = {"ana": "op", "vic": "viewer", "nan": "op"}
"""Ana may act; Vic's role in Airflow may only look; Nan has no role in the settings."""
START_S = 180
TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


@dataclass
class Server:
    """Airflow's API server, and a browser of each user."""

    url: str
    hospital: Hospital
    clients: dict[str, httpx.Client]

    def get(self, path: str, *, by: str, status: int = 200) -> httpx.Response:
        answer = self.clients[by].get(f"/console{path}")
        assert answer.status_code == status, f"{path}: {answer.status_code}\n{answer.text[:2000]}"
        return answer

    def post(self, path: str, *, by: str, status: int, origin: str = "", token: bool = True, **fields: str) -> str:
        if token:
            found = TOKEN.search(self.get("/accounts", by=by).text)
            assert found
            fields["form_token"] = found[1]
        headers = {"Origin": origin or self.url, "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.clients[by].post(f"/console{path}", content=urlencode(fields), headers=headers)
        assert answer.status_code == status, f"{path}: {answer.status_code}\n{answer.text[:2000]}"
        return answer.text

    def document(self) -> str:
        return str(self.hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered' LIMIT 1")[0][0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sample_hospitals: SampleHospitals) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("console")
    hospital = sample_hospitals.copy_to(home / "hospital", "waiting", guarantors=20)
    set_roles(hospital, console='["airflow:ana", "airflow:vic"]', void='["airflow:ana"]', rerun='["airflow:ana"]')
    port, passwords = free_port(), home / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)), encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    airflow = AirflowHome(
        home / "airflow",
        hospital,
        {
            "AIRFLOW__API__BASE_URL": url,
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        },
    )
    airflow.airflow("db", "migrate")
    airflow.airflow("dags", "reserialize")
    log = home / "api-server.log"
    with log.open("wb") as out:
        command = ["setpriv", "--pdeathsig", "KILL", str(Path(sys.executable).parent / "airflow"), "api-server"]
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            env=airflow.environment,
            cwd=hospital.home,
            stdout=out,
            stderr=out,
        )
    clients = {"nobody": httpx.Client(base_url=url, timeout=60, follow_redirects=True)}
    try:
        _wait_until_up(url, process, log)
        for name in USERS:
            answer = httpx.post(f"{url}/auth/token", json={"username": name, "password": PASSWORD}, timeout=60)
            cookies = {"_token": answer.raise_for_status().json()["access_token"]}
            clients[name] = httpx.Client(base_url=url, timeout=60, follow_redirects=True, cookies=cookies)
        yield Server(url, hospital, clients)
    finally:
        for client in clients.values():
            client.close()
        process.terminate()
        process.wait(30)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(errors="replace")[-4000:]
        try:
            httpx.get(f"{url}/api/v2/version", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(log.read_text(errors="replace")[-4000:])


@pytest.mark.parametrize("path", ["/", f"/batches/{BATCH}", "/queue/export", f"/batches/{BATCH}/proof.png", "/mail"])
def test_console__is_closed_to_who_is_not_signed_in(server: Server, path: str) -> None:
    answer = server.get(path, by="nobody", status=401)
    assert BATCH not in answer.text.replace(path, "")


def test_console__believes_no_header_of_a_browser(server: Server) -> None:
    headers = {"x-statements-airflow-user": "ana", "x-statements-airflow-secret": "guess"}
    assert httpx.get(f"{server.url}/console/", headers=headers, timeout=60).status_code == 401


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_interface__is_described_nowhere(server: Server, path: str) -> None:
    server.get(path, by="ana", status=404)


def test_console__lets_in_whom_the_settings_name(server: Server) -> None:
    server.get("/", by="nan", status=403)
    page = server.get("/", by="ana").text
    assert f'href="/console/batches/{BATCH}"' in page
    assert 'href="/console/static/console.css"' in page
    server.get("/static/console.css", by="nobody")


def test_pages__may_be_framed_by_airflow_only(server: Server) -> None:
    headers = server.get("/", by="ana").headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]


def test_view__is_on_record_with_airflows_user(server: Server) -> None:
    server.get(f"/batches/{BATCH}", by="vic")
    picture = server.get(f"/batches/{BATCH}/proof.png", by="vic")
    assert picture.content.startswith(b"\x89PNG")
    looked = server.hospital.ledger("SELECT DISTINCT what FROM access WHERE actor = 'vic@airflow'")
    assert {("console batch",), ("console proof picture",)} <= set(looked)


def test_write__is_refused_to_who_may_only_look(server: Server) -> None:
    text = server.post(f"/documents/{server.document()}/void", by="vic", status=403, reason="x")
    assert "may look" in text


@pytest.mark.parametrize(
    ("origin", "token"), [("https://evil.example", True), ("", False)], ids=["another-site", "no-token"]
)
def test_write__needs_our_origin_and_token(server: Server, origin: str, token: bool) -> None:
    before = server.hospital.ledger("SELECT count(*) FROM event")
    server.post(f"/documents/{server.document()}/void", by="ana", status=403, origin=origin, token=token, reason="x")
    assert server.hospital.ledger("SELECT count(*) FROM event") == before


def test_batch__is_decided_in_airflow(server: Server) -> None:
    page = server.get(f"/batches/{BATCH}", by="ana").text
    assert "Required Actions" in page
    assert f"/batches/{BATCH}/release" not in page
    for verb in ("release", "reject", "rerun"):
        assert "Airflow runs its batches" in server.post(f"/batches/{BATCH}/{verb}", by="ana", status=400, reason="x")
    assert server.hospital.ledger("SELECT released_by, rejected_by FROM batch") == [("", "")]


def test_void__is_done_in_the_users_name(server: Server) -> None:
    document = server.document()
    page = server.post(f"/documents/{document}/void", by="ana", status=200, reason="A test letter.")
    end = time.monotonic() + START_S
    while not (actors := server.hospital.ledger("SELECT actor FROM event WHERE subject = ?", document)):
        assert "Not done" not in page, page
        assert time.monotonic() < end, page
        time.sleep(0.5)
        page = server.get(f"/documents/{document}", by="ana").text
    assert ("ana@airflow",) in actors


def test_run__leads_to_its_batch(server: Server) -> None:
    dag, run = "monthly_statements", "manual_1"
    client = server.clients["ana"]
    bearer = {"Authorization": f"Bearer {client.cookies['_token']}"}
    created = client.post(f"/api/v2/dags/{dag}/dagRuns", json={"dag_run_id": run, "logical_date": None}, headers=bearer)
    assert created.is_success, created.text
    where = f"/run?{urlencode({'dag_id': dag, 'run_id': run})}"
    assert "opened no batch" in server.get(where, by="ana", status=404).text
    stored = client.post(
        f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/open_batch/xcomEntries",
        json={"key": "return_value", "value": BATCH},
        headers=bearer,
    )
    assert stored.is_success, stored.text
    assert server.get(where, by="ana").url.path == f"/console/batches/{BATCH}"


def test_airflows_page__shows_the_console_in_its_frame(server: Server) -> None:
    token = server.clients["ana"].cookies["_token"]
    with open_browser() as browser:
        page = browser.new_page()
        page.context.add_cookies([{"name": "_token", "value": token or "", "url": server.url}])
        page.goto(f"{server.url}/plugin/statements")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", name="Today")).to_be_visible(timeout=60_000)
        frame.get_by_role("link", name=BATCH, exact=True).first.click()
        expect(frame.get_by_role("heading", name="Proof")).to_be_visible(timeout=60_000)
        assert page.get_by_text("Statements").count(), "the entry in Airflow's navigation"
        page.goto(f"{server.url}/console/batches/{BATCH}")
        expect(page.get_by_role("heading", name="Decide", exact=True)).to_be_visible(timeout=60_000)
        assert find_barriers(page) == []
