"""Lets events happen. An event that no longer makes sense, because the history was cut down or somebody has died,
changes nothing."""

from __future__ import annotations

from tests.simulation import family_events, money_events
from tests.simulation.households import Event, World

_EVENTS = money_events.EVENTS | family_events.EVENTS
_AFTER_DEATH = frozenset({"adjudicated", "estate-opens", "applies-payment", "pays-unapplied", "payroll-pays"})
_UNNOTICED = frozenset({"effort", "was-billed"})
"""What changes nothing about who gets which letter."""


def apply(world: World, event: Event) -> bool:
    """Let the event happen. Returns whether it changed anything."""
    household = world.households[event.household]
    if household.died_on is not None and event.what not in _AFTER_DEATH:
        return False
    before = world.ids[event.household]
    if _EVENTS[event.what](world, household, event) is False:
        world.ids[event.household] = before
        return False
    if event.what not in _UNNOTICED:
        household.changed_on = event.day
        household.past.append(event)
    return True
