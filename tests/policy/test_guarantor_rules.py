"""Rules that hold all mail to a guarantor."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Address, AlternateFormat, InsuranceKind
from statement_builder.policy.guarantor_rules import ALTERNATE_FORMATS
from tests.builders import AS_OF, make_account, make_address, make_guarantor, make_insurance, make_payment
from tests.policy.candidates import codes, letter, mailed, make_pregnant, notice, recorded_hold, statement, visit


def address(**changes: Any) -> Address:
    facts: dict[str, Any] = {
        "lines": ("12 Maple Street",),
        "city": "Springfield",
        "state": "MA",
        "postal_code": "01103",
    }
    return Address(**(facts | changes))


ADDRESSES = [
    pytest.param(address(), [], id="complete"),
    pytest.param(address(postal_code="01103-1234"), [], id="zip-plus-four"),
    pytest.param(address(postal_code="011031234"), [], id="zip-plus-four-without-hyphen"),
    pytest.param(address(state="PR"), [], id="territory"),
    pytest.param(address(state="AE", city="APO"), [], id="military"),
    pytest.param(address(lines=()), ["BADADDR"], id="no-street"),
    pytest.param(address(lines=("  ",)), ["BADADDR"], id="blank-street"),
    pytest.param(address(city=""), ["BADADDR"], id="no-city"),
    pytest.param(address(state=""), ["BADADDR"], id="no-state"),
    pytest.param(address(state="Massachusetts"), ["BADADDR"], id="state-spelled-out"),
    pytest.param(address(state="MA RI"), ["BADADDR"], id="two-states"),
    pytest.param(address(postal_code=""), ["NOZIP"], id="no-zip"),
    pytest.param(address(postal_code="00000"), ["NOZIP"], id="zip-of-zeros"),
    pytest.param(address(postal_code="1103"), ["NOZIP"], id="zip-without-leading-zero"),
    pytest.param(address(postal_code="0110X"), ["NOZIP"], id="zip-with-a-letter"),
    pytest.param(address(city="", postal_code=""), ["BADADDR", "NOZIP"], id="both"),
    pytest.param(address(country="CA", state="", postal_code="M5V 2T6", city="Toronto"), [], id="foreign"),
    pytest.param(address(country="CA", state="", postal_code="M5V 2T6", city=""), ["BADADDR"], id="foreign-no-city"),
]


@pytest.mark.parametrize(("mailing_address", "reasons"), ADDRESSES)
def test_address(mailing_address: Address, reasons: list[str]) -> None:
    guarantor = make_guarantor(address=mailing_address)
    assert codes(statement(make_account(visit(), guarantor=guarantor))) == reasons


def test_address__holds_every_kind_of_document() -> None:
    bad = make_guarantor(address=address(city=""))
    billed_visit = visit(correspondence=mailed(first=70, last=30, level=1))
    assert codes(letter(make_account(billed_visit, guarantor=bad))) == ["BADADDR"]
    account = make_pregnant()
    assert codes(notice(type(account)(guarantor=bad, patients=account.patients, episodes=account.episodes))) == [
        "BADADDR"
    ]


def test_address__confidential_address_overrides_the_regular_one() -> None:
    guarantor = make_guarantor(address=address(city=""), confidential_address=make_address("PO Box 9"))
    assert codes(statement(make_account(visit(), guarantor=guarantor))) == []
    guarantor = make_guarantor(confidential_address=address(postal_code=""))
    assert codes(statement(make_account(visit(), guarantor=guarantor))) == ["NOZIP"]


@pytest.mark.parametrize(
    ("confidential", "reasons"),
    [
        pytest.param(None, ["CONF_NOADDR"], id="requested-but-not-on-file"),
        pytest.param(make_address("PO Box 9"), [], id="on-file"),
    ],
)
def test_confidential_communication(confidential: Address | None, reasons: list[str]) -> None:
    guarantor = make_guarantor(confidential_address=confidential)
    assert codes(statement(make_account(visit(), guarantor=guarantor, holds=(recorded_hold("CONF"),)))) == reasons


@pytest.mark.parametrize(
    ("open_documents", "bill_held", "notice_held"),
    [
        pytest.param((), False, False, id="none-open"),
        pytest.param(("statement",), True, False, id="statement-open"),
        pytest.param(("dunning",), True, False, id="letter-open"),
        pytest.param(("ob-notice",), False, True, id="notice-open"),
        pytest.param(("ob-notice", "statement"), True, True, id="both-open"),
    ],
)
def test_duplicate_run(open_documents: tuple[str, ...], bill_held: bool, notice_held: bool) -> None:
    billed_visit = visit(correspondence=mailed(first=70, last=30, level=1))
    account = make_pregnant(billed_visit)
    account = type(account)(
        guarantor=account.guarantor,
        patients=account.patients,
        encounters=account.encounters,
        episodes=account.episodes,
        open_documents=open_documents,
    )
    assert ("DUPRUN" in codes(statement(account))) is bill_held
    assert ("DUPRUN" in codes(letter(account))) is bill_held
    assert ("DUPRUN" in codes(notice(account))) is notice_held


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        pytest.param({"payments": (make_payment(on=AS_OF),)}, ["PMT_TODAY"], id="payment-today"),
        pytest.param({"payments": (make_payment(on=date(2026, 11, 19)),)}, [], id="payment-yesterday"),
        pytest.param({"payments": (make_payment(amount_cents=-500, on=AS_OF),)}, ["PMT_TODAY"], id="refund-today"),
        pytest.param(
            {"insurance": (make_insurance(kind=InsuranceKind.CHARITY, on=AS_OF),)}, ["PMT_TODAY"], id="charity-today"
        ),
        pytest.param(
            {"insurance": (make_insurance(kind=InsuranceKind.WRITE_OFF, on=AS_OF),)},
            ["PMT_TODAY"],
            id="write-off-today",
        ),
        pytest.param({"insurance": (make_insurance(on=AS_OF),)}, [], id="insurance-payment-today"),
    ],
)
def test_posted_today(changes: dict[str, Any], reasons: list[str]) -> None:
    assert codes(statement(make_account(visit(**changes), visit(100, "A2")))) == reasons


@pytest.mark.parametrize(("unapplied_cents", "reasons"), [(0, []), (1, ["UNDIST"]), (-1, ["UNDIST"])])
def test_unapplied_payment(unapplied_cents: int, reasons: list[str]) -> None:
    assert codes(statement(make_account(visit(), unapplied_cents=unapplied_cents))) == reasons


@pytest.mark.parametrize(
    ("birth_on", "held"),
    [
        pytest.param(date(2008, 11, 21), True, id="eighteen-tomorrow"),
        pytest.param(date(2008, 11, 20), False, id="eighteen-today"),
        pytest.param(None, False, id="not-on-file"),
    ],
)
def test_minor__guarantor_is_not_billed(birth_on: date | None, held: bool) -> None:
    """State law on the age of majority: a minor cannot agree to pay."""
    guarantor = make_guarantor(birth_on=birth_on)
    billed = make_account(visit(correspondence=mailed(first=70, last=30, level=1)), guarantor=guarantor)
    pregnant = replace(make_pregnant(), guarantor=guarantor)
    for decision in (statement(billed), letter(billed), notice(pregnant)):
        assert ("MINOR_GUAR" in codes(decision)) is held
        assert {hold.until for hold in decision.holds if hold.code == "MINOR_GUAR"} <= {date(2026, 11, 21)}


@pytest.mark.parametrize("requested_on", [date(2026, 11, 1), None], ids=["dated", "undated"])
@pytest.mark.parametrize(
    ("alternate_format", "code"),
    [
        pytest.param(AlternateFormat.BRAILLE, "FORMAT_BRAILLE", id="braille"),
        pytest.param(AlternateFormat.AUDIO, "FORMAT_AUDIO", id="audio"),
        pytest.param(AlternateFormat.DATA_CD, "FORMAT_DATA_CD", id="data-cd"),
    ],
)
def test_alternate_format__a_person_makes_it__45_cfr_92_202(
    alternate_format: AlternateFormat, code: str, requested_on: date | None
) -> None:
    guarantor = make_guarantor(alternate_format=alternate_format, alternate_format_requested_on=requested_on)
    billed = make_account(visit(correspondence=mailed(first=70, last=30, level=1)), guarantor=guarantor)
    pregnant = replace(make_pregnant(), guarantor=guarantor)
    for decision in (statement(billed), letter(billed), notice(pregnant)):
        assert decision.selection is None
        assert [hold.since for hold in decision.holds if hold.code == code] == [requested_on]


def test_alternate_format__every_format_has_its_code() -> None:
    assert ALTERNATE_FORMATS.keys() == set(AlternateFormat)


def test_minor__born_on_february_29_is_of_age_on_march_1() -> None:
    account = make_account(visit(), guarantor=make_guarantor(birth_on=date(2008, 2, 29)))
    assert "MINOR_GUAR" in codes(statement(account, as_of=date(2026, 2, 28)))
    assert "MINOR_GUAR" not in codes(statement(account, as_of=date(2026, 3, 1)))


def test_attorney__client_gets_nothing() -> None:
    account = make_account(
        visit(correspondence=mailed(first=70, last=30, level=1)), holds=(recorded_hold("ATTY", account_number="A1"),)
    )
    for decision in (statement(account), letter(account)):
        assert "ATTY" in codes(decision)
        assert decision.outcome == "held"


@pytest.mark.parametrize(
    ("patient_id", "reasons"),
    [
        pytest.param("P1", ["CONF_NOADDR"], id="the-pregnant-patient's-visit"),
        pytest.param("P2", [], id="a-visit-of-another-member"),
    ],
)
def test_confidential_visit__and_the_obstetric_notice(patient_id: str, reasons: list[str]) -> None:
    account = make_pregnant(visit(account_number="A1", patient_id=patient_id))
    account = replace(account, holds=(recorded_hold("CONF", account_number="A1"),))
    assert codes(notice(account)) == reasons
