"""One account per recipient: who gets the mail about which visit, and what nobody else learns of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from msgspec import to_builtins
from msgspec.structs import replace

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import (
    Address,
    AlternateFormat,
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Contact,
    ContactKind,
    Coverage,
    CoverageKind,
    Delivery,
    Encounter,
    EpisodeStatus,
    FinancialClass,
    GuarantorAccount,
    Patient,
    Plan,
    PlanStatus,
)
from statement_builder.billing.selection import Channel, Kind
from statement_builder.kinds import find_reprint_holds, recheck
from statement_builder.policy import split_account
from statement_builder.policy.recipient import address_digest, recipient_digest
from tests.builders import (
    AS_OF,
    make_account,
    make_address,
    make_encounter,
    make_episode,
    make_guarantor,
    make_patient,
)
from tests.policy.candidates import POLICY, codes, days_ago, letter, mailed, make_plan, notice, recorded_hold, statement
from tests.policy.families import families

PARENT = make_patient(patient_id="P-PARENT", first_name="Maria", birth_on=date(1982, 5, 5))
TEEN = make_patient(patient_id="P-TEEN", first_name="Leo", birth_on=date(2010, 6, 30))
CHILD = make_patient(patient_id="P-CHILD", first_name="Ana", birth_on=date(2018, 1, 1))
CONSENT = datetime(2026, 3, 1, 15, tzinfo=UTC)
NO_ADDRESS = Address(lines=(), city="", state="", postal_code="")
MINE, TEENS, CHILDS = "A70001", "A70002", "A70003"


def visit(number: str, patient: Patient, **changes: Any) -> Encounter:
    return make_encounter(number, patient_id=patient.patient_id, **changes)


def own_address(**changes: Any) -> Contact:
    """The teenager's confidential address, for all of the teenager's visits."""
    facts: dict[str, Any] = {
        "contact_id": "K1",
        "kind": ContactKind.CONFIDENTIAL,
        "patient_id": TEEN.patient_id,
        "address": make_address("PO Box 4471", city="Larchmere", postal_code="01944"),
    }
    return Contact(**(facts | changes))


def attorney(**changes: Any) -> Contact:
    facts: dict[str, Any] = {
        "contact_id": "K2",
        "kind": ContactKind.ATTORNEY,
        "name": "Reyes & Cole LLP",
        "address": make_address("9 Court Square", postal_code="01108"),
    }
    return Contact(**(facts | changes))


def family(*contacts: Contact, sensitive: bool = False, **changes: Any) -> GuarantorAccount:
    """A parent, a teenager and a child, with a visit each."""
    facts: dict[str, Any] = {
        "patients": (PARENT, TEEN, CHILD),
        "contacts": contacts,
    }
    visits = (visit(MINE, PARENT), visit(TEENS, TEEN, sensitive=sensitive), visit(CHILDS, CHILD))
    return make_account(*changes.pop("encounters", visits), **(facts | changes))


def by_recipient(account: GuarantorAccount) -> dict[str, GuarantorAccount]:
    parts = split_account(account)
    found = {each.guarantor.guarantor_id: each for each in parts}
    assert len(found) == len(parts)
    return found


def visits_of(account: GuarantorAccount) -> dict[str, list[str]]:
    """Recipient → account numbers."""
    return {
        recipient: [each.account_number for each in part.encounters]
        for recipient, part in by_recipient(account).items()
    }


def test_split__account_without_contacts_is_unchanged() -> None:
    account = family()
    assert split_account(account) == (account,)


SCOPES = [
    pytest.param(
        [own_address()],
        {"G1001": [MINE, CHILDS], "G1001+K1": [TEENS]},
        id="a-patients-confidential-address-takes-the-patients-visits-45-CFR-164.522(b)",
    ),
    pytest.param(
        [own_address(patient_id="", account_number=MINE)],
        {"G1001": [TEENS, CHILDS], "G1001+K1": [MINE]},
        id="a-visits-confidential-address-takes-that-visit-45-CFR-164.522(b)",
    ),
    pytest.param(
        [attorney()],
        {"G1001": [], "G1001+K2": [MINE, TEENS, CHILDS]},
        id="an-attorney-takes-all-visits-15-USC-1692c(a)(2)",
    ),
    pytest.param(
        [attorney(account_number=MINE)],
        {"G1001": [TEENS, CHILDS], "G1001+K2": [MINE]},
        id="an-attorney-for-an-accident-takes-that-visit-15-USC-1692c(a)(2)",
    ),
    pytest.param(
        [attorney(), own_address()],
        {"G1001": [], "G1001+K2": [MINE, CHILDS], "G1001+K1": [TEENS]},
        id="the-parents-attorney-never-sees-the-teenagers-visit-45-CFR-164.522(b)",
    ),
    pytest.param(
        [own_address(), own_address(contact_id="K3", account_number=TEENS)],
        {"G1001": [MINE, CHILDS], "G1001+K3": [TEENS]},
        id="the-visits-contact-comes-before-the-patients",
    ),
    pytest.param([own_address(patient_id="P-NOBODY")], {"G1001": [MINE, TEENS, CHILDS]}, id="a-contact-without-visits"),
]


@pytest.mark.parametrize(("contacts", "expected"), SCOPES)
def test_split__gives_each_visit_to_one_recipient(contacts: list[Contact], expected: dict[str, list[str]]) -> None:
    assert visits_of(family(*contacts)) == expected


def test_split__order_of_contacts_does_not_matter() -> None:
    contacts = attorney(), own_address(), own_address(contact_id="K3", account_number=TEENS)
    assert visits_of(family(*contacts)) == visits_of(family(*reversed(contacts)))


def test_split__confidential_mail_is_addressed_to_the_patient() -> None:
    account = family(
        own_address(), guarantor=make_guarantor(suffix="Jr.", email="home@example.com", email_secret="x" * 9)
    )
    recipient = by_recipient(account)["G1001+K1"].guarantor
    assert (recipient.first_name, recipient.last_name, recipient.suffix) == ("Leo", "Lopez", "")
    assert recipient.mailing_address == make_address("PO Box 4471", city="Larchmere", postal_code="01944")
    assert (recipient.email, recipient.email_secret, recipient.email_consent_at) == ("", "", None)


def test_split__attorneys_mail_is_addressed_to_the_firm_about_the_client() -> None:
    account = family(attorney(), guarantor=make_guarantor(suffix="Jr.", language="es", large_print=True))
    recipient = by_recipient(account)["G1001+K2"].guarantor
    assert (recipient.first_name, recipient.last_name) == ("", "Reyes & Cole LLP")
    assert recipient.client_name == "Maria Lopez Jr."
    assert recipient.mailing_address == make_address("9 Court Square", postal_code="01108")
    assert (recipient.language, recipient.large_print) == ("en", False)


def test_split__braille_is_for_the_person_not_for_an_attorney() -> None:
    asked_on = date(2026, 10, 1)
    guarantor = make_guarantor(alternate_format=AlternateFormat.BRAILLE, alternate_format_requested_on=asked_on)
    parts = by_recipient(family(own_address(), attorney(), guarantor=guarantor))
    formats = {
        key: (part.guarantor.alternate_format, part.guarantor.alternate_format_requested_on)
        for key, part in parts.items()
    }
    assert formats["G1001+K1"] == (AlternateFormat.BRAILLE, asked_on)
    assert formats["G1001+K2"] == (None, None)


@pytest.mark.parametrize(
    ("contact", "channel"),
    [
        pytest.param({}, Channel.PRINT, id="paper"),
        pytest.param(
            {"delivery": Delivery.EMAIL, "email": "leo@example.com"}, Channel.PRINT, id="email-without-consent"
        ),
        pytest.param(
            {"delivery": Delivery.EMAIL, "email": "leo@example.com", "email_consent_at": CONSENT},
            Channel.EMAIL,
            id="email-with-the-contacts-own-consent",
        ),
        pytest.param(
            {"delivery": Delivery.EMAIL, "email": "Home@Example.com", "email_consent_at": CONSENT},
            Channel.PRINT,
            id="never-to-the-guarantors-mailbox",
        ),
    ],
)
def test_split__email_needs_the_contacts_consent(contact: dict[str, Any], channel: Channel) -> None:
    guarantor = make_guarantor(email="home@example.com", delivery=Delivery.EMAIL, email_consent_at=CONSENT)
    parts = by_recipient(family(own_address(**contact), guarantor=guarantor, holds=(recorded_hold("NOMAIL"),)))
    selection = statement(parts["G1001+K1"]).selection
    assert selection is not None
    assert selection.channel is channel
    own = statement(parts["G1001"]).selection
    assert own is not None
    assert own.channel is Channel.EMAIL


SENSITIVE = [
    pytest.param([], ["MINOR_SENS:A70002"], None, id="held-without-an-address-state-minor-consent-law"),
    pytest.param([own_address()], [], [], id="goes-to-the-minor-at-the-patients-address-state-minor-consent-law"),
    pytest.param(
        [own_address(account_number=TEENS)],
        [],
        [],
        id="or-at-the-visits-address-state-minor-consent-law",
    ),
    pytest.param(
        [own_address(address=make_address("12  MAPLE Street"))],
        [],
        ["CONF_NOADDR"],
        id="held-if-the-address-is-the-parents-45-CFR-164.522(b)",
    ),
    pytest.param(
        [own_address(address=make_address("", city="", postal_code=""))], [], ["CONF_NOADDR"], id="no-address"
    ),
]


@pytest.mark.parametrize(("contacts", "parents_holds", "minors_holds"), SENSITIVE)
@pytest.mark.parametrize("recorded", [pytest.param(False, id="by-rule"), pytest.param(True, id="recorded")])
def test_split__a_minors_sensitive_visit_goes_to_the_minor_or_to_nobody(
    contacts: list[Contact], parents_holds: list[str], minors_holds: list[str] | None, *, recorded: bool
) -> None:
    holds = (recorded_hold("MINOR_SENS", account_number=TEENS),) if recorded else ()
    parts = by_recipient(family(*contacts, sensitive=True, holds=holds))
    parent = statement(parts["G1001"])
    assert codes(parent) == parents_holds
    assert parent.selection is not None
    assert TEENS not in parent.selection.account_numbers
    if minors_holds is None:
        assert list(parts) == ["G1001"]
        return
    minor = statement(parts["G1001+K1"])
    assert [code for code in codes(minor) if "BADADDR" not in code and "NOZIP" not in code] == minors_holds
    assert (minor.selection is None) == bool(minors_holds)


def test_split__an_attorney_never_gets_a_minors_sensitive_visit() -> None:
    """State minor consent law: only the minor may get it."""
    decision = statement(by_recipient(family(attorney(), sensitive=True))["G1001+K2"])
    assert "MINOR_SENS:A70002" in codes(decision)
    assert decision.selection is not None
    assert TEENS not in decision.selection.account_numbers


ATTORNEYS = [
    pytest.param([attorney()], None, ["OTHER_RECIPIENT"], [], id="no-hold-recorded"),
    pytest.param([attorney()], "", ["OTHER_RECIPIENT"], [], id="the-attorney-on-file-answers-the-recorded-hold"),
    pytest.param([attorney(account_number=MINE)], MINE, [], [], id="the-accidents-attorney-answers-the-accidents-hold"),
    pytest.param([attorney(account_number=MINE)], "", ["ATTY"], [], id="one-visits-attorney-does-not-free-the-others"),
    pytest.param([attorney(account_number=MINE)], CHILDS, ["ATTY"], [], id="another-visits-attorney-is-unknown"),
    pytest.param(
        [attorney(address=NO_ADDRESS)],
        "",
        ["OTHER_RECIPIENT"],
        ["ATTY"],
        id="an-attorney-without-an-address-is-held",
    ),
]


@pytest.mark.parametrize(("contacts", "held_account", "clients_holds", "attorneys_holds"), ATTORNEYS)
def test_split__an_attorneys_client_gets_no_mail_but_the_attorney_does(
    contacts: list[Contact], held_account: str | None, clients_holds: list[str], attorneys_holds: list[str]
) -> None:
    """15 USC 1692c(a)(2)."""
    holds = () if held_account is None else (recorded_hold("ATTY", account_number=held_account),)
    parts = by_recipient(family(*contacts, holds=holds))
    assert codes(statement(parts["G1001"])) == clients_holds
    found = [code for code in codes(statement(parts["G1001+K2"])) if code not in {"BADADDR", "NOZIP"}]
    assert found == attorneys_holds
    assert (statement(parts["G1001+K2"]).selection is None) == bool(attorneys_holds)


def test_split__letters_go_to_the_attorney_alone() -> None:
    """15 USC 1692c(a)(2)."""
    overdue = visit(MINE, PARENT, correspondence=mailed(first=95, last=40, level=2))
    parts = by_recipient(family(attorney(), encounters=(overdue,), holds=(recorded_hold("ATTY"),)))
    selection = letter(parts["G1001+K2"]).selection
    assert selection is not None
    assert selection.level == 3
    with pytest.raises(ValueError, match="not a candidate"):
        letter(parts["G1001"])


WHOLE_GUARANTOR = ["DECEASED", "BANKR_STAY", "BANKR_DISCH", "ESTATE", "CONTEST", "MERGE", "NO_SUCH_CODE", "ADMIN_PAUSE"]


@pytest.mark.parametrize("code", WHOLE_GUARANTOR)
@pytest.mark.parametrize("account_number", [pytest.param("", id="guarantor"), pytest.param(MINE, id="one-account")])
def test_split__a_hold_on_the_guarantor_holds_every_recipient(code: str, account_number: str) -> None:
    parts = by_recipient(
        family(
            own_address(), attorney(account_number=CHILDS), holds=(recorded_hold(code, account_number=account_number),)
        )
    )
    assert len(parts) == 3
    for part in parts.values():
        assert statement(part).selection is None
        assert codes(statement(part)) == ["UNKNOWN_HOLD" if code == "NO_SUCH_CODE" else code]


@pytest.mark.parametrize("code", ["DISPUTE", "PPDR", "DV", "PART2", "AGENCY"])
def test_split__a_hold_on_a_visit_holds_that_visit(code: str) -> None:
    parts = by_recipient(family(own_address(), holds=(recorded_hold(code, account_number=TEENS),)))
    assert codes(statement(parts["G1001+K1"])) == [f"{code}:{TEENS}"]
    assert codes(statement(parts["G1001"])) == []


def test_split__assistance_follows_its_visit_or_applies_to_every_recipient() -> None:
    def applied(number: str) -> AssistanceRecord:
        return AssistanceRecord(
            kind=AssistanceKind.APPLICATION,
            occurred_on=days_ago(5),
            account_number=number,
            status=ApplicationStatus.RECEIVED,
        )

    parts = by_recipient(family(own_address(), assistance=(applied(""), applied(TEENS), applied(MINE))))
    assert [each.account_number for each in parts["G1001"].assistance] == ["", MINE]
    assert [each.account_number for each in parts["G1001+K1"].assistance] == ["", TEENS]


@pytest.mark.parametrize("code", ["RETMAIL", "CONF"])
def test_split__a_hold_about_the_guarantors_address_holds_nobody_else(code: str) -> None:
    parts = by_recipient(family(own_address(), holds=(recorded_hold(code),)))
    assert codes(statement(parts["G1001"])) == ["CONF_NOADDR" if code == "CONF" else code]
    assert codes(statement(parts["G1001+K1"])) == []


def test_split__a_confidential_address_answers_the_recorded_request_for_a_visit() -> None:
    """45 CFR 164.522(b)."""
    account = family(own_address(), holds=(recorded_hold("CONF", account_number=TEENS),))
    assert [codes(statement(part)) for part in split_account(account)] == [[], []]
    without = family(holds=(recorded_hold("CONF", account_number=TEENS),))
    assert codes(statement(without)) == [f"CONF_VISIT:{TEENS}"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(PlanStatus.ACTIVE, [["PLAN_SPLIT:A70001"], ["PLAN_SPLIT:A70002"]], id="active"),
        pytest.param(PlanStatus.CANCELLED, [[], []], id="cancelled"),
    ],
)
def test_split__a_plan_of_two_recipients_is_held(status: PlanStatus, expected: list[list[str]]) -> None:
    plan = make_plan(0, 0, first=20, status=status)
    visits = (visit(MINE, PARENT, plan_id="PL1"), visit(TEENS, TEEN, plan_id="PL1"))
    parts = split_account(family(own_address(), encounters=visits, plans=(plan,)))
    assert [codes(statement(part)) for part in parts] == expected


def test_split__a_plan_of_one_recipient_goes_with_its_visits() -> None:
    mine, teens = make_plan(0, 0, first=20), replace(make_plan(0, 0, first=20), plan_id="PL2")
    unused = Plan(plan_id="PL3", status=PlanStatus.COMPLETED, opened_on=days_ago(90), installments=())
    visits = (visit(MINE, PARENT, plan_id="PL1"), visit(TEENS, TEEN, plan_id="PL2"))
    parts = by_recipient(family(own_address(), encounters=visits, plans=(mine, teens, unused)))
    assert [each.plan_id for each in parts["G1001"].plans] == ["PL1", "PL3"]
    assert [each.plan_id for each in parts["G1001+K1"].plans] == ["PL2"]
    assert all(statement(part).selection for part in parts.values())


def test_split__an_unapplied_payment_holds_every_recipient() -> None:
    parts = split_account(family(own_address(), unapplied_cents=5_000))
    assert [codes(statement(part)) for part in parts] == [["UNDIST"], ["UNDIST"]]


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param({"financial_class": FinancialClass.QMB}, id="months-of-a-visit-that-stays-with-the-guarantor"),
        pytest.param({}, id="span-on-file"),
    ],
)
def test_split__coverage_protects_the_patient_on_every_account(evidence: dict[str, Any]) -> None:
    """42 USC 1396a(n)(3)(B): the protection belongs to the person, on every recipient's account."""
    span = Coverage(patient_id=TEEN.patient_id, kind=CoverageKind.QMB, starts_on=date(2026, 10, 1))
    visits = (visit(MINE, PARENT), visit(TEENS, TEEN, **evidence), visit(CHILDS, TEEN))
    contact = own_address(patient_id="", account_number=CHILDS)
    account = family(contact, encounters=visits, coverages=() if evidence else (span,))
    assert codes(statement(by_recipient(account)["G1001+K1"])) == [f"QMB:{CHILDS}"]


PREGNANCIES = [
    pytest.param([own_address()], {"G1001+K1": []}, id="goes-to-the-patients-own-address-45-CFR-164.522(b)"),
    pytest.param(
        [own_address(patient_id="", account_number=TEENS)],
        {"G1001": ["OTHER_RECIPIENT"]},
        id="is-held-if-only-a-visit-has-an-address",
    ),
    pytest.param([attorney()], {"G1001": ["OTHER_RECIPIENT"]}, id="never-goes-to-an-attorney"),
    pytest.param([attorney(account_number=MINE)], {"G1001": []}, id="of-another-patient-is-mailed"),
]


@pytest.mark.parametrize(("contacts", "expected"), PREGNANCIES)
def test_split__notices_about_a_pregnancy(contacts: list[Contact], expected: dict[str, list[str]]) -> None:
    adult = replace(TEEN, birth_on=date(2000, 1, 1))
    episode = make_episode(patient_id=adult.patient_id)
    assert episode.status is EpisodeStatus.ACTIVE
    parts = by_recipient(family(*contacts, patients=(PARENT, adult, CHILD), episodes=(episode,)))
    found = {name: codes(notice(part)) for name, part in parts.items() if part.episodes}
    assert found == expected


def test_split__a_minor_guarantor_is_not_billed_at_another_address_either() -> None:
    parts = split_account(family(own_address(), guarantor=make_guarantor(birth_on=date(2010, 6, 30))))
    assert [codes(statement(part)) for part in parts] == [["MINOR_GUAR"], ["MINOR_GUAR"]]


def test_decide__refuses_an_account_that_is_not_split() -> None:
    with pytest.raises(ValueError, match="not split"):
        statement(family(own_address()))


def test_recheck__a_visit_that_another_recipient_gets_now_is_withheld() -> None:
    whole = family()
    selection = statement(whole).selection
    assert selection is not None
    (own, _) = split_account(family(own_address()))
    assert f"OTHER_RECIPIENT:{TEENS}" in codes(recheck(own, selection, POLICY, AS_OF, AS_OF))


def test_recheck__a_changed_contact_is_withheld() -> None:
    part = by_recipient(family(attorney()))["G1001+K2"]
    selection = statement(part).selection
    assert selection is not None
    assert codes(recheck(part, selection, POLICY, AS_OF, AS_OF)) == []
    for changes in ({"address": make_address("10 Court Square")}, {"name": "Cole LLP"}):
        changed = by_recipient(family(attorney(**changes)))["G1001+K2"]
        assert "READDRESSED" in codes(recheck(changed, selection, POLICY, AS_OF, AS_OF))
    other_client = by_recipient(family(attorney(), guarantor=make_guarantor(last_name="Lopez-Diaz")))["G1001+K2"]
    assert "READDRESSED" in codes(recheck(other_client, selection, POLICY, AS_OF, AS_OF))


def test_reprint__a_page_with_a_visit_of_another_recipient_is_refused() -> None:
    """45 CFR 164.522(b): the old page names the visit."""
    (own, teen) = split_account(family(own_address()))
    for part, numbers, expected in (
        (own, (MINE, TEENS), [f"OTHER_RECIPIENT:{TEENS}"]),
        (own, (MINE,), []),
        (teen, (TEENS,), []),
    ):
        holds = find_reprint_holds(part, Kind.STATEMENT, POLICY, AS_OF, account_numbers=numbers, episode_id="")
        assert codes(holds) == expected


def test_digests__differ_between_recipients_at_one_address() -> None:
    same = make_address("PO Box 4471", city="Larchmere", postal_code="01944")
    parts = split_account(family(own_address(), guarantor=make_guarantor(confidential_address=same, first_name="Leo")))
    assert len({address_digest(part.guarantor) for part in parts}) == 2
    assert len({recipient_digest(part.guarantor, Channel.PRINT) for part in parts}) == 2


@given(families())
def test_split__keeps_every_visit_once_and_every_cent(account: GuarantorAccount) -> None:
    parts = split_account(account)
    numbers = [each.account_number for part in parts for each in part.encounters]
    assert sorted(numbers) == sorted(each.account_number for each in account.encounters)
    assert sum(owed_cents(part, AS_OF) for part in parts) == owed_cents(account, AS_OF)
    decisions = [statement(part) for part in parts]
    assert sum(each.balance_cents for each in decisions) == owed_cents(account, AS_OF)
    assert [guarantor_of(part.guarantor.guarantor_id) for part in parts] == ["G1001"] * len(parts)
    assert all(part.contacts == () for part in parts)


@given(families())
def test_split__no_account_holds_a_word_of_another_recipients_visits(account: GuarantorAccount) -> None:
    """What is not in the account cannot be printed, added up or logged."""
    parts = split_account(account)
    for part in parts:
        words = _words(replace(part, split_off=()))
        for other in parts:
            for each in other.encounters if other is not part else ():
                assert not words & {each.account_number, each.description, each.insurance_name}
        shown = {each.patient_id for each in part.encounters}
        unseen = {each.patient_id for each in account.encounters} - shown
        assert not words & {f"First{patient_id[2:]}x" for patient_id in unseen}
        addresses = {each.address.lines[0] for each in account.contacts} | {"12 Maple Street"}
        assert not words & (addresses - set(part.guarantor.mailing_address.lines))


def _words(value: Any) -> set[str]:
    """Every text in a record, however deep."""
    built = to_builtins(value)
    if isinstance(built, dict):
        return {word for each in built.values() for word in _words(each)}
    if isinstance(built, list | tuple):
        return {word for each in built for word in _words(each)}
    return {built} if isinstance(built, str) else set()
