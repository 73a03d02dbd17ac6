"""The dunning funnel: each payment counts once, for the last mailing before it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from statement_builder.ledger.mail_figures import Mailing, MailingCount
from statement_builder.reports.billing_office import find_answers, report_dunning_funnel
from tests.builders import make_encounter, make_payment

MAILED = date(2026, 3, 2)
AS_OF = date(2026, 11, 20)


def mailing(document_id: str = "D1", *, level: int = 0, on: date = MAILED) -> Mailing:
    return Mailing(document_id=document_id, level=level, mailed_on=on)


def after(days: int) -> date:
    return MAILED + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(0, None, id="on-the-day-of-mailing-is-no-answer"),
        pytest.param(1, 1, id="next-day"),
        pytest.param(90, 90, id="last-day-of-the-longest-window"),
        pytest.param(91, None, id="after-the-longest-window"),
    ],
)
def test_find_answers__payment(days: int, expected: int | None) -> None:
    visit = make_encounter("A1", payments=(make_payment(on=after(days), amount_cents=5_000),))
    (answer,) = find_answers([visit], {"A1": [mailing()]}, AS_OF)
    assert (answer.first_paid_days, answer.cents) == (expected, 5_000 if expected else 0)


def test_find_answers__a_payment_answers_the_last_mailing_before_it() -> None:
    payments = (
        make_payment("M1", on=after(10), amount_cents=1_000),
        make_payment("M2", on=after(40), amount_cents=2_000),
    )
    visit = make_encounter("A1", payments=payments)
    mailings = {"A1": [mailing("D1"), mailing("D2", level=1, on=after(30))]}
    found = {each.document_id: each for each in find_answers([visit], mailings, AS_OF)}
    assert (found["D1"].first_paid_days, found["D1"].cents) == (10, 1_000)
    assert (found["D2"].first_paid_days, found["D2"].cents) == (10, 2_000)


def test_find_answers__one_document_about_two_visits_is_paid_once() -> None:
    visits = [
        make_encounter("A1", payments=(make_payment("M1", on=after(50), amount_cents=100),)),
        make_encounter("A2", payments=(make_payment("M2", on=after(20), amount_cents=200),)),
    ]
    (answer,) = find_answers(visits, {"A1": [mailing()], "A2": [mailing()]}, AS_OF)
    assert (answer.first_paid_days, answer.cents) == (20, 300)


def test_find_answers__a_returned_check_is_no_payment_and_lowers_what_was_collected() -> None:
    payments = (make_payment("M1", on=after(5), amount_cents=700), make_payment("M2", on=after(9), amount_cents=-700))
    (answer,) = find_answers([make_encounter("A1", payments=payments)], {"A1": [mailing()]}, AS_OF)
    assert (answer.first_paid_days, answer.cents) == (5, 0)
    (answer,) = find_answers([make_encounter("A1", payments=payments[1:])], {"A1": [mailing()]}, AS_OF)
    assert (answer.first_paid_days, answer.cents) == (None, -700)


def test_report__rates_are_of_documents_old_enough() -> None:
    old, young = AS_OF - timedelta(days=100), AS_OF - timedelta(days=45)
    counts = [
        MailingCount(level=0, mailed_on=old, documents=4, cents=4_000),
        MailingCount(level=0, mailed_on=young, documents=2, cents=2_000),
    ]
    visits = [
        make_encounter("A1", payments=(make_payment("M1", on=old + timedelta(days=20), amount_cents=100),)),
        make_encounter("A2", payments=(make_payment("M2", on=young + timedelta(days=40), amount_cents=50),)),
    ]
    mailings = {"A1": [mailing("D1", on=old)], "A2": [mailing("D2", on=young)]}
    report = report_dunning_funnel(counts, find_answers(visits, mailings, AS_OF), since=old, as_of=AS_OF)
    names = [column.name for column in report.columns]
    (row,) = (dict(zip(names, each, strict=True)) for each in report.rows)
    assert (row["documents"], row["cents"], row["collected_cents"]) == (6, 6_000, 150)
    assert (row["old_30"], row["paid_30"], row["share_30"]) == (6, 1, 1_667)
    assert (row["old_60"], row["paid_60"], row["share_60"]) == (4, 1, 2_500)
    assert (row["old_90"], row["paid_90"], row["share_90"]) == (4, 1, 2_500)


def test_report__level_that_is_too_young_has_no_rate() -> None:
    counts = [MailingCount(level=4, mailed_on=AS_OF, documents=1, cents=100)]
    report = report_dunning_funnel(counts, [], since=MAILED, as_of=AS_OF)
    (row,) = report.rows
    assert row[0] == "final notice"
    assert row[3:6] == (0, 0, None)


def test_report__what_is_handed_off_and_not_in_the_mail_yet_is_not_mailed() -> None:
    counts = [MailingCount(level=0, mailed_on=AS_OF + timedelta(days=3), documents=5, cents=500)]
    assert list(report_dunning_funnel(counts, [], since=MAILED, as_of=AS_OF).rows) == []
