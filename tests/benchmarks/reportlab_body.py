"""The body of a statement as blocks, for pagination: opening, visits, totals, plan, and account history."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress

from reportlab.lib.utils import simpleSplit

from statement_builder.documents import Content
from statement_builder.documents.facts import PlanLine, StatementFacts, VisitLine
from statement_builder.documents.reasons import Reason
from statement_builder.rendering.text_fit import insurer_fits
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
    yield _visits_head(facts), True
    for visit in facts.visits:
        yield _visit(visit, facts), True
    for block in _totals(content, facts):
        yield block, True
    for plan in facts.plans:
        yield _plan(plan), False
    roll = facts.roll_forward
    if roll.since and facts.has_changes:
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
    if facts.aging.current_cents != facts.aging.total_cents:
        yield _aging(facts), False
    yield _questions(content, facts), False
    if len(facts.visits) > 3 and facts.has_split:
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
        owes = "Your share is" if facts.insured else "You owe"
        runs = [(PLAIN, f"{costs}{owes} "), (BOLD, f"{money(facts.owed_cents)}"), (PLAIN, ". ")]
    else:
        head = f"{name}, you may have overlooked this bill."
        runs = [(PLAIN, "If you have just paid, thank you: please ignore this reminder. ")]
    if facts.pending_cents > 0:
        pending = f"Insurance has still to pay {money(facts.pending_cents)}; you do not have to pay that part now."
        runs.append((PLAIN, pending))
    heads = simpleSplit(head, BOLD, 12.5, BODY_WIDTH)
    lines = split_words(runs, 10, BODY_WIDTH)

    def draw(sheet: Sheet, top: float) -> None:
        sheet.lines(LEFT, top, heads, BOLD, 12.5, 15.5, BLUE)
        sheet.words(LEFT, top + 15.5 * len(heads), lines, 10, 13)

    return 15.5 * len(heads) + 13 * len(lines) + 3, draw


def _shown(facts: StatementFacts) -> tuple[bool, ...]:
    """Which columns the table has: an uninsured reader gets no column of zeros."""
    return True, facts.insured, facts.shows_adjustments, facts.shows_payments, True


def _columns(facts: StatementFacts) -> tuple[float, ...]:
    """Right edges of the amounts."""
    return _COLUMNS[-sum(_shown(facts)) :]


def _amounts(sums: VisitLine | StatementFacts, facts: StatementFacts) -> tuple[int, ...]:
    amounts = (
        sums.charges_cents,
        -sums.insurance_cents,
        -sums.adjustments_cents,
        -sums.payments_cents,
        sums.owed_cents,
    )
    return tuple(compress(amounts, _shown(facts)))


def _visits_head(facts: StatementFacts) -> Block:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.text(LEFT, top + 9, "Your visits", BOLD, 9, BLUE)
        labels = ("Charges", "Insurance paid", "Discounts", "You paid", "You owe")
        for x, label in zip(_columns(facts), compress(labels, _shown(facts)), strict=True):
            sheet.text(x, top + 9, label, BOLD, 9, BLUE, right=True)
        sheet.rule(LEFT, RIGHT, top + 13, 1, BLUE)

    return 14, draw


def _visit(visit: VisitLine, facts: StatementFacts) -> Block:
    what = simpleSplit("Medical services" if visit.sensitive else visit.description, BOLD, 10, 210)
    dates = medium_date(visit.service_from)
    if visit.service_from != visit.service_to:
        dates = f"{dates} to {medium_date(visit.service_to)}"
    where = f" · {visit.facility_name}" if visit.facility_name else ""
    insurer = f"Insurance: {visit.insurance_name}" if visit.insurance_name else ""
    fits = insurer_fits(visit)
    beside_facility = f" · {insurer}" if insurer and fits else ""
    line = f"{dates} · {visit.patient_name} · Account {visit.account_number}{where}{beside_facility}"
    whose = simpleSplit(line, PLAIN, 9, 457.2)
    plan = "On your payment plan. " if visit.on_plan else ""
    before = f"{insurer}. " if insurer and not fits else ""
    why = simpleSplit(f"{plan}{before}Why: {_reasons(visit)}", PLAIN, 9, 457.2)
    amounts = _amounts(visit, facts)[:-1]
    pending = f"+ {money(visit.pending_cents)} with insurance" if visit.pending_cents else ""
    beside = simpleSplit(pending, PLAIN, 9, 60.5) if pending else []
    left = 12 * len(what) + 10.5 * (len(whose) + len(why))
    height = max(left, 12 + 10.5 * len(beside)) + 4.5

    def draw(sheet: Sheet, top: float) -> None:
        sheet.lines(LEFT, top + 2, what, BOLD, 10, 12, INK)
        sheet.lines(LEFT, top + 2 + 12 * len(what), [*whose, *why], PLAIN, 9, 10.5, QUIET)
        base = top + 2 + ascent(10, 12)
        for x, cents in zip(_columns(facts), amounts, strict=False):
            sheet.text(x, base, money(cents), PLAIN, 10, INK, right=True)
        sheet.text(RIGHT, base, money(visit.owed_cents), BOLD, 10, INK, right=True)
        for place, line in enumerate(beside, start=1):
            sheet.text(RIGHT, base + 10.5 * place, line, PLAIN, 9, QUIET, right=True)
        sheet.rule(LEFT, RIGHT, top + height, 0.5, HAIRLINE)

    return height, draw


_REASONS = {
    Reason.DEDUCTIBLE: "deductible {}",
    Reason.COINSURANCE: "coinsurance {}",
    Reason.COPAY: "copay {}",
    Reason.NOT_COVERED: "not covered {}",
    Reason.INSURANCE_LEFT: "the part that your insurance left for you to pay",
    Reason.PAID: "less {} that you paid",
    Reason.DENIED: "your insurance did not cover this visit",
    Reason.PARTLY_DENIED: "your insurance did not cover all of this visit",
    Reason.NO_INSURANCE: "we have no insurance on file for this visit",
}
"""The reasons of the documents in the benchmark."""


def _reasons(visit: VisitLine) -> str:
    words = []
    for part in visit.reasons:
        word = _REASONS[part.reason].format(money(part.cents))
        words.append(f"{word}, {money(part.cents)}" if part.reason is Reason.INSURANCE_LEFT and part.cents else word)
    return ", ".join(words)


def _totals(content: Content, facts: StatementFacts) -> Iterator[Block]:
    amounts = _amounts(facts, facts)

    def draw_total(sheet: Sheet, top: float) -> None:
        sheet.rule(LEFT, RIGHT, top + 0.5, 1, BLUE)
        sheet.text(LEFT, top + 12, "Total", BOLD, 9.5, INK)
        for x, cents in zip(_columns(facts), amounts, strict=True):
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
    words = f"This bill asks for {money(plan.due_cents)} of your plan. "
    if plan.missed_count == 1:
        words += "That includes 1 payment that we have not received yet. "
    elif plan.missed_count:
        words += f"That includes {plan.missed_count} payments that we have not received yet. "
    words += f"In all, {money(plan.remaining_cents)} of the plan is still to be paid. "
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
        sheet.text(LEFT + 6, top + 12, "What has changed", BOLD, 9, BLUE)
        sheet.text(LEFT + 6, top + 24, label, BOLD, 9, BLUE)
        for place, (head, cents) in enumerate(zip(heads, amounts, strict=True), start=1):
            x = LEFT + label_width + cell * place - 6
            sheet.text(x, top + 12, head, PLAIN, 9, QUIET, right=True)
            sheet.text(x, top + 24, money(cents), PLAIN, 10, INK, right=True)

    return 28, draw


def _aging(facts: StatementFacts) -> Block:
    aging = facts.aging
    ages = (
        ("up to 30 days", aging.current_cents),
        ("31 to 60 days", aging.days_31_60_cents),
        ("61 to 90 days", aging.days_61_90_cents),
        ("91 to 120 days", aging.days_91_120_cents),
        ("over 120 days", aging.over_120_cents),
    )
    listed = " · ".join(f"{label} {money(cents)}" for label, cents in ages if cents)
    return _small([[(BOLD, "Days since your first bill: "), (PLAIN, listed)]])


def _questions(content: Content, facts: StatementFacts) -> Block:
    asks = ("Do you have insurance? ", "Call us before you pay, so that we can bill it.")
    if facts.denied:
        asks = (
            "Insurance did not pay? ",
            "You can ask your insurance to look at it again (an appeal). Its letter says ",
        )
        asks = (asks[0], f"{asks[1]}how and by when.")
    elif facts.insured:
        asks = ("Wrong or new insurance? ", "Call us before you pay.")
    parts = f"To pay in monthly parts, call {content.facility.phone}. "
    separate = "Doctors, laboratories and ambulances may bill you separately. Their bills are not part of this one."
    first = [(BOLD, "Too much at once? "), (PLAIN, parts), (BOLD, asks[0]), (PLAIN, asks[1])]
    return _small([first, [(BOLD, "Another bill? "), (PLAIN, separate)]])


def _small(paragraphs: list[list[tuple[str, str]]]) -> Block:
    lines = [line for runs in paragraphs for line in split_words(runs, 9, BODY_WIDTH)]

    def draw(sheet: Sheet, top: float) -> None:
        sheet.words(LEFT, top + 1, lines, 9, 11)

    return 1 + 11 * len(lines), draw


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
