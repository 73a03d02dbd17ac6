"""The sample hospital is reproducible on both databases and has every scenario."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from statement_builder.billing.model import (
    AssistanceKind,
    ContactKind,
    DeductionStatus,
    Delivery,
    EpisodeStatus,
    EstateStatus,
    FaultyAccount,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
    RefundStatus,
)
from statement_builder.errors import SourceError
from statement_builder.source import make_sample, open_source, require_fresh
from tests.source.extract import CYCLE, SQL_ROOT, balance_cents, subjects

AS_OF = date(2026, 11, 20)
Account = GuarantorAccount | FaultyAccount


def pull(url: str, as_of: date = AS_OF) -> list[Account]:
    with open_source("reference", url, SQL_ROOT, languages=frozenset({"en", "es"})) as source:
        return list(source.accounts(as_of=as_of, cycle=CYCLE))


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> list[Account]:
    url = f"sqlite:///{tmp_path_factory.mktemp('sample') / 'hospital.db'}"
    make_sample(url, as_of=AS_OF)
    return pull(url)


@pytest.fixture(scope="module")
def valid_accounts(hospital: list[Account]) -> list[GuarantorAccount]:
    return [account for account in hospital if isinstance(account, GuarantorAccount)]


def test_make_sample__is_reproducible(tmp_path: Path, hospital: list[Account]) -> None:
    url = f"sqlite:///{tmp_path / 'second.db'}"
    make_sample(url, guarantors=200, seed=1, as_of=AS_OF)

    assert pull(url) == hospital


def test_make_sample__is_the_same_on_postgresql(postgres_url: str, hospital: list[Account]) -> None:
    make_sample(postgres_url, as_of=AS_OF)

    assert pull(postgres_url) == hospital


def test_make_sample__another_seed_gives_another_hospital(tmp_path: Path, hospital: list[Account]) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    make_sample(url, seed=2, as_of=AS_OF)

    assert pull(url) != hospital


def test_make_sample__larger_hospital_starts_with_the_smaller_one(tmp_path: Path, hospital: list[Account]) -> None:
    url = f"sqlite:///{tmp_path / 'big.db'}"
    make_sample(url, guarantors=260, as_of=AS_OF)
    bigger = {repr(account) for account in pull(url)}

    assert {repr(account) for account in hospital} < bigger


def test_make_sample__replaces_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hospital.db'}"
    make_sample(url, guarantors=20, as_of=AS_OF)
    before = pull(url)

    with pytest.raises(SourceError, match="already"):
        make_sample(url, guarantors=30, as_of=AS_OF)

    assert pull(url) == before


def test_make_sample__summary_counts_rows(tmp_path: Path) -> None:
    summary = make_sample(f"sqlite:///{tmp_path / 'hospital.db'}", guarantors=25, as_of=AS_OF)

    assert summary.guarantors == 25
    assert summary.rows["guarantor"] == 25


def test_make_sample__is_fresh_on_the_as_of_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hospital.db'}"
    make_sample(url, guarantors=20, as_of=AS_OF)
    with open_source("reference", url, SQL_ROOT) as source:
        feeds = source.feeds()

    for feed in ("billing", "obstetric"):
        require_fresh(feeds, feed=feed, now=feeds[feed].replace(hour=23), max_age_hours=24)


def days_since(day: date) -> int:
    return (AS_OF - day).days


def has_hold(code: str) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(hold.code == code for hold in account.holds)


def has_assistance(kind: AssistanceKind) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(record.kind is kind for record in account.assistance)


def has_class(financial_class: FinancialClass) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(encounter.financial_class is financial_class for encounter in account.encounters)


def has_level(level: int, first_days_min: int) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(
        mailed.last_level == level and days_since(mailed.first_statement_on) >= first_days_min
        for encounter in account.encounters
        if (mailed := encounter.correspondence)
    )


def has_refund(status: RefundStatus) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(refund.status is status for refund in account.refunds)


def has_contact(kind: ContactKind) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(contact.kind is kind for contact in account.contacts)


def owes(cents_min: int, cents_max: int) -> Callable[[GuarantorAccount], bool]:
    return lambda account: cents_min <= balance_cents(account) <= cents_max and bool(account.encounters)


def is_named(text: str) -> Callable[[GuarantorAccount], bool]:
    return lambda account: text in f"{account.guarantor.first_name} {account.guarantor.last_name}"


def is_late_on_plan(account: GuarantorAccount) -> bool:
    return any(
        installment.due_on < AS_OF and installment.paid_cents < installment.amount_cents
        for plan in account.plans
        for installment in plan.installments
    )


def has_episode(status: EpisodeStatus) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(episode.status is status for episode in account.episodes)


def is_pregnant_in_week(first: int, last: int) -> Callable[[GuarantorAccount], bool]:
    def week(expected_on: date) -> int:
        return (timedelta(weeks=40) - (expected_on - AS_OF)).days // 7

    return lambda account: any(
        episode.status is EpisodeStatus.ACTIVE
        and episode.expected_delivery_on is not None
        and first <= week(episode.expected_delivery_on) <= last
        for episode in account.episodes
    )


def has_deduction(status: DeductionStatus) -> Callable[[GuarantorAccount], bool]:
    return lambda account: any(each.status is status for each in account.deductions)


def has_minor(account: GuarantorAccount) -> bool:
    return any(days_since(patient.birth_on) < 18 * 365 for patient in account.patients)


@pytest.mark.parametrize(
    ("holds_true", "count_min"),
    [
        pytest.param(lambda a: len(a.encounters) > 1, 20, id="multiple-visits"),
        pytest.param(has_minor, 3, id="minor"),
        pytest.param(lambda a: len(a.patients) > 1, 3, id="family"),
        pytest.param(lambda a: a.plans and not is_late_on_plan(a), 2, id="plan-current"),
        pytest.param(is_late_on_plan, 1, id="plan-lapsed"),
        pytest.param(has_level(1, 60), 4, id="letter-2-due"),
        pytest.param(has_level(2, 90), 4, id="letter-3-due"),
        pytest.param(has_level(3, 120), 4, id="letter-4-due"),
        pytest.param(is_pregnant_in_week(8, 13), 1, id="pregnant-early"),
        pytest.param(is_pregnant_in_week(14, 27), 4, id="pregnant-mid-term"),
        pytest.param(is_pregnant_in_week(28, 36), 3, id="pregnant-late"),
        pytest.param(is_pregnant_in_week(42, 45), 1, id="overdue-without-update"),
        pytest.param(has_episode(EpisodeStatus.LOST), 1, id="pregnancy-lost"),
        pytest.param(has_episode(EpisodeStatus.DELIVERED), 1, id="delivered"),
        pytest.param(lambda a: len(a.episodes) > 1, 1, id="two-active-pregnancies"),
        pytest.param(owes(-100_000, -1), 1, id="credit"),
        pytest.param(owes(0, 0), 1, id="paid-off"),
        pytest.param(owes(300, 300), 1, id="three-dollars"),
        pytest.param(lambda a: a.unapplied_cents > 0, 1, id="unapplied-payment"),
        pytest.param(lambda a: not a.encounters, 3, id="no-visits"),
        pytest.param(lambda a: len(a.encounters) == 120, 1, id="120-visits"),
        pytest.param(
            lambda a: len(f"{a.guarantor.first_name} {a.guarantor.last_name}") == 60, 1, id="60-character-name"
        ),
        pytest.param(is_named("O'Brien"), 1, id="O'Brien"),
        pytest.param(is_named("Núñez"), 1, id="Núñez"),
        pytest.param(is_named("Łukasz"), 1, id="Łukasz"),
        pytest.param(is_named("Nguyễn"), 1, id="Nguyễn"),
        pytest.param(is_named("<b>"), 1, id="html-in-a-name"),
        pytest.param(is_named("{{"), 1, id="braces-in-a-name"),
        pytest.param(lambda a: a.guarantor.language == "es", 8, id="spanish"),
        pytest.param(lambda a: a.guarantor.large_print, 1, id="large-print"),
        pytest.param(
            lambda a: a.guarantor.delivery is Delivery.EMAIL and a.guarantor.email_consent_at, 15, id="e-mail"
        ),
        pytest.param(lambda a: a.guarantor.confidential_address is not None, 1, id="confidential-address"),
        pytest.param(has_contact(ContactKind.CONFIDENTIAL), 1, id="confidential-address-of-a-teenager"),
        pytest.param(has_contact(ContactKind.ATTORNEY), 1, id="attorney"),
        pytest.param(lambda a: a.guarantor.address.postal_code in ("", "00000"), 1, id="no-zip"),
        pytest.param(lambda a: not a.guarantor.address.lines, 1, id="no-address"),
        pytest.param(lambda a: a.guarantor.address.country == "CA", 1, id="foreign-address"),
        pytest.param(
            lambda a: any(e.insurance_status is InsuranceStatus.PENDING for e in a.encounters), 1, id="pending"
        ),
        pytest.param(has_assistance(AssistanceKind.ORAL_EFFORT), 1, id="oral-effort"),
        pytest.param(has_assistance(AssistanceKind.APPLICATION), 1, id="assistance-application"),
        pytest.param(has_assistance(AssistanceKind.PRESUMPTIVE), 1, id="assistance-without-application"),
        pytest.param(lambda a: any(each.missing for each in a.assistance), 2, id="application-that-lacks-something"),
        pytest.param(lambda a: any(each.decided_on for each in a.assistance), 8, id="decided-application"),
        pytest.param(lambda a: any(each.estimate_review for each in a.encounters), 1, id="reviewed-estimate"),
        pytest.param(has_class(FinancialClass.QMB), 1, id="qmb"),
        pytest.param(has_class(FinancialClass.MEDICAID), 1, id="medicaid"),
        pytest.param(has_hold("BANKR_STAY"), 1, id="bankruptcy"),
        pytest.param(has_hold("DECEASED"), 1, id="deceased"),
        pytest.param(lambda a: any(each.status is EstateStatus.OPEN for each in a.estates), 7, id="estate-in-probate"),
        pytest.param(lambda a: any(each.status is EstateStatus.UNKNOWN for each in a.estates), 3, id="estate-unknown"),
        pytest.param(has_hold("DISPUTE"), 1, id="dispute"),
        pytest.param(has_hold("RETMAIL"), 1, id="returned-mail"),
        pytest.param(has_deduction(DeductionStatus.ASKED), 3, id="payroll-deduction-asked"),
        pytest.param(has_deduction(DeductionStatus.SIGNED), 1, id="payroll-deduction-signed"),
        pytest.param(has_deduction(DeductionStatus.REVOKED), 1, id="payroll-deduction-revoked"),
        pytest.param(has_refund(RefundStatus.APPROVED), 7, id="refund-approved"),
        pytest.param(has_refund(RefundStatus.SENT), 1, id="refund-sent"),
        pytest.param(lambda a: any(each.episode_id for each in a.refunds), 2, id="refund-of-deposit"),
        pytest.param(has_class(FinancialClass.MEDICARE), 1, id="medicare"),
    ],
)
def test_make_sample__has_every_scenario(
    valid_accounts: list[GuarantorAccount], holds_true: Callable[[GuarantorAccount], bool], count_min: int
) -> None:
    assert sum(bool(holds_true(account)) for account in valid_accounts) >= count_min


def test_make_sample__has_a_few_bad_rows(hospital: list[Account]) -> None:
    faulty = [account for account in hospital if isinstance(account, FaultyAccount)]
    codes = {fault.code for account in faulty for fault in account.faults}

    assert codes >= {"NEGATIVE", "FUTURE", "ORPHAN", "NULL", "DUPLICATE_GUARANTOR", "CONTROL", "ADDRLINES", "EMAIL"}
    assert len(faulty) <= 0.06 * len(hospital)
    assert any(name.startswith("!account:") for name in subjects(hospital))
