"""Reports on screen and as files: the figures of the command, on record, and only for the session that asked."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from httpx import Response

from statement_builder.operations.reports.registry import REPORTS
from tests.commands import BATCH, call
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("mailed", guarantors=40)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def download(visit: Visit, **fields: str) -> Response:
    """The file of a report: at once, or by the link on its page."""
    answer = visit.act("/reports/aging", **fields)
    links = re.findall(r'href="(/reports/aging/file[^"]+)"', answer.text) if "<html" in answer.text[:40] else []
    return visit.get(links[0]) if links and "Content-Disposition" not in answer.headers else answer


def test_list__names_every_report(visit: Visit) -> None:
    page = visit.get("/reports").text
    assert all(f'href="/reports/{name}"' in page for name in REPORTS)
    assert visit.looked() == []


@pytest.mark.parametrize("name", REPORTS)
def test_report__has_the_rows_and_the_totals_of_the_command(visit: Visit, name: str) -> None:
    expected = call(visit.hospital, "report", name, "--json").json
    page = visit.act(f"/reports/{name}").text
    assert expected["title"] in page
    assert page.count("<tr>") == len(expected["rows"]) + (1 + bool(expected["totals"])) * bool(expected["rows"])
    for row in expected["rows"][:20]:
        for column in expected["columns"]:
            if column["type"] == "cents" and row[column["name"]] is not None:
                cents = row[column["name"]]
                assert f"{'-' if cents < 0 else ''}${abs(cents) / 100:,.2f}" in page


def test_report__of_persons_is_on_record_before_it_is_shown(visit: Visit) -> None:
    visit.act("/reports/expiring-clocks", days="400", purpose="the auditor asked")
    query = "SELECT what, purpose, actor FROM access ORDER BY access_id DESC LIMIT 1"
    assert visit.hospital.ledger(query) == [("report expiring-clocks", "the auditor asked", "ben@desk")]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "html", "json"])
def test_file__is_the_one_of_the_command(visit: Visit, kind: str) -> None:
    target = visit.hospital.home / f"aging.{kind}"
    call(visit.hospital, "report", "aging", "--batch", BATCH, f"--{kind}", "-o", str(target))
    answer = download(visit, batch=BATCH, format=kind)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="aging.{kind}"'
    if kind == "xlsx":  # a workbook has the time of its making
        with zipfile.ZipFile(io.BytesIO(answer.content)) as ours, zipfile.ZipFile(target) as theirs:
            name = "xl/worksheets/sheet1.xml"
            assert ours.read(name) == theirs.read(name)
    else:
        assert answer.content == target.read_bytes()


def test_file__is_for_the_session_that_asked(visit: Visit) -> None:
    address = str(download(visit, format="csv").url).removeprefix(visit.address)
    assert list(csv.reader(io.StringIO(visit.get(address).text)))
    visit.post("/sign-out")
    visit.get(address, status=401)
    assert visit.console.jobs.find(address.partition("job=")[2], "another session") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"as_of": "2026-02-30"}, "A day is a date", id="no-such-day"),
        pytest.param({"format": "docx"}, "Choose one of the files", id="no-such-file"),
        pytest.param({"days": "-1"}, "a number from 0", id="negative"),
        pytest.param({"days": "99999999999"}, "a number from 0", id="too-far"),
    ],
)
def test_options__refused_in_words(visit: Visit, fields: dict[str, str], message: str) -> None:
    assert message in visit.post("/reports/expiring-clocks", status=400, **fields).text


def test_options__that_the_report_refuses(visit: Visit) -> None:
    page = visit.act("/reports/aging", batch="2030-01-statement").text
    assert "Not done" in page
    assert "There is no batch 2030-01-statement" in page


@pytest.mark.parametrize("path", ["/reports/nothing", "/reports/aging/file?job=x", "/reports/aging/plots/1?job=x"])
def test_report__that_nobody_made(visit: Visit, path: str) -> None:
    visit.get(path, status=404)


def test_plots__are_pictures_of_the_session(visit: Visit) -> None:
    page = visit.act("/reports/mail-cost").text
    plots = re.findall(r'src="(/reports/mail-cost/plots/[^"]+)"', page)
    assert plots == [] or visit.get(plots[0]).headers["Content-Type"].startswith("image/svg+xml")
    page = visit.act("/reports/aging").text
    (plot,) = re.findall(r'src="(/reports/aging/plots/[^"]+)"', page)
    answer = visit.get(plot)
    assert answer.text.startswith("<svg")
    assert "<script" not in answer.text
    visit.get(plot.replace("/1?", "/2?"), status=404)
