"""The numbers that decide who gets what and when. Every legal one carries its citation and review date.

Loaded from the `[policy]` table of `statements.toml`; a hospital sets what differs from these defaults. A number
below its legal minimum is refused, because a setting must not be able to break the law by a typing error.
"""

from __future__ import annotations

from datetime import date

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind

_REVIEWED_ON = date(2026, 11, 1)


class LegalNumber(Record, kw_only=True):
    """A number that a law or regulation sets, with where it says so and when somebody last looked."""

    value: int
    citation: str
    reviewed_on: date


class Policy(Record, kw_only=True):
    """One facility's policy. Money in cents, times in days unless the name says otherwise."""

    balance_min_cents: int = 500
    """A statement or obstetric notice below this is not worth its postage. Equal is mailed."""
    letter_min_cents: int = 1_000
    statement_gap_days: int = 25
    """At least this long between two mailings (statements, letters on one visit, obstetric notices)."""
    due_days: int = 25
    """A document's due date is this long after its date, or the next business day."""
    restate_tolerance_cents: int = 0
    """How far an amount may have moved between page and hand-off."""
    email_kinds: tuple[Kind, ...] = (Kind.STATEMENT, Kind.OB_NOTICE, Kind.DUNNING)
    """Kinds that may go by e-mail to whoever agreed to it. Final notices always go on paper."""

    statements_before_letters: int = 2
    past_due_letter_day: int = 60
    """Days after the first statement on which letter 2 of the ladder is due; then letters 3 and 4."""
    second_letter_day: int = 90
    final_notice_day: int = 120
    final_due_days: int = 40
    """Days that the final notice gives: the legal 30 from mailing, and up to 10 between its date and its mailing."""
    final_notice_names_action: bool = True
    """Whether the final notice names an extraordinary collection action; then it waits for `eca_wait_days`."""
    agency_name: str = ""
    """The collection agency that a final notice names; empty where the hospital places no accounts."""
    placement_wait_days: int = 30
    """After the final notice, before an account may be reviewed for placement."""
    payment_pause_percent: int = 25
    """A payment of at least this share of a visit's balance pauses its letters for `payment_pause_days`."""
    payment_pause_days: int = 30

    plan_grace_days: int = 10
    """An instalment unpaid for longer is missed."""
    plan_lapse_days: int = 30
    """An instalment unpaid for longer ends the plan: its visits are billed in full again."""

    ob_pay_by_week: int = 36
    ob_installments_max: int = 7
    ob_courtesy_after_week: int = 32
    """Who enrols after this week gets one courtesy notice only."""
    ob_first_notice_after_days: int = 5
    ob_lead_days: int = 10
    """An obstetric notice asks for nothing sooner than this after its date."""
    ob_feed_max_age_hours: int = 24
    ob_edd_moved_max_days: int = 21
    ob_edd_overdue_days: int = 14
    """From this long after the due date with no birth on file, nothing is sent and a clerk asks."""
    ob_same_pregnancy_days: int = 56
    """Two records of one patient with due dates closer than this may be one pregnancy: if one was lost, both stop."""
    ob_adult_age_years: int = 18

    eca_wait_days: LegalNumber = LegalNumber(value=120, citation="26 CFR 1.501(r)-6(c)(3)", reviewed_on=_REVIEWED_ON)
    """No extraordinary collection action before this long after the first statement; some states ask for 180."""
    final_notice_days: LegalNumber = LegalNumber(
        value=30, citation="26 CFR 1.501(r)-6(c)(4)(i)", reviewed_on=_REVIEWED_ON
    )
    """The deadline in the final notice is at least this long after it is mailed."""
    assistance_days: LegalNumber = LegalNumber(value=240, citation="26 CFR 1.501(r)-1(b)(3)", reviewed_on=_REVIEWED_ON)
    """Help with paying can be applied for at least this long after the first statement."""
    estimate_excess_cents: LegalNumber = LegalNumber(
        value=40_000, citation="45 CFR 149.620(a)(2)", reviewed_on=_REVIEWED_ON
    )
    """Charges this far above the good faith estimate are substantially in excess of it."""

    def __post_init__(self) -> None:
        """Raises ValueError naming the settings that contradict the law or each other."""
        wrong = [message for holds, message in self._requirements() if not holds]
        if wrong:
            raise ValueError("; ".join(wrong))

    def _requirements(self) -> tuple[tuple[bool, str], ...]:
        days = (self.past_due_letter_day, self.second_letter_day, self.final_notice_day)
        return (
            (self.eca_wait_days.value >= 120, f"eca_wait_days must be at least 120 ({self.eca_wait_days.citation})"),
            (
                self.final_due_days >= self.final_notice_days.value >= 30,
                "final_notice_days must be at least 30 and final_due_days no less (26 CFR 1.501(r)-6(c)(4)(i))",
            ),
            (
                0 <= self.estimate_excess_cents.value <= 40_000,
                "estimate_excess_cents must be at most 40000 (45 CFR 149.620(a)(2))",
            ),
            (
                self.assistance_days.value >= 240,
                f"assistance_days must be at least 240 ({self.assistance_days.citation})",
            ),
            (28 <= self.ob_pay_by_week <= 36, "ob_pay_by_week must be from 28 to 36"),
            (self.ob_installments_max >= 1, "ob_installments_max must be at least 1"),
            (list(days) == sorted(days) and days[0] > 0, "the letters' days must rise from one letter to the next"),
            (2 <= self.statements_before_letters <= 4, "statements_before_letters must be from 2 to 4"),
            (1 <= self.payment_pause_percent <= 100, "payment_pause_percent must be from 1 to 100"),
            (self.plan_grace_days <= self.plan_lapse_days, "plan_lapse_days must not be less than plan_grace_days"),
            (self._none_negative(), "no number of the policy may be negative"),
        )

    def _none_negative(self) -> bool:
        return all(value >= 0 for name in self.__struct_fields__ if isinstance(value := getattr(self, name), int))
