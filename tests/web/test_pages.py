"""What the pages show, and that every look at data of persons is on record before it is shown."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Collection, Iterator

import pytest
from sqlalchemy import Connection

from statement_builder.ledger import ControlTotals, control_totals
from statement_builder.operations.approval.release_codes import ReleaseCode
from statement_builder.operations.console.today import count_ahead
from statement_builder.web.labels import RELEASE_LABELS
from statement_builder.web.templating import TEMPLATES
from tests.commands import BATCH, call
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("mailed", guarantors=40)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def subjects(visit: Visit) -> set[tuple[str, str]]:
    """Guarantor and document of the last entry of the access log."""
    query = "SELECT guarantor_id, document_id FROM access_subject WHERE access_id = (SELECT max(access_id) FROM access)"
    return set(visit.hospital.ledger(query))


def one_document(visit: Visit, where: str = "state = 'handed_off'") -> tuple[str, str]:
    """A document and its guarantor."""
    return visit.hospital.ledger(f"SELECT document_id, guarantor_id FROM document WHERE {where} LIMIT 1")[0]


def held_guarantor(visit: Visit) -> str:
    """Somebody for whom nothing was made."""
    return str(visit.hospital.ledger("SELECT guarantor_id FROM candidate WHERE outcome = 'held' LIMIT 1")[0][0])


def test_today__shows_figures_and_nobody(visit: Visit) -> None:
    page = visit.get("/").text
    (summary,) = call(visit.hospital, "batches", "--json").json
    assert BATCH in page
    assert f"{summary['counts']['handed_off']:,} handed off" in page
    assert visit.looked() == []
    assert not re.search(r"G1\d{5}", page)


@pytest.mark.hospital("waiting", guarantors=40)
def test_today__says_what_waits(visit: Visit) -> None:
    page = visit.get("/").text
    assert "to approve" in page
    assert "Waits for: an approval" in page
    assert RELEASE_LABELS.keys() == set(ReleaseCode), "every question has words"


def test_batch__foots_with_the_command_line(visit: Visit) -> None:
    page = visit.get(f"/batches/{BATCH}").text
    summary = call(visit.hospital, "show", BATCH, "--json").json
    for name in ("pulled", "selected", "held", "exceptions", "print", "email"):
        figure = f"<strong>{summary['counts'][name]:,}</strong> <span>${summary['cents'][name] / 100:,.2f}</span>"
        assert figure in page, name
    assert "The gates foot" in page
    assert summary["print_files"][0]["name"] in page


def test_batch__control_sheet_is_the_archived_one(visit: Visit) -> None:
    assert f"/batches/{BATCH}/control-sheet" in visit.get(f"/batches/{BATCH}").text
    target = visit.hospital.home / "sheet.pdf"
    call(visit.hospital, "report", "control", BATCH, "--kept", "-o", str(target))
    assert visit.get(f"/batches/{BATCH}/control-sheet").content == target.read_bytes()
    assert visit.looked()[-1] == ("console control sheet", "ben@desk")


def test_batch__proof_shows_each_channel_the_largest_and_the_longest(visit: Visit) -> None:
    page = visit.get(f"/batches/{BATCH}").text
    proof = set(re.findall(r'href="/documents/([0-9a-f-]{36})"', page))
    rows = visit.hospital.ledger("SELECT document_id, channel, amount_cents, pages FROM document WHERE sha256 <> ''")
    by_id = {row[0]: row for row in rows}
    assert {by_id[each][1] for each in proof} == {row[1] for row in rows}
    assert max(by_id[each][2] for each in proof) == max(row[2] for row in rows)
    assert max(by_id[each][3] for each in proof) == max(row[3] for row in rows)
    assert len(proof) < len(rows) / 2
    assert {document for _, document in subjects(visit)} >= proof


def test_batch__proof_has_large_print_if_somebody_gets_it(visit: Visit) -> None:
    large = visit.hospital.sql("SELECT guarantor_id FROM guarantor WHERE large_print = 1")
    mailed = {row[0] for row in visit.hospital.ledger("SELECT guarantor_id FROM document WHERE sha256 <> ''")}
    assert {row[0] for row in large} & mailed, "the sample has nobody with large print"
    assert "large print" in re.sub(r"and large print", "", visit.get(f"/batches/{BATCH}").text)


@pytest.mark.parametrize("path", ["/batches/2030-01-statement", "/documents/" + "0" * 36, "/accounts/x", "/pictures/x"])
def test_page__of_what_does_not_exist(visit: Visit, path: str) -> None:
    visit.get(path, status=404)
    assert visit.looked() == []


def test_document__page_and_its_pictures(visit: Visit) -> None:
    document, guarantor = one_document(visit)
    page = visit.get(f"/documents/{document}").text
    assert visit.looked() == [("console document", "ben@desk")]
    assert subjects(visit) == {(guarantor, document)}
    pictures = re.findall(r'src="(/pictures/[^"]+)"', page)
    ((pages,),) = visit.hospital.ledger("SELECT pages FROM document WHERE document_id = ?", document)
    assert len(pictures) == pages
    answer = visit.get(pictures[0])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert document not in pictures[0]


def test_document__pdf_is_the_archived_one_and_on_record(visit: Visit) -> None:
    document, _ = one_document(visit)
    pdf = visit.get(f"/documents/{document}/pdf")
    target = visit.hospital.home / "x.pdf"
    call(visit.hospital, "get", document, "-o", str(target))
    assert pdf.content == target.read_bytes()
    assert ("console pdf", "ben@desk") in visit.looked()


@pytest.mark.parametrize("by", ["guarantor", "document", "account"])
def test_account__is_found_by_any_id(visit: Visit, by: str) -> None:
    document, guarantor = one_document(visit)
    ((account,),) = visit.hospital.ledger(
        "SELECT account_number FROM document_account WHERE document_id = ? LIMIT 1", document
    )
    text = {"guarantor": guarantor, "document": document, "account": account}[by]
    answer = visit.post("/accounts", text=f" {text} ")
    assert f"Guarantor {guarantor}" in answer.text
    assert document[:8] in answer.text
    assert visit.looked()[-1] == ("console account", "ben@desk")


def test_account__of_a_held_person_is_found_too(visit: Visit) -> None:
    guarantor = held_guarantor(visit)
    page = visit.post("/accounts", text=guarantor).text
    ((code,),) = visit.hospital.ledger("SELECT code FROM candidate_hold WHERE subject = ? LIMIT 1", guarantor)
    assert "Nothing was made for this guarantor" in page
    assert code in page
    assert "To do:" in page
    assert subjects(visit) == {(guarantor, "")}


def test_account__held_because_of_one_account_is_found_by_it(visit: Visit) -> None:
    query = "SELECT account_number, subject FROM candidate_hold WHERE account_number <> '' LIMIT 1"
    ((account, guarantor),) = visit.hospital.ledger(query)
    assert f"Guarantor {guarantor}" in visit.post("/accounts", text=account).text


def test_account__nobody(visit: Visit) -> None:
    assert "Nobody was mailed or held by that id" in visit.post("/accounts", text="G0").text


def test_addresses__name_no_guarantor_and_no_account(visit: Visit) -> None:
    """A web address stays in the browser's history and in a proxy's log."""
    pages = [visit.get(path).text for path in ("/", f"/batches/{BATCH}", f"/queue?batch={BATCH}", "/mail")]
    document, guarantor = one_document(visit)
    answer = visit.post("/accounts", text=guarantor)
    pages += [visit.get(f"/documents/{document}").text, answer.text]
    ids = {row[0] for row in visit.hospital.ledger("SELECT guarantor_id FROM candidate")}
    ids |= {row[0] for row in visit.hospital.ledger("SELECT account_number FROM document_account")}
    addresses = [address for page in pages for address in re.findall(r'(?:href|src|action)="([^"]+)"', page)]
    addresses.append(str(answer.url))
    assert len(addresses) > 60
    assert [each for each in addresses if any(id_ in each for id_ in ids)] == []


@pytest.mark.hospital("mailed", guarantors=90)
def test_queue__lists_every_hold_and_exception_with_what_to_do(visit: Visit) -> None:
    page = visit.get(f"/queue?batch={BATCH}").text
    looked_at = {guarantor for guarantor, _ in subjects(visit)}
    holds = call(visit.hospital, "holds", BATCH, "--json").json
    exceptions = call(visit.hospital, "exceptions", BATCH, "--json").json
    assert len(holds) > 3
    assert exceptions
    for row in (*holds, *exceptions):
        assert row["guarantor"] in page
        assert row["code"] in page
    assert looked_at == {row["guarantor"].partition("+")[0] for row in (*holds, *exceptions)}


@pytest.mark.hospital("mailed", guarantors=90)
@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        pytest.param(f"?batch={BATCH}&kind=hold", {"hold"}, id="holds"),
        pytest.param(f"?batch={BATCH}&kind=exception", {"exception"}, id="exceptions"),
        pytest.param("", set(), id="closed-batches-are-not-in-it"),
    ],
)
def test_queue__export_is_filtered_and_on_record(visit: Visit, query: str, kinds: set[str]) -> None:
    answer = visit.get(f"/queue/export{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["kind"] for row in rows} == kinds
    assert "attachment" in answer.headers["Content-Disposition"]
    assert visit.looked()[-1][0] == "console queue export"


def test_mail__lists_print_files_and_emails(visit: Visit) -> None:
    page = visit.get("/mail").text
    assert call(visit.hospital, "show", BATCH, "--json").json["print_files"][0]["name"] in page
    inbox = visit.hospital.home / "inbox" / "quarantine"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "report.csv").write_text("x", encoding="utf-8")
    (inbox / "report.csv.reason.txt").write_text("line 3: unknown piece\n", encoding="utf-8")
    page = visit.get("/mail").text
    assert "quarantine/report.csv" in page
    assert "line 3: unknown piece" in page


def test_no_trace__no_look(visit: Visit) -> None:
    """If the view cannot be recorded, nothing is shown."""
    document, guarantor = one_document(visit)
    connection = sqlite3.connect(visit.hospital.home / "ledger.db")
    connection.execute("CREATE TRIGGER broken BEFORE INSERT ON access BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    connection.commit()
    connection.close()
    for path in (f"/documents/{document}", f"/documents/{document}/pdf", f"/batches/{BATCH}", "/queue"):
        answer = visit.get(path, status=503)
        assert guarantor not in answer.text
    assert guarantor not in visit.get(f"/queue/export?batch={BATCH}", status=503).text


def test_templates__lead_below_the_address_of_the_console() -> None:
    """Inside Airflow it is `/console`."""
    found = [
        f"{path.name}: {match}"
        for path in TEMPLATES.glob("*.html")
        for match in re.findall(r"""(?:="|button\(")/[^"]*""", path.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert 'href="{{ base }}/' in (TEMPLATES / "batch.html").read_text(encoding="utf-8")


def test_today__is_counted_once_before_somebody_opens_it(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers at once wait for one count."""
    counted: list[str] = []
    count = control_totals._count

    def note(connection: Connection, batch_ids: Collection[str]) -> dict[str, ControlTotals]:
        counted.extend(batch_ids)
        return count(connection, batch_ids)

    monkeypatch.setattr(control_totals, "_count", note)
    threads = [count_ahead(visit.console.context) for _ in range(3)]
    for thread in threads:
        thread.join(60)
    assert counted == [BATCH]
    assert BATCH in visit.get("/").text
    assert counted == [BATCH]
