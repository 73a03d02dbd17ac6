"""Applications for financial assistance, and decisions."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.model.record import Record


class AssistanceKind(StrEnum):
    """What was done about financial assistance."""

    ORAL_EFFORT = "oral_effort"
    """Staff told, or tried to tell, the guarantor about it in person or by phone (26 CFR 1.501(r)-6(c)(4)(i)(C))."""
    APPLICATION = "application"
    PRESUMPTIVE = "presumptive"
    """The hospital approved assistance without an application, by what it knows (26 CFR 1.501(r)-6(c)(2))."""
    SCREENING = "screening"
    """The hospital looked whether the guarantor qualifies, for example by a score of public records, and found nothing
    to approve."""
    COVERAGE_CHECK = "coverage_check"
    """The hospital asked Medicare and Medicaid, and found no coverage of the visit that is not on file."""


class ApplicationStatus(StrEnum):
    """How far an application is. The first three are open: no collection action (26 CFR 1.501(r)-6(c)(8))."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    """Something is missing. The guarantor is told in writing what it is (26 CFR 1.501(r)-6(c)(5))."""
    COMPLETE = "complete"
    APPROVED = "approved"
    DENIED = "denied"


WITHOUT_STATUS = frozenset({AssistanceKind.ORAL_EFFORT, AssistanceKind.SCREENING, AssistanceKind.COVERAGE_CHECK})
"""What has no status: it is done when it is on record."""
OPEN_APPLICATIONS = frozenset({ApplicationStatus.RECEIVED, ApplicationStatus.INCOMPLETE, ApplicationStatus.COMPLETE})


class AssistanceRecord(Record, kw_only=True):
    """An effort to tell the guarantor about financial assistance, an application for it, or a decision without one."""

    kind: AssistanceKind
    occurred_on: date
    """The day of the effort, or the day the application was received."""
    account_number: str = ""
    """Empty: it is about all visits."""
    status: ApplicationStatus | None = None
    """None for an oral effort, a screening, and a check of coverage."""
    assistance_id: str = ""
    """An application for several visits has a record for each, with one id."""
    missing: tuple[MissingItem, ...] = ()
    """What an incomplete application lacks."""
    respond_by: date | None = None
    """The last day to send it. None: the policy decides."""
    decided_on: date | None = None
    """None: no decision yet, or its day is not on file and this service writes no letter about it."""
    basis: DecisionBasis | None = None
    """Why the hospital decided so (26 CFR 1.501(r)-6(c)(2)(i)(A), (6)(i)(B))."""
    discount_percent: int | None = None
    """What the decision takes off the patient's part, in percent. None: the discount is no percentage of it."""
    valid_until: date | None = None
    """The last day of care that the decision also covers. None: it covers past care only, or it is not on file."""
    notified_on: date | None = None
    """When the billing office told the guarantor about this status in writing. None: this service does."""
