"""Names, towns, insurers and services for the sample hospital. All people, towns and insurers are invented."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from statement_builder.billing.model import PatientClass

CONSENT_TERMS = hashlib.sha256(
    b"I agree to get my bills by e-mail. I can ask for paper at any time, at no cost."
).hexdigest()
"""Of the invented text that everybody with a consent agreed to."""
FIRST_NAMES = (
    "Alice", "Amara", "André", "Beatriz", "Bernard", "Bảo", "Camila", "Carl", "Chloe", "Dana", "Daniel", "Eleni",
    "Emma", "Esteban", "Fatima", "François", "Grace", "Hannah", "Hugo", "Imani", "Ivan", "Jasmine", "José", "Joyce",
    "Karen", "Kenji", "Laila", "Leo", "Linh", "Lucía", "Łukasz", "Maria", "Marcus", "Mei", "Nadia", "Noah", "Olga",
    "Omar", "Patrick", "Paula", "Quentin", "Rafael", "Rosa", "Samuel", "Sofía", "Sven", "Tamika", "Thomas", "Uma",
    "Victor", "Walter", "Ximena", "Yusuf", "Zoë",
)  # fmt: skip
MOTHERS_NAMES = (
    "Alice", "Amara", "Beatriz", "Camila", "Chloe", "Eleni", "Emma", "Fatima", "Grace", "Hannah", "Imani", "Jasmine",
    "Laila", "Linh", "Lucía", "Maria", "Mei", "Nadia", "Olga", "Paula", "Rosa", "Sofía", "Tamika", "Ximena", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Alvarez", "Baker", "Bennett", "Bianchi", "Brooks", "Carter", "Castillo", "Chen", "Clarke", "D'Angelo",
    "Davis", "Delacroix", "Díaz", "Duval", "Edwards", "Fischer", "Foster", "Garcia", "Green", "Hall", "Hansen",
    "Hernández", "Ito", "Jackson", "Jensen", "Johnson", "Kim", "Kowalski", "Larsen", "Lee", "Lopez", "McCarthy",
    "Miller", "Moreau", "Müller", "Nguyễn", "Novak", "Núñez", "O'Brien", "O'Connor", "Okafor", "Owens", "Papadopoulos",
    "Patel", "Perez", "Popescu", "Quinn", "Ramirez", "Reyes", "Richter", "Rossi", "Sanchez", "Schmidt", "Silva",
    "Smith-Jones", "Sørensen", "Taylor", "Thompson", "Trần", "Turner", "Vargas", "Walsh", "White", "Wójcik", "Young",
)  # fmt: skip
STREETS = (
    "Alder Ln", "Beacon Hill Rd", "Birch St", "Canal St", "Cedar Ave", "Chestnut St", "Cider Mill Rd", "Clearwater Dr",
    "Elm St", "Fern Hollow Rd", "Granite Way", "Harbor View Dr", "Hawthorn Ct", "Juniper Ln", "Lantern Hill Rd",
    "Larkspur Ave", "Main St", "Maple Ave", "Meadow Ln", "Mill Pond Rd", "Oak Ridge Dr", "Orchard St", "Pine St",
    "Quarry Rd", "Riverside Ave", "Rosewood Ct", "School St", "Spruce St", "Summit Ave", "Willow Bend", "Wren Cir",
)  # fmt: skip
TOWNS = (
    ("Ashford Mills", "MA", "013"), ("Brackwater", "MA", "017"), ("Carrow Falls", "NH", "032"),
    ("Dunmere", "ME", "042"), ("Eastlow", "VT", "053"), ("Fennimore Point", "CT", "064"), ("Grayling", "NY", "129"),
    ("Harlow Ridge", "NY", "136"), ("Ivybridge", "PA", "184"), ("Juniper Flats", "PA", "166"),
    ("Kestrel Bay", "NJ", "082"), ("Larchmere", "MA", "019"),
)  # fmt: skip
INSURERS = ("Harborlight Health Plan", "Blue Summit PPO", "Evergreen Mutual", "Commonwell Care", "Pioneer Choice HMO")
LOCATIONS = ("Main Campus", "Riverside Clinic", "Women's Health Center", "Emergency Department", "Imaging Center")


@dataclass(frozen=True)
class Service:
    """One kind of visit: its plain-language description and its charge lines with typical prices in dollars."""

    description: str
    patient_class: PatientClass
    location: str
    lines: tuple[tuple[str, str, int], ...]
    """(description, code, typical price in dollars)"""


SURGERY = Service(
    "Knee surgery, same day",
    PatientClass.OUTPATIENT,
    "Main Campus",
    (
        ("Operating room, first hour", "0360", 5200),
        ("Knee arthroscopy", "29881", 4300),
        ("Anesthesia", "0370", 1650),
        ("Recovery room", "0710", 980),
    ),
)
SERVICES = (
    Service("Office visit", PatientClass.OUTPATIENT, "Riverside Clinic", (("Office visit, 30 minutes", "99214", 240),)),
    Service(
        "Blood tests",
        PatientClass.OUTPATIENT,
        "Main Campus",
        (("Blood draw", "36415", 28), ("Complete blood count", "85025", 62), ("Cholesterol panel", "80061", 95)),
    ),
    Service(
        "Emergency room visit",
        PatientClass.EMERGENCY,
        "Emergency Department",
        (
            ("Emergency room visit, moderate", "99284", 1480),
            ("X-ray of the chest", "71046", 310),
            ("Medicine given by vein", "96374", 265),
        ),
    ),
    Service(
        "MRI of the knee",
        PatientClass.OUTPATIENT,
        "Imaging Center",
        (("MRI of the knee, without contrast", "73721", 1950),),
    ),
    Service(
        "Mammogram",
        PatientClass.OUTPATIENT,
        "Imaging Center",
        (("Mammogram, both breasts", "77067", 410), ("Reading by a specialist", "77063", 130)),
    ),
    SURGERY,
    Service(
        "Hospital stay, pneumonia",
        PatientClass.INPATIENT,
        "Main Campus",
        (
            ("Room and nursing care, 3 days", "0120", 7350),
            ("Medicines", "0250", 1240),
            ("Laboratory tests", "0300", 1115),
            ("Breathing treatments", "0410", 860),
            ("X-rays", "0320", 620),
        ),
    ),
    Service(
        "Colonoscopy",
        PatientClass.OUTPATIENT,
        "Main Campus",
        (("Colonoscopy", "45378", 2300), ("Sedation", "99152", 340)),
    ),
    Service(
        "Overnight observation",
        PatientClass.OBSERVATION,
        "Main Campus",
        (("Observation care, per hour", "G0378", 2160), ("Heart monitoring", "93041", 290)),
    ),
    Service("Ultrasound", PatientClass.OUTPATIENT, "Imaging Center", (("Ultrasound of the abdomen", "76700", 680),)),
    Service(
        "Flu test and visit",
        PatientClass.OUTPATIENT,
        "Riverside Clinic",
        (("Walk-in visit", "99213", 165), ("Flu test", "87804", 45)),
    ),
    Service(
        "Childbirth care visit",
        PatientClass.OUTPATIENT,
        "Women's Health Center",
        (("Visit during pregnancy", "59425", 185), ("Ultrasound in pregnancy", "76805", 520)),
    ),
)
THERAPY = Service(
    "Physical therapy session",
    PatientClass.RECURRING,
    "Riverside Clinic",
    (("Therapeutic exercise, 45 minutes", "97110", 148),),
)
LONG_STAY = Service(
    "Hospital stay of a month",
    PatientClass.INPATIENT,
    "Main Campus",
    tuple(
        (f"{description}, day {day}", code, dollars)
        for day in range(1, 31)
        for description, code, dollars in (
            ("Room and nursing care", "0120", 2450),
            ("Medicines", "0250", 310),
            ("Blood count", "85025", 62),
            ("Breathing treatment", "0410", 215),
        )
    ),
)
COUNSELING = Service(
    "Counseling visit", PatientClass.OUTPATIENT, "Riverside Clinic", (("Counseling, 50 minutes", "90837", 210),)
)

_REVENUE_CODES = {
    "99214": "0510", "99213": "0510", "36415": "0300", "85025": "0305", "80061": "0301", "99284": "0450",
    "71046": "0324", "96374": "0260", "73721": "0610", "77067": "0403", "77063": "0403", "29881": "0360",
    "45378": "0750", "99152": "0370", "G0378": "0762", "93041": "0730", "76700": "0402", "87804": "0306",
    "59425": "0510", "76805": "0402", "97110": "0420", "90837": "0914",
}  # fmt: skip
"""The UB-04 revenue code of each procedure of `SERVICES`."""


def revenue_code_of(code: str) -> str:
    """The UB-04 revenue code of a charge line. Codes of four digits are revenue codes already."""
    return _REVENUE_CODES.get(code, code)
