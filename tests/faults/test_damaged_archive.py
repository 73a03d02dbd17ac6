"""A release looks at the whole archive before the first file leaves, and names what is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pysequoia
import pytest

from statement_builder.billing.selection import Kind
from statement_builder.errors import ArchiveError
from statement_builder.operations.approval.release_codes import POLICY_APPROVAL
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.run_parallel import prepare_hand_off
from statement_builder.operations.steps import Step
from statement_builder.pipeline.build_worker import open_builder, plan_build
from statement_builder.pipeline.context import AppContext
from tests.commands import BATCH, RUN_TO_GATES, call, error_message
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, CYCLE, Hospital
from tests.outcomes import assert_closed_and_sent_once, assert_nothing_sent
from tests.pipeline.shard_worker import open_as_worker

Damage = Callable[[bytes], bytes | None]
"""What becomes of a file; None: it is deleted."""


@contextmanager
def small_shards(hospital: Hospital) -> Iterator[AppContext]:
    with open_as_worker(hospital.environment) as context:
        yield replace(context, shard_candidates_max=8)


@pytest.fixture(scope="module")
def built(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch of five shards that waits for its release."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("built") / "home", guarantors=40)
    with small_shards(hospital) as context:
        batch = open_batch(context, kind=Kind.STATEMENT, cycle=CYCLE, as_of=AS_OF, limit=None)
        walk_batch(context, batch, until=Step.BUILD)
    return hospital


@pytest.fixture
def hospital(built: Hospital, tmp_path: Path) -> Hospital:
    return built.copy_to(tmp_path / "home")


def release(hospital: Hospital) -> None:
    with small_shards(hospital) as context:
        walk_batch(context, context.require_batch(BATCH), accepted=POLICY_APPROVAL)


def prepare(hospital: Hospital) -> None:
    """The task `release` of the DAGs."""
    with small_shards(hospital) as context:
        prepare_hand_off(context, context.require_batch(BATCH), POLICY_APPROVAL)


def last_pack(hospital: Hospital) -> tuple[Path, list[tuple[str, int, int]]]:
    """The pack of the last shard that has documents: its path, and id, offset and length of each document."""
    ((key,),) = hospital.ledger("SELECT pack_key FROM shard WHERE pack_key IS NOT NULL ORDER BY sequence DESC LIMIT 1")
    query = "SELECT document_id, offset, length FROM document WHERE pack_key = ? ORDER BY position"
    return hospital.home / "archive" / key, hospital.ledger(query, key)


def damage(path: Path, change: Damage) -> bytes:
    """Change or delete an archived file. Returns its intact bytes."""
    intact = path.read_bytes()
    path.unlink()
    if (damaged := change(intact)) is not None:
        path.write_bytes(damaged)
    return intact


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("hand_off", [pytest.param(release, id="one-process"), pytest.param(prepare, id="airflow")])
def test_damaged_pack_of_the_last_shard__stops_before_the_first_file(
    hospital: Hospital, hand_off: Callable[[Hospital], None]
) -> None:
    pack, documents = last_pack(hospital)
    damaged, offset, length = documents[-1]
    intact = damage(pack, lambda data: flip(data, offset + length // 2))
    with pytest.raises(ArchiveError) as caught:
        hand_off(hospital)
    assert pack.name in str(caught.value)
    assert damaged in str(caught.value)
    assert not any(document in str(caught.value) for document, _, _ in documents[:-1])
    assert "Restore" in str(caught.value)
    assert_nothing_sent(hospital)
    assert hospital.ledger("SELECT count(*) FROM delivery") == [(0,)], "nothing may be claimed either"
    pack.write_bytes(intact)
    call(hospital, "rerun", BATCH, "--release")
    assert_closed_and_sent_once(hospital)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda _: None, "is missing, with", id="deleted"),
        pytest.param(lambda data: data[:-1000], "is damaged", id="cut"),
        pytest.param(lambda _: b"", "is damaged", id="empty"),
        pytest.param(lambda data: flip(data, len(data) - 30), "outside its documents", id="damaged-directory"),
        pytest.param(lambda data: data + b"more", "outside its documents", id="appended"),
    ],
)
def test_damaged_pack__is_described(hospital: Hospital, change: Damage, words: str) -> None:
    pack, _ = last_pack(hospital)
    damage(pack, change)
    message = error_message(call(hospital, "release", BATCH, code=1))
    assert words in message
    assert pack.name in message
    assert_nothing_sent(hospital)


@pytest.mark.parametrize("change", [lambda _: None, lambda data: flip(data, 40)], ids=["deleted", "damaged"])
def test_damaged_snapshot__stops_before_the_first_file(hospital: Hospital, change: Damage) -> None:
    """Print files and e-mails read the addresses from it."""
    ((key,),) = hospital.ledger("SELECT snapshot_key FROM shard ORDER BY sequence DESC LIMIT 1")
    damage(hospital.home / "archive" / key, change)
    assert key in error_message(call(hospital, "release", BATCH, code=1))
    assert_nothing_sent(hospital)


def test_two_damaged_packs__are_named_at_once(hospital: Hospital) -> None:
    packs = sorted((hospital.home / "archive" / "packs").rglob("*.zip"))
    for pack in packs[:2]:
        damage(pack, lambda data: flip(data, 2_000))
    message = error_message(call(hospital, "release", BATCH, code=1))
    assert all(pack.name in message for pack in packs[:2])


def test_damaged_pack_of_an_encrypted_archive__is_named_with_its_documents(
    sample_hospitals: SampleHospitals, tmp_path: Path
) -> None:
    hospital = sample_hospitals.copy_to(tmp_path / "home", guarantors=40)
    key = hospital.home / "archive.key"
    key.write_bytes(bytes(pysequoia.Tsk.generate(user_id="archive")))
    key.chmod(0o600)
    encrypted = replace(hospital, environ={"STATEMENTS_ARCHIVE": f"file://{hospital.home / 'archive'}?key={key}"})
    call(encrypted, *RUN_TO_GATES, code=3)
    (pack,) = (encrypted.home / "archive" / "packs").rglob("*.pgp")
    damage(pack, lambda data: flip(data, len(data) // 2))
    message = error_message(call(encrypted, "release", BATCH, code=1))
    ((document,),) = encrypted.ledger("SELECT document_id FROM document WHERE sha256 <> '' ORDER BY position LIMIT 1")
    assert f"{pack.name.removesuffix('.pgp')} cannot be read, with" in message
    assert document in message
    assert "nothing was handed off" in message
    assert_nothing_sent(encrypted)


def test_archive_unmounted_during_a_build__worker_writes_nothing_below_the_mount(
    sample_hospitals: SampleHospitals, tmp_path: Path
) -> None:
    hospital = sample_hospitals.copy_to(tmp_path / "home", guarantors=40)
    call(hospital, *RUN_TO_GATES, "--until", "pull")
    with open_as_worker(hospital.environment) as context:
        batch = context.require_batch(BATCH)
        build = open_builder(plan_build(context, batch))
        (shard,) = context.ledger.shards.for_batch(BATCH)
        (hospital.home / "archive" / "installation.json").unlink()
        with pytest.raises(ArchiveError, match="has lost its mark while it was in use"):
            build(shard)
    assert not (hospital.home / "archive" / "packs").exists()


def test_pack_of_mailed_documents__does_not_stop_a_resend(hospital: Hospital) -> None:
    """Only what is still to be handed off is read: a resend from a large batch reads one pack."""
    call(hospital, "release", BATCH)
    packs = sorted((hospital.home / "archive" / "packs").rglob("*.zip"))
    intact = damage(packs[0], lambda data: flip(data, 2_000))
    in_last_pack = "SELECT document_id FROM document WHERE channel = 'print' ORDER BY sequence DESC, position LIMIT 1"
    ((document,),) = hospital.ledger(in_last_pack)
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        connection.execute("UPDATE delivery SET state = 'rejected' WHERE document_id = ?", (document,))
        connection.execute("DELETE FROM correspondence")  # a rejected piece was not mailed
    connection.close()
    assert "was handed off again" in call(hospital, "resend", document, "--reason", "rejected by the vendor").out
    assert packs[0].read_bytes() != intact


def test_get__names_the_document(hospital: Hospital, tmp_path: Path) -> None:
    pack, documents = last_pack(hospital)
    document, offset, length = documents[0]
    damage(pack, lambda data: flip(data, offset + length // 2))
    message = error_message(call(hospital, "get", document, "-o", str(tmp_path / "x.pdf"), code=1))
    assert document in message
    assert pack.name in message
