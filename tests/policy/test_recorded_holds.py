"""Recorded holds: what each scope stops. An unknown code or account stops everything."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Delivery, GuarantorAccount
from statement_builder.billing.selection import Channel
from statement_builder.policy.hold_codes import HOLD_CODES, Scope
from tests.builders import make_account, make_guarantor
from tests.policy.candidates import (
    codes,
    letter,
    mailed,
    make_pregnant,
    notice,
    recorded_hold,
    selected,
    statement,
    visit,
)

DUE_FOR_A_LETTER = mailed(first=70, last=30, level=1)


def due_account(**hold: Any) -> GuarantorAccount:
    """A guarantor due for a statement (A1), a letter (A2), and a notice, with this recorded hold."""
    account = make_pregnant(
        visit(5_000, "A1", patient_id="P2"), visit(6_000, "A2", patient_id="P2", correspondence=DUE_FOR_A_LETTER)
    )
    return replace(account, holds=(recorded_hold(**hold),) if hold else ())


def test_no_hold__selects_all_three() -> None:
    account = due_account()
    assert selected(statement(account)).account_numbers == ("A1",)
    assert selected(letter(account)).account_numbers == ("A2",)
    assert selected(notice(account)).episode_id == "E1"


def by_scope(*scopes: Scope) -> list[str]:
    found = [code.code for code in HOLD_CODES.values() if code.scope in scopes]
    assert found
    return found


@pytest.mark.parametrize("code", by_scope(Scope.GUARANTOR, Scope.ALL))
def test_guarantor_scope__stops_bills(code: str) -> None:
    for account in (due_account(code=code), due_account(code=code, account_number="A1")):
        assert statement(account).outcome == letter(account).outcome == "held"
        assert code in codes(statement(account))
        assert code in codes(letter(account))


@pytest.mark.parametrize("code", by_scope(Scope.ENCOUNTER))
def test_encounter_scope__stops_the_named_visit(code: str) -> None:
    account = due_account(code=code, account_number="A1")
    assert f"{code}:A1" in codes(statement(account))
    assert statement(account).outcome == "held"
    assert selected(letter(account)).account_numbers == ("A2",)


@pytest.mark.parametrize("code", by_scope(Scope.ENCOUNTER, Scope.LETTERS))
def test_encounter_and_letter_scope__without_an_account_stop_the_guarantor(code: str) -> None:
    assert code in codes(letter(due_account(code=code)))
    assert letter(due_account(code=code)).outcome == "held"


@pytest.mark.parametrize("code", by_scope(Scope.LETTERS))
def test_letter_scope__does_not_stop_statements(code: str) -> None:
    assert statement(due_account(code=code)).outcome == "selected"
    assert letter(due_account(code=code, account_number="A2")).outcome == "held"


@pytest.mark.parametrize("code", by_scope(Scope.OBSTETRIC))
def test_obstetric_scope__stops_notices_only(code: str) -> None:
    account = due_account(code=code)
    assert codes(notice(account)) == [code]
    assert statement(account).outcome == letter(account).outcome == "selected"


@pytest.mark.parametrize("code", by_scope(Scope.CONTENT))
def test_content_scope__stops_nothing(code: str) -> None:
    for decision in (decide(due_account(code=code)) for decide in (statement, letter, notice)):
        assert code not in codes(decision)


@pytest.mark.parametrize(
    "code", [code.code for code in HOLD_CODES.values() if code.stops_obstetric and code.scope != Scope.CONTENT]
)
def test_obstetric_flag__stops_notices(code: str) -> None:
    assert code in codes(notice(due_account(code=code)))


@pytest.mark.parametrize(
    ("hold", "outcome"),
    [
        pytest.param({"code": "AGENCY"}, "selected", id="agency-does-not-apply"),
        pytest.param({"code": "JUDG"}, "selected", id="judgment-does-not-apply"),
        pytest.param({"code": "AGENCY", "episode_id": "E1"}, "held", id="agency-on-this-pregnancy"),
        pytest.param({"code": "LOSS", "episode_id": "E1"}, "held", id="loss-of-this-pregnancy"),
        pytest.param({"code": "LOSS", "episode_id": "E8"}, "held", id="loss-of-an-unknown-pregnancy"),
        pytest.param({"code": "MCAID", "account_number": "A1"}, "selected", id="medicaid-of-another-patient"),
        pytest.param({"code": "MCAID", "account_number": "A8"}, "held", id="medicaid-on-an-unknown-account"),
        pytest.param({"code": "DECEASED", "account_number": "A1"}, "held", id="death-recorded-on-any-account"),
        pytest.param({"code": "DISPUTE", "account_number": "A1"}, "selected", id="dispute-of-another-patient"),
    ],
)
def test_notice__hold_on_another_record(hold: dict[str, Any], outcome: str) -> None:
    assert notice(due_account(**hold)).outcome == outcome


def test_loss__of_an_earlier_pregnancy_does_not_stop_a_later_one() -> None:
    account = due_account(code="LOSS", episode_id="E0")
    earlier = replace(account.episodes[0], episode_id="E0", status="cancelled", expected_delivery_on=date(2026, 3, 1))
    assert notice(replace(account, episodes=(earlier, *account.episodes))).outcome == "selected"


def test_loss__never_expires() -> None:
    account = due_account(code="LOSS", episode_id="E1", expires_on=date(2026, 1, 1))
    (hold,) = notice(account).holds
    assert (hold.code, hold.until) == ("LOSS", None)


def test_unknown_code__stops_everything() -> None:
    account = due_account(code="SOMETHING_NEW", account_number="A1")
    for decision in (statement(account), letter(account), notice(account)):
        assert "UNKNOWN_HOLD" in codes(decision)
        assert decision.outcome == "held"
        assert "SOMETHING_NEW" not in codes(decision)


def test_unknown_account__stops_bills() -> None:
    account = due_account(code="DISPUTE", account_number="A77")
    assert "HOLD_NO_ACCOUNT" in codes(statement(account))
    assert letter(account).outcome == "held"


def test_hold_on_a_pregnancy__does_not_stop_bills() -> None:
    assert statement(due_account(code="DISPUTE", episode_id="E1")).outcome == "selected"


@pytest.mark.parametrize(
    ("expires_on", "outcome"),
    [
        pytest.param(date(2026, 11, 19), "selected", id="expired-yesterday"),
        pytest.param(date(2026, 11, 20), "selected", id="expires-today"),
        pytest.param(date(2026, 11, 21), "held", id="expires-tomorrow"),
        pytest.param(None, "held", id="no-expiration"),
    ],
)
def test_expiry(expires_on: date | None, outcome: str) -> None:
    account = due_account(code="EXT", expires_on=expires_on)
    decision = statement(account)
    assert decision.outcome == outcome
    assert [hold.until for hold in decision.holds if hold.code == "EXT"] == ([expires_on] if outcome == "held" else [])


def test_future_hold__applies_now() -> None:
    assert statement(due_account(code="DECEASED", placed_on=date(2026, 12, 1))).outcome == "held"


@pytest.mark.parametrize(
    ("consent", "outcome"),
    [
        pytest.param(True, "selected", id="with-consent"),
        pytest.param(False, "held", id="without-consent"),
    ],
)
def test_no_paper(consent: bool, outcome: str) -> None:
    guarantor = make_guarantor(
        delivery=Delivery.PAPER,
        email="maria@example.org",
        email_consent_at=datetime(2026, 1, 5, tzinfo=UTC) if consent else None,
    )
    account = make_account(visit(), guarantor=guarantor, holds=(recorded_hold("NOMAIL"),))
    decision = statement(account)
    assert decision.outcome == outcome
    if consent:
        assert selected(decision).channel is Channel.EMAIL
    else:
        assert codes(decision) == ["NOMAIL_PAPER"]


def test_no_paper__final_notice_is_held() -> None:
    guarantor = make_guarantor(email="maria@example.org", email_consent_at=datetime(2026, 1, 5, tzinfo=UTC))
    final = visit(correspondence=mailed(first=130, last=30, level=3))
    account = make_account(final, guarantor=guarantor, holds=(recorded_hold("NOMAIL"),))
    assert codes(letter(account)) == ["NOMAIL_PAPER"]
