"""Some hundred bad days from a seed: what fails, when, whether the process dies of it, who runs the batch again.

Each seed is a test of its own, so that the one that fails is named. FAULT_SEEDS is how many there are, FAULT_SEED the
first: `FAULT_SEED=123 FAULT_SEEDS=1 pytest tests/faults/test_random_faults.py` has one day again.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from mail_house.errors import HandOffError
from statement_builder.billing.selection import Channel, Kind
from statement_builder.errors import BatchBusy, GateStop, StatementsError
from statement_builder.ledger import BatchState, DocumentState
from statement_builder.operations.control_sheet import build_control_sheet
from statement_builder.operations.resolve import resolve_document
from statement_builder.operations.run import open_batch, retry_errors, walk_batch
from statement_builder.operations.run_parallel import (
    build_run,
    finish_build,
    hand_off_run,
    plan_shard_runs,
    prepare_hand_off,
)
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.settings import load_settings
from tests.commands import BATCH, RERUN, RUN
from tests.faults.fault_injection import Died, Storm, blowing, draw_storm, sped_up
from tests.hospital import AS_OF, CLOCK, CYCLE, Hospital, build_hospital
from tests.kill_points import run_killed_at
from tests.outcomes import assert_sent_once, outcome_of

SEEDS = int(os.environ.get("FAULT_SEEDS", "25"))
FIRST_SEED = int(os.environ.get("FAULT_SEED", "20261107"))
ROUNDS_MAX = 4
SHARD_CANDIDATES = 6
RUNS_TO_FINISH_MAX = 4
EXPECTED = (StatementsError, HandOffError, OSError)
"""What the command line has a sentence for. Anything else that comes out is a traceback, and fails the test."""


@dataclass
class Office:
    """The people and the scheduler who run one batch, and what befalls those it is about."""

    hospital: Hospital
    random: Random
    diary: list[str] = field(default_factory=list)
    too_late: set[str] = field(default_factory=set)
    in_time: set[str] = field(default_factory=set)

    @contextmanager
    def context(self, actor: str) -> Iterator[AppContext]:
        settings = load_settings(self.hospital.environment, self.hospital.home)
        now = datetime.fromisoformat(CLOCK)
        with open_context(settings, environ={}, now=lambda: now, actor=actor, workers=1) as opened:
            yield replace(opened, shard_candidates_max=SHARD_CANDIDATES)

    def walk(self, actor: str) -> None:
        """An operator: run, re-run and release are this walk."""
        with self.context(actor) as context:
            open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
            retry_errors(context, context.require_batch(BATCH))
            walk_batch(context, context.require_batch(BATCH), release=True)

    def schedule(self, actor: str) -> None:
        """The scheduler: the same in parts, each of which it may have begun and lost before."""
        with self.context(actor) as context:
            open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
            walk_batch(context, context.require_batch(BATCH), until=Step.PULL)
            runs = plan_shard_runs(context, context.require_batch(BATCH), shards_max=1, runs_max=10)
            for run in runs:
                build_run(context, context.require_batch(BATCH), run.first, run.last)
            finish_build(context, context.require_batch(BATCH))
            prepare_hand_off(context, context.require_batch(BATCH), release=True)
            for channel in (Channel.EMAIL, Channel.PRINT):
                for run in self.random.sample(runs, len(runs)):
                    hand_off_run(context, context.require_batch(BATCH), run.first, run.last, channel)
            walk_batch(context, context.require_batch(BATCH), release=True)

    def visit(self) -> None:
        """Somebody who tries the same batch while it is in another's hands, and is told so; nothing else may happen."""
        with self.context("visitor@desk-9") as context:
            try:
                walk_batch(context, context.require_batch(BATCH), release=True)
            except BatchBusy as exc:
                self.diary.append(f"visitor: {exc}")
            else:
                assert self.batch_state() in {None, BatchState.CLOSED}, "two worked on one batch"

    def batch_state(self) -> BatchState | None:
        with self.context("onlooker") as context:
            batch = context.ledger.batches.get(BATCH)
            return batch.state if batch else None

    def bad_day(self) -> None:
        """Somebody runs the batch in a storm."""
        storm = draw_storm(self.random, self.visit)
        run = self.random.choice((self.walk, self.schedule))
        actor = self.random.choice(("ana@desk-1", "ben@desk-2", "airflow@worker-3"))
        self._try(run, actor, storm)

    def _try(self, run: Callable[[str], None], actor: str, storm: Storm) -> None:
        end = "came through"
        try:
            with blowing(storm):
                run(actor)
        except Died:
            end = "died"
        except EXPECTED as exc:
            end = f"{type(exc).__name__}: {exc}"
        self.diary.append(f"{run.__name__} by {actor}, {storm}{'' if storm.struck else ' (not reached)'}: {end}")

    def go_bankrupt(self) -> None:
        """It befalls somebody in the batch. What has not left by now must never leave."""
        rows = self.hospital.ledger("SELECT guarantor_id, document_id FROM document WHERE state <> 'error' ORDER BY 2")
        if not rows:
            return
        guarantor, document = self.random.choice(rows)
        if document in self.in_time | self.too_late:
            return
        (self.too_late if document in self.left() else self.in_time).add(document)
        insert = "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES (?, ?, 'BANKR_STAY', ?)"
        self.hospital.sql(insert, f"LATE-{document}", guarantor, AS_OF.isoformat())
        self.diary.append(f"bankruptcy of {document}, {'too late' if document in self.too_late else 'in time'}")

    def left(self) -> Counter[str]:
        """How often each document has left the building, whatever the ledger says."""
        emailed = [name.partition(".")[0] for name in self.hospital.emailed()]
        return Counter([row["document_id"] for row in self.hospital.manifest_rows()] + emailed)

    def finish(self) -> None:
        """A good day: run it again until it is closed, deciding what only a person can by looking at the other side."""
        for _ in range(RUNS_TO_FINISH_MAX):
            try:
                self.random.choice((self.walk, self.schedule))("ben@desk-2")
            except GateStop:
                self._settle()
            if self.batch_state() is BatchState.CLOSED:
                return
        raise AssertionError(f"not closed after {RUNS_TO_FINISH_MAX} runs in fine weather")

    def _settle(self) -> None:
        with self.context("ana@desk-1") as context:
            for document in context.ledger.documents.for_batch(BATCH, state=DocumentState.RENDERED):
                found = context.ledger.documents.get(document.document_id)
                if found is not None and found.delivery_state == "uncertain":
                    sent = self.left()[document.document_id] > 0
                    resolve_document(context, found, sent=sent, reason="looked into the outbox")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital in which nothing has been run, and where every other guarantor wants e-mail."""
    hospital = build_hospital(tmp_path_factory.mktemp("new") / "home", guarantors=20, workers=1)
    hospital.sql(
        "UPDATE guarantor SET delivery = 'email', email = guarantor_id || '@example.com',"
        " email_consent_at = '2026-01-01T00:00:00Z' WHERE rowid % 2"
    )
    return hospital


@pytest.fixture(scope="module")
def rendered(new: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The same with its statements rendered, in several shards, with some of them by e-mail."""
    office = Office(new.copy_to(tmp_path_factory.mktemp("rendered") / "home"), Random(0))
    with office.context("ana@desk-1") as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        walk_batch(context, context.require_batch(BATCH), until=Step.BUILD)
        assert len(context.ledger.shards.for_batch(BATCH)) > 2
        counts = context.ledger.control_totals.get(BATCH).counts
        assert min(counts.print, counts.email) > 2
    return office.hospital


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_bad_days__nothing_lost_nothing_twice_and_every_gate_foots(
    new: Hospital, rendered: Hospital, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    start = new if random.random() < 0.2 else rendered
    office = Office(start.copy_to(tmp_path / "home"), random)
    try:
        with sped_up():
            for _ in range(random.randint(1, ROUNDS_MAX)):
                if start is rendered and random.random() < 0.5:
                    office.go_bankrupt()
                office.bad_day()
            office.finish()
            assert_all_is_well(office)
    except BaseException as exc:
        exc.add_note(f"FAULT_SEED={seed} FAULT_SEEDS=1 has this day again:\n  " + "\n  ".join(office.diary))
        raise


def assert_all_is_well(office: Office) -> None:
    """Closed; each document left once or was withheld for what befell its guarantor; clocks moved once; all foots."""
    left = office.left()
    with office.context("auditor") as context:
        batch = context.require_batch(BATCH)
        documents = [
            each for each in context.ledger.documents.for_batch(BATCH) if each.state is not DocumentState.ERROR
        ]
        assert documents
        assert {each.state for each in documents} <= {DocumentState.HANDED_OFF, DocumentState.WITHHELD}
        handed_off = {each.document_id for each in documents if each.state is DocumentState.HANDED_OFF}
        withheld = {each.document_id for each in documents} - handed_off
        assert left == dict.fromkeys(handed_off, 1)
        assert withheld == office.in_time
        sheet = build_control_sheet(context, batch)
        assert {gate.verdict for gate in sheet.gates} == {"foots"}
        mailed = context.ledger.mailing_history.by_account(
            batch.facility_id, [account for each in documents for account in each.accounts]
        )
        expected = {account: 1 for each in documents if each.document_id in handed_off for account in each.accounts}
        assert {account: found.statements_sent for account, found in mailed.items()} == expected
    events = office.hospital.ledger("SELECT count(*) FROM event")
    office.walk("ana@desk-1")
    assert office.left() == left
    assert office.hospital.ledger("SELECT count(*) FROM event") == events, "re-running a finished batch did something"


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 2))
def test_bad_days_with_real_kills__end_as_well(new: Hospital, tmp_path: Path, seed: int) -> None:
    """A few with SIGKILL, at random effects of real processes."""
    random = Random(seed)
    hospital = new.copy_to(tmp_path / "home")
    killed = 0
    for _ in range(4):
        command = random.choice((RUN, RERUN)) if hospital.ledger_exists() else RUN
        killed += run_killed_at(hospital, random.randint(1, 25), *command) == -signal.SIGKILL
    assert killed
    assert hospital.statements(*RUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))
