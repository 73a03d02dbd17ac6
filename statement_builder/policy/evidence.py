"""What an evidence packet needs that this service does not have, and who has it. Pure.

Bad debts: 42 CFR 413.89(e) and CMS Pub. 15-1, 310. Small claims: what a court of limited jurisdiction usually asks of a
creditor; the hospital's counsel decides what this court requires.
"""

from __future__ import annotations

from statement_builder.billing.model import Record


class Attachment(Record, kw_only=True):
    """One paper to attach by hand."""

    what: str
    from_whom: str
    citation: str


_REMITTANCE = "Patient accounting"
_COUNSEL = "Counsel"
BAD_DEBT_ATTACHMENTS = (
    Attachment(
        what="Written collection policy, which treats Medicare accounts as all others",
        from_whom="Director of patient accounts",
        citation="CMS Pub. 15-1, 310",
    ),
    Attachment(
        what="Medicare remittance advice with deductible and coinsurance",
        from_whom=_REMITTANCE,
        citation="42 CFR 413.89(e)(1)",
    ),
    Attachment(
        what="Remittance advice of a secondary payer, or its notice that it does not cover the service",
        from_whom=_REMITTANCE,
        citation="42 CFR 413.89(e)(2)(i)(A)(2)",
    ),
    Attachment(
        what="Medicaid remittance advice, of a patient who has Medicaid",
        from_whom=_REMITTANCE,
        citation="42 CFR 413.89(e)(2)(iii)",
    ),
    Attachment(
        what="Determination of indigence from all resources, of a patient deemed indigent",
        from_whom="Financial counseling",
        citation="42 CFR 413.89(e)(2)(ii)",
    ),
    Attachment(
        what="Notes of telephone calls and personal contacts",
        from_whom="Patient accounting",
        citation="CMS Pub. 15-1, 310.B",
    ),
    Attachment(
        what="The agency's report that it returned the account, if it had one",
        from_whom="Collection agency",
        citation="CMS Pub. 15-1, 310.A",
    ),
)
SMALL_CLAIMS_ATTACHMENTS = (
    Attachment(
        what="Signed consent and agreement to pay",
        from_whom="Patient registration",
        citation="Law of contracts of the state",
    ),
    Attachment(
        what="Copy of the guarantor's identification", from_whom="Patient registration", citation="Rules of the court"
    ),
    Attachment(
        what="Summary of the insurer's explanation of benefits", from_whom=_REMITTANCE, citation="Rules of the court"
    ),
    Attachment(
        what="Decision on financial assistance, or an affidavit that nobody applied",
        from_whom="Financial counseling",
        citation="26 CFR 1.501(r)-6(c)",
    ),
    Attachment(
        what="Proof of the oral effort to tell the patient about financial assistance",
        from_whom="Financial counseling",
        citation="26 CFR 1.501(r)-6(c)(4)(i)(B)",
    ),
    Attachment(
        what="Demand letter by certified mail with its receipt, where the state requires one",
        from_whom=_COUNSEL,
        citation="Law of the state",
    ),
    Attachment(
        what="Search for military service (SCRA, Defense Manpower Data Center)",
        from_whom=_COUNSEL,
        citation="50 USC 3931(b)",
    ),
    Attachment(what="Search for a bankruptcy (PACER)", from_whom=_COUNSEL, citation="11 USC 362(a)"),
    Attachment(
        what="Check of Medicaid eligibility on the days of service",
        from_whom="Financial counseling",
        citation="42 CFR 447.15",
    ),
    Attachment(what="Address for service of process", from_whom=_COUNSEL, citation="Rules of the court"),
    Attachment(
        what="Claim form: plaintiff's legal name, registered agent, amount, filing fee, and rate of interest",
        from_whom=_COUNSEL,
        citation="Rules of the court",
    ),
    Attachment(what="Calculation of the statute of limitations", from_whom=_COUNSEL, citation="Law of the state"),
    Attachment(
        what="Affidavit of the custodian of business records",
        from_whom="Custodian of records",
        citation="Federal Rules of Evidence 803(6), 902(11), or the state's rule",
    ),
)
_OF_STATES = {
    "CA": (
        Attachment(
            what="Copies and statements that California requires of a creditor of medical debt",
            from_whom=_COUNSEL,
            citation="Cal. Health & Safety Code 127425; Cal. Civ. Code 1788.58",
        ),
    )
}


def small_claims_attachments(state: str) -> tuple[Attachment, ...]:
    """What to attach to a small claim in this state, by its two letters."""
    return SMALL_CLAIMS_ATTACHMENTS + _OF_STATES.get(state, ())
