"""The numbers that decide who gets what, and when. Each default and its source are in `legal_numbers.toml`.

Loaded from the `[policy]` table of `statements.toml`, where a hospital sets what differs. A number outside its legal
limits is refused, so that a typing error cannot break the law.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from statement_builder.billing.model import Record
from statement_builder.billing.selection import CollectionAction, Kind, PlanLetterMode
from statement_builder.policy.legal_numbers import POLICY_NUMBERS, default_of


class LegalNumber(Record, kw_only=True):
    """A number that a law or regulation sets, with its citation and review date."""

    value: int
    citation: str
    reviewed_on: date


def _legal_default(name: str) -> LegalNumber:
    number = POLICY_NUMBERS[name]
    return LegalNumber(value=number.value, citation=number.citation, reviewed_on=number.reviewed)


class Policy(Record, kw_only=True):
    """One facility's policy. Each name ends with its unit; a name that ends with `_day` counts days from the first
    statement."""

    balance_min_cents: int = default_of("balance_min_cents")
    """A statement or obstetric notice below this amount is held. An equal amount is mailed."""
    letter_min_cents: int = default_of("letter_min_cents")
    """A letter below this amount is held. An equal amount is mailed."""
    statement_gap_days: int = default_of("statement_gap_days")
    """Minimum days between two statements, between two letters, and between two obstetric notices. Not less than
    `due_days`: no reminder comes before the date to pay by."""
    due_days: int = default_of("due_days")
    """Days from a document's date to its due date, which moves to the next business day."""
    restate_tolerance_cents: int = default_of("restate_tolerance_cents")
    """How much an amount may change between rendering and hand-off."""
    email_kinds: tuple[Kind, ...] = tuple(kind for kind in Kind if kind.traits.by_email)
    """Document kinds that may go by e-mail to a guarantor who consented. Final notices always go on paper."""
    consent_terms: tuple[str, ...] = ()
    """SHA-256 of each consent text in force (`sha256sum consent.txt`). The kinds in `esign_kinds` go by e-mail only to
    a guarantor whose consent is to one of them. Empty: the text is not checked."""
    esign_kinds: tuple[Kind, ...] = tuple(kind for kind in Kind if kind.traits.needs_esign_terms)
    """Document kinds that the law requires in writing, so that e-mail requires a consent to one of `consent_terms`
    (15 USC 7001(c)). A billing statement carries the written notice of financial assistance (26 CFR 1.501(r)-4)."""

    physician_balances: bool = False
    """Statements also show the visits that physician groups bill, each under the group's own name, and itemized bills
    of them can be asked for. `false`: these visits are held (`GROUP_BILLS`), and the groups bill for them."""
    statements_before_letters: int = default_of("statements_before_letters")
    """Statements mailed on a visit before its first letter."""
    past_due_letter_day: int = default_of("past_due_letter_day")
    """Days after the first statement when the past-due letter (level 2) is due."""
    second_letter_day: int = default_of("second_letter_day")
    """Days after the first statement when the second letter (level 3) is due."""
    final_notice_day: int = default_of("final_notice_day")
    """Days after the first statement when the final notice (level 4) is due."""
    final_due_days: int = default_of("final_due_days")
    """Days from the final notice's date to its deadline."""
    collection_actions: tuple[CollectionAction, ...] = ()
    """The extraordinary collection actions that the hospital, or its agency, takes. The final notice names them and
    waits for `eca_wait_days`, and placement requires an oral effort. List no action that the hospital does not take, or
    that state law forbids. Empty: none, and the final notice names none."""
    agency_name: str = ""
    """The collection agency that a final notice names. Empty: the hospital places no accounts. Placement alone is not
    an extraordinary collection action; list what the agency does in `collection_actions`."""
    application_insert_code: str = ""
    """The print vendor's code of the insert with the form to apply for financial assistance. It goes with every final
    notice where the facility's state requires that before an account is placed with `agency_name`."""
    placement_wait_days: int = default_of("placement_wait_days")
    """Days from the mailing of the final notice to a review for placement, if longer than its deadline. The review is
    never before the day after the deadline. 0: on that day."""
    placement_min_cents: int = default_of("placement_min_cents")
    """A visit with a balance below this amount is not placed with an agency. An equal amount is placed."""
    placement_payment_days: int = default_of("placement_payment_days")
    """A visit is not placed with an agency within this many days of a payment on it."""
    placement_coverage_days: int = default_of("placement_coverage_days")
    """A visit is placed with an agency only if Medicare and Medicaid were asked about coverage in this many days."""
    payment_pause_percent: int = default_of("payment_pause_percent")
    """A payment of at least this share of a visit's balance pauses its letters for `payment_pause_days`."""
    payment_pause_days: int = default_of("payment_pause_days")
    """Days that a large payment pauses the letters on a visit."""

    payment_plan_months_max: int = default_of("payment_plan_months_max")
    """The longest payment plan, in monthly payments, that the billing office offers without approval. Statements offer
    it. 0: they say only to call about monthly payments."""
    payment_plan_min_cents: int = default_of("payment_plan_min_cents")
    """The smallest monthly payment of a plan that statements offer."""
    plan_grace_days: int = default_of("plan_grace_days")
    """An installment unpaid for more days than this is missed."""
    plan_lapse_days: int = default_of("plan_lapse_days")
    """An installment unpaid for more days than this ends the plan, and its visits are billed in full again. Not before
    the last day to pay of a letter about it."""
    plan_cure_days: int = default_of("plan_cure_days")
    """Days to pay a missed installment, from the letter about it."""
    plan_letter_required: bool = False
    """A plan does not end before a letter about the missed payment was mailed. Some states require that."""
    plan_reminder_days: int = default_of("plan_reminder_days")
    """Days before an installment's due date when its reminder goes out."""
    plan_agreement_days: int = default_of("plan_agreement_days")
    """An agreement goes out for a plan that was opened, or whose terms changed, within this many days."""
    payroll_lead_days: int = default_of("payroll_lead_days")
    """Days from the form for a payroll deduction to the first payday, at least: to sign it, and to tell payroll."""
    payroll_revocation_days: int = default_of("payroll_revocation_days")
    """Days from a written revocation of a payroll deduction to the first payday without it, at most. Ask payroll when
    it closes a pay period; some states set a limit."""
    plan_letter_mode: PlanLetterMode = PlanLetterMode.DISCLOSURE
    """What a payment plan is confirmed with. `disclosure`: a written agreement to sign and return, with the Truth in
    Lending disclosures if it has more than `disclosure_installments_max` installments or a finance charge.
    `courtesy`: an informal letter that nobody signs, which a plan with a finance charge never gets."""

    assistance_respond_days: int = default_of("assistance_respond_days")
    """Days to send what an application for financial assistance lacks, from the letter about it, if the billing system
    gives no date."""
    assistance_appeal_days: int = default_of("assistance_appeal_days")
    """Days to ask for a review of a decision on financial assistance, from the letter about it."""
    assistance_refund_days: int = default_of("assistance_refund_days")
    """Days in which the hospital refunds what a person paid above the amount that a decision left."""
    itemized_bill_days: int = default_of("itemized_bill_days")
    """Days from a request for an itemized bill to its answer, at most. A state's law can give fewer. A letter
    (`itemized-request-reply`) says when the bill comes if it cannot be sent yet; an older request is listed
    (`REQ_LATE`)."""
    itemized_first_bill: bool = True
    """In a state whose law requires it, every visit with a balance gets an itemized bill with its first bill, once, and
    letters about late payment wait for it (`ITEMIZED_FIRST`). `false`: another system sends them."""
    verification_review_days: int = default_of("verification_review_days")
    """Days in which the billing office reviews a bill that somebody disputes or asks to have verified. An older review
    that is not finished is listed (`VERIFY_LATE`)."""
    verification_days: int = default_of("verification_days")
    """Days from the answer about a disputed bill in which no letter about late payment of its visit goes out. The
    answer says so."""
    estate_wait_days: int = default_of("estate_wait_days")
    """Days after a death when the inquiry about the estate goes out."""
    estate_reply_days: int = default_of("estate_reply_days")
    """Days from the inquiry's date to the date by which it asks for an answer."""
    estate_min_cents: int = default_of("estate_min_cents")
    """No inquiry and no claim about less than this. An equal amount is claimed."""
    estate_signer: str = ""
    """Who signs claims against estates for the hospital: a full name, printed as the signature. Empty: no claim is
    mailed."""
    estate_signer_title: str = ""
    """The signer's title at the hospital. Required with `estate_signer`."""
    certified_kinds: tuple[Kind, ...] = ()
    """Document kinds that go by certified mail with a return receipt, if the print profile has it
    (`certified_service`). All others go First-Class."""
    refund_letter_days: int = default_of("refund_letter_days")
    """A refund gets its letter within this many days of its approval, or of the day when it was sent."""
    refund_arrival_days: int = default_of("refund_arrival_days")
    """Days from the day when a refund is sent to the day after which its letter asks to call about it."""
    refund_reviews_balances: bool = True
    """A refund waits (`REFUND_BALANCE`) while the guarantor owes on another visit, until the refund queue records that
    it looked at that (`balances_reviewed`). A credit is never used for another visit without consent. `false`: the
    billing system has no such record, and approval is enough."""
    deposit_refund_days: int = default_of("deposit_refund_days")
    """Days from the insurer's decision about a birth to the refund of what is left of the deposits."""

    ob_pay_by_week: int = default_of("ob_pay_by_week")
    """Week of pregnancy by which the estimate should be paid."""
    ob_installments_max: int = default_of("ob_installments_max")
    """Maximum number of monthly payments that an estimate is spread over."""
    ob_courtesy_after_week: int = default_of("ob_courtesy_after_week")
    """A patient whose estimate is later than this week of pregnancy gets one courtesy notice only."""
    ob_first_notice_after_days: int = default_of("ob_first_notice_after_days")
    """Days from the estimate to the first notice."""
    ob_lead_days: int = default_of("ob_lead_days")
    """Minimum days from an obstetric notice's date to its due date."""
    ob_feed_max_age_hours: int = default_of("ob_feed_max_age_hours")
    """No obstetric notices if the feed of pregnancy data is older than this."""
    ob_edd_moved_max_days: int = default_of("ob_edd_moved_max_days")
    """Notices stop if the expected delivery date moved by more days than this after the estimate."""
    ob_edd_overdue_days: int = default_of("ob_edd_overdue_days")
    """This many days after the expected delivery date with no outcome on file, notices stop until a clerk checks."""
    ob_same_pregnancy_days: int = default_of("ob_same_pregnancy_days")
    """Two records of one patient with delivery dates closer than this may be one pregnancy: a loss stops both."""
    ob_adult_age_years: int = default_of("ob_adult_age_years")
    """Age from which the patient gets notices."""

    eca_wait_days: LegalNumber = _legal_default("eca_wait_days")
    """Minimum days from the first statement to any extraordinary collection action."""
    final_notice_days: LegalNumber = _legal_default("final_notice_days")
    """Minimum days from the mailing of the final notice to its deadline."""
    disclosure_installments_max: LegalNumber = _legal_default("disclosure_installments_max")
    """A written agreement for more installments than this has the Truth in Lending disclosures."""
    assistance_days: LegalNumber = _legal_default("assistance_days")
    """Days from the first statement in which the guarantor can apply for financial assistance."""
    assistance_refund_min_cents: LegalNumber = _legal_default("assistance_refund_min_cents")
    """The smallest excess that a decision on financial assistance refunds. An equal amount is refunded."""
    medicare_collection_days: LegalNumber = _legal_default("medicare_collection_days")
    """Minimum days from the first bill, and from each later payment, to a write-off as Medicare bad debt."""
    medicare_overpayment_days: LegalNumber = _legal_default("medicare_overpayment_days")
    """Days from the day when a Medicare patient's credit began to its deadline on the list of credit balances."""
    estimate_dispute_days: LegalNumber = _legal_default("estimate_dispute_days")
    """Days from the first bill in which a patient with a good faith estimate can start a payment dispute."""
    estimate_excess_cents: LegalNumber = _legal_default("estimate_excess_cents")
    """Charges this far above the good faith estimate are substantially in excess of it."""

    def __post_init__(self) -> None:
        """ValueError names the settings that are outside their limits or contradict each other, one in each of its
        `args`."""
        problems = [
            f"{name} {problem}"
            for name, number in POLICY_NUMBERS.items()
            if (problem := number.problem(self.number(name)))
        ]
        problems += [message for holds, message in self._requirements() if not holds]
        if problems:
            raise ValueError(*problems)

    def number(self, name: str) -> int:
        """The value in force of one number of the policy. AttributeError if there is no such setting."""
        value = getattr(self, name)
        return value.value if isinstance(value, LegalNumber) else int(value)

    def _requirements(self) -> tuple[tuple[bool, str], ...]:
        """What must hold between settings, so that nothing happens before a date that a document prints."""
        days = (self.past_due_letter_day, self.second_letter_day, self.final_notice_day)
        return (
            (
                self.final_due_days >= self.final_notice_days.value,
                "final_due_days must not be less than final_notice_days",
            ),
            (
                not self.placement_wait_days or self.placement_wait_days >= self.final_due_days,
                "placement_wait_days must be 0 or not less than final_due_days",
            ),
            (self.statement_gap_days >= self.due_days, "statement_gap_days must not be less than due_days"),
            (list(days) == sorted(days), "the letters' days must rise from one letter to the next"),
            (
                self.past_due_letter_day >= self.due_days
                and all(later - earlier >= self.due_days for earlier, later in pairwise(days)),
                "the letters' days must be at least due_days after the first statement and after each other",
            ),
            (
                len(set(self.collection_actions)) == len(self.collection_actions),
                "collection_actions must name each action once",
            ),
            (self.plan_grace_days <= self.plan_lapse_days, "plan_lapse_days must not be less than plan_grace_days"),
        )
