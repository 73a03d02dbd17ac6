"""Every report of the billing office foots to the sample hospital, calculated here another way, by SQL."""

from __future__ import annotations

import csv
import io
import stat
import zipfile
from collections import Counter
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from statement_builder.operations.reports.registry import REPORTS
from statement_builder.operations.reports.write import ReportFile
from tests.commands import BATCH, call, error_message
from tests.e2e.test_clocks import ASSUMED_ON, mailed_account
from tests.e2e.test_tracking import return_mail, track
from tests.hospital import AS_OF, Hospital

pytestmark = pytest.mark.hospital("mailed", guarantors=60)

GRACE_DAYS = 10
"""Days after its due date when an installment is missed, as in the sample settings."""
OWED = """
SELECT e.account_number, e.guarantor_id, e.financial_class, e.insurance_pending_cents AS pending,
       COALESCE((SELECT sum(amount_cents) FROM charge AS c WHERE c.account_number = e.account_number), 0)
     - COALESCE((SELECT sum(amount_cents) FROM insurance_transaction AS i WHERE i.account_number = e.account_number), 0)
     - COALESCE((SELECT sum(amount_cents) FROM patient_payment AS p WHERE p.account_number = e.account_number), 0)
       AS owed
FROM encounter AS e
"""


def read(hospital: Hospital, name: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = call(hospital, "report", name, "--json", *arguments).json
    return found


def excluded(hospital: Hospital) -> set[str]:
    """The guarantors whose data is bad."""
    return {row[0] for row in hospital.ledger("SELECT subject FROM candidate WHERE outcome = 'exception'")}


def good_accounts(hospital: Hospital) -> list[tuple[str, str, str, int, int]]:
    """Account, guarantor, class, pending and owed cents of everybody whose data is good."""
    bad = excluded(hospital)
    return [row for row in hospital.sql(OWED) if row[1] not in bad]


def test_aging__foots_by_class_and_bucket(hospital: Hospital) -> None:
    report = read(hospital, "aging")
    first_on = dict(hospital.sql("SELECT account_number, first_statement_on FROM correspondence"))
    for account, day in hospital.ledger("SELECT subject_id, first_on FROM correspondence"):
        first_on[account] = min(day, first_on.get(account, day))
    by_class, by_bucket = Counter[str](), Counter[int]()
    for account, _, financial_class, pending, owed in good_accounts(hospital):
        by_class[financial_class] += owed
        days = (AS_OF - date.fromisoformat(first_on[account])).days if account in first_on else 0
        by_bucket[next(place for place, last in enumerate((30, 60, 90, 120, 10**6)) if days <= last)] += owed - min(
            pending, max(owed, 0)
        )
    shown = Counter[str]()
    for row in report["rows"]:
        shown[row["financial_class"]] += row["balance_cents"]
    shown.pop("exceptions")
    assert +shown == +by_class
    names = ("current_cents", "days_31_60_cents", "days_61_90_cents", "days_91_120_cents", "over_120_cents")
    assert [report["totals"][name] for name in names] == [by_bucket[place] for place in range(5)]
    ((pulled,),) = hospital.ledger("SELECT sum(cents) FROM shard WHERE batch_id = ?", BATCH)
    assert report["totals"]["balance_cents"] == pulled
    assert len(report["rows"]) > 10


@pytest.mark.parametrize("arguments", [pytest.param((), id="now"), pytest.param(("--batch", BATCH), id="of-the-batch")])
def test_tie_out__ties_and_one_cent_shows(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    report = read(hospital, "tie-out", *arguments)
    ((pulled,),) = hospital.ledger("SELECT sum(cents) FROM shard WHERE batch_id = ?", BATCH)
    assert report["totals"]["pulled_cents"] == pulled == sum(row[4] for row in hospital.sql(OWED))
    ties = {"The billing system ties to the cent.", "The general ledger ties to the cent."}
    assert ties <= set(report["notes"])
    hospital.sql("UPDATE general_ledger SET balance_cents = balance_cents + 1 WHERE financial_class = 'self_pay'")
    report = read(hospital, "tie-out", *arguments)
    assert "The general ledger does NOT tie." in report["notes"]
    assert report["totals"]["general_ledger_difference_cents"] == 1


def test_tie_out__batch_is_as_it_was_pulled(hospital: Hospital) -> None:
    account = mailed_account(hospital)
    before = read(hospital, "tie-out", "--batch", BATCH)["totals"]
    hospital.sql("UPDATE charge SET amount_cents = amount_cents + 100 WHERE account_number = ?", account)
    ((lines,),) = hospital.sql("SELECT count(*) FROM charge WHERE account_number = ?", account)
    after = read(hospital, "tie-out", "--batch", BATCH)
    assert after["totals"]["pulled_cents"] == before["pulled_cents"]
    assert after["totals"]["billing_system_difference_cents"] == 100 * lines
    explained = read(hospital, "tie-out-accounts", "--batch", BATCH)
    assert [row["account"] for row in explained["rows"] if row["reason"] == "another balance"] == [account]
    assert explained["totals"]["difference_cents"] == 100 * lines


def test_tie_out_accounts__explain_the_difference_of_each_class(hospital: Hospital) -> None:
    hospital.sql("UPDATE encounter SET financial_class = 'tricare' WHERE account_number = ?", mailed_account(hospital))
    totals = {row["financial_class"]: row for row in read(hospital, "tie-out", "--batch", BATCH)["rows"]}
    by_class = Counter[str]()
    for row in read(hospital, "tie-out-accounts", "--batch", BATCH)["rows"]:
        by_class[row["billing_class"]] += row["billing_cents"]
        by_class[row["pulled_class"]] -= row["pulled_cents"]
    for name in totals.keys() | by_class.keys() - {""}:
        assert by_class[name] == totals[name]["billing_system_difference_cents"], name
    assert totals["tricare"]["billing_system_difference_cents"] != 0


def test_dunning_funnel__counts_what_was_mailed_and_paid(hospital: Hospital) -> None:
    account = mailed_account(hospital)
    paid_on = ASSUMED_ON + timedelta(days=12)
    ((guarantor,),) = hospital.sql("SELECT guarantor_id FROM encounter WHERE account_number = ?", account)
    hospital.sql(
        "INSERT INTO patient_payment VALUES ('M-NEW', ?, ?, ?, 'CARD', 1234)", guarantor, account, paid_on.isoformat()
    )
    later = hospital.on_day("2027-01-20")
    report = read(later, "dunning-funnel")
    ((documents, cents),) = hospital.ledger(
        "SELECT count(*), sum(amount_cents) FROM document WHERE mailed_on IS NOT NULL AND revision_of = ''"
    )
    totals = report["totals"]
    assert (totals["documents"], totals["cents"]) == (documents, cents)
    assert (totals["old_30"], totals["paid_30"]) == (documents, 1)
    assert (totals["old_60"], totals["paid_60"]) == (documents, 1)
    assert (totals["old_90"], totals["paid_90"]) == (0, 0)
    assert totals["collected_cents"] == 1234
    assert "share_30" in report["rows"][0]


def test_holds__foot_to_the_control_totals(hospital: Hospital) -> None:
    report = read(hospital, "holds")
    ((held,),) = hospital.ledger(
        "SELECT sum(balance_cents - amount_cents) FROM candidate WHERE outcome <> 'exception' AND batch_id = ?", BATCH
    )
    assert report["totals"]["held_cents"] == held
    counted = hospital.ledger("SELECT code, count(DISTINCT subject) FROM candidate_hold GROUP BY code")
    shown = {row["code"]: row["held"] for row in report["rows"]}
    assert shown.pop("") == 1, "the sample has a statement that asks for a part of a plan"
    assert shown == dict(counted)
    assert {row["oldest_on"] for row in report["rows"]} == {AS_OF.isoformat()}


def test_returned_mail__is_in_the_report_with_the_rate(hospital: Hospital) -> None:
    ((document, guarantor),) = hospital.ledger(
        "SELECT document_id, guarantor_id FROM document WHERE channel = 'print' AND state = 'handed_off' LIMIT 1"
    )
    return_mail(hospital, document)
    track(hospital)
    report = read(hospital, "returned-mail")
    assert [(row["document"], row["guarantor"], row["state"]) for row in report["rows"]] == [
        (document, guarantor, "open")
    ]
    ((sent,),) = hospital.ledger("SELECT count(*) FROM delivery")
    assert report["notes"][0].startswith(f"Of {sent} pieces and e-mails")
    assert read(hospital, "returned-mail", "--since", AS_OF.isoformat())["rows"] == report["rows"]


def test_plan_lapses__are_the_plans_with_a_missed_payment(hospital: Hospital) -> None:
    report = read(hospital, "plan-lapses")
    query = """
        SELECT p.plan_id, sum(i.amount_cents - i.paid_cents)
        FROM payment_plan AS p JOIN installment AS i USING (plan_id)
        WHERE p.status = 'active' AND i.due_on < ? AND i.paid_cents < i.amount_cents GROUP BY p.plan_id
    """
    rows = hospital.sql(query, (AS_OF - timedelta(days=GRACE_DAYS)).isoformat())
    assert rows
    assert {row["plan"]: row["missed_cents"] for row in report["rows"]} == dict(rows)


def test_expiring_clocks__are_those_of_the_next_30_days(hospital: Hospital) -> None:
    report = read(hospital, "expiring-clocks")
    first = dict(hospital.sql("SELECT account_number, first_statement_on FROM correspondence"))
    expected = {
        account
        for account, _, _, pending, owed in good_accounts(hospital)
        if owed > pending and account in first and 90 <= (AS_OF - date.fromisoformat(first[account])).days <= 120
    }
    assert {row["account"] for row in report["rows"] if row["clock"] == "501r_eca_wait"} == expected
    assert expected
    assert read(hospital, "expiring-clocks", "--days", "0")["totals"] is None


def test_mail_cost__is_of_the_pieces_that_left(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    rates = "letter_postage_per_1000_cents = 52000\nsheet_per_1000_cents = 2500\nemail_per_1000_cents = 35"
    settings.write_text(f"{settings.read_text(encoding='utf-8')}\n[costs]\n{rates}\n", encoding="utf-8")
    (row,) = read(hospital, "mail-cost")["rows"]
    ((sheets,),) = hospital.ledger("SELECT sum(sheets) FROM print_file")
    pieces = len(hospital.manifest_rows())
    assert (row["letters"], row["sheets"], row["emails"]) == (pieces, sheets, len(hospital.emailed()))
    assert row["postage_cents"] == 52 * pieces
    assert row["print_cents"] == (sheets * 5 + 1) // 2
    assert row["total_cents"] == row["postage_cents"] + row["print_cents"] + row["email_cents"]


@pytest.mark.parametrize("name", REPORTS)
def test_every_format__has_the_same_totals(hospital: Hospital, name: str) -> None:
    report = read(hospital, name)
    assert set(report) == set(ReportFile.__struct_fields__)
    lines = list(csv.reader(io.StringIO(call(hospital, "report", name, "--csv").out)))[len(report["heading"]) :]
    if any(column["number"] for column in report["columns"]):
        assert lines.pop(1) == [column["number"] for column in report["columns"]]
    assert lines[0] == [column["title"] for column in report["columns"]]
    assert len(lines) == 1 + len(report["rows"]) + bool(report["totals"])
    shown = call(hospital, "report", name).out
    cents = [column["name"] for column in report["columns"] if column["type"] == "cents" and column["adds_up"]]
    for each in cents:
        value = report["totals"][each]
        dollars = f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"
        assert dollars in lines[-1]
        assert f"{'-' if value < 0 else ''}${abs(value) // 100:,}.{abs(value) % 100:02}" in shown
    for kind in ("html", "xlsx"):
        path = hospital.home / f"report.{kind}"
        call(hospital, "report", name, f"--{kind}", "-o", str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = (hospital.home / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "@import" not in page
    assert " href=" not in page.replace("xlink:href", "")
    if report["totals"] and report["rows"]:
        found = workbook_totals(hospital.home / "report.xlsx")
        expected = [report["totals"][each] / 100 for each in cents]
        assert [value for value in expected if value not in found] == []


def workbook_totals(path: Any) -> list[float]:
    """The values of the formulas in the only sheet."""
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    return [
        float(cell.findtext("x:v", "0", space))
        for cell in sheet.iterfind(".//x:c", space)
        if cell.find("x:f", space) is not None
    ]


def test_report__without_a_name_lists_the_reports(hospital: Hospital) -> None:
    shown = call(hospital, "report").out
    assert [name for name in REPORTS if f"{name}: " not in shown] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("aging", "--html"), "--output", id="page-needs-a-file"),
        pytest.param(("aging", "-o", "x"), "Choose the format", id="file-needs-a-format"),
        pytest.param(("aging", "--csv", "--json"), "Choose one of", id="two-formats"),
        pytest.param(("aging", "--as-of", "2026-12-01"), "in the future", id="future"),
        pytest.param(("aging", "--batch", BATCH, "--as-of", "2026-11-01"), "leave --as-of out", id="two-days"),
        pytest.param(("mail-cost", "--since", "2026-12-01"), "is after", id="since-later"),
        pytest.param(("tie-out", "--batch", "2026-10-statement"), "There is no batch", id="no-batch"),
    ],
)
def test_report__refuses_with_one_sentence(hospital: Hospital, arguments: tuple[str, ...], message: str) -> None:
    assert message in error_message(call(hospital, "report", *arguments, code=2))


def test_report__of_persons_is_a_view_before_the_file_is_there(hospital: Hospital) -> None:
    path = hospital.home / "clocks.csv"
    call(hospital, "report", "expiring-clocks", "--csv", "-o", str(path), "--purpose", "review")
    ((what, purpose),) = hospital.ledger("SELECT what, purpose FROM access ORDER BY access_id DESC LIMIT 1")
    assert (what, purpose) == ("report expiring-clocks", "review")
    named = {row["guarantor"].partition("+")[0] for row in read(hospital, "expiring-clocks")["rows"]}
    recorded = hospital.ledger("SELECT guarantor_id FROM access_subject")
    assert {each for (each,) in recorded} == named
    assert named


@pytest.mark.hospital("new", guarantors=60)
def test_report__without_a_ledger_row_is_empty_and_foots(hospital: Hospital) -> None:
    for name in ("holds", "returned-mail", "mail-cost"):
        assert read(hospital, name)["rows"] == []


def test_tie_out__a_bad_row_of_the_total_stops_it(hospital: Hospital) -> None:
    hospital.sql("INSERT INTO general_ledger VALUES ('barter', 5)")
    assert "receivables" in call(hospital, "report", "tie-out", code=1).err


@pytest.mark.hospital("new", guarantors=60)
def test_report__of_persons_needs_a_ledger_that_records_the_view(hospital: Hospital) -> None:
    result = call(hospital, "report", "plan-lapses", code=2)
    assert result.out == ""
    assert "statements ledger upgrade" in result.err
    assert not (hospital.home / "ledger.db").exists()
