"""Letters about estates for tests, selected by the rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Encounter, Estate, EstateStatus, Guarantor, GuarantorAccount, RecordedHold
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from statement_builder.policy.estates.recipient import address_to_estate
from tests.builders import AS_OF, make_account, make_address, make_encounter, make_guarantor, make_patient
from tests.contents import TERMS, compose_document, make_stay

SIGNED = Policy(estate_signer="Ellen Park", estate_signer_title="Director of Patient Accounts")


def make_estate(**changes: Any) -> Estate:
    """Opened in Colorado: the first notice to creditors appeared on September 10, 2026."""
    facts: dict[str, Any] = {
        "estate_id": "T1",
        "patient_id": "P1",
        "died_on": date(2026, 8, 14),
        "status": EstateStatus.OPEN,
        "representative_name": "Carmen Lopez",
        "address": make_address("88 Alder Street", city="Fort Collins", state="CO", postal_code="80521"),
        "state": "CO",
        "county": "Larimer",
        "court": "Larimer County District Court",
        "case_number": "2026PR030042",
        "opened_on": date(2026, 9, 2),
        "published_on": date(2026, 9, 10),
        "last_illness_on": date(2026, 8, 1),
    }
    return Estate(**(facts | changes))


def make_unknown_estate(**changes: Any) -> Estate:
    """Nobody is known who takes care of it."""
    facts: dict[str, Any] = {
        "estate_id": "T1",
        "patient_id": "P1",
        "died_on": date(2026, 8, 14),
        "status": EstateStatus.UNKNOWN,
    }
    return Estate(**(facts | changes))


def make_visit(account_number: str = "A70000", *, owed_cents: int = 12_000, **changes: Any) -> Encounter:
    """A visit some weeks before the last illness."""
    on = date(2026, 6, 2)
    return _charged_on(
        make_encounter(account_number, owed_cents=owed_cents, service_from=on, service_to=on, **changes), on
    )


def make_visits() -> tuple[Encounter, ...]:
    """The last illness, $345.00, and a test before it, $120.00."""
    ill = make_stay(service_from=date(2026, 8, 3), service_to=date(2026, 8, 14), requests=())
    return make_visit(), _charged_on(ill, date(2026, 8, 3))


def _charged_on(visit: Encounter, first_on: date) -> Encounter:
    """With charges on the first days of the visit."""
    charges = [
        replace(each, service_on=first_on + timedelta(days=n % 3 if len(visit.charges) > 1 else 0))
        for n, each in enumerate(visit.charges)
    ]
    return replace(visit, charges=tuple(charges))


def with_estate(*visits: Encounter, estate: Estate | None = None, **account: Any) -> GuarantorAccount:
    """The account of a guarantor who has died, as the source makes it, and then addressed to the estate."""
    estate = estate or make_estate()
    facts: dict[str, Any] = {"patients": (make_patient(first_name="Maria", birth_on=date(1948, 5, 5)),)} | account
    death = RecordedHold(hold_id=f"estate-{estate.estate_id}", code="DECEASED", placed_on=estate.died_on)
    found = make_account(*(visits or make_visits()), estates=(estate,), **facts)
    return address_to_estate(replace(found, holds=(*found.holds, death)))


def _compose(account: GuarantorAccount, kind: Kind, policy: Policy, facility: Facility | None) -> Content:
    decision = decide(account, kind, policy, AS_OF)
    assert decision.selection is not None, decision.holds
    terms = replace(
        TERMS,
        estate_signer=policy.estate_signer,
        estate_signer_title=policy.estate_signer_title,
        certified_kinds=policy.certified_kinds,
    )
    return compose_document(account, decision.selection, facility=facility, terms=terms)


def make_inquiry(estate: Estate | None = None, *, facility: Facility | None = None, **reader: Any) -> Content:
    """To the last address of a guarantor who died in August, three months before."""
    estate, guarantor = _reading(estate or make_unknown_estate(), reader)
    return _compose(with_estate(estate=estate, guarantor=guarantor), Kind.ESTATE_INQUIRY, SIGNED, facility)


def make_claim(
    *visits: Encounter,
    estate: Estate | None = None,
    policy: Policy = SIGNED,
    facility: Facility | None = None,
    **reader: Any,
) -> Content:
    """$465.00, of which $345.00 is for the last illness."""
    estate, guarantor = _reading(estate or make_estate(), reader)
    return _compose(with_estate(*visits, estate=estate, guarantor=guarantor), Kind.ESTATE_CLAIM, policy, facility)


def _reading(estate: Estate, reader: dict[str, Any]) -> tuple[Estate, Guarantor]:
    """How the representative reads, and the name and language of the guarantor."""
    estate = replace(estate, large_print=reader.pop("large_print", False))
    return estate, make_guarantor(**reader)
