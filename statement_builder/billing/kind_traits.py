"""What the lower floors must know of a kind of document: plain data, without its rules and its template."""

from __future__ import annotations

from enum import StrEnum

from statement_builder.billing.model import Record, RequestKind


class MailingClock(StrEnum):
    """What the mailing of a document counts for. The ledger's mailing history keeps it."""

    STATEMENTS = "statements"
    """A statement about its visits: it starts their dunning clocks, and counts toward the statements before letters."""
    LETTERS = "letters"
    """A letter about its visits: it moves their level on the dunning ladder."""
    NOTICES = "notices"
    """A notice about its pregnancy."""
    NONE = "none"
    """Nothing: no clock moves."""


class KindTraits(Record, kw_only=True):
    """The defaults are those of an occasional letter: it moves no clock, and a person releases it."""

    noun: str = ""
    """What people call one, such as `obstetric notice`. Empty: the kind's own name."""
    clock: MailingClock = MailingClock.NONE
    family: str = ""
    """While a document is open, it holds every other one of its family (`DUPRUN`). Empty: of its own kind only."""
    is_dunning: bool = False
    """It asks for an overdue debt, or about one: recorded holds on letters apply, and its level 4 is the final notice,
    on paper."""
    is_estate: bool = False
    """It goes to the representative of a guarantor who has died, on paper and without a payment slip. The holds that
    keep all other mail from the dead do not stop it."""
    is_obstetric: bool = False
    """It is about a pregnancy and not about visits."""
    is_asked_for: bool = False
    """It answers the open requests of its own name, each once. Nobody gets one whom no request names."""
    reads_requests: tuple[RequestKind, ...] = ()
    """The open requests that its rules look at. Its documents answer those of its own name only."""
    is_regular: bool = False
    """Its batches are alike from cycle to cycle, so that an empty one, or one that differs much from the last, needs a
    person's look."""
    by_email: bool = True
    """The default of `policy.email_kinds`: it may go by e-mail to a guarantor who consented."""
    needs_esign_terms: bool = True
    """The default of `policy.esign_kinds`: the law requires it in writing, or may."""
    on_portal: bool = True
    """The default of `mail.portal_kinds`."""
    shows_groups: bool = False
    """It may show visits that a physician group bills, each under the group's own name."""
    carries_message: bool = False
    """It has a place for a sentence of the month. A legal letter has none."""
    release: str = "person"
    """The default of the kind's `release` setting."""
    retention_years: int = 10
    """The default of the kind's `retention` setting."""
