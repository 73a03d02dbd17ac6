"""Random faults, from a seed: what fails, when, whether the process is killed, and who re-runs the batch.

Each seed is a separate test. FAULT_SEEDS is the number of seeds and FAULT_SEED the first one, so
`FAULT_SEED=123 FAULT_SEEDS=1 pytest tests/faults/test_random_faults.py` repeats one of them.
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
from statement_builder.operations.approval.release_codes import POLICY_APPROVAL
from statement_builder.operations.control_sheet import build_control_sheet
from statement_builder.operations.reissue.resolve import resolve_document
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
from tests.faults.fault_injection import Fault, Killed, draw_fault, injecting, without_delays
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, CLOCK, CYCLE, Hospital
from tests.kill_points import run_killed_at
from tests.night import NIGHT
from tests.outcomes import assert_sent_once, outcome_of

SEEDS = int(os.environ.get("FAULT_SEEDS", "25" if NIGHT else "8"))
FIRST_SEED = int(os.environ.get("FAULT_SEED", "20261107"))
ROUNDS_MAX = 4
SHARD_CANDIDATES = 6
RUNS_TO_FINISH_MAX = 4
EXPECTED = (StatementsError, HandOffError, OSError)
"""Errors that the command line reports as messages. Any other would be a traceback, and fails the test."""


@dataclass
class Office:
    """The operators and the scheduler who run one batch, and what happens to its guarantors."""

    hospital: Hospital
    random: Random
    log: list[str] = field(default_factory=list)
    bankrupt_after_sending: set[str] = field(default_factory=set)
    """Documents that were sent before the bankruptcy."""
    bankrupt_before_sending: set[str] = field(default_factory=set)
    """Documents that must be withheld."""

    @contextmanager
    def context(self, actor: str) -> Iterator[AppContext]:
        settings = load_settings(self.hospital.environment, self.hospital.home)
        now = datetime.fromisoformat(CLOCK)
        with open_context(settings, environ={}, now=lambda: now, actor=actor, workers=1) as opened:
            yield replace(opened, shard_candidates_max=SHARD_CANDIDATES)

    def run_whole(self, actor: str) -> None:
        """As an operator: run, re-run and release the batch."""
        with self.context(actor) as context:
            open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
            retry_errors(context, context.require_batch(BATCH))
            walk_batch(context, context.require_batch(BATCH), accepted=POLICY_APPROVAL)

    def run_parts(self, actor: str) -> None:
        """As the scheduler: the same, shard by shard. Each part may have been interrupted before."""
        with self.context(actor) as context:
            open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
            walk_batch(context, context.require_batch(BATCH), until=Step.PULL)
            runs = plan_shard_runs(context, context.require_batch(BATCH), shards_max=1, runs_max=10)
            for run in runs:
                build_run(context, context.require_batch(BATCH), run.first, run.last)
            finish_build(context, context.require_batch(BATCH))
            prepare_hand_off(context, context.require_batch(BATCH), POLICY_APPROVAL)
            for channel in (Channel.EMAIL, Channel.PRINT):
                for run in self.random.sample(runs, len(runs)):
                    hand_off_run(context, context.require_batch(BATCH), run.first, run.last, channel)
            walk_batch(context, context.require_batch(BATCH), accepted=POLICY_APPROVAL)

    def interfere(self) -> None:
        """Run the batch while another process has locked it. The only allowed result is `BatchBusy`."""
        with self.context("other@desk-9") as context:
            try:
                walk_batch(context, context.require_batch(BATCH), accepted=POLICY_APPROVAL)
            except BatchBusy as exc:
                self.log.append(f"interference: {exc}")
            else:
                assert self.batch_state() in {None, BatchState.CLOSED}, "two worked on one batch"

    def batch_state(self) -> BatchState | None:
        with self.context("reader") as context:
            batch = context.ledger.batches.get(BATCH)
            return batch.state if batch else None

    def run_with_fault(self) -> None:
        """Run the batch with a random fault."""
        fault = draw_fault(self.random, self.interfere)
        run = self.random.choice((self.run_whole, self.run_parts))
        actor = self.random.choice(("ana@desk-1", "ben@desk-2", "airflow@worker-3"))
        self._try(run, actor, fault)

    def _try(self, run: Callable[[str], None], actor: str, fault: Fault) -> None:
        result = "completed"
        try:
            with injecting(fault):
                run(actor)
        except Killed:
            result = "killed"
        except EXPECTED as exc:
            result = f"{type(exc).__name__}: {exc}"
        self.log.append(f"{run.__name__} by {actor}, {fault}{'' if fault.is_triggered else ' (not reached)'}: {result}")

    def go_bankrupt(self) -> None:
        """Add a bankruptcy of a guarantor in the batch. If the document is not sent by now, it must never be."""
        rows = self.hospital.ledger("SELECT guarantor_id, document_id FROM document WHERE state <> 'error' ORDER BY 2")
        if not rows:
            return
        guarantor, document = self.random.choice(rows)
        if document in self.bankrupt_before_sending | self.bankrupt_after_sending:
            return
        is_sent = document in self.sent()
        (self.bankrupt_after_sending if is_sent else self.bankrupt_before_sending).add(document)
        insert = "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES (?, ?, 'BANKR_STAY', ?)"
        self.hospital.sql(insert, f"LATE-{document}", guarantor, AS_OF.isoformat())
        self.log.append(f"bankruptcy {'after' if is_sent else 'before'} sending {document}")

    def sent(self) -> Counter[str]:
        """How often each document was sent, whatever the ledger says."""
        emailed = [name.partition(".")[0] for name in self.hospital.emailed()]
        return Counter([row["document_id"] for row in self.hospital.manifest_rows()] + emailed)

    def finish(self) -> None:
        """Re-run without faults until the batch is closed, resolving uncertain deliveries as an operator does."""
        for _ in range(RUNS_TO_FINISH_MAX):
            try:
                self.random.choice((self.run_whole, self.run_parts))("ben@desk-2")
            except GateStop:
                self._resolve_uncertain()
            if self.batch_state() is BatchState.CLOSED:
                return
        raise AssertionError(f"not closed after {RUNS_TO_FINISH_MAX} runs without faults")

    def _resolve_uncertain(self) -> None:
        with self.context("ana@desk-1") as context:
            for document in context.ledger.documents.for_batch(BATCH, state=DocumentState.RENDERED):
                found = context.ledger.documents.get(document.document_id)
                if found is not None and found.delivery_state == "uncertain":
                    sent = self.sent()[document.document_id] > 0
                    resolve_document(context, found, sent=sent, reason="looked in the outbox")


@pytest.fixture(scope="module")
def new(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A new hospital in which every other guarantor gets e-mail."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("new") / "home")
    hospital.sql(
        "UPDATE guarantor SET delivery = 'email', email = guarantor_id || '@example.com',"
        " email_consent_at = '2026-01-01T00:00:00Z' WHERE rowid % 2"
    )
    return hospital


@pytest.fixture(scope="module")
def built(new: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The same hospital with its batch built, in several shards."""
    office = Office(new.copy_to(tmp_path_factory.mktemp("built") / "home"), Random(0))
    with office.context("ana@desk-1") as context:
        open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        walk_batch(context, context.require_batch(BATCH), until=Step.BUILD)
        assert len(context.ledger.shards.for_batch(BATCH)) > 2
        counts = context.ledger.control_totals.get(BATCH).counts
        assert min(counts.print, counts.email) > 2
    return office.hospital


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_random_faults__nothing_is_lost_or_sent_twice_and_every_gate_foots(
    new: Hospital, built: Hospital, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    start = new if random.random() < 0.2 else built
    office = Office(start.copy_to(tmp_path / "home"), random)
    try:
        with without_delays():
            for _ in range(random.randint(1, ROUNDS_MAX)):
                if start is built and random.random() < 0.5:
                    office.go_bankrupt()
                office.run_with_fault()
            office.finish()
            assert_correct(office)
    except BaseException as exc:
        exc.add_note(f"FAULT_SEED={seed} FAULT_SEEDS=1 repeats this:\n  " + "\n  ".join(office.log))
        raise


def assert_correct(office: Office) -> None:
    """Assert that the batch is closed and foots, that each document was sent once or withheld, and each clock once."""
    sent = office.sent()
    with office.context("auditor") as context:
        batch = context.require_batch(BATCH)
        documents = [
            each for each in context.ledger.documents.for_batch(BATCH) if each.state is not DocumentState.ERROR
        ]
        assert documents
        assert {each.state for each in documents} <= {DocumentState.HANDED_OFF, DocumentState.WITHHELD}
        handed_off = {each.document_id for each in documents if each.state is DocumentState.HANDED_OFF}
        withheld = {each.document_id for each in documents} - handed_off
        assert sent == dict.fromkeys(handed_off, 1)
        assert withheld == office.bankrupt_before_sending
        sheet = build_control_sheet(context, batch)
        assert {gate.verdict for gate in sheet.gates} == {"foots"}
        mailed = context.ledger.mailing_history.by_account(
            batch.facility_id, [account for each in documents for account in each.accounts]
        )
        expected = {account: 1 for each in documents if each.document_id in handed_off for account in each.accounts}
        assert {account: found.statements_sent for account, found in mailed.items()} == expected
    events = office.hospital.ledger("SELECT count(*) FROM event")
    office.run_whole("ana@desk-1")
    assert office.sent() == sent
    assert office.hospital.ledger("SELECT count(*) FROM event") == events, "re-running a closed batch changed something"


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 2))
def test_random_kills__the_batch_completes(new: Hospital, tmp_path: Path, seed: int) -> None:
    """Kill real processes with SIGKILL at random side effects."""
    random = Random(seed)
    hospital = new.copy_to(tmp_path / "home")
    killed = 0
    for _ in range(4):
        command = random.choice((RUN, RERUN)) if hospital.ledger_exists() else RUN
        killed += run_killed_at(hospital, random.randint(1, 25), *command) == -signal.SIGKILL
    assert killed
    assert hospital.statements(*RUN).json["state"] == "closed"
    assert_sent_once(outcome_of(hospital, BATCH))
