"""What the documents of one guarantor's recipients say: nothing about a visit that somebody else gets."""

from __future__ import annotations

import html
import re

from hypothesis import given
from msgspec.structs import replace

from statement_builder.billing.model import Correspondence, GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.documents.formats import format_cents
from statement_builder.kinds import compose, decide
from statement_builder.policy import split_account
from statement_builder.rendering.templating import render_markup
from tests.builders import AS_OF, make_facility
from tests.contents import TEMPLATES, TERMS
from tests.policy.candidates import POLICY, days_ago
from tests.policy.families import families

OVERDUE = Correspondence(first_statement_on=days_ago(95), statements_sent=2, last_level=2, last_mailed_on=days_ago(40))


def text_of(part: GuarantorAccount, kind: Kind) -> str:
    """The words on the document of this recipient; empty if there is none."""
    selection = decide(part, kind, POLICY, AS_OF).selection
    if selection is None:
        return ""
    content = compose(part, selection, make_facility(), terms=TERMS, batch_cycle="2026-11", issued_on=AS_OF)
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", render_markup(TEMPLATES, content))).split())


@given(families())
def test_statement__says_nothing_about_another_recipients_visits(account: GuarantorAccount) -> None:
    """45 CFR 164.522(b)."""
    require_separate(account, Kind.STATEMENT)


@given(families())
def test_letter__says_nothing_about_another_recipients_visits(account: GuarantorAccount) -> None:
    """45 CFR 164.522(b)."""
    overdue = tuple(replace(each, correspondence=OVERDUE, plan_id="") for each in account.encounters)
    require_separate(replace(account, encounters=overdue, plans=()), Kind.DUNNING)


def require_separate(account: GuarantorAccount, kind: Kind) -> None:
    parts = [part for part in split_account(account) if part.encounters or kind is Kind.STATEMENT]
    for part, text in [(part, text_of(part, kind)) for part in parts]:
        own_patients = {each.patient_id for each in part.encounters}
        for other in parts:
            for visit in other.encounters if other is not part else ():
                owed_cents = 120_000 - sum(each.amount_cents for each in visit.insurance)
                for word in (visit.account_number, visit.description, format_cents(owed_cents, "en")):
                    assert word not in text
                if visit.patient_id not in own_patients:
                    assert f"First{visit.patient_id[2:]}x" not in text
            for line in other.guarantor.mailing_address.lines if other is not part else ():
                assert line not in text
        if text:
            assert part.guarantor.mailing_address.lines[0] in text
