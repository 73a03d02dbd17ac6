"""No kind of document is mailed in print to somebody who asked for another format (45 CFR 92.202)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import AlternateFormat
from statement_builder.billing.selection import Kind
from statement_builder.kinds import decide
from tests.answers import make_asked, make_disputed
from tests.assistance_letters import make_application, make_denial, with_application
from tests.builders import AS_OF, make_account
from tests.kinds.test_invoice import stay
from tests.kinds.test_plan_letters import DUE as PLAN_LETTERS
from tests.payroll import on_payroll
from tests.policy.candidates import POLICY, days_ago, mailed, make_pregnant, visit
from tests.refund_letters import make_refund, make_refundable

DUE = PLAN_LETTERS | {
    Kind.STATEMENT: make_account(visit()),
    Kind.DUNNING: make_account(visit(correspondence=mailed(first=70, last=30, level=1))),
    Kind.OB_NOTICE: make_pregnant(),
    Kind.INVOICE: make_account(stay()),
    Kind.ITEMIZED_REQUEST_REPLY: make_account(stay(final_billed=False, requests=(make_asked(),))),
    Kind.VERIFICATION: make_account(make_disputed()),
    Kind.ASSISTANCE_INCOMPLETE: with_application(make_application()),
    Kind.ASSISTANCE_DECISION: with_application(make_denial()),
    Kind.PAYROLL_AUTHORIZATION: on_payroll(),
    Kind.REFUND: make_refundable(make_refund()),
}
"""An account that gets each kind now. Letters to an estate are read by its representative, who made no such request."""


@pytest.mark.parametrize("kind", [kind for kind in Kind if not kind.traits.is_estate])
def test_decide__a_request_for_braille_holds_every_kind(kind: Kind) -> None:
    account = DUE[kind]
    assert decide(account, kind, POLICY, AS_OF).selection is not None
    guarantor = replace(
        account.guarantor, alternate_format=AlternateFormat.BRAILLE, alternate_format_requested_on=days_ago(20)
    )
    decision = decide(replace(account, guarantor=guarantor), kind, POLICY, AS_OF)
    assert decision.selection is None
    assert ("FORMAT_BRAILLE", days_ago(20)) in {(hold.code, hold.since) for hold in decision.holds}
