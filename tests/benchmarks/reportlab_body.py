"""The body of a statement as blocks, for pagination: opening, visits, totals, plan, and account history."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.lib.utils import simpleSplit

from statement_builder.documents import Content
from statement_builder.documents.facts import PlanLine, StatementFacts, VisitLine
from tests.benchmarks.reportlab_sheet import (
    BLUE,
    BODY_WIDTH,
    BOLD,
    HAIRLINE,
    INK,
    LEFT,
    PALE,
    PLAIN,
    QUIET,
    RIGHT,
    Block,
    Sheet,
    ascent,
    medium_date,
    money,
    split_words,
)

_COLUMNS = (LEFT + 278.6, LEFT + 347.8, LEFT + 408.2, LEFT + 465.1, RIGHT)
"""Right edges of the amounts."""


def body_blocks(content: Content, facts: StatementFacts) -> Iterator[tuple[Block, bool]]:
    """Every block, and whether it is a row of the visits table; the first such row is its head."""
    yield _opening(content, facts), False
    yield _visits_head(), True
    for visit in facts.visits:
        yield _visit(visit), True
    for block in _totals(content, facts):
        yield block, True
    for plan in facts.plans:
        yield _plan(plan), False
    roll = facts.roll_forward
    if roll.since and (roll.charges_cents or roll.insurance_cents or roll.adjustments_cents or roll.payments_cents):
        heads = ("Balance before", "New charges", "Insurance paid", "Discounts", "You paid", "Balance now")
        amounts: tuple[int, ...] = (
            roll.previous_cents,
            roll.charges_cents,
            -roll.insurance_cents,
            -roll.adjustments_cents,
            -roll.payments_cents,
            roll.current_cents,
        )
        yield _strip(f"Since {medium_date(roll.since)}", heads, amounts, 102.2, 70.6), False
    aging = facts.aging
    ages = ("Up to 30 days", "31 to 60 days", "61 to 90 days", "91 to 120 days", "Over 120 days")
    amounts = (
        aging.current_cents,
        aging.days_31_60_cents,
        aging.days_61_90_cents,
        aging.days_91_120_cents,
        aging.over_120_cents,
    )
    yield _strip("Days since your first bill", ages, amounts, 129.6, 79.2), False
    if len(facts.visits) > 3 and any(visit.has_share for visit in facts.visits):
        yield _glossary(), False


def _opening(content: Content, facts: StatementFacts) -> Block:
    name, count = content.recipient.name, len(facts.visits)
    if content.level == 0:
        head = f"{name}, here is what is left for you to pay."
        cost = money(facts.charges_cents)
        costs = f"Your visit cost {cost}. " if count == 1 else f"Your {count} visits cost {cost}. "
        if facts.insurance_cents > 0:
            costs += f"Insurance paid {money(facts.insurance_cents)}. "
        if facts.adjustments_cents > 0:
            costs += f"Discounts were {money(facts.adjustments_cents)}. "
        if facts.payments_cents > 0:
            costs += f"You paid {money(facts.payments_cents)}. "
        runs = [(PLAIN, f"{costs}Your share is "), (BOLD, f"{money(facts.owed_cents)}"), (PLAIN, ". ")]
    else:
        head = f"{name}, you may have overlooked this bill."
        runs = [
            (PLAIN, "If you have just paid, thank you: please ignore this reminder. "),
            (PLAIN, "To pay in monthly parts, call us. "),
        ]
    if facts.pending_cents > 0:
        pending = f"Insurance has still to pay {money(facts.pending_cents)}; you do not have to pay that part now."
        runs.append((PLAIN, pending))
    heads = simpleSplit(head, BOLD, 12.5, BODY_WIDTH)
    lines = split_words(runs, 10, BODY_WIDTH)

    def draw(sheet: Sheet, top: float) -> None:
        sheet.lines(LEFT, top, heads, BOLD, 12.5, 15.5, BLUE)
        sheet.words(LEFT, top + 15.5 * len(heads), lines, 10, 13)

    return 15.5 * len(heads) + 13 * len(lines) + 3, draw


def _visits_head() -> Block:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.text(LEFT, top + 9, "Your visits", BOLD, 9, BLUE)
        labels = ("Charges", "Insurance paid", "Discounts", "You paid", "You owe")
        for x, label in zip(_COLUMNS, labels, strict=True):
            sheet.text(x, top + 9, label, BOLD, 9, BLUE, right=True)
        sheet.rule(LEFT, RIGHT, top + 13, 1, BLUE)

    return 14, draw


def _visit(visit: VisitLine) -> Block:
    what = simpleSplit("Medical services" if visit.sensitive else visit.description, BOLD, 10, 210)
    dates = medium_date(visit.service_from)
    if visit.service_from != visit.service_to:
        dates = f"{dates} to {medium_date(visit.service_to)}"
    whose = simpleSplit(f"{dates} · {visit.patient_name} · Account {visit.account_number}", PLAIN, 9, 435.6)
    plan = "On your payment plan. " if visit.on_plan else ""
    why = simpleSplit(f"{plan}Why: {_reasons(visit)}", PLAIN, 9, 435.6)
    amounts = (visit.charges_cents, -visit.insurance_cents, -visit.adjustments_cents, -visit.payments_cents)
    pending = f"+ {money(visit.pending_cents)} with insurance" if visit.pending_cents else ""
    beside = simpleSplit(pending, PLAIN, 9, 60.5) if pending else []
    left = 12 * len(what) + 10.5 * (len(whose) + len(why))
    height = max(left, 12 + 10.5 * len(beside)) + 4.5

    def draw(sheet: Sheet, top: float) -> None:
        sheet.lines(LEFT, top + 2, what, BOLD, 10, 12, INK)
        sheet.lines(LEFT, top + 2 + 12 * len(what), [*whose, *why], PLAIN, 9, 10.5, QUIET)
        base = top + 2 + ascent(10, 12)
        for x, cents in zip(_COLUMNS, amounts, strict=False):
            sheet.text(x, base, money(cents), PLAIN, 10, INK, right=True)
        sheet.text(RIGHT, base, money(visit.owed_cents), BOLD, 10, INK, right=True)
        for place, line in enumerate(beside, start=1):
            sheet.text(RIGHT, base + 10.5 * place, line, PLAIN, 9, QUIET, right=True)
        sheet.rule(LEFT, RIGHT, top + height, 0.5, HAIRLINE)

    return height, draw


def _reasons(visit: VisitLine) -> str:
    if visit.has_share:
        shares = (
            ("deductible", visit.deductible_cents),
            ("coinsurance", visit.coinsurance_cents),
            ("copay", visit.copay_cents),
            ("not covered", visit.noncovered_cents),
        )
        return ", ".join(f"{name} {money(cents)}" for name, cents in shares if cents)
    if visit.denied:
        return "your insurance did not cover this visit"
    if visit.insurance_name:
        return "the part that your insurance left for you to pay"
    return "we have no insurance on file for this visit"


def _totals(content: Content, facts: StatementFacts) -> Iterator[Block]:
    amounts = (
        facts.charges_cents,
        -facts.insurance_cents,
        -facts.adjustments_cents,
        -facts.payments_cents,
        facts.owed_cents,
    )

    def draw_total(sheet: Sheet, top: float) -> None:
        sheet.rule(LEFT, RIGHT, top + 0.5, 1, BLUE)
        sheet.text(LEFT, top + 12, "Total", BOLD, 9.5, INK)
        for x, cents in zip(_COLUMNS, amounts, strict=True):
            sheet.text(x, top + 12, money(cents), BOLD, 9.5, INK, right=True)

    yield 16.5, draw_total
    if facts.plan_later_cents:

        def draw_after(sheet: Sheet, top: float) -> None:
            sheet.text(LEFT, top + 9.5, "On your payment plan, not due yet", PLAIN, 10, INK)
            sheet.text(RIGHT, top + 9.5, money(-facts.plan_later_cents), PLAIN, 10, INK, right=True)
            sheet.text(LEFT, top + 23.5, "Please pay now", BOLD, 10, BLUE)
            sheet.text(RIGHT, top + 23.5, content.amount_text, BOLD, 10, BLUE, right=True)

        yield 28, draw_after


def _plan(plan: PlanLine) -> Block:
    words = (
        f"This bill asks for {money(plan.due_cents)} of your plan. In all, {money(plan.remaining_cents)} of the plan "
        "is still to be paid. "
    )
    if plan.missed_count == 1:
        words += "There is 1 payment in it that we have not received yet. "
    elif plan.missed_count:
        words += f"There are {plan.missed_count} payments in it that we have not received yet. "
    lines = simpleSplit(f"{words}If it is too much right now, call us.", PLAIN, 10, BODY_WIDTH - 18)
    height = 4 + 7 + 14 + 13 * len(lines)

    def draw(sheet: Sheet, top: float) -> None:
        sheet.box(LEFT, top + 4, BODY_WIDTH, height - 4, None, BLUE)
        sheet.lines(LEFT + 9, top + 7, ["Your payment plan"], BOLD, 11, 14, BLUE)
        sheet.lines(LEFT + 9, top + 21, lines, PLAIN, 10, 13, INK)

    return height, draw


def _strip(label: str, heads: tuple[str, ...], amounts: tuple[int, ...], label_width: float, cell: float) -> Block:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.box(LEFT, top + 2, BODY_WIDTH, 26, PALE, None)
        sheet.text(LEFT + 6, top + 24, label, BOLD, 9, BLUE)
        for place, (head, cents) in enumerate(zip(heads, amounts, strict=True), start=1):
            x = LEFT + label_width + cell * place - 6
            sheet.text(x, top + 12, head, PLAIN, 9, QUIET, right=True)
            sheet.text(x, top + 24, money(cents), PLAIN, 10, INK, right=True)

    return 28, draw


def _glossary() -> Block:
    meanings = (
        ("Discounts:", "what the hospital takes off, by agreement with your insurance or by its own rules. You never "),
        ("", "pay it."),
        ("Deductible:", "what you pay for care each year before your insurance starts to pay."),
        ("Coinsurance:", "your part, in percent, of what is left after the deductible."),
        ("Copay:", "a fixed amount that you pay for one visit."),
        ("Not covered:", "care that your insurance plan does not pay for."),
    )

    def draw(sheet: Sheet, top: float) -> None:
        sheet.lines(LEFT, top + 8, ["What these words mean"], BOLD, 11, 14, BLUE)
        lines = [[(BOLD, f"{word} " if word else ""), (PLAIN, meaning)] for word, meaning in meanings]
        sheet.words(LEFT, top + 22, lines, 10, 13)

    return 22 + 13 * len(meanings), draw
