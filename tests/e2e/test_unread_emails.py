"""Paperless from end to end: views reported by the portal, unread e-mails on paper, at most once whatever is killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest

from mail_house.portal import PORTAL_KEY, portal_token
from mail_house.secret import KeyRing
from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.e2e.test_bounce_proof import on_day
from tests.e2e.test_tracking import drop, outbox, states, summary, track
from tests.hospital import AS_OF, CYCLE, SERVER_DOWN, Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

BATCH = f"{CYCLE}-statement"
KEY = "0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597"
DAYS = 7
LAST_DAY = AS_OF + timedelta(days=DAYS)
pytestmark = pytest.mark.hospital("waiting", guarantors=40)


@pytest.fixture
def mailed(hospital: Hospital) -> Hospital:
    """A hospital that waits a week for its e-mails to be opened, with a batch that is sent and closed."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", f"[mail]\nunread_email_days = {DAYS}\n")
    settings.write_text(text, encoding="utf-8")
    hospital.statements("release", BATCH)
    return hospital


def on(hospital: Hospital, day: date, **environ: str) -> Hospital:
    """The hospital on that day of November, with the key of the portal."""
    later = on_day(hospital, day.day)
    return Hospital(later.home, later.environ | {PORTAL_KEY: KEY} | environ)


def token(document: str, key: str = KEY) -> str:
    return portal_token(KeyRing([key]), document)


def report_views(hospital: Hospital, *rows: str, name: str = "views.csv") -> None:
    drop(hospital, name, "document_id,viewed_on,token", *rows)


def printed_ids(hospital: Hospital) -> list[str]:
    return [row["document_id"] for row in hospital.manifest_rows()]


def test_unread__goes_on_paper_once_the_day_after_the_last(mailed: Hospital) -> None:
    opened, *unopened = mailed.emailed()
    report_views(mailed, f"{opened},{AS_OF},{token(opened)}")
    before = outbox(mailed)
    assert track(on(mailed, LAST_DAY), code=0)["files"][0]["form"] == "documents viewed"
    assert outbox(mailed) == before, "the last day is not over"

    assert track(on(mailed, LAST_DAY + timedelta(days=1)), code=0)["alerts"] == []
    assert [printed_ids(mailed).count(document) for document in unopened] == [1] * len(unopened)
    assert opened not in printed_ids(mailed)
    assert states(mailed, opened) == ["delivered"]
    assert {tuple(states(mailed, document)) for document in unopened} == {("unread", "sent")}
    after = outbox(mailed)
    assert track(on(mailed, LAST_DAY + timedelta(days=2)), code=0)["files"] == []
    assert outbox(mailed) == after
    sheet = mailed.statements("report", "control", BATCH, "--json").json
    assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}
    assert (summary(mailed)["counts"]["email"], summary(mailed)["counts"]["print"]) == (
        1,
        summary(mailed)["counts"]["rendered"] - 1,
    )


def test_unread__the_paper_is_the_same_document_and_no_second_bill(mailed: Hospital, tmp_path: Path) -> None:
    document = mailed.emailed()[0]
    first = mailed.ledger("SELECT sha256, issued_on, amount_cents FROM document WHERE document_id = ?", document)
    track(on(mailed, LAST_DAY + timedelta(days=1)))
    assert (
        mailed.ledger("SELECT sha256, issued_on, amount_cents FROM document WHERE document_id = ?", document) == first
    )
    found = mailed.statements("find", document, "--json").json
    assert [each["document"] for each in found] == [document]
    (row,) = [row for row in mailed.manifest_rows() if row["document_id"] == document]
    assert (row["sha256"], int(row["amount_cents"]), row["carrier_pages"]) == (first[0][0], first[0][2], "0")
    archived = tmp_path / "archived.pdf"
    mailed.statements("get", document, "-o", str(archived))
    start = int(row["first_page"]) - 1
    printed = pypdf.PdfReader(mailed.home / "outbox" / "print" / row["pdf_file"]).pages
    pages = pypdf.PdfReader(archived).pages
    assert len(pages) == int(row["pages"]) > 0
    for number, page in enumerate(pages):
        words = Counter(page.extract_text().split())
        assert words <= Counter(printed[start + number].extract_text().split())
        assert "COPY" not in printed[start + number].extract_text()


def test_unread__is_off_by_default(hospital: Hospital) -> None:
    hospital.statements("release", BATCH)
    before = outbox(hospital)
    track(on(hospital, date(2026, 11, 28)), code=0)
    assert outbox(hospital) == before


def test_unread__a_bill_released_late_is_on_paper_or_not_sent(hospital: Hospital) -> None:
    """Found by the simulated year: released three days before the date to pay by, e-mailed, opened by nobody, and never
    printed. It counts as the first of two bills. It must wait for the next cycle, or leave on paper."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", f"[mail]\nunread_email_days = {DAYS}\n")
    settings.write_text(text, encoding="utf-8")
    (due_on,) = hospital.ledger("SELECT max(due_on) FROM document WHERE batch_id = ? AND channel = 'email'", BATCH)[0]
    late = date.fromisoformat(due_on) - timedelta(days=3)
    hospital.on_day(str(late)).statements("release", BATCH, code=None)
    emailed = hospital.emailed()
    later = hospital.on_day(str(late + timedelta(days=DAYS + 1)))
    track(replace(later, environ=later.environ | {PORTAL_KEY: KEY}), code=None)
    assert set(emailed) <= set(printed_ids(hospital))


@pytest.mark.hospital("new", guarantors=len(ONE_OF_EACH))
@pytest.mark.parametrize(
    ("days_ahead", "paper_on"), [pytest.param(10, 4, id="waits-three-days"), pytest.param(8, 2, id="waits-one-day")]
)
def test_unread__a_refund_is_told_of_once_before_the_day_that_it_gives(
    hospital: Hospital, days_ahead: int, paper_on: int
) -> None:
    """Found by the simulated year: the page gives the day on which the money leaves. Nobody opened the e-mail in a
    week, and then paper was too late for that day; so the next batch told of the same refund in another letter."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", f"[mail]\nunread_email_days = {DAYS}\n")
    settings.write_text(text, encoding="utf-8")
    send_on = AS_OF + timedelta(days=days_ahead)
    hospital.sql("UPDATE refund SET send_on = ? WHERE status = 'approved'", send_on.isoformat())
    hospital.sql(
        "UPDATE guarantor SET (email, delivery, email_consent_at, email_consent_terms, email_consent_source) ="
        " (SELECT email, delivery, email_consent_at, email_consent_terms, email_consent_source FROM guarantor"
        "  WHERE delivery = 'email' AND email_consent_at IS NOT NULL AND email_consent_withdrawn_on IS NULL LIMIT 1)"
        " WHERE guarantor_id = 'G100053'"
    )
    hospital.statements("run", "refund", "--cycle", f"{AS_OF}", "--as-of", f"{AS_OF}", "--release", code=None)
    (document,) = hospital.emailed()
    for day in range(1, days_ahead + DAYS):
        later = hospital.on_day(f"{AS_OF + timedelta(days=day)}")
        later = replace(later, environ=later.environ | {PORTAL_KEY: KEY})
        track(later, code=None)
        assert (document in printed_ids(later)) is (day >= paper_on)
    today = f"{AS_OF + timedelta(days=days_ahead + DAYS)}"
    hospital.sql("UPDATE refund SET status = 'sent', sent_on = send_on WHERE status = 'approved'")
    hospital.on_day(today).statements("run", "refund", "--cycle", today, "--as-of", today, "--release", code=None)
    told = hospital.ledger("SELECT document_id FROM document WHERE guarantor_id = 'G100053' AND kind = 'refund'")
    assert told == [(document,)]


def _wrong_token(document: str) -> str:
    return f"{document},{AS_OF},{token(document, key='f' * 32)}"


def _token_of_another(document: str) -> str:
    return f"{document},{AS_OF},{token('00000000-0000-5000-8000-000000000000')}"


def _before_the_hand_off(document: str) -> str:
    return f"{document},{AS_OF - timedelta(days=2)},{token(document)}"


def _in_the_future(document: str) -> str:
    return f"{document},2027-01-01,{token(document)}"


def _not_ours(_: str) -> str:
    other = "00000000-0000-5000-8000-000000000000"
    return f"{other},{AS_OF},{token(other)}"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(_wrong_token, "the token is not the one in the portal feed", id="token-of-another-key"),
        pytest.param(_token_of_another, "the token is not the one in the portal feed", id="token-of-another-document"),
        pytest.param(_before_the_hand_off, "so it cannot have been viewed on", id="before-the-hand-off"),
        pytest.param(_in_the_future, "in the future", id="in-the-future"),
        pytest.param(_not_ours, "not one of ours", id="unknown-document"),
        pytest.param(lambda document: f"{document},soon,{token(document)}", "viewed_on is not valid", id="no-date"),
        pytest.param(lambda document: f"{document},{AS_OF},", "token is empty", id="no-token"),
    ],
)
def test_view__unproven_or_impossible_is_quarantined_with_its_reason(
    mailed: Hospital, row: Callable[[str], str], why: str
) -> None:
    wrong, right = mailed.emailed()[:2]
    report_views(mailed, row(wrong), f"{right},{AS_OF},{token(right)}")
    (file,) = track(on(mailed, AS_OF), code=3)["files"]
    assert (file["put_in"], file["news"], file["quarantined"]) == ("quarantine", 1, 1)
    reason = (mailed.home / "inbox" / "quarantine" / "views.csv.reason.txt").read_text(encoding="utf-8")
    assert why in reason
    assert mailed.ledger("SELECT document_id FROM document WHERE viewed_on IS NOT NULL") == [(right,)]


def test_view__proves_nothing_without_a_key(mailed: Hospital) -> None:
    document = mailed.emailed()[0]
    report_views(mailed, f"{document},{AS_OF},{token(document)}")
    (file,) = track(on(mailed, AS_OF, **{PORTAL_KEY: ""}), code=3)["files"]
    assert file["quarantined"] == 1
    assert mailed.ledger("SELECT 1 FROM document WHERE viewed_on IS NOT NULL") == []


def test_view__while_the_vendor_is_down_keeps_the_email(mailed: Hospital) -> None:
    opened, unopened = mailed.emailed()[:2]
    day = LAST_DAY + timedelta(days=1)
    track(on(mailed, day, **SERVER_DOWN["print"]), code=3)
    assert states(mailed, opened) == states(mailed, unopened) == ["unread", "claimed"]
    report_views(mailed, f"{opened},{day},{token(opened)}")
    track(on(mailed, day), code=0)
    assert (states(mailed, opened), states(mailed, unopened)) == (["delivered", "failed"], ["unread", "failed", "sent"])
    assert opened not in printed_ids(mailed)


def test_view__after_the_paper_left_is_recorded(mailed: Hospital) -> None:
    document, day = mailed.emailed()[0], LAST_DAY + timedelta(days=1)
    track(on(mailed, day))
    before = outbox(mailed)
    report_views(mailed, f"{document},{day},{token(document)}")
    assert track(on(mailed, day), code=0)["files"][0]["news"] == 1
    assert outbox(mailed) == before
    assert mailed.ledger("SELECT viewed_on, channel FROM document WHERE document_id = ?", document) == [
        (day.isoformat(), "print")
    ]


def test_unread__paid_since_is_not_printed(mailed: Hospital) -> None:
    document = mailed.emailed()[0]
    (guarantor, account) = mailed.ledger(
        "SELECT d.guarantor_id, min(a.account_number) FROM document d JOIN document_account a USING (document_id)"
        " WHERE d.document_id = ? GROUP BY 1",
        document,
    )[0]
    mailed.sql(
        "INSERT INTO patient_payment (payment_id, guarantor_id, account_number, posted_on, method, amount_cents)"
        " VALUES ('LATE', ?, ?, ?, 'card', 500)",
        guarantor,
        account,
        LAST_DAY.isoformat(),
    )
    track(on(mailed, LAST_DAY + timedelta(days=1)))
    assert document not in printed_ids(mailed)
    assert states(mailed, document) == ["unread"]


def test_unread__goes_on_paper_though_the_email_address_changed(mailed: Hospital) -> None:
    document = mailed.emailed()[0]
    ((guarantor,),) = mailed.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)
    mailed.sql("UPDATE guarantor SET email = 'other@example.org' WHERE guarantor_id = ?", guarantor)
    track(on(mailed, LAST_DAY + timedelta(days=1)))
    assert printed_ids(mailed).count(document) == 1
    assert states(mailed, document) == ["unread", "sent"]


def test_unread__killed_at_any_moment_and_repeated(mailed: Hospital, tmp_path: Path) -> None:
    """A file of views waits, and the other e-mails are overdue."""
    opened, *unopened = mailed.emailed()
    report_views(mailed, f"{opened},{AS_OF},{token(opened)}")
    day = LAST_DAY + timedelta(days=1)

    def track_killed_at(hospital: Hospital, moment: int) -> int:
        run_killed_at(on(hospital, day), moment, "track")
        return len(passed_moments(hospital))

    moments = track_killed_at(mailed.copy_to(tmp_path / "whole"), 0)
    assert moments > 10
    for moment in moments_to_kill_at(moments - 1):
        killed = mailed.copy_to(tmp_path / f"killed-{moment}")
        track_killed_at(killed, moment)
        later: Any = on(killed, day)
        later.statements("track")
        assert states(killed, opened) == ["delivered"], moment
        assert [printed_ids(killed).count(document) for document in unopened] == [1] * len(unopened), moment
        assert opened not in printed_ids(killed), moment
        assert killed.ledger("SELECT 1 FROM redelivery") == [], moment
        sheet = killed.statements("report", "control", BATCH, "--json").json
        assert {gate["verdict"] for gate in sheet["gates"]} == {"foots"}, moment
