"""The judge: an independent model of what may leave and what must, asked at the end of every day.

It sees the world's truth, what the vendor and the mail servers got, and the facts in the ledger's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tests.simulation.agencies import Agencies
from tests.simulation.books import BooksJudge
from tests.simulation.duties import is_quiet, missing_bills, missing_letters, missing_notices, missing_plan_letters
from tests.simulation.households import World
from tests.simulation.ladder_rules import dates_hold_when_mailed, step_of_each_visit
from tests.simulation.letters import Attempt, LedgerReader, Letter, MailLog
from tests.simulation.limits import BILLS, FINAL, accounts_on_plan
from tests.simulation.outside import Departure, Report
from tests.simulation.payroll import Payroll
from tests.simulation.portal import Portal
from tests.simulation.rules import COPY_RULES, RULES

REPRINT_DAYS_MAX = 7
"""Days after a bounce or a rejection in which the document must be on its way again, if nothing else has happened."""
UNREAD_DAYS = 7
"""Days in which an e-mailed document must be opened: the sample hospital's choice."""
MAILING_DAYS = 7
"""Days from a hand-off on paper to a date that the page may still ask for."""
OFFICE_DAYS_MAX = 34
"""The longest time from the opening of a batch to its hand-off: the latest release, and an outage on that day."""


@dataclass(frozen=True)
class Violation:
    """One thing that must not be. `rule` names it; `household` is None when it concerns a whole batch."""

    day: date
    rule: str
    household: int | None
    message: str

    def __str__(self) -> str:
        who = "" if self.household is None else f" G{100_000 + self.household}"
        return f"{self.day} {self.rule}{who}: {self.message}"


class Judge:
    """Keeps its own log of the mail and judges each day."""

    def __init__(
        self, world: World, ledger: LedgerReader, *, letters_every_days: int = 1, notices_every_days: int = 7
    ) -> None:
        self.world = world
        self.patience_days = letters_every_days + OFFICE_DAYS_MAX
        self.notice_patience_days = notices_every_days + OFFICE_DAYS_MAX
        self.ledger = ledger
        self.log = MailLog()
        self.violations: list[Violation] = []
        self._closed: set[str] = set()
        self._left: set[str] = set()
        self._obligations: list[tuple[date, Letter, str]] = []
        self._stale: set[date] = set()
        self._mailed_late: list[Violation] = []
        self._viewed: dict[str, date] = {}
        self.voided: set[str] = set()
        """The documents that a person voided."""
        self._books = BooksJudge(world, ledger, self.log)

    def see_earlier_mail(self) -> None:
        """Learn what the system before this one mailed."""
        for household in self.world.households.values():
            for visit in household.visits:
                if visit.earlier:
                    self.log.add_earlier(household, visit)

    def judge_books(self, day: date, agencies: Agencies, payroll: Payroll, portal: Portal) -> list[Violation]:
        """What is wrong with what agencies, payroll, and the portal got today, or have."""
        findings = self._books.judge(day, agencies, payroll, portal)
        found = [Violation(day, rule, number, message) for rule, number, message in findings]
        self.violations += found
        return found

    def see_reports(self, day: date, reports: Iterable[Report]) -> None:
        """Learn in the morning what the hospital learns."""
        for letter, report in self.log.take(reports):
            if report.what in {"bounced", "rejected"}:
                self._obligations.append((day, letter, report.what))
            if report.what == "mailed" and not letter.is_copy:
                handed_off_on = letter.attempts[-1].departure.day
                for message in dates_hold_when_mailed(letter, handed_off_on, report.on):
                    found = self._violation(day, "dates_hold_when_mailed", letter, f"mailed on {report.on}: {message}")
                    self._mailed_late.append(found)

    def see_stale_feed(self, day: date) -> None:
        """Learn that the pregnancies were not loaded on this day."""
        self._stale.add(day)

    def judge(self, day: date, departures: Iterable[Departure]) -> list[Violation]:
        """What is wrong on this day, and was not found before."""
        late, self._mailed_late = self._mailed_late, []
        self._note_unopened(day)
        found = [
            *late,
            *self._judge_departures(day, departures),
            *self._judge_ledger(day),
            *self._judge_obligations(day),
            *self._judge_unopened(day),
            *self._judge_duties(day),
        ]
        self.violations += found
        return found

    def _judge_departures(self, day: date, departures: Iterable[Departure]) -> Iterator[Violation]:
        left: list[Letter] = []
        for letter, departure in self._letters_of(departures):
            if letter is None:
                yield Violation(day, "on_record", None, f"document {departure.document_id} is not in the ledger")
                continue
            if letter.document_id not in self.log.letters:
                self.log.add(letter)
                letter.on_plan = accounts_on_plan(letter, self.world, self.log, day)
                letter.steps = step_of_each_visit(letter, self.log)
            yield from self._judge_unread(letter, departure)
            attempt = Attempt(departure, mailed_on=day if departure.channel == "email" else None)
            letter.attempts.append(attempt)
            left.append(letter)
        for letter in left:
            if letter.document_id in self.voided:
                yield self._violation(day, "void_is_never_mailed", letter, "somebody voided it")
            for rule in COPY_RULES if letter.is_copy else RULES:
                for message in rule(letter, self.world, self.log, day):
                    yield self._violation(day, rule.__name__, letter, message)
            if letter.kind == "ob-notice" and day in self._stale:
                yield self._violation(day, "fresh_feed", letter, "the pregnancies were not loaded on this day")

    def _letters_of(self, departures: Iterable[Departure]) -> list[tuple[Letter | None, Departure]]:
        """The document of each departure. What corrects or copies another comes after it: both may leave on one day."""
        found: list[tuple[Letter | None, Departure]] = []
        new: dict[str, Letter] = {}
        for departure in departures:
            name = departure.document_id
            letter = self.log.letters.get(name) or new.get(name) or self.ledger.letter(name, self.world.by_guarantor)
            if letter is not None:
                new[name] = letter
            found.append((letter, departure))
        return sorted(found, key=lambda each: each[0] is not None and bool(each[0].revision_of))

    def see_views(self, viewed: dict[str, date]) -> None:
        """Learn which documents were opened on the portal."""
        self._viewed = viewed

    def _judge_unread(self, letter: Letter, departure: Departure) -> Iterator[Violation]:
        """An e-mail that nobody opened in a week proves nothing: the document goes on paper, once.

        It goes sooner only if its date to pay by would not hold after a week.
        """
        email = letter.attempts[-1] if letter.attempts else None
        if email is None or departure.channel != "print" or email.departure.channel != "email" or email.failure:
            return
        days = (departure.day - email.departure.day).days
        if letter.document_id in self._viewed and self._viewed[letter.document_id] < departure.day:
            yield self._violation(departure.day, "opened_email_stays", letter, "its e-mail was opened")
        waits = letter.due_on is None or (letter.due_on - email.departure.day).days > UNREAD_DAYS + MAILING_DAYS
        if days < UNREAD_DAYS and waits and letter.kind in BILLS and letter.level < FINAL:
            yield self._violation(departure.day, "opened_email_stays", letter, f"its e-mail left {days} days ago")
        email.failure, email.failed_on = "unread", departure.day

    def _note_unopened(self, day: date) -> None:
        for letter in self.log.letters.values():
            for attempt in letter.attempts:
                waits = attempt.departure.channel == "email" and (day - attempt.departure.day).days > UNREAD_DAYS
                attempt.is_unopened = waits and letter.document_id not in self._viewed

    def _judge_unopened(self, day: date) -> Iterator[Violation]:
        """A bill that nobody opened is on paper some days after its week, if nothing else has happened."""
        for letter in self.log.letters.values():
            attempt = letter.attempts[-1]
            if (day - attempt.departure.day).days != UNREAD_DAYS + REPRINT_DAYS_MAX or attempt.failure:
                continue
            if attempt.departure.channel != "email" or letter.kind not in BILLS or letter.revision_of:
                continue
            if letter.document_id in self._viewed or not is_quiet(letter.household, letter.as_of, self.log):
                continue
            if self._is_replaced(letter, attempt.departure.day + timedelta(days=1)):
                continue
            yield self._violation(day, "unopened_email_goes_on_paper", letter, "nobody opened its e-mail")

    @staticmethod
    def _violation(day: date, rule: str, letter: Letter, message: str) -> Violation:
        what = f"{letter.kind} {letter.level}" if letter.level else letter.kind
        where = f"{what} {letter.document_id[:8]} of {letter.batch_id}"
        return Violation(day, rule, letter.household.number, f"{message} ({where})")

    def _judge_ledger(self, day: date) -> Iterator[Violation]:
        """Nothing is lost between the ledger and the outbox, and every batch foots in documents and cents."""
        handed_off = {str(row[0]) for row in self.ledger.rows(_HANDED_OFF)}
        for document_id in sorted(handed_off ^ self.log.letters.keys()):
            what = (
                "in the ledger, but nobody outside has" if document_id in handed_off else "outside, not in the ledger"
            )
            yield Violation(day, "nothing_lost", None, f"document {document_id} is handed off {what}")
        for batch_id, *figures in self.ledger.rows(_FIGURES):
            if str(batch_id) in self._closed:
                continue
            state, pulled, candidates, selected, documents, open_ones, selected_cents, document_cents = figures[:8]
            opened_by, released_by, final_notices = map(str, figures[8:])
            if state in {"open", "pulled"}:
                continue
            if pulled != candidates:
                yield Violation(day, "foots", None, f"{batch_id}: {pulled} pulled, {candidates} decided")
            if selected != documents or selected_cents != document_cents:
                message = (
                    f"{batch_id}: {selected} selected with {selected_cents}, {documents} made with {document_cents}"
                )
                yield Violation(day, "foots", None, message)
            if state == "closed":
                self._closed.add(str(batch_id))
                if final_notices != "0" and _person(opened_by) == _person(released_by):
                    yield Violation(
                        day, "second_person_releases", None, f"{batch_id}: one person released final notices"
                    )
                if open_ones:
                    yield Violation(day, "foots", None, f"{batch_id}: closed with {open_ones} documents open")
                yield from self._judge_cents(day, str(batch_id))

    def _judge_cents(self, day: date, batch_id: str) -> Iterator[Violation]:
        """The balance that a statement batch saw is the world's own on its date: every cent is explained."""
        if not batch_id.endswith("-statement"):
            return
        (row,) = self.ledger.rows("SELECT as_of FROM batch WHERE batch_id = ?", batch_id)
        as_of = date.fromisoformat(str(row[0]))
        query = "SELECT guarantor_id, sum(balance_cents) FROM candidate WHERE batch_id = ? GROUP BY 1"
        seen = {str(guarantor): int(str(cents)) for guarantor, cents in self.ledger.rows(query, batch_id)}
        for household in self.world.households.values():
            # Events of the as-of date itself happened before the batch was opened.
            owed = household.balance(as_of) + sum(each.cents for each in household.unapplied if each.on <= as_of)
            if not any(each.service_on <= as_of for each in household.visits):
                continue
            cents = seen.get(household.guarantor_id, 0)
            if cents not in {owed, household.balance(as_of)}:
                message = f"{batch_id} saw {cents} cents, and {owed} are owed on {as_of}"
                yield Violation(day, "every_cent", household.number, message)

    def _judge_duties(self, day: date) -> Iterator[Violation]:
        """Everybody who must get a letter gets it, unless somebody voided one. Who is on another run waits until that
        is closed."""
        voided = {self.ledger.guarantor_of(each) for each in self.voided}
        for batch_id, kind, as_of in self.ledger.rows(_LEFT):
            if str(batch_id) in self._left:
                continue
            self._left.add(str(batch_id))
            on = date.fromisoformat(str(as_of))
            households, excused = iter(self.world.households.values()), voided | self.ledger.waiting(str(batch_id), on)
            for household, message in missing_bills(households, str(kind), str(batch_id), on, day, self.log, excused):
                yield Violation(day, "owed_a_bill", household.number, message)
        for household in self.world.households.values():
            if household.guarantor_id in voided:
                continue
            for message in (
                *missing_letters(household, day, self.patience_days, self.log),
                *missing_plan_letters(household, day, self.patience_days, self.log),
                *missing_notices(household, day, self.notice_patience_days, self.log),
            ):
                yield Violation(day, "owed_a_letter", household.number, message)

    def _judge_obligations(self, day: date) -> Iterator[Violation]:
        """What bounced or was not printed must be on its way again, unless something has happened since."""
        left = []
        for since, letter, what in self._obligations:
            if self._is_settled(since, letter):
                continue
            if (day - since).days < REPRINT_DAYS_MAX:
                left.append((since, letter, what))
                continue
            message = f"{what} on {since}, and nothing left since ({letter.kind} {letter.document_id[:8]})"
            yield Violation(day, "sent_again", letter.household.number, message)
        self._obligations = left

    def _is_settled(self, since: date, letter: Letter) -> bool:
        if letter.attempts[-1].departure.day >= since or self._is_replaced(letter, since):
            return True
        return not is_quiet(letter.household, letter.attempts[-1].departure.day - timedelta(days=2), self.log)

    def _is_replaced(self, letter: Letter, since: date) -> bool:
        """Whether a newer bill about each of its visits has left on paper."""
        if letter.kind not in BILLS:
            return False
        return all(
            any(
                bill is not letter and bill.last.day >= since and bill.last.channel == "print"
                for bill in self.log.about(account, *BILLS)
                if bill.attempts
            )
            for account in letter.accounts
        )


def _person(actor: str) -> str:
    """Who it was, whatever the desk."""
    return actor.partition("@")[0]


_HANDED_OFF = """
SELECT document_id FROM document WHERE state = 'handed_off'
"""
_LEFT = """
SELECT batch_id, kind, as_of FROM batch WHERE kind IN ('statement', 'dunning') AND state = 'closed'
"""
_FIGURES = """
SELECT b.batch_id, b.state,
       (SELECT coalesce(sum(s.candidates), 0) FROM shard s WHERE s.batch_id = b.batch_id AND NOT s.is_reissue),
       (SELECT count(*) FROM candidate c WHERE c.batch_id = b.batch_id),
       (SELECT count(*) FROM candidate c WHERE c.batch_id = b.batch_id AND c.outcome = 'selected'),
       (SELECT count(*) FROM document d WHERE d.batch_id = b.batch_id AND d.revision_of = '' AND NOT d.is_copy),
       (SELECT count(*) FROM document d WHERE d.batch_id = b.batch_id AND d.state = 'rendered'),
       (SELECT coalesce(sum(c.amount_cents), 0) FROM candidate c WHERE c.batch_id = b.batch_id),
       (SELECT coalesce(sum(d.amount_cents), 0) FROM document d
        WHERE d.batch_id = b.batch_id AND d.revision_of = '' AND NOT d.is_copy),
       b.opened_by, b.released_by,
       (SELECT count(*) FROM document d WHERE d.batch_id = b.batch_id AND d.level >= 4 AND d.state = 'handed_off')
FROM batch b
"""
