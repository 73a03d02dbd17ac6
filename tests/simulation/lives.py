"""Draws what happens to each household in the simulated year, from a seed.

A household's life depends on the seed and its own number only, so that leaving out other households changes nothing.
The first households of a simulation have one of each kind of life; the others draw theirs.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from tests.simulation.households import BIRTH, FIRST, LAST, Event, Household

START = date(2026, 1, 1)


class Life:
    """The events of one household. Days count from the start of the simulation."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = Random(f"{seed}/{number}")
        self.number = number
        self.events: list[Event] = []
        self.visits = 0
        random = self.random
        self.household = Household(
            number=number,
            guarantor_id=f"G{100_000 + number}",
            first_name=random.choice(FIRST),
            last_name=random.choice(LAST),
            language="es" if random.random() < 0.15 else "en",
            delivery="email" if random.random() < 0.3 else "paper",
        )

    def add(self, day: int, what: str, **facts: object) -> None:
        self.events.append(Event(START + timedelta(days=day), self.number, what, facts))

    def add_visit(self, day: int, *, insured: bool = True, financial_class: str = "") -> int:
        """A visit, and the insurer's decision. Returns the day from which the patient owes something."""
        self.visits += 1
        charge = self.random.randint(400, 9_000) * 100 + self.random.randint(0, 99)
        facts: dict[str, object] = {"visit": self.visits, "charge_cents": charge, "insured": insured}
        if financial_class:
            facts["financial_class"] = financial_class
        self.add(day, "visit", **facts)
        if not insured:
            return day + 5
        decided = day + self.random.randint(10, 40)
        share = 0 if self.random.random() < 0.08 else charge * self.random.randint(30, 400) // 1000
        self.add(decided, "adjudicated", visit=self.visits, share_cents=share)
        return decided


def draw_life(seed: int, number: int) -> tuple[Household, list[Event]]:
    """A household, and what happens to it, by date."""
    life = Life(seed, number)
    first = life.random.randint(0, 45)
    owed = life.add_visit(first, insured=life.random.random() < 0.75)
    story = STORIES[number % len(STORIES)] if number < len(STORIES) else life.random.choices(STORIES, WEIGHTS)[0]
    story(life, owed)
    if life.random.random() < 0.5:
        later = life.add_visit(owed + life.random.randint(10, 150), insured=life.random.random() < 0.75)
        if life.random.random() < 0.5:
            life.add(later + life.random.randint(20, 90), "pays", visit=life.visits, permille=1000)
    if life.random.random() < 0.08:
        life.add(owed + life.random.randint(20, 200), "requests-bill", visit=1)
    return life.household, sorted(life.events, key=lambda each: each.day)


def _pays_in_full(life: Life, owed: int) -> None:
    life.add(owed + life.random.randint(10, 80), "pays", visit=1, permille=1000)


def _pays_in_parts(life: Life, owed: int) -> None:
    day = owed
    for _ in range(life.random.randint(1, 4)):
        day += life.random.randint(5, 60)
        life.add(day, "pays", visit=1, permille=life.random.randint(20, 600))


def _never_pays(life: Life, owed: int) -> None:
    """Goes through the whole ladder of letters, and to an agency."""
    if life.random.random() < 0.85:
        _add_efforts(life, owed)


def _add_efforts(life: Life, owed: int) -> None:
    """What must be done before a visit may go to an agency: screening, a call, and checks of coverage every month."""
    life.add(owed + life.random.randint(5, 40), "effort", kind="screening")
    life.add(owed + life.random.randint(60, 100), "effort", kind="oral_effort")
    first = owed + life.random.randint(120, 150)
    for day in range(first, first + 180, 25):
        life.add(day, "effort", kind="coverage_check")


def _was_billed_before(life: Life, owed: int) -> None:
    """An old debt, billed by another system up to some letter. An agency gets it, unless something happens."""
    life.visits += 1
    charge = life.random.randint(100, 900) * 100 + life.random.randint(0, 99)
    life.add(-230, "visit", visit=life.visits, charge_cents=charge, insured=False)
    letters = ((0, 200), (1, 168), (2, 138), (3, 100), (4, 45))[: life.random.choice((2, 3, 4, 5, 5))]
    life.add(-1, "was-billed", visit=life.visits, letters=letters)
    life.household.delivery = "paper"
    _add_efforts(life, -140)
    what = life.random.choice(("", "pays", "pays", "dies", "hold", "applies", "opens-plan", "ends-hold"))
    day, old = life.random.randint(20, 150), life.visits
    if what == "pays":
        life.add(day, "pays", visit=old, permille=life.random.choice((100, 500, 1000)))
        life.add(day + 40, "pays", visit=old, permille=1000)
    elif what == "dies":
        life.add(day, "dies")
        life.add(day + life.random.randint(10, 60), "estate-opens")
    elif what in {"hold", "ends-hold"}:
        code = life.random.choice(("BANKR_STAY", "PPDR", "DISPUTE", "ATTY"))
        life.add(day, "hold", code=code, **({} if code == "BANKR_STAY" else {"visit": old}))
        if what == "ends-hold":
            life.add(day + life.random.randint(10, 60), "ends-hold", code=code)
    elif what == "applies":
        life.add(day, "applies")
        life.add(day + life.random.randint(5, 30), "completes")
        life.add(day + life.random.randint(31, 50), "denied")
    elif what == "opens-plan":
        life.add(day, "opens-plan", visit=old, months=3)


def _works_here(life: Life, owed: int) -> None:
    """An employee who pays a visit from the wages, takes it back, leaves, or goes bankrupt."""
    asked = owed + life.random.randint(5, 40)
    # A payday before the 29th, at least five weeks ahead.
    first = START + timedelta(days=asked + life.random.randint(36, 45))
    days = (first.replace(day=min(first.day, 28)) - START).days - asked
    count = life.random.randint(2, 6)
    life.add(asked, "asks-payroll", visit=1, count=count, days=days)
    if life.random.random() < 0.9:
        life.add(asked + life.random.randint(8, days - 5), "signs-payroll")
    day = asked + days + life.random.randint(5, 100)
    what = life.random.choice(("", "", "", "revoked", "ended", "hold", "dies"))
    if what in {"revoked", "ended"}:
        life.add(day, "ends-payroll", status=what)
    elif what == "hold":
        life.add(day, "hold", code="BANKR_STAY")
    elif what == "dies":
        life.add(day, "dies")


def _pays_twice(life: Life, owed: int) -> None:
    """A payment that is too high, and its refund."""
    paid = owed + life.random.randint(10, 60)
    life.add(paid, "pays", visit=1, permille=life.random.randint(1100, 2000))
    approved = paid + life.random.randint(3, 30)
    days = life.random.randint(2, 14)
    life.add(approved, "refund-approved", visit=1, days=days)
    if life.random.random() < 0.8:
        life.add(approved + days, "refund-sent")


def _pays_somewhere(life: Life, owed: int) -> None:
    paid = owed + life.random.randint(5, 90)
    life.add(paid, "pays-unapplied", cents=life.random.randint(2_000, 20_000))
    if life.random.random() < 0.8:
        life.add(paid + life.random.randint(2, 40), "applies-payment", visit=1)


def _has_plan(life: Life, owed: int) -> None:
    """A plan that is kept, broken, cured, or paid up early."""
    opened = owed + life.random.randint(5, 130)
    months = life.random.randint(2, 6)
    life.add(opened, "opens-plan", visit=1, months=months)
    conduct = life.random.choice(("kept", "kept", "late", "cured", "broken", "paid-up"))
    stop = life.random.randint(0, months) if conduct in {"cured", "broken"} else months
    for index in range(stop):
        due = opened + 30 * (index + 1)
        day = due + (life.random.randint(1, 9) if conduct == "late" else -life.random.randint(0, 6))
        if conduct == "paid-up" and index == 1:
            life.add(day, "pays-installment", visit=1, count=months)
            return
        life.add(day, "pays-installment", visit=1, count=1)
    if stop < months:
        missed = opened + 30 * (stop + 1)
        if conduct == "cured":
            life.add(missed + life.random.randint(12, 28), "pays-installment", visit=1, count=2)
            for index in range(stop + 2, months):
                life.add(opened + 30 * (index + 1), "pays-installment", visit=1, count=1)
        elif life.random.random() < 0.5:
            life.add(missed + life.random.randint(31, 60), "plan-defaults", visit=1)


def _dies(life: Life, owed: int) -> None:
    died = owed + life.random.randint(1, 120)
    life.add(died, "dies")
    if life.random.random() < 0.6:
        life.add(died + life.random.randint(10, 90), "estate-opens")


def _goes_bankrupt(life: Life, owed: int) -> None:
    filed = owed + life.random.randint(1, 150)
    life.add(filed, "hold", code="BANKR_STAY")
    if life.random.random() < 0.4:
        life.add(filed + life.random.randint(30, 90), "ends-hold", code="BANKR_STAY")


def _disputes(life: Life, owed: int) -> None:
    code = life.random.choice(("DISPUTE", "COMPLAINT", "DISPUTE", "PPDR", "ATTY", "CONTEST", "TPL"))
    day = owed + life.random.randint(1, 130)
    life.add(day, "hold", code=code, visit=1)
    if life.random.random() < 0.7:
        life.add(day + life.random.randint(5, 70), "ends-hold", code=code)
    if life.random.random() < 0.4:
        life.add(day + life.random.randint(71, 90), "pays", visit=1, permille=life.random.randint(300, 1000))


def _moves(life: Life, owed: int) -> None:
    life.household.delivery = "paper"
    day = owed + life.random.randint(1, 120)
    life.add(day, "moves")
    if life.random.random() < 0.7:
        life.add(day + life.random.randint(3, 60), "tells-address")


def _email_breaks(life: Life, owed: int) -> None:
    life.household.delivery = "email"
    life.add(owed + life.random.randint(0, 60), "email-breaks")


def _applies(life: Life, owed: int) -> None:
    day = owed + life.random.randint(3, 160)
    life.add(day, "applies")
    if life.random.random() < 0.6:
        day += life.random.randint(2, 10)
        missing = life.random.choice(("income", "income signature", "tax_return", "form household"))
        life.add(day, "is-incomplete", missing=missing)
    if life.random.random() < 0.85:
        day += life.random.randint(5, 40)
        life.add(day, "completes")
        day += life.random.randint(3, 25)
        if life.random.random() < 0.6:
            life.add(day, "granted", percent=life.random.choice((25, 50, 75, 100, 100)))
        else:
            life.add(day, "denied")
        if life.random.random() < 0.3:
            life.add(day + life.random.randint(10, 90), "pays", visit=1, permille=1000)


def _expects_a_child(life: Life, owed: int) -> None:
    """A pregnancy with deposits, and a birth; the visit from before stays what it is."""
    life.household.first_name = life.random.choice(("Ana", "Carla", "Elena", "Grace", "Irene", "Karen"))
    day, left = owed + life.random.randint(0, 30), life.random.randint(40, 220)
    estimate = life.random.randint(800, 4_500) * 100
    life.add(day, "pregnant", days_left=left, estimate_cents=estimate)
    for index in range(life.random.randint(0, 5)):
        life.add(day + 20 + 30 * index, "deposits", cents=estimate // 6)
    birth = day + left + life.random.randint(-20, 10)
    charge = life.random.randint(8_000, 20_000) * 100
    life.add(birth, "birth", charge_cents=charge)
    life.add(birth + life.random.randint(15, 40), "adjudicated", visit=BIRTH, share_cents=charge // 6)


def _loses_a_child(life: Life, owed: int) -> None:
    _expects_a_child(life, owed)
    events = [each for each in life.events if each.what != "birth"]
    pregnant = next(each for each in events if each.what == "pregnant")
    day = (pregnant.day - START).days + life.random.randint(5, 90)
    life.events = events
    life.add(day, "loss")


def _wants_privacy(life: Life, owed: int) -> None:
    life.household.delivery = "paper"
    life.add(owed + life.random.randint(1, 100), "asks-for-confidential")


def _has_medicaid(life: Life, owed: int) -> None:
    life.add_visit(owed + 5, financial_class=life.random.choice(("medicaid", "qmb", "workers_comp", "medicare")))


def _is_a_child(life: Life, owed: int) -> None:
    """A child on file as the guarantor: a minor is not billed, whatever is owed."""
    life.household.born_on = date(2012, 5, 1)
    if life.random.random() < 0.5:
        life.add(owed + life.random.randint(30, 200), "pays", visit=1, permille=1000)


STORIES = (
    _never_pays,
    _has_plan,
    _dies,
    _goes_bankrupt,
    _disputes,
    _moves,
    _email_breaks,
    _applies,
    _expects_a_child,
    _loses_a_child,
    _pays_twice,
    _pays_in_parts,
    _pays_in_full,
    _pays_somewhere,
    _wants_privacy,
    _has_medicaid,
    _was_billed_before,
    _works_here,
    _is_a_child,
)
WEIGHTS = (20, 14, 4, 3, 7, 6, 4, 9, 6, 1, 3, 10, 12, 3, 2, 3, 12, 5, 1)
