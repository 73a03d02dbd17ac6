"""Consent to e-mail: withdrawn, given again, and to which text (15 USC 7001(c))."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from statement_builder.billing.model import Delivery
from statement_builder.billing.selection import Channel, Kind
from statement_builder.policy import Policy
from tests.builders import make_account, make_guarantor
from tests.policy.candidates import codes, recorded_hold, selected, statement, visit

TERMS, OLD_TERMS = "a" * 64, "b" * 64
CONSENT = {
    "delivery": Delivery.EMAIL,
    "email": "maria@example.org",
    "email_consent_at": datetime(2026, 1, 5, 15, tzinfo=UTC),
    "email_consent_terms": TERMS,
    "email_consent_source": "portal",
}


def channel(policy: Policy, **changes: Any) -> Channel:
    account = make_account(visit(), guarantor=make_guarantor(**(CONSENT | changes)))
    return selected(statement(account, policy)).channel


@pytest.mark.parametrize(
    ("withdrawn_on", "expected"),
    [
        pytest.param(None, Channel.EMAIL, id="never"),
        pytest.param(date(2026, 6, 1), Channel.PRINT, id="after-the-consent"),
        pytest.param(date(2026, 1, 5), Channel.PRINT, id="on-its-day"),
        pytest.param(date(2026, 1, 4), Channel.PRINT, id="perhaps-on-the-evening-before-it-UTC"),
        pytest.param(date(2026, 1, 3), Channel.EMAIL, id="an-earlier-one-given-again-since"),
        pytest.param(date(2027, 1, 1), Channel.PRINT, id="announced-for-a-later-day"),
    ],
)
def test_consent__withdrawn(withdrawn_on: date | None, expected: Channel) -> None:
    assert channel(Policy(), email_consent_withdrawn_on=withdrawn_on) is expected


@pytest.mark.parametrize(
    ("terms", "policy", "expected"),
    [
        pytest.param(TERMS, Policy(consent_terms=(TERMS,)), Channel.EMAIL, id="text-in-force"),
        pytest.param(OLD_TERMS, Policy(consent_terms=(TERMS,)), Channel.PRINT, id="changed-text"),
        pytest.param("", Policy(consent_terms=(TERMS,)), Channel.PRINT, id="text-not-on-record"),
        pytest.param(OLD_TERMS, Policy(consent_terms=(TERMS, OLD_TERMS)), Channel.EMAIL, id="both-in-force"),
        pytest.param("", Policy(), Channel.EMAIL, id="hospital-without-texts-loses-nothing"),
        pytest.param(
            "", Policy(consent_terms=(TERMS,), esign_kinds=(Kind.DUNNING,)), Channel.EMAIL, id="kind-needs-no-writing"
        ),
    ],
)
def test_consent__terms(terms: str, policy: Policy, expected: Channel) -> None:
    assert channel(policy, email_consent_terms=terms) is expected


def test_consent__withdrawn_by_somebody_who_wants_no_paper_goes_to_a_clerk() -> None:
    guarantor = make_guarantor(**CONSENT, email_consent_withdrawn_on=date(2026, 6, 1))
    account = make_account(visit(), guarantor=guarantor, holds=(recorded_hold("NOMAIL"),))
    assert codes(statement(account)) == ["NOMAIL_PAPER"]
