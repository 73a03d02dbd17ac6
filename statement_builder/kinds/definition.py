"""Everything that the service asks of a kind of document. Each kind's folder exports one as `DEFINITION`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.model import CausedLetter, Fault, FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.documents.content import Content
from statement_builder.documents.facts import Facts
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.settings import Policy


def N_(message: str) -> str:  # noqa: N802 - gettext's usual name for a message that is translated later
    """Mark a message for extraction into the translation catalog."""
    return message


class Outcome(NamedTuple):
    """What a kind's rules find: the document, or None if it is held; all holds; data errors for a clerk."""

    selection: Selection | None
    holds: tuple[Hold, ...]
    faults: tuple[Fault, ...] = ()


class FreshFeed(NamedTuple):
    """A feed of the source that must not be older than a number of the policy, besides the billing feed."""

    feed: str
    max_age_hours: Callable[[Policy], int]


def has_encounters(account: GuarantorAccount) -> bool:
    """Whether the account has visits."""
    return bool(account.encounters)


def find_visit_reprint_holds(account: GuarantorAccount, account_numbers: tuple[str, ...], _: str) -> Iterable[Hold]:
    """A visit that goes to another recipient now is not reprinted for the earlier one."""
    return [Hold(code="OTHER_RECIPIENT", account_number=each) for each in account_numbers if each in account.split_off]


def count_visits(content: Content) -> int:
    """The visits on a document."""
    return len(content.account_numbers)


@dataclass(frozen=True, kw_only=True, slots=True)
class KindDefinition:
    """One kind of document. The defaults are those of a document about visits."""

    kind: Kind
    template: str
    """Path below `templates/`, such as `statement/statement.html`."""
    title: str
    """The title in the PDF metadata and at the top of continuation pages: the kind of document, never the person. A
    literal in `N_(...)`."""

    select: Callable[[Candidate], Outcome]
    """The rules: a document, or every reason against it."""
    facts: Callable[[GuarantorAccount, Selection, PrintedTerms, date], Facts]
    """The data of a selected document, issued on a date. Raises CompositionError."""
    recheck: Callable[[Candidate, Selection, date], Iterable[Hold]]
    """Why a document must not be mailed now. The candidate is as of the date of rendering, with everything posted
    since; the date is the last day on which the document is expected to enter the mail."""

    is_candidate: Callable[[GuarantorAccount], bool] = has_encounters
    """Whether a batch decides about this account."""
    is_faulty_candidate: Callable[[FaultyAccount], bool] = lambda entry: entry.has_encounters
    """Whether a batch counts this exception."""
    candidate_cents: Callable[[GuarantorAccount, date], int] = owed_cents
    """The cents that the control totals count for a candidate as of a date."""
    reprint_holds: Callable[[GuarantorAccount, tuple[str, ...], str], Iterable[Hold]] = find_visit_reprint_holds
    """What stops a reprint besides the holds that block every reprint: account, account numbers, episode id."""

    copies_when_over: bool = False
    """A copy can still be made when the account is no candidate any more, because what the document is about has ended:
    a plan that was paid, or a request that was answered."""

    readdress: Callable[[GuarantorAccount], GuarantorAccount] = lambda account: account
    """The account with the recipient of this kind of document, before anything is decided about it."""
    states_amount: bool = True
    """Whether the top of page 1 has the amount. A letter that asks for nothing and claims nothing has none."""
    fresh_feeds: tuple[FreshFeed, ...] = ()
    """The feeds that must be fresh, besides the billing feed."""
    count_items: Callable[[Content], int] = count_visits
    """What fills the pages: visits, or lines."""
    items_per_page_max: tuple[int, int] = (40, 20)
    """About twice the items that fit on a page, in standard and in large print. More than that on the most pages that
    an envelope takes is never laid out."""
    sample_letters: Callable[[GuarantorAccount], tuple[CausedLetter, ...]] = lambda _: ()
    """What a benchmark, which has no ledger, takes as mailed to an account of the sample hospital."""
    sample_guarantors: int = 30
    """Guarantors of the sample hospital for each document of this kind, for benchmarks. More is safe."""
