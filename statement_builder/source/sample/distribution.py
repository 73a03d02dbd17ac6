"""Which scenario each sample guarantor gets: first one of each, then the usual mix of a billing office."""

from __future__ import annotations

import random
from itertools import accumulate

from statement_builder.billing.model import FinancialClass
from statement_builder.source.sample import scenarios
from statement_builder.source.sample.assistance import ASSISTANCE
from statement_builder.source.sample.bad_rows import BAD_ROW_SCENARIOS, missing_name
from statement_builder.source.sample.estates import ESTATE_SCENARIOS, estate_in_probate, estate_unknown
from statement_builder.source.sample.obstetric import PREGNANCY_STAGES, STOPPED_PREGNANCIES, typical_pregnancy
from statement_builder.source.sample.payroll import PAYROLL_SCENARIOS
from statement_builder.source.sample.refunds import REFUND_SCENARIOS
from statement_builder.source.sample.scenarios import Scenario, with_financial_class, with_hold, with_name

_LONG_FIRST, _LONG_LAST = "Maximiliana-Theodora Seraphina", "Featherstonehaugh-Montgomerys"
"""60 characters with the space between them."""

DISPUTED = with_hold("DISPUTE", on_account=True)

_HELD: tuple[Scenario, ...] = (
    scenarios.paid_off,
    scenarios.credit,
    scenarios.small_balance,
    scenarios.paid_today,
    scenarios.unapplied_payment,
    scenarios.insurance_pending,
    scenarios.not_final_billed,
    scenarios.above_estimate,
    scenarios.mailed_recently,
    scenarios.ladder_completed,
    scenarios.no_encounters,
    scenarios.no_zip,
    scenarios.blank_address,
    scenarios.foreign_address,
    with_financial_class(FinancialClass.QMB),
    with_financial_class(FinancialClass.MEDICAID),
    with_financial_class(FinancialClass.MEDICAID_PENDING),
    with_financial_class(FinancialClass.WORKERS_COMP),
    with_financial_class(FinancialClass.AUTO),
    with_hold("BANKR_STAY"),
    with_hold("DECEASED"),
    with_hold("RETMAIL"),
    DISPUTED,
    scenarios.assistance_application,
    with_hold("ATTY"),
    with_hold("AGENCY", on_account=True),
    with_hold("CHARITY100"),
    with_hold("PPDR", on_account=True),
)
_EDGE_CASES: tuple[Scenario, ...] = (
    scenarios.many_lines,
    with_name(_LONG_FIRST, _LONG_LAST),
    with_name("Siobhán", "O'Brien"),
    with_name("María José", "Núñez"),
    with_name("Łukasz", "Wójcik"),
    with_name("Thị Hồng", "Nguyễn"),
    with_name("<b>Bold</b>", "Markup & Sons"),
    with_name("{{ first_name }}", "Template"),
    with_name("Grace", "Large", large_print=True),
    with_name(
        "Edith", "Mail", delivery="email", email="edith.mail@example.com", email_consent_at="2024-02-01T12:00:00Z"
    ),
    scenarios.family,
    scenarios.sensitive_visit,
    scenarios.denied,
    scenarios.pending_and_final,
    scenarios.new_visit_with_old_debt,
    scenarios.confidential_address,
    scenarios.plan_current,
    missing_name,  # early, so that a small hospital has an exception
    scenarios.plan_lapsed,
)
_LETTERS: tuple[Scenario, ...] = (scenarios.letter_2_due, scenarios.letter_3_due, scenarios.letter_4_due) * 3

ONE_OF_EACH: tuple[Scenario, ...] = (
    scenarios.new_statement,
    *_LETTERS,
    *_EDGE_CASES,
    *PREGNANCY_STAGES,
    *STOPPED_PREGNANCIES,
    *_HELD,
    *BAD_ROW_SCENARIOS,
    scenarios.confidential_teenager,
    scenarios.attorney_client,
    scenarios.braille,
    scenarios.other_language,
    scenarios.long_stay,
    scenarios.plan_opened,
    scenarios.plan_with_finance_charge,
    scenarios.plan_without_rate,
    scenarios.plan_payment_due,
    scenarios.plan_payment_missed,
    scenarios.plan_defaulted,
    *ASSISTANCE,
    *ESTATE_SCENARIOS,
    *PAYROLL_SCENARIOS,
    *REFUND_SCENARIOS,
)
"""The first guarantors, in this order, so that a hospital of any size has every scenario."""

_COMMON: tuple[tuple[Scenario, float], ...] = (
    (scenarios.new_statement, 45),
    (scenarios.family, 9),
    (scenarios.reminder, 10),
    (scenarios.plan_current, 4),
    (scenarios.plan_lapsed, 1.5),
    (scenarios.plan_opened, 0.5),
    (scenarios.plan_payment_due, 0.5),
    (scenarios.plan_payment_missed, 0.5),
    (typical_pregnancy, 6),
    (scenarios.letter_2_due, 4),
    (scenarios.letter_3_due, 3),
    (scenarios.letter_4_due, 2.5),
    (scenarios.confidential_address, 0.5),
    (scenarios.pending_and_final, 1),
)
_ESTATES: dict[int, Scenario] = {11: estate_unknown, 41: estate_in_probate}
_ESTATES_EVERY = 60
"""Of so many guarantors after the first ones, two have died. They draw no random number of the mix, so that they change
nobody else."""
_HELD_PERCENT = 14.3
_BAD_ROW_PERCENT = 0.2
_SCENARIOS: tuple[Scenario, ...] = (*(scenario for scenario, _ in _COMMON), *_HELD, *BAD_ROW_SCENARIOS)
_WEIGHTS = list(
    accumulate(
        (
            *(weight for _, weight in _COMMON),
            *(_HELD_PERCENT / len(_HELD) for _ in _HELD),
            *(_BAD_ROW_PERCENT / len(BAD_ROW_SCENARIOS) for _ in BAD_ROW_SCENARIOS),
        )
    )
)


def choose_scenario(number: int, rng: random.Random) -> Scenario:
    """The scenario for guarantor `number` (from 0)."""
    if number < len(ONE_OF_EACH):
        return ONE_OF_EACH[number]
    if scenario := _ESTATES.get(number % _ESTATES_EVERY):
        return scenario
    return rng.choices(_SCENARIOS, cum_weights=_WEIGHTS)[0]
