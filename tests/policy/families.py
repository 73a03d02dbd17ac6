"""Random families: patients, visits that share no word, plans, holds, and other recipients of a part of the mail."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st
from msgspec.structs import replace

from statement_builder.billing.model import Contact, ContactKind, GuarantorAccount, RecordedHold
from tests.builders import make_address, make_encounter, make_guarantor, make_patient
from tests.policy.candidates import days_ago, make_plan

BIRTHS = st.sampled_from([date(1980, 1, 1), date(2012, 1, 1)])
HOLDS = st.sampled_from(["DISPUTE", "ATTY", "DECEASED", "CONF", "MINOR_SENS", "RETMAIL", "LEGAL"])


@st.composite
def families(draw: st.DrawFn) -> GuarantorAccount:
    """Patients with visits whose ids and words no two visits share, plans, holds, and any contacts."""
    patients = tuple(
        make_patient(patient_id=f"P-{n}", first_name=f"First{n}x", last_name=f"Last{n}x", birth_on=draw(BIRTHS))
        for n in range(draw(st.integers(1, 4)))
    )
    visits = tuple(
        make_encounter(
            f"A9000{n}",
            patient_id=draw(st.sampled_from(patients)).patient_id,
            owed_cents=10_000 + 1_001 * n,
            description=f"Service{n}x",
            insurance_name=f"Insurer{n}x",
            sensitive=draw(st.booleans()),
            plan_id=draw(st.sampled_from(["", "", "PL1", "PL2"])),
        )
        for n in range(draw(st.integers(1, 6)))
    )
    scopes = [("", ""), *(("", each.patient_id) for each in patients), *((each.account_number, "") for each in visits)]
    chosen = draw(st.lists(st.sampled_from(scopes), unique=True, max_size=6))
    contacts = tuple(
        Contact(
            contact_id=f"K{n}",
            kind=draw(st.sampled_from(ContactKind)) if patient or number else ContactKind.ATTORNEY,
            account_number=number,
            patient_id=patient,
            name=f"Firm{n}x",
            address=make_address(f"{n} Elm Street", postal_code=f"0200{n}"),
        )
        for n, (number, patient) in enumerate(chosen)
    )
    on_plan = {each.plan_id for each in visits} - {""}
    held = st.sampled_from(["", visits[0].account_number])
    holds = tuple(
        RecordedHold(hold_id=f"H{n}", code=draw(HOLDS), placed_on=days_ago(9), account_number=draw(held))
        for n in range(draw(st.integers(0, 2)))
    )
    return GuarantorAccount(
        guarantor=make_guarantor(first_name="Parentx", last_name="Guarantorx"),
        patients=patients,
        encounters=visits,
        plans=tuple(replace(make_plan(0, 0, first=20), plan_id=each) for each in sorted(on_plan)),
        holds=holds,
        contacts=contacts,
        unapplied_cents=draw(st.sampled_from([0, 0, 700])),
    )
