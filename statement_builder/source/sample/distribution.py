"""Which cases a sample hospital has: every odd one once, then the ordinary mix of a billing office."""

from __future__ import annotations

import random
from itertools import accumulate

from statement_builder.billing.model import FinancialClass
from statement_builder.source.sample import cases
from statement_builder.source.sample.bad_rows import WRONG
from statement_builder.source.sample.cases import Case, held, named, of_class
from statement_builder.source.sample.obstetric import STAGES, STOPPED, pregnant_somehow

_LONG_FIRST, _LONG_LAST = "Maximiliana-Theodora Seraphina", "Featherstonehaugh-Montgomerys"
"""With the space between them sixty characters."""

_HELD: tuple[Case, ...] = (
    cases.paid_off,
    cases.credit,
    cases.small_balance,
    cases.paid_today,
    cases.unapplied_payment,
    cases.insurance_pending,
    cases.not_final,
    cases.above_estimate,
    cases.mailed_recently,
    cases.ladder_done,
    cases.no_encounters,
    cases.no_zip,
    cases.blank_address,
    cases.foreign_address,
    of_class(FinancialClass.QMB),
    of_class(FinancialClass.MEDICAID),
    of_class(FinancialClass.MEDICAID_PENDING),
    of_class(FinancialClass.WORKERS_COMP),
    of_class(FinancialClass.AUTO),
    held("BANKR_STAY"),
    held("DECEASED"),
    held("RETMAIL"),
    held("DISPUTE", on_account=True),
    held("FAP_PENDING"),
    held("ATTY"),
    held("AGENCY", on_account=True),
    held("CHARITY100"),
    held("PPDR", on_account=True),
)
_ODD: tuple[Case, ...] = (
    cases.many_lines,
    named(_LONG_FIRST, _LONG_LAST),
    named("Siobhán", "O'Brien"),
    named("María José", "Núñez"),
    named("Łukasz", "Wójcik"),
    named("Thị Hồng", "Nguyễn"),
    named("<b>Bold</b>", "Markup & Sons"),
    named("{{ first_name }}", "Template"),
    named("Grace", "Large", large_print=True),
    named("Edith", "Mail", delivery="email", email="edith.mail@example.com", email_consent_at="2024-02-01T12:00:00Z"),
    cases.family,
    cases.sensitive_visit,
    cases.denied,
    cases.pending_beside_final,
    cases.new_visit_beside_old_debt,
    cases.confidential_address,
    cases.plan_current,
    cases.plan_current,
    cases.plan_lapsed,
)
_LETTERS: tuple[Case, ...] = (cases.letter_2_due, cases.letter_3_due, cases.letter_4_due) * 3

ONCE: tuple[Case, ...] = (cases.new_statement, *_LETTERS, *_ODD, *STAGES, *STOPPED, *_HELD, *WRONG)
"""The first guarantors, in this order: whatever the size, the tests and the demo meet each of them."""

_USUAL: tuple[tuple[Case, float], ...] = (
    (cases.new_statement, 45),
    (cases.family, 9),
    (cases.reminder, 10),
    (cases.plan_current, 4),
    (cases.plan_lapsed, 1.5),
    (pregnant_somehow, 5),
    (cases.letter_2_due, 4),
    (cases.letter_3_due, 3),
    (cases.letter_4_due, 2.5),
    (cases.confidential_address, 0.5),
    (cases.pending_beside_final, 1),
)
_HELD_SHARE = 14.3
_WRONG_SHARE = 0.2
_CASES: tuple[Case, ...] = (*(case for case, _ in _USUAL), *_HELD, *WRONG)
_WEIGHTS = list(
    accumulate(
        (
            *(weight for _, weight in _USUAL),
            *(_HELD_SHARE / len(_HELD) for _ in _HELD),
            *(_WRONG_SHARE / len(WRONG) for _ in WRONG),
        )
    )
)


def choose_case(number: int, rng: random.Random) -> Case:
    """The case of the guarantor with this number (from 0)."""
    if number < len(ONCE):
        return ONCE[number]
    return rng.choices(_CASES, cum_weights=_WEIGHTS)[0]
