"""The hospital's patients as they really are: visits, payments, plans, deaths, and everything else, event by event.

This is the truth that the judge compares mail with. It knows nothing of the service. Money is whole cents. An event
that no longer makes sense, because the history was cut down or somebody has died, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
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
    """All households, and the day up to which everything has happened."""

    def __init__(self, households: dict[int, Household]) -> None:
        self.households = households
        self.by_guarantor = {each.guarantor_id: each for each in households.values()}
        self.by_account: dict[str, tuple[Household, Visit]] = {}
        self._ids = dict.fromkeys(households, 0)

    def apply(self, event: Event) -> bool:
        """Let the event happen. Returns whether it changed anything."""
        household = self.households[event.household]
        act = _ACTS[event.what]
        before = self._ids[event.household]
        if household.died_on is not None and event.what not in _AFTER_DEATH:
            return False
        if act(self, household, event) is False:
            self._ids[event.household] = before
            return False
        household.changed_on = event.day
        household.past.append(event)
        return True

    def new_id(self, household: Household, letter: str) -> str:
        """An id that no other row of the household has."""
        self._ids[household.number] += 1
        return f"{letter}{100_000 + household.number}-{self._ids[household.number]:03}"

    def post(self, household: Household, visit: Visit, day: date, kind: str, cents: int) -> None:
        """Post cents that raise the balance of a visit; negative cents lower it."""
        visit.postings.append(Posting(self.new_id(household, "T"), day, kind, cents))


def _visit(world: World, household: Household, event: Event) -> bool | None:
    number = int(event.facts["visit"])
    if _find_visit(household, event) is not None:
        return False
    account = f"7{100_000 + household.number:06}{number:03}"
    insured = bool(event.facts["insured"])
    visit = Visit(
        number=number,
        account=account,
        service_on=event.day,
        final_on=event.day + timedelta(days=4),
        is_insured=insured,
        is_decided=not insured,
        financial_class=event.facts.get("financial_class", "commercial" if insured else "self_pay"),
    )
    household.visits.append(visit)
    world.by_account[account] = (household, visit)
    cents = event.facts["charge_cents"]
    world.post(household, visit, event.day, "charge", cents - cents // 3)
    world.post(household, visit, event.day, "charge", cents // 3)
    return None


def _adjudicated(world: World, household: Household, event: Event) -> bool | None:
    visit = _find_visit(household, event)
    if visit is None or visit.is_decided:
        return False
    charged = visit.balance(event.day)
    share = min(event.facts["share_cents"], charged)
    contractual = (charged - share) // 2
    visit.is_decided, visit.share_cents, visit.share_on = True, share, event.day
    if contractual:
        world.post(household, visit, event.day, "contractual", -contractual)
    if charged - share - contractual:
        world.post(household, visit, event.day, "insurance", -(charged - share - contractual))
    return None


def _pays(world: World, household: Household, event: Event) -> bool | None:
    """A payment of some thousandths of what the visit's balance is. More than 1000 is a credit."""
    visit = _find_visit(household, event)
    if visit is None or not visit.is_decided or visit.balance(event.day) <= 0:
        return False
    if visit.plan is not None and visit.plan.status == "active":
        return False
    cents = max(1, visit.balance(event.day) * event.facts["permille"] // 1000)
    world.post(household, visit, event.day, "payment", -cents)
    return None


def _pays_unapplied(world: World, household: Household, event: Event) -> bool | None:
    """A payment arrives and nobody knows for which visit."""
    household.unapplied.append(Posting(world.new_id(household, "U"), event.day, "payment", -event.facts["cents"]))
    return None


def _applies_payment(world: World, household: Household, event: Event) -> bool | None:
    """The billing office finds the visit of an unapplied payment."""
    visit = _find_visit(household, event)
    if visit is None or not household.unapplied:
        return False
    posting = household.unapplied.pop(0)
    visit.postings.append(Posting(posting.posting_id, event.day, "payment", posting.cents))
    return None


def _opens_plan(world: World, household: Household, event: Event) -> bool | None:
    visit = _find_visit(household, event)
    if visit is None or visit.plan is not None or not visit.is_decided or event.day < visit.final_on:
        return False
    total, count = visit.balance(event.day), event.facts["months"]
    if total < 100 * count:
        return False
    amounts = [total // count] * (count - 1)
    amounts.append(total - sum(amounts))
    first = event.day + timedelta(days=30)
    dues = [first + timedelta(days=30 * index) for index in range(count)]
    plan = Plan(
        world.new_id(household, "L"),
        event.day,
        [Installment(due_on, cents) for due_on, cents in zip(dues, amounts, strict=True)],
    )
    visit.plan = plan
    household.plans.append(plan)
    return None


def _pays_installment(world: World, household: Household, event: Event) -> bool | None:
    """Pays the earliest installments that are open, `count` of them."""
    visit = _find_visit(household, event)
    if visit is None or visit.plan is None or visit.plan.status != "active":
        return False
    open_ones = [each for each in visit.plan.installments if each.left][: event.facts["count"]]
    cents = min(sum(each.left for each in open_ones), visit.balance(event.day))
    if cents <= 0:
        return False
    left = cents
    for each in open_ones:
        part = min(each.left, left)
        each.paid_cents += part
        left -= part
    world.post(household, visit, event.day, "payment", -cents)
    if visit.plan.left == 0:
        visit.plan.status = "completed"
    return None


def _defaults(_world: World, household: Household, event: Event) -> bool | None:
    """The billing office records that the plan has ended."""
    visit = _find_visit(household, event)
    if visit is None or visit.plan is None or visit.plan.status != "active":
        return False
    late = [each for each in visit.plan.installments if each.left and each.due_on + timedelta(days=30) < event.day]
    if not late:
        return False
    visit.plan.status = "defaulted"
    return None


def _hold(world: World, household: Household, event: Event) -> bool | None:
    visit = _find_visit(household, event) if "visit" in event.facts else None
    if "visit" in event.facts and visit is None:
        return False
    household.holds.append(RecordedHold(world.new_id(household, "X"), event.facts["code"], event.day, visit))
    return None


def _ends_hold(_world: World, household: Household, event: Event) -> bool | None:
    found = [each for each in household.holds if each.code == event.facts["code"] and each.ended_on is None]
    if not found:
        return False
    found[0].ended_on = event.day
    return None


def _dies(world: World, household: Household, event: Event) -> bool | None:
    household.died_on = event.day
    household.estate = Estate(world.new_id(household, "E"))
    for plan in household.plans:
        if plan.status == "active":
            plan.status = "cancelled"
    return None


def _estate_opens(_world: World, household: Household, event: Event) -> bool | None:
    if household.estate is None or household.estate.opened_on is not None:
        return False
    household.estate.opened_on = event.day
    household.estate.published_on = event.day
    return None


def _moves(_world: World, household: Household, _event: Event) -> bool | None:
    """The family moves and tells nobody."""
    household.lives_at += 1
    return None


def _tells_address(_world: World, household: Household, _event: Event) -> bool | None:
    if household.address == household.lives_at:
        return False
    household.address = household.lives_at
    return None


def _asks_for_confidential(_world: World, household: Household, _event: Event) -> bool | None:
    household.confidential = 9
    return None


def _email_breaks(_world: World, household: Household, _event: Event) -> bool | None:
    if household.delivery != "email":
        return False
    household.email_works = False
    return None


def _applies(world: World, household: Household, event: Event) -> bool | None:
    if not household.visits or any(each.is_open for each in household.applications):
        return False
    household.applications.append(Application(world.new_id(household, "N"), event.day, changed_on=event.day))
    return None


def _is_incomplete(_world: World, household: Household, event: Event) -> bool | None:
    application = _open_application(household)
    if application is None or application.status != "received":
        return False
    application.status, application.missing, application.changed_on = "incomplete", event.facts["missing"], event.day
    return None


def _completes(_world: World, household: Household, event: Event) -> bool | None:
    application = _open_application(household)
    if application is None or application.status == "complete":
        return False
    application.status, application.missing, application.changed_on = "complete", "", event.day
    return None


def _granted(world: World, household: Household, event: Event) -> bool | None:
    """Assistance takes a share of the patient's part of each visit to the day of the application, payments included."""
    application = _open_application(household)
    if application is None or application.status != "complete":
        return False
    percent = event.facts["percent"]
    application.status, application.basis, application.percent = "approved", "income", percent
    application.decided_on = application.changed_on = event.day
    for visit in household.visits:
        part = visit.balance(event.day) + visit.paid(event.day)
        if visit.service_on <= application.applied_on and visit.is_decided and part > 0:
            world.post(household, visit, event.day, "charity", -(part * percent // 100))
    return None


def _denied(_world: World, household: Household, event: Event) -> bool | None:
    application = _open_application(household)
    if application is None or application.status != "complete":
        return False
    application.status, application.basis = "denied", "income_too_high"
    application.decided_on = application.changed_on = event.day
    return None


def _pregnant(world: World, household: Household, event: Event) -> bool | None:
    if any(each.status == "active" for each in household.episodes):
        return False
    expected = event.day + timedelta(days=event.facts["days_left"])
    estimate = event.facts["estimate_cents"]
    household.episodes.append(Episode(world.new_id(household, "E"), expected, estimate, event.day))
    return None


def _deposits(world: World, household: Household, event: Event) -> bool | None:
    episode = _active_episode(household)
    if episode is None:
        return False
    left = episode.estimate_cents - episode.deposited(event.day)
    cents = min(left, event.facts["cents"])
    if cents <= 0:
        return False
    episode.deposits.append((world.new_id(household, "D"), event.day, cents))
    return None


def _birth(world: World, household: Household, event: Event) -> bool | None:
    episode = _active_episode(household)
    if episode is None:
        return False
    episode.status, episode.ended_on = "delivered", event.day
    facts = {"visit": BIRTH, "charge_cents": event.facts["charge_cents"], "insured": True}
    _visit(world, household, Event(event.day, household.number, "visit", facts))
    return None


def _loss(_world: World, household: Household, event: Event) -> bool | None:
    episode = _active_episode(household)
    if episode is None:
        return False
    episode.status, episode.ended_on = "lost", event.day
    return None


def _refund_approved(world: World, household: Household, event: Event) -> bool | None:
    visit = _find_visit(household, event)
    if visit is None or visit.balance(event.day) >= 0 or any(each.visit is visit for each in household.refunds):
        return False
    cents = min(-visit.balance(event.day), visit.paid(event.day))
    if cents <= 0:
        return False
    send_on = event.day + timedelta(days=event.facts["days"])
    household.refunds.append(Refund(world.new_id(household, "F"), visit, cents, event.day, send_on))
    return None


def _refund_sent(world: World, household: Household, event: Event) -> bool | None:
    waiting = [each for each in household.refunds if each.sent_on is None and each.send_on <= event.day]
    if not waiting:
        return False
    waiting[0].sent_on = event.day
    world.post(household, waiting[0].visit, event.day, "payment", waiting[0].cents)
    return None


def _requests_bill(world: World, household: Household, event: Event) -> bool | None:
    visit = _find_visit(household, event)
    if visit is None or event.day < visit.final_on:
        return False
    household.requests.append((world.new_id(household, "Q"), visit, event.day))
    return None


def _find_visit(household: Household, event: Event) -> Visit | None:
    return next((each for each in household.visits if each.number == event.facts["visit"]), None)


def _open_application(household: Household) -> Application | None:
    return next((each for each in household.applications if each.is_open), None)


def _active_episode(household: Household) -> Episode | None:
    return next((each for each in household.episodes if each.status == "active"), None)


_ACTS: dict[str, Callable[[World, Household, Event], bool | None]] = {
    "visit": _visit,
    "adjudicated": _adjudicated,
    "pays": _pays,
    "pays-unapplied": _pays_unapplied,
    "applies-payment": _applies_payment,
    "opens-plan": _opens_plan,
    "pays-installment": _pays_installment,
    "plan-defaults": _defaults,
    "hold": _hold,
    "ends-hold": _ends_hold,
    "dies": _dies,
    "estate-opens": _estate_opens,
    "moves": _moves,
    "tells-address": _tells_address,
    "asks-for-confidential": _asks_for_confidential,
    "email-breaks": _email_breaks,
    "applies": _applies,
    "is-incomplete": _is_incomplete,
    "completes": _completes,
    "granted": _granted,
    "denied": _denied,
    "pregnant": _pregnant,
    "deposits": _deposits,
    "birth": _birth,
    "loss": _loss,
    "refund-approved": _refund_approved,
    "refund-sent": _refund_sent,
    "requests-bill": _requests_bill,
}
_AFTER_DEATH = frozenset({"adjudicated", "estate-opens", "applies-payment", "pays-unapplied"})
