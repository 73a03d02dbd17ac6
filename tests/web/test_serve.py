"""`statements serve` as an operator starts it: one line with the link, pages, and a clean end."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.commands import BATCH, call, error_message
from tests.hospital import Hospital

pytestmark = pytest.mark.hospital("waiting", guarantors=20)


@pytest.fixture
def process(hospital: Hospital) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        hospital.command("serve", "--port", "0"),
        env=hospital.environment,
        cwd=hospital.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_link(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    found = re.search(r"http://127\.0\.0\.1:\d+/open\?link=\S+", process.stdout.readline())
    assert found
    return found[0]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve__opens_with_the_printed_link_and_ends_cleanly(
    hospital: Hospital, process: subprocess.Popen[str], stop: signal.Signals
) -> None:
    link = read_link(process)
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        assert BATCH in client.get(link).text
        page = client.get(link.partition("/open")[0] + f"/batches/{BATCH}")
        assert page.status_code == 200
        assert "server" not in page.headers
    ((actor,),) = hospital.ledger("SELECT actor FROM access WHERE what = 'console batch'")
    assert [(actor,)] == hospital.ledger("SELECT opened_by FROM batch")
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert (out, err) == ("", "")


def test_serve__of_a_taken_port_says_so(hospital: Hospital, process: subprocess.Popen[str]) -> None:
    port = read_link(process).partition("/open")[0].rpartition(":")[2]
    message = error_message(call(hospital, "serve", "--port", port, code=2))
    assert f"port {port} of 127.0.0.1 cannot be used" in message
    assert "--port" in message


def test_serve__without_the_proxys_secret_does_not_start(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    console = '[console]\npublic_url = "https://mail.hospital.example"\n[roles]\nconsole = ["web:ana"]'
    text = f"{settings.read_text('utf-8')}\n{console}\n"
    settings.write_text(text, encoding="utf-8")
    assert "STATEMENTS_PROXY_SECRET" in error_message(call(hospital, "serve", "--port", "0", code=2))
