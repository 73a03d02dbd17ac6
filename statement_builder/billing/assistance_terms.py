"""What an application for financial assistance can lack, and why it was decided as it was.

A billing system names both by these values (`sql/contract.md`). The templates have the words.
"""

from __future__ import annotations

from enum import StrEnum


class MissingItem(StrEnum):
    """What a person must still send (26 CFR 1.501(r)-6(c)(5)(i)(B)), in the order of the letter."""

    FORM = "form"
    """Answers or pages of the application form."""
    SIGNATURE = "signature"
    HOUSEHOLD = "household"
    """Who lives in the household."""
    INCOME = "income"
    TAX_RETURN = "tax_return"
    BENEFITS = "benefits"
    """What public programs pay, such as Social Security or unemployment."""
    ASSETS = "assets"
    EXPENSES = "expenses"
    INSURANCE = "insurance"
    MEDICAID = "medicaid"
    """The decision on an application for Medicaid."""
    IDENTITY = "identity"
    RESIDENCE = "residence"


class DecisionBasis(StrEnum):
    """Why assistance was approved or denied."""

    INCOME = "income"
    HARDSHIP = "hardship"
    """Hospital bills that are large beside the income."""
    PROGRAM = "program"
    """A public program for people with a low income, such as SNAP or WIC."""
    EARLIER_DECISION = "earlier_decision"
    PUBLIC_RECORDS = "public_records"
    """Records that estimate the income."""
    INCOME_TOO_HIGH = "income_too_high"
    ASSETS_TOO_HIGH = "assets_too_high"
    OTHER_COVERAGE = "other_coverage"
    """Insurance or a public program can pay."""
    CARE_NOT_COVERED = "care_not_covered"
    """The policy does not cover this care."""
    OUTSIDE_AREA = "outside_area"
    NO_ANSWER = "no_answer"
    """What was missing did not arrive."""

    @property
    def approves(self) -> bool:
        """Whether it is a reason to approve. Any other one is a reason to deny."""
        return self in _APPROVALS


_APPROVALS = frozenset(
    {
        DecisionBasis.INCOME,
        DecisionBasis.HARDSHIP,
        DecisionBasis.PROGRAM,
        DecisionBasis.EARLIER_DECISION,
        DecisionBasis.PUBLIC_RECORDS,
    }
)
