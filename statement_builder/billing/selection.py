"""What has been decided about one guarantor for one kind of document, and why.

`policy` makes these, `documents` reads them, the ledger stores them: so they live beside the facts.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model import Fault, Record


class Kind(StrEnum):
    """The kinds of document; the value is what an operator types and what a batch id ends with."""

    STATEMENT = "statement"
    OB_NOTICE = "ob-notice"
    DUNNING = "dunning"


class Channel(StrEnum):
    PRINT = "print"
    EMAIL = "email"


class Reports(StrEnum):
    """The last thing that a vendor tells about a piece on its good way: from then on it counts as mailed."""

    NOTHING = "nothing"
    """It counts from the hand-off."""
    ACKNOWLEDGED = "acknowledged"
    MAILED = "mailed"


class Hold(Record, kw_only=True):
    """One reason why something is not mailed, or not in full. `policy.codes` has each code's words."""

    code: str
    account_number: str = ""
    """The encounter that is held; empty when the whole guarantor is."""
    until: date | None = None
    """The first date on which this hold no longer applies, where one is known."""


class Selection(Record, kw_only=True):
    """That this guarantor gets this document in this cycle: which encounters, at what level, for how much."""

    kind: Kind
    guarantor_id: str
    level: int = 0
    """Rung of the dunning ladder (0 and 1 statements, 2 to 4 letters); 0 for obstetric notices."""
    account_numbers: tuple[str, ...] = ()
    """The encounters on the document, in the order in which they are printed."""
    episode_id: str = ""
    channel: Channel
    amount_cents: int
    """The amount that the document asks for: what the ledger, the manifest and the page all show."""
    due_on: date
    recipient_digest: str = ""
    """Of the name and address that the page is made for (`policy.recipient`), so that hand-off sees a change; empty
    where it was not kept."""


class Decision(Record, kw_only=True):
    """The one outcome of a candidate: selected, held (with all reasons) or an exception."""

    kind: Kind
    guarantor_id: str
    balance_cents: int
    """All that this candidate's cents are: `selection.amount_cents` + what is held, or the whole exception."""
    selection: Selection | None = None
    holds: tuple[Hold, ...] = ()
    """Every reason found, also those on parts of an account that is selected."""
    faults: tuple[Fault, ...] = ()
    """What a clerk has to mend before anything can be decided; wins over everything else."""

    @property
    def outcome(self) -> str:
        """`selected`, `held` or `exception`."""
        if self.faults:
            return "exception"
        return "selected" if self.selection is not None else "held"
