"""Writes a small hospital export in the layout of Synthea's CSV files. All people, payers and amounts are invented.

The table below has one row per visit, with dollars per charge line. Each line nets to zero, as in Synthea: charge =
copay + insurer + secondary + adjustment + patient.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

HEADERS = {
    "patients.csv": "Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,PREFIX,FIRST,LAST,SUFFIX,MAIDEN,MARITAL,RACE,"
    "ETHNICITY,GENDER,BIRTHPLACE,ADDRESS,CITY,STATE,COUNTY,FIPS,ZIP,LAT,LON,HEALTHCARE_EXPENSES,HEALTHCARE_COVERAGE,INCOME",
    "encounters.csv": "Id,START,STOP,PATIENT,ORGANIZATION,PROVIDER,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,"
    "BASE_ENCOUNTER_COST,TOTAL_CLAIM_COST,PAYER_COVERAGE,REASONCODE,REASONDESCRIPTION",
    "claims.csv": "Id,PATIENTID,PROVIDERID,PRIMARYPATIENTINSURANCEID,SECONDARYPATIENTINSURANCEID,DEPARTMENTID,"
    "PATIENTDEPARTMENTID,DIAGNOSIS1,APPOINTMENTID,CURRENTILLNESSDATE,SERVICEDATE,SUPERVISINGPROVIDERID,STATUS1,STATUS2,"
    "STATUSP,OUTSTANDING1,OUTSTANDING2,OUTSTANDINGP,LASTBILLEDDATE1,LASTBILLEDDATE2,LASTBILLEDDATEP",
    "claims_transactions.csv": "ID,CLAIMID,CHARGEID,PATIENTID,TYPE,AMOUNT,METHOD,FROMDATE,TODATE,PLACEOFSERVICE,"
    "PROCEDURECODE,UNITS,DEPARTMENTID,NOTES,UNITAMOUNT,TRANSFEROUTID,TRANSFERTYPE,PAYMENTS,ADJUSTMENTS,TRANSFERS,"
    "OUTSTANDING,APPOINTMENTID,LINENOTE,PATIENTINSURANCEID,FEESCHEDULEID,PROVIDERID,SUPERVISINGPROVIDERID",
    "payers.csv": "Id,NAME,OWNERSHIP,ADDRESS,CITY,STATE_HEADQUARTERED,ZIP,PHONE",
    "organizations.csv": "Id,NAME,ADDRESS,CITY,STATE,ZIP,LAT,LON,PHONE,REVENUE,UTILIZATION",
}

ADULT, MINOR, DECEASED, UNINSURED, MEDICARE, JUST_18 = (f"1a2b3c4d-0000-4000-8000-00000000000{n}" for n in range(1, 7))

PATIENTS = [
    # id, birth, death, first, last, address, city, state, ZIP
    (ADULT, "1961-03-09", "", "Oda101", "Brandt202", "4 Kiln Rd", "Ashford Mills", "Massachusetts", "01342"),
    (MINOR, "2015-05-01", "", "Emre303", "Kaya404", "18 Ferry Ct Apt 7", "Brackwater", "Massachusetts", "01799"),
    (DECEASED, "1944-12-24", "2022-09-07", "Lena505", "Fjord606", "2 Chapel Ln", "Larchmere", "Massachusetts", "00000"),
    (UNINSURED, "1990-07-30", "", "Tomás707", "Vega808", "11 Calle Robles", "Puerto Claro", "Puerto Rico", ""),
    (MEDICARE, "1950-02-28", "", "Ruth909", "Okoro111", "77 Mill Pond Rd", "Dunmere", "Maine", "04299"),
    (JUST_18, "2008-11-20", "", "Ada121", "Nwosu131", "9 Wren Cir", "Grayling", "New York", "12901"),
]
PAYERS = {
    "northfield": "Northfield Health",
    "medicare": "Medicare",
    "medicaid": "Medicaid",
    "dual": "Dual Eligible",
    "none": "NO_INSURANCE",
}


@dataclass(frozen=True)
class Line:
    """One charge with the payments and the adjustment that settle it, in dollars; '' is none."""

    charge: str
    copay: str = ""
    insurer: str = ""
    secondary: str = ""
    adjustment: str = ""
    patient: str = ""
    method: str = "CASH"
    units: int = 1


@dataclass(frozen=True)
class Visit:
    patient: str
    day: str
    payer: str
    lines: tuple[Line, ...]
    description: str = "Office visit"
    encounter_class: str = "ambulatory"
    is_pending: bool = False
    lacks_to_date: bool = False
    """Synthea writes 1970-01-01 as TODATE on some transactions."""


VISITS = [
    Visit(ADULT, "2013-04-02", "northfield", (Line("140.10", "20.00", "96.08", patient="24.02", method="CHECK"),)),
    Visit(ADULT, "2015-01-01", "northfield", (Line("85.50", "20.00", "52.40", patient="13.10", method="CC"),)),
    Visit(
        ADULT,
        "2019-08-15",
        "northfield",
        (Line("300.00", "20.00", "224.00", patient="56.00"), Line("61.25", insurer="49.00", patient="12.25")),
    ),
    Visit(
        ADULT,
        "2023-06-15",
        "northfield",
        (Line("210.00", "20.00", "150.00", adjustment="4.05", patient="35.95", method="CC"),),
    ),
    Visit(ADULT, "2026-10-03", "northfield", (Line("95.00", "20.00", "75.00"),), is_pending=True),
    Visit(MINOR, "2015-06-01", "northfield", (Line("118.00", insurer="118.00"),), "Well child visit", "wellness"),
    Visit(MINOR, "2020-02-29", "northfield", (Line("75.75", "20.00", "44.60", patient="11.15", method="CHECK"),)),
    Visit(
        MINOR,
        "2024-01-01",
        "northfield",
        (Line("100.10", "20.00", "50.05", adjustment="4.05", patient="26.00", method="CC"),),
        is_pending=True,
    ),
    Visit(
        DECEASED,
        "2014-12-31",
        "medicaid",
        (Line("900.00", patient="900.00", method="CHECK", units=2),),
        "Hospital stay",
        "inpatient",
    ),
    Visit(DECEASED, "2021-03-01", "medicaid", (Line("240.00", insurer="240.00"),)),
    Visit(
        DECEASED,
        "2022-09-07",
        "medicaid",
        (Line("1250.40", insurer="1000.32", patient="250.08"),),
        "Emergency room visit",
        "emergency",
        lacks_to_date=True,
    ),
    Visit(UNINSURED, "2012-07-04", "none", (Line("60.00", patient="60.00"),)),
    Visit(UNINSURED, "2018-11-11", "none", (Line("130.30", patient="130.30", method="CC"),)),
    Visit(UNINSURED, "2023-06-14", "none", (Line("45.00", patient="45.00", method="CHECK"),), lacks_to_date=True),
    Visit(
        UNINSURED,
        "2025-05-05",
        "none",
        (Line("200.00", patient="200.00", method="CC"), Line("19.99", patient="19.99", method="CC")),
    ),
    Visit(
        MEDICARE,
        "2016-02-02",
        "medicare",
        (Line("500.00", insurer="400.00", secondary="80.00", patient="20.00", method="CHECK"),),
    ),
    Visit(MEDICARE, "2022-10-10", "medicare", (Line("88.80", insurer="71.04", secondary="17.76"),)),
    Visit(
        MEDICARE, "2024-09-09", "medicare", (Line("1000.01", insurer="800.00", secondary="150.01", patient="50.00"),)
    ),
    Visit(JUST_18, "2020-01-10", "northfield", (Line("33.33", insurer="33.33"),)),
    Visit(JUST_18, "2026-01-20", "dual", (Line("70.00", insurer="56.00", patient="14.00", method="CC"),)),
]
"""Account numbers are E0E0E0E00001 to E0E0E0E00020, in this order: the first eight digits are the same."""


def write_export(folder: Path) -> None:
    """Write the CSV files to `folder`."""
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in HEADERS}
    names = ("Id", "BIRTHDATE", "DEATHDATE", "FIRST", "LAST", "ADDRESS", "CITY", "STATE", "ZIP")
    rows["patients.csv"] = [dict(zip(names, patient, strict=True)) for patient in PATIENTS]
    rows["payers.csv"] = [{"Id": payer, "NAME": name} for payer, name in PAYERS.items()]
    rows["organizations.csv"] = [{"Id": "clinic", "NAME": "Carrow Falls Clinic"}]
    for number, visit in enumerate(VISITS, 1):
        encounter = f"e0e0e0e0-{number:04d}-4000-8000-{number:012d}"
        has_secondary = any(line.secondary for line in visit.lines)
        rows["encounters.csv"].append(
            {
                "Id": encounter,
                "START": f"{visit.day}T22:15:00Z",
                "STOP": f"{visit.day}T23:05:00Z",
                "PATIENT": visit.patient,
                "ORGANIZATION": "clinic",
                "PAYER": visit.payer,
                "ENCOUNTERCLASS": visit.encounter_class,
                "DESCRIPTION": visit.description,
            }
        )
        rows["claims.csv"].append(
            {
                "Id": f"claim-{number}",
                "PATIENTID": visit.patient,
                "PRIMARYPATIENTINSURANCEID": visit.payer,
                "SECONDARYPATIENTINSURANCEID": "seacrest" if has_secondary else "",
                "APPOINTMENTID": encounter,
                "STATUS1": "BILLED" if visit.is_pending else "CLOSED",
            }
        )
        common = {
            "CLAIMID": f"claim-{number}",
            "PATIENTID": visit.patient,
            "FROMDATE": f"{visit.day}T22:15:00Z",
            "TODATE": "1970-01-01T00:00:00Z" if visit.lacks_to_date else f"{visit.day}T23:05:00Z",
            "PROCEDURECODE": "99213",
            "NOTES": visit.description,
            "APPOINTMENTID": encounter,
        }
        for line in visit.lines:
            for transaction in _list_transactions(line, is_insured=visit.payer != "none"):
                charge_id = str(len(rows["claims_transactions.csv"]))
                identity = {"ID": f"transaction-{charge_id}", "CHARGEID": charge_id}
                rows["claims_transactions.csv"].append(common | identity | transaction)
    for name, header in HEADERS.items():
        _write_csv(folder / name, header.split(","), rows[name])


def _list_transactions(line: Line, *, is_insured: bool) -> Iterable[dict[str, str]]:
    """The transactions of one charge line, with Synthea's running OUTSTANDING."""
    open_amount = Decimal(line.charge)

    def row(kind: str, *, payment: str = "", **fields: str) -> dict[str, str]:
        nonlocal open_amount
        open_amount -= Decimal(payment or 0) + Decimal(fields.get("ADJUSTMENTS", 0))
        defaults = {"UNITS": "1", "UNITAMOUNT": "0.00", "ADJUSTMENTS": "0.00", "OUTSTANDING": str(open_amount)}
        return {"TYPE": kind, "PAYMENTS": payment or "0.00", **defaults, **fields}

    yield row(
        "CHARGE",
        AMOUNT=line.charge,
        UNITS=str(line.units),
        UNITAMOUNT=str(Decimal(line.charge) / line.units),
        TRANSFERTYPE="1" if is_insured else "p",
        OUTSTANDING="0.00",
    )
    if line.copay:
        yield row("PAYMENT", payment=line.copay, METHOD="COPAY")
    if line.insurer:
        yield row("PAYMENT", payment=line.insurer, METHOD="ECHECK")
    if line.secondary:
        yield row("TRANSFEROUT", TRANSFERS=str(open_amount))
        yield row("TRANSFERIN", AMOUNT=str(open_amount), TRANSFERS=str(open_amount), TRANSFERTYPE="2")
        yield row("PAYMENT", payment=line.secondary, METHOD="ECHECK")
    if line.patient and is_insured:
        yield row("TRANSFEROUT", ADJUSTMENTS=line.adjustment or "0.00", TRANSFERS=line.patient)
        yield row("TRANSFERIN", AMOUNT=str(open_amount), TRANSFERS=str(open_amount), TRANSFERTYPE="p")
    if line.patient:
        yield row("PAYMENT", payment=line.patient, METHOD=line.method)
    assert open_amount == 0, line


def _write_csv(path: Path, header: list[str], rows: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
