"""The numbers of the hospital's policy that documents print or calculate with. The batch provides them."""

from __future__ import annotations

from statement_builder.billing.model import Record
from statement_builder.billing.selection import CollectionAction, Kind, PlanLetterMode, PreAssignmentItem


class PrintedTerms(Record, kw_only=True):
    """Each is a setting of the policy, which has its citation."""

    plan_grace_days: int
    plan_lapse_days: int
    plan_cure_days: int
    """Days to pay a missed installment, from the letter about it."""
    pay_by_week: int
    """Week of pregnancy by which the estimate should be paid."""
    installments_max: int
    courtesy_after_week: int
    assistance_days: int
    """Days from the first statement to apply for financial assistance (26 CFR 1.501(r)-1(b)(3))."""
    final_due_days: int = 40
    """Days from a final notice to its deadline, which can end the application period later."""
    plan_letter_required: bool = False
    """A plan does not end without a letter about the missed payment."""
    collection_actions: tuple[CollectionAction, ...] = ()
    """What a final notice names (26 CFR 1.501(r)-6(c)(4)(i)(A)). Empty: nothing."""
    estimate_dispute_days: int = 120
    """Days from the first bill to dispute charges far above the good faith estimate (45 CFR 149.620(c)(1))."""
    statements_before_letters: int = 0
    """Statements on a visit before its first letter. 0: the page does not count them."""
    payment_plan_months_max: int = 0
    """The longest payment plan that needs no approval. 0: the page offers none by number."""
    payment_plan_min_cents: int = 0
    """The smallest monthly payment of such a plan."""
    plan_letter_mode: PlanLetterMode = PlanLetterMode.DISCLOSURE
    """Whether a payment plan is confirmed with an agreement to sign, or with an informal letter."""
    disclosure_installments_max: int = 4
    """An agreement on more installments has the Truth in Lending disclosures (12 CFR 1026.2(a)(17)(i))."""
    assistance_respond_days: int = 30
    """Days to apply for more than a decision without an application gave (26 CFR 1.501(r)-6(c)(2)(i)(B))."""
    assistance_refund_days: int = 30
    """Days to the refund of what was paid above the amount that a decision left."""
    assistance_refund_min_cents: int = 500
    """A smaller excess is not refunded (26 CFR 1.501(r)-6(c)(6)(i)(C)(2))."""
    payroll_revocation_days: int = 14
    """Days from a revocation of a payroll deduction to the first payday without it, at most."""
    agency_name: str = ""
    """The collection agency that a final notice names. Empty: the hospital places no accounts."""
    pre_assignment_items: tuple[PreAssignmentItem, ...] = ()
    """What the state's law has a final notice say before the agency gets the account. Empty: nothing."""
    estate_signer: str = ""
    """Who signs claims against estates."""
    estate_signer_title: str = ""
    certified_kinds: tuple[Kind, ...] = ()
    """What goes by certified mail, so that the page says so."""
