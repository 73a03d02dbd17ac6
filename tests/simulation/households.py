"""The hospital's patients as they really are: visits, payments, plans, and everything else on file.

This is the truth that the judge compares mail with. It knows nothing of the service. Money is whole cents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

BIRTH = 90
"""The number of the visit at which a child is born."""


@dataclass(frozen=True)
class Event:
    """Something that happens to one household on one day. `facts` say what: numbers, ids, and amounts."""

    day: date
    household: int
    what: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        facts = " ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.day} G{self.household:06} {self.what} {facts}".rstrip()


@dataclass
class Posting:
    """One entry on a visit. `cents` raise the balance; payments and discounts are negative."""

    posting_id: str
    on: date
    kind: str
    """`charge`, `insurance`, `contractual`, `charity`, or `payment`."""
    cents: int
    method: str = "CHECK"
    """How a payment came: `CHECK`, `AGENCY` (a collection agency passed it on), or `PAYROLL`."""


@dataclass
class Visit:
    number: int
    account: str
    service_on: date
    final_on: date
    is_insured: bool
    is_decided: bool
    """Whether the insurer has decided, or there is none."""
    postings: list[Posting] = field(default_factory=list)
    plan: Plan | None = None
    share_cents: int = 0
    share_on: date | None = None
    financial_class: str = "commercial"
    earlier: tuple[tuple[int, date], ...] = ()
    """Levels and days of the letters that the hospital's system before this one mailed."""

    def balance(self, on: date) -> int:
        """Everything posted to the end of the day, in cents. Negative: a credit."""
        return sum(each.cents for each in self.postings if each.on <= on)

    def paid(self, on: date) -> int:
        """What the patient has paid so far, refunds taken off."""
        return -sum(each.cents for each in self.postings if each.kind == "payment" and each.on <= on)


@dataclass
class Installment:
    due_on: date
    cents: int
    paid_cents: int = 0

    @property
    def left(self) -> int:
        return self.cents - self.paid_cents


@dataclass
class Plan:
    plan_id: str
    opened_on: date
    installments: list[Installment]
    status: str = "active"

    @property
    def left(self) -> int:
        return sum(each.left for each in self.installments)


@dataclass
class Deduction:
    """An employee's authorization to pay a plan from the wages."""

    authorization_id: str
    employee_id: str
    plan: Plan
    visit: Visit
    asked_on: date
    total_cents: int
    status: str = "asked"
    signed_on: date | None = None
    ended_on: date | None = None

    @property
    def per_pay_cents(self) -> int:
        return self.plan.installments[0].cents


@dataclass
class Effort:
    """Something the billing office did about a guarantor: `screening`, `coverage_check`, or `oral_effort`."""

    effort_id: str
    kind: str
    on: date


@dataclass
class RecordedHold:
    """A reason not to write that the billing office recorded."""

    hold_id: str
    code: str
    placed_on: date
    visit: Visit | None = None
    episode: Episode | None = None
    ended_on: date | None = None

    def is_on(self, day: date) -> bool:
        return self.placed_on <= day and (self.ended_on is None or day < self.ended_on)


@dataclass
class Application:
    """An application for financial assistance."""

    application_id: str
    applied_on: date
    status: str = "received"
    missing: str = ""
    decided_on: date | None = None
    basis: str = ""
    percent: int = 0
    changed_on: date | None = None

    @property
    def is_open(self) -> bool:
        return self.status in {"received", "incomplete", "complete"}


@dataclass
class Episode:
    episode_id: str
    expected_on: date
    estimate_cents: int
    estimate_on: date
    status: str = "active"
    ended_on: date | None = None
    deposits: list[tuple[str, date, int]] = field(default_factory=list)

    def deposited(self, on: date) -> int:
        return sum(cents for _, day, cents in self.deposits if day <= on)


@dataclass
class Refund:
    refund_id: str
    visit: Visit
    cents: int
    approved_on: date
    send_on: date
    sent_on: date | None = None


@dataclass
class Estate:
    """The probate of a guarantor who has died."""

    estate_id: str
    opened_on: date | None = None
    published_on: date | None = None


@dataclass
class Household:
    """One guarantor with everything that the billing office has on file, and where the family really lives."""

    number: int
    guarantor_id: str
    first_name: str
    last_name: str
    language: str
    delivery: str
    address: int = 0
    """The address on file, by number."""
    lives_at: int = 0
    """Where they really live, by number. Mail to another address is returned."""
    email_works: bool = True
    confidential: int = 0
    """The confidential address on file, by number. 0: none."""
    died_on: date | None = None
    visits: list[Visit] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    holds: list[RecordedHold] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    requests: list[tuple[str, Visit, date]] = field(default_factory=list)
    unapplied: list[Posting] = field(default_factory=list)
    deductions: list[Deduction] = field(default_factory=list)
    efforts: list[Effort] = field(default_factory=list)
    estate: Estate | None = None
    born_on: date = date(1980, 5, 1)
    changed_on: date | None = None
    """The last day on which anything happened."""
    past: list[Event] = field(default_factory=list)
    """What has happened, in order."""

    @property
    def mail_address(self) -> int:
        """Where mail must go, by number: the confidential address if there is one (45 CFR 164.522(b))."""
        return self.confidential or self.address

    def held_by(self, codes: frozenset[str], day: date, visit: Visit | None = None) -> set[str]:
        """The codes of these holds that are in force, on everything or on this visit."""
        return {
            each.code
            for each in self.holds
            if each.code in codes and each.is_on(day) and (each.visit is None or each.visit is visit)
        }

    def balance(self, on: date) -> int:
        return sum(each.balance(on) for each in self.visits)


FIRST = ("Ana", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Irene", "Jack", "Karen", "Luis")
LAST = (
    "Abbott",
    "Baker",
    "Castillo",
    "Davis",
    "Edwards",
    "Foster",
    "Garcia",
    "Hansen",
    "Ito",
    "Jensen",
    "Kim",
    "Lopez",
)
STREETS = ("Maple St", "Oak Ridge Dr", "Canal St", "Willow Bend", "Summit Ave", "Mill Pond Rd")


def street_of(household: Household, address: int) -> str:
    """The street line of a household's address; no two are the same."""
    return f"{household.number * 10 + address + 1} {STREETS[(household.number + address) % len(STREETS)]}"


class World:
    """All households. `events.apply` changes it."""

    def __init__(self, households: dict[int, Household]) -> None:
        self.households = households
        self.by_guarantor = {each.guarantor_id: each for each in households.values()}
        self.by_account: dict[str, tuple[Household, Visit]] = {}
        self.ids = dict.fromkeys(households, 0)
        """The last number that was given, by household."""

    def by_employee(self, employee: str) -> Household:
        """The household of an employee of the hospital."""
        return next(
            household
            for household in self.households.values()
            if any(each.employee_id == employee for each in household.deductions)
        )

    def new_id(self, household: Household, letter: str) -> str:
        """An id that no other row of the household has."""
        self.ids[household.number] += 1
        return f"{letter}{100_000 + household.number}-{self.ids[household.number]:03}"

    def post(self, household: Household, visit: Visit, day: date, kind: str, cents: int, method: str = "CHECK") -> None:
        """Post cents that raise the balance of a visit; negative cents lower it."""
        visit.postings.append(Posting(self.new_id(household, "T"), day, kind, cents, method))


def find_visit(household: Household, event: Event) -> Visit | None:
    return next((each for each in household.visits if each.number == event.facts["visit"]), None)


def open_application(household: Household) -> Application | None:
    return next((each for each in household.applications if each.is_open), None)


def active_episode(household: Household) -> Episode | None:
    return next((each for each in household.episodes if each.status == "active"), None)


EventTable = dict[str, Callable[[World, Household, Event], bool | None]]
"""Event → what it does. It returns False if the event makes no sense any more, and changes nothing then."""
