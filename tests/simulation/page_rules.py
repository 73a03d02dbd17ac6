"""The rules about what is printed or e-mailed: amounts, dates, and the words that the law asks for or forbids."""

from __future__ import annotations

import re
from calendar import month_name
from collections import Counter
from collections.abc import Iterator
from datetime import date

from tests.simulation.households import Household, Plan, Visit, World
from tests.simulation.letters import Letter, MailLog
from tests.simulation.limits import (
    AGENCY_NAMES,
    ASKING,
    ASSISTANCE_PHONE,
    ASSISTANCE_URL,
    BALANCE_MIN_CENTS,
    BILLING_PHONES,
    BILLS,
    ESTATE,
    FINAL,
    LETTER_MIN_CENTS,
    is_protected,
    visits_of,
)

_THREATS = re.compile(r"legal action will be taken|credit will be ruined|\bwe demand\b|\bexigimos\b", re.IGNORECASE)
_PAST_DUE = re.compile(r"past due|overdue|collection agency|vencid[oa]|agencia de cobran", re.IGNORECASE)
_ESTIMATE = re.compile(r"not a bill|no una factura|no es una factura", re.IGNORECASE)
_CARE_IS_SAFE = re.compile(r"not be delayed or denied|no le demoraremos ni negaremos", re.IGNORECASE)
_SUMMARY = re.compile(r"assistance: a summary in plain|financiera: un resumen en palabras", re.IGNORECASE)
_REPORTING = re.compile(r"credit (?:bureau|report)|crédito", re.IGNORECASE)
_SUIT = re.compile(r"\bcourt\b|\bsue\b|tribunal|demand(?:a|ar)", re.IGNORECASE)
_MONEY = re.compile(r"\$\s?\d")


def amount_is_what_is_owed(letter: Letter, world: World, log: MailLog, day: date) -> Iterator[str]:
    """The amount due is the sum of the visits' balances on the day it left; of a plan, the payments that are due."""
    asked, visits = letter.amount_cents, visits_of(letter, world)
    owed = sum(max(0, each.balance(day)) for each in visits)
    if asked < 0:
        yield f"asks for {asked} cents"
    if letter.kind in BILLS:
        expected = sum(amounts_of(visits, day, letter, log))
        if asked != expected:
            yield f"asks for {asked} cents, and {expected} are owed"
        if asked < (BALANCE_MIN_CENTS if letter.kind == "statement" else LETTER_MIN_CENTS):
            yield f"asks for {asked} cents, which is below the minimum"
    elif letter.kind in {"plan-default", "estate-claim"}:
        expected = sum(each.balance(day) for each in visits)
        if asked != expected:
            yield f"asks for {asked} cents, and {expected} are owed"
    elif letter.kind not in ASKING | {"assistance-decision"} and asked:
        yield f"a letter that asks for nothing has {asked} cents"
    elif letter.kind != "ob-notice" and asked > owed:
        yield f"asks for {asked} cents, and {owed} are owed"


def amounts_of(visits: list[Visit], day: date, letter: Letter, log: MailLog) -> Iterator[int]:
    """What a bill may ask for, by visit: the balance, or the payments of a plan in force that are due by its date."""
    for visit in visits:
        plan = visit.plan
        if plan is None or not is_protected(letter.household, plan, log, day):
            yield visit.balance(day)
            continue
        until = letter.due_on or day
        yield sum(each.left for each in plan.installments if each.due_on <= until)


def page_says_the_same(letter: Letter, world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """What the vendor prints has the amount and the date of the ledger, its visits, and nobody else's."""
    departure = letter.last
    if departure.channel != "print":
        return
    if departure.amount_cents != letter.amount_cents:
        yield f"the manifest has {departure.amount_cents} cents, the ledger {letter.amount_cents}"
    text = departure.text
    if letter.amount_cents and money(letter.amount_cents) not in text:
        yield f"the amount {letter.amount_cents} cents is not on the page"
    if letter.kind in BILLS and letter.due_on and not any(each in text for each in days(letter.due_on)):
        yield f"the date {letter.due_on} is not on the page"
    own = {each.account for each in letter.household.visits}
    printed = {word.strip(".,;:()") for word in text.split()} & world.by_account.keys()
    if printed - own:
        yield f"another household's visit {', '.join(sorted(printed - own))} is on the page"
    if letter.kind in BILLS and not printed >= set(letter.accounts):
        yield f"visit {', '.join(sorted(set(letter.accounts) - printed))} is not on the page"


def visits_add_up_on_the_page(letter: Letter, world: World, _log: MailLog, day: date) -> Iterator[str]:
    """Every cent of a visit is explained: charges, what insurance paid, discounts, what the patient paid, the rest."""
    if letter.kind != "statement" or letter.last.channel != "print" or letter.on_plan:
        return
    for visit in visits_of(letter, world):
        sums = Counter[str]()
        for each in visit.postings:
            if each.on <= day:
                sums["discounts" if each.kind in {"contractual", "charity"} else each.kind] -= each.cents
        for what, cents in sums.items():
            if cents and money(abs(cents)) not in letter.last.text:
                yield f"{what} of {abs(cents)} cents of {visit.account} are not on the page"


def assistance_is_offered(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """26 CFR 1.501(r)-4(b)(5)(i)(D)(2), 210 ILCS 88/20 and 88/25: each bill and each letter about one says where to
    apply for assistance, and where to ask or dispute."""
    if letter.last.channel != "print" or letter.kind not in ASKING:
        return
    text = _without_blanks(letter.last.text)
    for what, is_there in (
        ("telephone of the assistance office", ASSISTANCE_PHONE in text),
        ("address of the assistance policy", ASSISTANCE_URL in text),
        ("telephone of the billing office", any(each in text for each in BILLING_PHONES)),
    ):
        if not is_there:
            yield f"the {what} is not on the page"


def speaks_as_the_hospital(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """15 USC 1692a(6)(A): no third party's name before the final notice, which names it; no threat ever."""
    text = letter.last.text
    if letter.last.channel == "print" and letter.kind == "dunning" and letter.level == FINAL:
        if not any(each in text for each in AGENCY_NAMES):
            yield "the final notice does not name the agency"
    elif letter.kind in ASKING and any(each in text for each in AGENCY_NAMES):
        yield "the name of a collection agency is on it"
    if found := _THREATS.search(text):
        yield f'it says "{found[0]}"'


def final_notice_is_complete(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """26 CFR 1.501(r)-6(c)(4)(i): it identifies the actions that the hospital takes, here reporting to credit bureaus
    and suits, and comes with the summary of the assistance policy in plain language."""
    if letter.kind != "dunning" or letter.level != FINAL or letter.last.channel != "print":
        return
    for what, pattern in (
        ("reporting to credit bureaus", _REPORTING),
        ("suits", _SUIT),
        ("a summary of the assistance policy", _SUMMARY),
    ):
        if not pattern.search(letter.last.text):
            yield f"the final notice says nothing of {what}"


def estimate_is_no_bill(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """An estimate says that it is none, that care does not depend on it (42 CFR 489.24(d)(4)), and has no old debt."""
    if letter.kind != "ob-notice" or letter.last.channel != "print":
        return
    text = letter.last.text
    if not _ESTIMATE.search(text):
        yield "nothing says that it is not a bill"
    if not _CARE_IS_SAFE.search(text):
        yield "nothing says that care will not be delayed or denied"
    if found := _PAST_DUE.search(text):
        yield f'an estimate says "{found[0]}"'
    if any(each.account in text for each in letter.household.visits):
        yield "a visit is on the page of an estimate"


def email_says_nothing(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """45 CFR 164.502(b): an e-mail has a link, and no amount, account number, or last name."""
    if letter.last.channel != "email":
        return
    text = letter.last.text
    if _MONEY.search(text):
        yield "an amount is in the e-mail"
    if any(each.account in text for each in letter.household.visits) or letter.household.guarantor_id in text:
        yield "a number of an account is in the e-mail"
    if letter.household.last_name in text:
        yield "the last name is in the e-mail"


def plan_is_on_its_letter(letter: Letter, world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """12 CFR 1026.18: the agreement says what is paid in all, each amount, and the first and the last date."""
    if letter.last.channel != "print" or letter.kind != "plan-agreement":
        return
    for plan in _plans_of(letter, world):
        dates = (plan.installments[0].due_on, plan.installments[-1].due_on)
        cents = {each.cents for each in plan.installments} | {sum(each.cents for each in plan.installments)}
        for due_on in dates:
            if not any(form in letter.last.text for form in days(due_on)):
                yield f"the payment of {due_on} is not on the page"
        for each in sorted(cents):
            if money(each) not in letter.last.text:
                yield f"the amount of {each} cents is not on the page"


def _plans_of(letter: Letter, world: World) -> list[Plan]:
    return [each.plan for each in visits_of(letter, world) if each.plan is not None]


def refund_is_on_its_letter(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """A letter about a refund says how much comes back, to the cent."""
    if letter.kind == "refund" and letter.last.channel == "print":
        owed = [each.cents for each in letter.household.refunds]
        if not any(money(cents) in letter.last.text for cents in owed):
            yield f"no refund of {owed} cents is on the page"


def estate_is_addressed(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    """An estate is not a person: its letters are to "Estate of", to the representative if there is one, and never say
    that the reader owes something."""
    if letter.kind not in ESTATE:
        return
    household: Household = letter.household
    if not any("ESTATE OF" in each.upper() for each in letter.last.address_lines):
        yield "it is not addressed to the estate"
    representative = f"CARMEN {household.last_name.upper()}"
    is_known = household.estate is not None and household.estate.opened_on is not None
    if letter.kind == "estate-claim":
        if not is_known:
            yield "nobody represents the estate"
        elif not any(representative in each.upper() for each in letter.last.address_lines):
            yield "it is not addressed to the representative"
    if re.search(r"\byou owe\b", letter.last.text, re.IGNORECASE):
        yield "it says that the reader owes"


def copy_is_marked(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """A copy says that it is one, and asks for nothing else than the letter did."""
    original = log.letters.get(letter.revision_of)
    if original is None:
        yield "a copy of nothing that left"
    elif letter.amount_cents != original.amount_cents:
        yield f"a copy with {letter.amount_cents} cents of a letter with {original.amount_cents}"
    if not any(word in letter.last.text for word in ("COPY", "COPIA")):
        yield "nothing says that it is a copy"


def money(cents: int) -> str:
    """An amount as a page prints it."""
    return f"${cents // 100:,}.{cents % 100:02}"


_MONTHS_ES = {1: "enero", 2: "febrero", 3: "marzo", 4: "abril", 5: "mayo", 6: "junio", 7: "julio"}
_MONTHS_ES |= {8: "agosto", 9: "septiembre", 10: "octubre", 11: "noviembre", 12: "diciembre"}
_SEPTEMBER = 9


def days(day: date) -> tuple[str, ...]:
    """A date as a page may print it, in English and Spanish."""
    month = _MONTHS_ES[day.month]
    return (
        f"{month_name[day.month]} {day.day}, {day.year}",
        f"{month_name[day.month][:3]} {day.day}, {day.year}",
        f"{day.day} de {month} de {day.year}",
        f"{day.day} {month[: 4 if day.month == _SEPTEMBER else 3]} {day.year}",
        f"{day:%m/%d/%Y}",
    )


def _without_blanks(text: str) -> str:
    """A page breaks an address of the web over two lines."""
    return "".join(text.split())
