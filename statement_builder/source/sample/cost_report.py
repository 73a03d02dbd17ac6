"""Write-offs of the sample hospital's last calendar year, for the exhibits of a cost report. They draw no random
number, and no bill is made from them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.model import MedicareBadDebt, PatientClass, Record, WriteOff
from statement_builder.source.contract import MEDICARE_BAD_DEBTS, WRITE_OFFS, ResultSet
from statement_builder.source.sample.household import Rows

SAMPLE_CCN = "300001"


def add_write_offs(rows: Rows, as_of: date) -> None:
    """Claims with and without faults, a recovery, charity care, and bad debt, all of the year before `as_of`."""
    for number, debt in enumerate(_list_bad_debts(as_of.year - 1)):
        named = replace(debt, guarantor_id=f"G-MBD{number}", account_number=f"71{number:08d}")
        rows["medicare_bad_debt"].append(_row_of(MEDICARE_BAD_DEBTS, named))
    for number, each in enumerate(_list_write_offs(as_of.year - 1)):
        numbered = replace(each, guarantor_id=f"G-WO{number}", account_number=f"72{number:08d}")
        rows["write_off"].append(_row_of(WRITE_OFFS, numbered))


def _list_bad_debts(year: int) -> list[MedicareBadDebt]:
    """The first three may be claimed; of the others, each has one fault."""
    remitted_on = date(year, 2, 10)
    billed_on = remitted_on + timedelta(days=12)
    ceased_on = billed_on + timedelta(days=200)
    claim = MedicareBadDebt(
        guarantor_id="",
        account_number="",
        ccn=SAMPLE_CCN,
        patient_class=PatientClass.INPATIENT,
        last_name="Hollis",
        first_name="Edna",
        service_from=date(year, 1, 8),
        service_to=date(year, 1, 12),
        mbi="1EG4TE5MK73",
        medicare_remitted_on=remitted_on,
        beneficiary_cents=167_600,
        first_billed_on=billed_on,
        written_off_on=ceased_on,
        ceased_on=ceased_on,
        medicare_written_off_on=ceased_on,
        deductible_cents=167_600,
        coinsurance_cents=0,
        paid_cents=0,
    )
    outpatient = replace(
        claim,
        patient_class=PatientClass.OUTPATIENT,
        last_name="Varga",
        first_name="Ilona",
        beneficiary_cents=25_700,
        deductible_cents=25_700,
        coinsurance_cents=11_840,
        paid_cents=5_000,
        last_paid_on=billed_on + timedelta(days=40),
        placed_on=billed_on + timedelta(days=170),
        returned_on=ceased_on,
    )
    qmb = replace(
        claim,
        last_name="Okafor",
        first_name="Grace",
        is_qmb=True,
        medicaid_number="00123456789",
        medicaid_remitted_on=date(year, 4, 2),
        beneficiary_cents=0,
        first_billed_on=None,
    )
    return [
        claim,
        outpatient,
        qmb,
        replace(claim, last_name="Brandt", first_name="Otto", ceased_on=billed_on + timedelta(days=119)),
        replace(outpatient, last_name="Lind", first_name="Sven", returned_on=None),
        replace(
            claim,
            last_name="Reyes",
            first_name="Ana",
            recovered_on=date(year, 5, 5),
            recovered_cents=20_000,
            recovered_year_ends_on=date(year - 1, 12, 31),
        ),
    ]


def _list_write_offs(year: int) -> list[WriteOff]:
    """One account of charity care and two of bad debt, the last with more written off than was charged."""
    charity = WriteOff(
        guarantor_id="",
        account_number="",
        ccn=SAMPLE_CCN,
        patient_class=PatientClass.EMERGENCY,
        last_name="Marsh",
        first_name="Dora",
        service_from=date(year, 3, 3),
        service_to=date(year, 3, 3),
        insurance_status="1",
        is_insured=False,
        charges_cents=820_000,
        uninsured_discount_cents=820_000,
        charity_cents=820_000,
        charity_on=date(year, 9, 30),
    )
    bad_debt = replace(
        charity,
        last_name="Quist",
        first_name="Per",
        insurance_status="3",
        is_insured=True,
        primary_payer="Blue Summit PPO",
        insurer_paid_cents=500_000,
        contractual_cents=200_000,
        uninsured_discount_cents=0,
        charity_cents=0,
        charity_on=None,
        bad_debt_cents=120_000,
        bad_debt_on=date(year, 12, 1),
    )
    return [charity, bad_debt, replace(bad_debt, last_name="Tran", first_name="Minh", bad_debt_cents=120_001)]


def _row_of(result_set: ResultSet, record: Record) -> tuple[Any, ...]:
    """The values of the table's columns, which are those of the result set. Dates are text, as SQLite has them."""
    nullable = {column.name for column in result_set.columns if column.null}
    values = ((name, getattr(record, name)) for name in result_set.names)
    return tuple(
        None if value == "" and name in nullable else value.isoformat() if isinstance(value, date) else value
        for name, value in values
    )
