"""Legal, privacy, and address holds block a reprint. Amounts and dates do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import EpisodeStatus, FinancialClass, GuarantorAccount, PlanStatus
from statement_builder.billing.selection import Kind
from statement_builder.kinds import find_reprint_holds
from tests.builders import AS_OF, make_account, make_address, make_guarantor, make_payment
from tests.policy.candidates import POLICY, codes, mailed, make_plan, make_pregnant, recorded_hold, visit

LATER = AS_OF + timedelta(days=6)


def billed(**changes: object) -> GuarantorAccount:
    encounters = (visit(9_000, "A1", correspondence=mailed(first=1)), visit(4_000, "A2"))
    return replace(make_account(*encounters, guarantor=make_guarantor()), **changes)


def blocking_codes(account: GuarantorAccount | None, kind: Kind = Kind.STATEMENT, episode: str = "") -> list[str]:
    return codes(find_reprint_holds(account, kind, POLICY, LATER, account_numbers=("A1",), episode_id=episode))


PAID = replace(visit(9_000, "A1"), payments=(make_payment("P1", amount_cents=-9_000, on=AS_OF),))

ROWS = [
    pytest.param(billed(), [], id="mailed-yesterday"),
    pytest.param(billed(encounters=(PAID,)), [], id="paid-since"),
    pytest.param(billed(unapplied_cents=500), [], id="unapplied-payment"),
    pytest.param(billed(holds=(recorded_hold("BANKR_STAY"),)), ["BANKR_STAY"], id="bankruptcy"),
    pytest.param(billed(holds=(recorded_hold("DECEASED"),)), ["DECEASED"], id="death"),
    pytest.param(billed(holds=(recorded_hold("RETMAIL"),)), ["RETMAIL"], id="returned-mail"),
    pytest.param(billed(holds=(recorded_hold("WHATSIT"),)), ["UNKNOWN_HOLD"], id="unknown-hold"),
    pytest.param(billed(holds=(recorded_hold("DISPUTE", account_number="A1"),)), ["DISPUTE:A1"], id="printed-visit"),
    pytest.param(billed(holds=(recorded_hold("DISPUTE", account_number="A2"),)), [], id="another-visit"),
    pytest.param(
        billed(encounters=(replace(visit(9_000, "A1"), financial_class=FinancialClass.MEDICAID),)),
        ["MCAID:A1"],
        id="medicaid-now",
    ),
    pytest.param(billed(guarantor=make_guarantor(address=make_address(postal_code=""))), ["NOZIP"], id="no-zip-code"),
    pytest.param(None, ["NOT_ON_FILE"], id="no-longer-on-file"),
]


@pytest.mark.parametrize(("account", "expected"), ROWS)
def test_reprint_of_a_statement(account: GuarantorAccount | None, expected: list[str]) -> None:
    assert blocking_codes(account) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(EpisodeStatus.ACTIVE, [], id="active"),
        pytest.param(EpisodeStatus.DELIVERED, [], id="delivered"),
        pytest.param(EpisodeStatus.LOST, ["LOSS"], id="lost"),
        pytest.param(EpisodeStatus.TRANSFERRED, ["NOT_ON_FILE"], id="transferred"),
    ],
)
def test_reprint_of_a_notice(status: EpisodeStatus, expected: list[str]) -> None:
    account = make_pregnant()
    (episode,) = account.episodes
    account = replace(account, episodes=(replace(episode, status=status),))
    assert blocking_codes(account, Kind.OB_NOTICE, episode.episode_id) == expected


def test_reprint_of_a_notice__pregnancy_no_longer_on_file() -> None:
    assert blocking_codes(make_pregnant(), Kind.OB_NOTICE, "another") == ["NOT_ON_FILE"]


def plan_letter(status: PlanStatus, **changes: object) -> list[str]:
    """What stops a copy of a letter about the plan of visit A1."""
    account = billed(encounters=(visit(9_000, "A1", plan_id="PL1"),), plans=(make_plan(10_000, status=status),))
    return blocking_codes(replace(account, **changes), Kind.PLAN_AGREEMENT)


@pytest.mark.parametrize("status", PlanStatus)
def test_reprint_of_a_plan_letter__also_when_the_plan_has_ended(status: PlanStatus) -> None:
    assert plan_letter(status) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"holds": (recorded_hold("BANKR_STAY"),)}, ["BANKR_STAY"], id="bankruptcy"),
        pytest.param({"encounters": (visit(4_000, "A2"),)}, ["NOT_ON_FILE"], id="visit-is-gone"),
    ],
)
def test_reprint_of_a_plan_letter__law_and_the_file_still_block_it(
    changes: dict[str, object], expected: list[str]
) -> None:
    assert plan_letter(PlanStatus.COMPLETED, **changes) == expected
