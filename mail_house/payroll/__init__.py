"""The hospital's payroll: the deductions that it should take, and what it answers."""

from mail_house.payroll.answers import Answer, read_answers
from mail_house.payroll.deductions import DeductionControl, DeductionFile, DeductionLine, build_deduction_file
from mail_house.payroll.store import PayrollStore, open_payroll

__all__ = [
    "Answer",
    "DeductionControl",
    "DeductionFile",
    "DeductionLine",
    "PayrollStore",
    "build_deduction_file",
    "open_payroll",
    "read_answers",
]
