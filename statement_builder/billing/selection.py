"""The decision about one guarantor for one kind of document, and its reasons.

`policy` creates these records, `documents` reads them, and the ledger stores them.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.kind_traits import KindTraits, MailingClock
from statement_builder.billing.model import DocumentRequest, Fault, Record, RequestKind


class Kind(StrEnum):
    """The kinds of document. An operator types the value, and a batch id ends with it.

    A member registers a kind: its value, and what differs from the default `KindTraits`. The folder of the same name in
    `statement_builder/kinds/` has everything else.
    """

    STATEMENT = (
        "statement",
        KindTraits(
            clock=MailingClock.STATEMENTS, family="bill", is_regular=True, shows_groups=True, carries_message=True
        ),
    )
    OB_NOTICE = (
        "ob-notice",
        KindTraits(
            noun="obstetric notice",
            clock=MailingClock.NOTICES,
            is_obstetric=True,
            is_regular=True,
            carries_message=True,
        ),
    )
    DUNNING = (
        "dunning",
        KindTraits(
            noun="dunning letter",
            clock=MailingClock.LETTERS,
            family="bill",
            is_dunning=True,
            is_regular=True,
            reads_requests=(RequestKind.VERIFICATION, RequestKind.INVOICE),
        ),
    )
    INVOICE = (
        "invoice",
        KindTraits(noun="itemized bill", is_asked_for=True, reads_requests=(RequestKind.INVOICE,), shows_groups=True),
    )
    ITEMIZED_REQUEST_REPLY = (
        "itemized-request-reply",
        KindTraits(
            noun="letter about a requested itemized bill",
            family="invoice",
            reads_requests=(RequestKind.INVOICE,),
            needs_esign_terms=False,
        ),
    )
    VERIFICATION = (
        "verification",
        KindTraits(
            noun="answer about a disputed bill",
            is_asked_for=True,
            reads_requests=(RequestKind.VERIFICATION,),
            by_email=False,
        ),
    )
    PLAN_AGREEMENT = "plan-agreement", KindTraits(family="plan", by_email=False)
    PLAN_REMINDER = "plan-reminder", KindTraits(family="plan")
    PLAN_MISSED = (
        "plan-missed",
        KindTraits(noun="letter about a missed plan payment", family="plan", is_dunning=True, by_email=False),
    )
    PLAN_DEFAULT = (
        "plan-default",
        KindTraits(noun="letter about an ended plan", family="plan", is_dunning=True, by_email=False),
    )
    ASSISTANCE_INCOMPLETE = (
        "assistance-incomplete",
        KindTraits(noun="incomplete application letter", family="assistance", by_email=False),
    )
    ASSISTANCE_DECISION = (
        "assistance-decision",
        KindTraits(noun="assistance decision letter", family="assistance", by_email=False),
    )
    ESTATE_INQUIRY = (
        "estate-inquiry",
        KindTraits(
            noun="inquiry about an estate",
            family="estate",
            is_dunning=True,
            is_estate=True,
            by_email=False,
            on_portal=False,
        ),
    )
    ESTATE_CLAIM = (
        "estate-claim",
        KindTraits(
            noun="claim against an estate",
            family="estate",
            is_dunning=True,
            is_estate=True,
            by_email=False,
            on_portal=False,
        ),
    )
    PAYROLL_AUTHORIZATION = (
        "payroll-authorization",
        KindTraits(noun="payroll deduction authorization", by_email=False),
    )
    REFUND = "refund", KindTraits(noun="refund letter", needs_esign_terms=False)

    traits: KindTraits

    def __new__(cls, value: str, traits: KindTraits = KindTraits()) -> Kind:  # noqa: B008 - immutable
        """A member that equals its value and has traits."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.traits = traits
        return member

    @property
    def noun(self) -> str:
        """What people call one, such as `obstetric notice`."""
        return self.traits.noun or self.value.replace("-", " ")

    def coupon_cents(self, amount_cents: int) -> int:
        """What the payment slip of a document of this amount asks for. A claim against an estate has no slip: the
        representative pays it by the order of the law."""
        return 0 if self.traits.is_estate else amount_cents

    @property
    def family(self) -> str:
        """Open documents of one family hold each other."""
        return self.traits.family or self.value

    @property
    def name_in_code(self) -> str:
        """The name of its folders, and of its settings: `ob_notice`."""
        return self.value.replace("-", "_")


def kinds_with(*clocks: MailingClock) -> tuple[Kind, ...]:
    """The kinds whose mailing moves one of these clocks."""
    return tuple(kind for kind in Kind if kind.traits.clock in clocks)


FINAL_LEVEL = 4
"""The level of a final notice, the last dunning letter."""


class Channel(StrEnum):
    PRINT = "print"
    EMAIL = "email"


class FinalVendorStatus(StrEnum):
    """The last status that the print vendor reports for a piece. A piece counts as mailed from this status on."""

    NOTHING = "nothing"
    """The vendor reports nothing: a piece counts as mailed at hand-off."""
    ACKNOWLEDGED = "acknowledged"
    MAILED = "mailed"


class CollectionAction(StrEnum):
    """The extraordinary collection actions that a hospital can take against a person (26 CFR 1.501(r)-6(b)(1)).

    Placing a visit with a collection agency is none: what the agency then does may be one.
    """

    REPORTING = "reporting"
    """Report the debt to a credit bureau: (b)(1)(ii)."""
    SUIT = "suit"
    """Sue in court: (b)(1)(iv)(D)."""
    GARNISHMENT = "garnishment"
    """Take a part of the person's wages: (b)(1)(iv)(G)."""
    LIEN = "lien"
    """Place a lien on the person's property: (b)(1)(iv)(A)."""
    SALE = "sale"
    """Sell the debt to another company: (b)(1)(i)."""
    DEFERRAL = "deferral"
    """Delay or deny medically necessary care, or require a payment first, because of this debt: (b)(1)(iii)."""


class PreAssignmentItem(StrEnum):
    """What a state's law has a notice say before a debt is assigned to a collection agency."""

    DATES = "dates"
    """The dates of service."""
    AGENCY = "agency"
    ITEMIZED_BILL = "itemized_bill"
    """How to get one."""
    COVERAGE = "coverage"
    """The name and the type of the health plan on record, or that there is none."""
    APPLICATION = "application"
    """The form to apply for financial assistance goes with the notice."""
    ASSISTANCE_DATES = "assistance_dates"
    """When the person was told about financial assistance, and when an application was decided."""


class PlanLetterMode(StrEnum):
    """What a payment plan is confirmed with (12 CFR 1026.2(a)(17))."""

    DISCLOSURE = "disclosure"
    """A written agreement to sign, with the Truth in Lending disclosures where they are required."""
    COURTESY = "courtesy"
    """An informal letter that nobody signs."""


class Hold(Record, kw_only=True):
    """One reason to hold a document or a visit on it. `policy/hold_codes.toml` has the text of each code."""

    code: str
    account_number: str = ""
    """The held encounter. Empty: the whole guarantor is held."""
    until: date | None = None
    """The first date when this hold no longer applies, if known."""
    since: date | None = None
    """The date of a person's request that somebody must fulfill. None: the hold is no request, or has no date."""


class Selection(Record, kw_only=True):
    """A document that a guarantor gets in a cycle: which encounters, at what level, for how much."""

    kind: Kind
    guarantor_id: str
    level: int = 0
    """Level of the dunning ladder (0 and 1 statements, 2 to 4 letters). 0 for all other kinds."""
    account_numbers: tuple[str, ...] = ()
    """The encounters on the document, in print order."""
    mentioned_account_numbers: tuple[str, ...] = ()
    """Visits that a statement mentions, but does not ask for: pending with insurance, or with a credit."""
    episode_id: str = ""
    cause_id: str = ""
    """The event that caused the document, which is sent once for it. Empty: no event, or the mailing history tells."""
    channel: Channel
    amount_cents: int
    """The amount due on the document, in the ledger, and in the manifest."""
    due_on: date
    requests: tuple[DocumentRequest, ...] = ()
    """What this document answers."""
    reason: str = ""
    """Why the rules chose it, where its page says so and the account alone does not tell."""
    billed_by: tuple[str, ...] = ()
    """The digest of the physician group of each visit that one bills (`policy.group_bills`), so that the recheck sees
    a change."""
    recipient_digest: str = ""
    """Digest of the name and address on the document (`policy.recipient`), so that the recheck sees a change."""


class Decision(Record, kw_only=True):
    """The one outcome for a candidate: selected, held (with all reasons), or an exception."""

    kind: Kind
    guarantor_id: str
    balance_cents: int
    """All cents of this candidate: `selection.amount_cents` plus the held cents, or the whole exception."""
    selection: Selection | None = None
    holds: tuple[Hold, ...] = ()
    """All reasons, including those on visits of a selected account."""
    faults: tuple[Fault, ...] = ()
    """Data errors that a clerk must correct first. They override selection and holds."""

    @property
    def outcome(self) -> str:
        """`selected`, `held`, or `exception`."""
        if self.faults:
            return "exception"
        return "selected" if self.selection is not None else "held"
