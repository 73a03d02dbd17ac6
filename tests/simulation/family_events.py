"""What happens to the people: holds, deaths, moves, assistance, and pregnancies."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.households import (
    BIRTH,
    Application,
    Effort,
    Episode,
    Estate,
    Event,
    EventTable,
    Household,
    RecordedHold,
    World,
    active_episode,
    find_visit,
    open_application,
)
from tests.simulation.money_events import add_visit


def _hold(world: World, household: Household, event: Event) -> bool | None:
    visit = find_visit(household, event) if "visit" in event.facts else None
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
    application = open_application(household)
    if application is None or application.status != "received":
        return False
    application.status, application.missing, application.changed_on = "incomplete", event.facts["missing"], event.day
    return None


def _completes(_world: World, household: Household, event: Event) -> bool | None:
    application = open_application(household)
    if application is None or application.status == "complete":
        return False
    application.status, application.missing, application.changed_on = "complete", "", event.day
    return None


def _granted(world: World, household: Household, event: Event) -> bool | None:
    """Assistance takes a share of the patient's part of each visit to the day of the application, payments included."""
    application = open_application(household)
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
    application = open_application(household)
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
    episode = active_episode(household)
    if episode is None:
        return False
    left = episode.estimate_cents - episode.deposited(event.day)
    cents = min(left, event.facts["cents"])
    if cents <= 0:
        return False
    episode.deposits.append((world.new_id(household, "D"), event.day, cents))
    return None


def _birth(world: World, household: Household, event: Event) -> bool | None:
    episode = active_episode(household)
    if episode is None:
        return False
    episode.status, episode.ended_on = "delivered", event.day
    facts = {"visit": BIRTH, "charge_cents": event.facts["charge_cents"], "insured": True}
    add_visit(world, household, Event(event.day, household.number, "visit", facts))
    return None


def _loss(_world: World, household: Household, event: Event) -> bool | None:
    episode = active_episode(household)
    if episode is None:
        return False
    episode.status, episode.ended_on = "lost", event.day
    return None


def _effort(world: World, household: Household, event: Event) -> bool | None:
    """The billing office screens, asks for coverage, or calls."""
    household.efforts.append(Effort(world.new_id(household, "V"), event.facts["kind"], event.day))
    return None


EVENTS: EventTable = {
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
    "effort": _effort,
}
