"""A visit as reports group it: payer class, facility, and the last letter that was mailed about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from statement_builder.billing.balance import EncounterBalance, encounter_balance
from statement_builder.billing.model import Encounter, FaultyAccount, GuarantorAccount, Record

Entry = GuarantorAccount | FaultyAccount
UNREADABLE = "exceptions"
"""The class of what is owed on accounts that cannot be read, which have no class."""
LEVEL_TITLES = {
    0: "first statement",
    1: "reminder statement",
    2: "past-due letter",
    3: "second letter",
    4: "final notice",
}
"""What each level of the dunning ladder is called."""
NOT_MAILED = "not mailed"


class Visit(Record, kw_only=True):
    """One visit with its balance."""

    guarantor_id: str
    encounter: Encounter
    balance: EncounterBalance

    @property
    def financial_class(self) -> str:
        return self.encounter.financial_class.value

    @property
    def level(self) -> int | None:
        """The level of the last mailing about the visit. None: nothing was mailed."""
        return self.encounter.correspondence.last_level if self.encounter.correspondence else None


def list_visits(entries: Iterable[Entry], as_of: date, unreadable: list[FaultyAccount]) -> Iterator[Visit]:
    """Every visit with its balance as of a date. Accounts that cannot be read are added to `unreadable`."""
    for entry in entries:
        if isinstance(entry, FaultyAccount):
            unreadable.append(entry)
            continue
        for encounter in entry.encounters:
            yield Visit(
                guarantor_id=entry.guarantor.guarantor_id,
                encounter=encounter,
                balance=encounter_balance(encounter, as_of),
            )


def level_title(level: int | None) -> str:
    return NOT_MAILED if level is None else LEVEL_TITLES[level]


def note_unreadable(count: int) -> list[str]:
    """The sentence on accounts that a report of persons cannot have; none if there are none."""
    if not count:
        return []
    accounts = "1 account is" if count == 1 else f"{count:,} accounts are"
    return [f"{accounts} left out, because of bad data: `statements source check` lists the faults."]
