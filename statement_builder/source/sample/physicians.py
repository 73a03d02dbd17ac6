"""Visits of the sample hospital that physician groups bill."""

from __future__ import annotations

from statement_builder.billing.model import EntityKind, PatientClass
from statement_builder.source.sample import scenarios
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.name_pools import Service
from statement_builder.source.sample.scenarios import Scenario

_GROUP = EntityKind.PHYSICIAN_GROUP
_GROUPS = (
    (
        "LEP",
        EntityKind.PHYSICIAN_GROUP,
        "Larchmere Emergency Physicians, P.C.",
        "04-5550101",
        "(978) 555-0161",
        True,
        False,
    ),
    ("VRA", _GROUP, "Valley Radiology Associates, LLC", "04-5550102", "(978) 555-0162", True, True),
    ("NAP", _GROUP, "Northfield Anesthesia Partners", "04-5550103", "(978) 555-0163", False, False),
)
"""The rows of the groups. The last one takes its own payments."""
_SERVICES = {
    "LEP": Service(
        "Emergency physician",
        PatientClass.EMERGENCY,
        "Emergency Department",
        (("Emergency physician visit", "99284", 420),),
    ),
    "VRA": Service(
        "Reading of X-ray pictures", PatientClass.OUTPATIENT, "Imaging Center", (("Reading of X-ray", "71046", 260),)
    ),
    "NAP": Service("Anesthesia", PatientClass.OUTPATIENT, "Main Campus", (("Anesthesia", "01382", 900),)),
}
_EVERY = 4
"""Of so many guarantors with a new bill, one also has visits of physicians."""


def add_physicians(household: Household, scenario: Scenario) -> None:
    """Add the groups, and to some guarantors with a new bill a visit of each of two groups on the day of their own."""
    if household.number == 0:
        household.rows["billing_entity"] += _GROUPS
    if scenario is not scenarios.new_statement or household.number % _EVERY or household.number == 0:
        return
    patient_id = str(household.rows["encounter"][-1][2])
    first = household.number // _EVERY % len(_GROUPS)
    for group_id in (_GROUPS[first][0], _GROUPS[(first + 1) % len(_GROUPS)][0]):
        household.add_visit(
            patient_id, days_ago=30, service=_SERVICES[group_id], owed_cents=4_000, billing_entity_id=group_id
        )
