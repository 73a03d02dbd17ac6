"""Archives on disk and S3: written once, all or nothing, and every failure is one clear error."""

from __future__ import annotations

import base64
import hashlib
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pysequoia
import pytest
from moto import mock_aws

from statement_builder.archive import Archive, open_archive
from statement_builder.errors import ArchiveError, ConfigError, InvariantError, ObjectLocked
from tests.services.faulty_s3 import FaultyS3
from tests.services.processes import free_port
from tests.services.s3 import S3Server

DATA = b"0123456789" * 1000


def write_private_key(path: Path) -> None:
    path.write_bytes(bytes(pysequoia.Tsk.generate(user_id="archive")))
    path.chmod(0o600)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=["disk", "s3", "disk-encrypted", "s3-encrypted"])
def archive_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    store, _, is_encrypted = request.param.partition("-")
    url = f"file://{tmp_path / 'archive'}" if store == "disk" else request.getfixturevalue("s3_url")
    if not is_encrypted:
        return str(url)
    write_private_key(tmp_path / "archive.key")
    return f"{url}{'&' if '?' in url else '?'}key={tmp_path / 'archive.key'}"


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    with open_archive(archive_url) as opened:
        yield opened


def test_put__data_is_read_back(archive: Archive) -> None:
    assert not archive.exists("packs/b/00001.zip")
    archive.put("packs/b/00001.zip", DATA, sha256=sha256(DATA))
    assert archive.exists("packs/b/00001.zip")
    assert archive.get("packs/b/00001.zip") == DATA
    assert archive.read_range("packs/b/00001.zip", 5, 7) == b"5678901"
    archive.check()


def test_put__accepts_the_same_content_again_and_rejects_different_content(archive: Archive) -> None:
    for _ in range(2):
        archive.put("a.zip", DATA, sha256=sha256(DATA))
    with pytest.raises(ArchiveError, match=r"a\.zip is already in .* with different content"):
        archive.put("a.zip", b"other", sha256=sha256(b"other"))
    assert archive.get("a.zip") == DATA


def test_mark__is_the_only_object_that_is_replaced(archive: Archive) -> None:
    assert archive.read_mark() is None
    for mark in (b"ours", b"ours", b"another installation's"):
        archive.write_mark(mark)
        assert archive.read_mark() == mark


def test_disk__is_not_made_again_when_it_is_unmounted_while_in_use(tmp_path: Path) -> None:
    with open_archive(f"file://{tmp_path}/archive") as archive:
        archive.write_mark(b"ours")
        archive.put("a.zip", DATA, sha256=sha256(DATA))
        (tmp_path / "archive").rename(tmp_path / "elsewhere")
        with pytest.raises(ArchiveError, match="unmounted"):
            archive.put("b.zip", DATA, sha256=sha256(DATA))
        assert not (tmp_path / "archive").exists()
        (tmp_path / "elsewhere").rename(tmp_path / "archive")
        archive.put("b.zip", DATA, sha256=sha256(DATA))


def test_is_used__a_mark_and_the_probe_of_a_check_are_no_use(archive: Archive) -> None:
    assert not archive.is_used()
    archive.check()
    archive.write_mark(b"ours")
    assert not archive.is_used()
    archive.put("packs/b/00001.zip", DATA, sha256=sha256(DATA))
    assert archive.is_used()


@pytest.mark.parametrize(
    ("change", "is_intact"),
    [
        pytest.param(lambda data: data, True, id="intact"),
        pytest.param(lambda data: data[:50] + b"x" + data[51:], False, id="one-byte"),
        pytest.param(lambda data: data[:-1], False, id="cut"),
        pytest.param(lambda _: None, False, id="deleted"),
    ],
)
def test_is_intact__reads_what_is_stored(
    archive: Archive,
    archive_url: str,
    s3_server: S3Server,
    change: Callable[[bytes], bytes | None],
    is_intact: bool,
) -> None:
    archive.put("packs/a.zip", DATA, sha256=sha256(DATA))
    location = archive_url.partition("?")[0]
    is_disk = location.startswith("file://")
    root = Path(location.removeprefix("file://")) if is_disk else s3_server.root / location.removeprefix("s3://")
    (stored,) = (root / "packs").glob("a.zip*")  # an encrypted one has a suffix
    data = change(stored.read_bytes())
    stored.unlink()
    if data is not None:
        stored.write_bytes(data)
    assert archive.is_intact("packs/a.zip", sha256(DATA)) == is_intact
    assert not archive.is_intact("packs/none.zip", sha256(DATA))


def test_put__rejects_data_with_another_hash(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="changed before it was archived"):
        archive.put("a.zip", DATA, sha256=sha256(b"something else"))
    assert not archive.exists("a.zip")


def test_read__missing_key_and_missing_bytes(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="not in the archive"):
        archive.get("packs/none.zip")
    with pytest.raises(ArchiveError, match="not in the archive"):
        archive.read_range("packs/none.zip", 0, 5)
    archive.put("a.zip", DATA, sha256=sha256(DATA))
    with pytest.raises(ArchiveError, match="damaged"):
        archive.read_range("a.zip", len(DATA) - 3, 5)


def test_delete__object_is_gone_and_others_stay(archive: Archive) -> None:
    for key in ("packs/a/1.zip", "packs/a/2.zip", "packs/ab/1.zip", "snapshots/a/1.gz"):
        archive.put(key, DATA, sha256=sha256(DATA))
    assert [each.key for each in archive.list_objects("packs/a/")] == ["packs/a/1.zip", "packs/a/2.zip"]
    archive.delete("packs/a/1.zip")
    archive.delete("packs/a/1.zip")
    assert not archive.exists("packs/a/1.zip")
    assert [each.key for each in archive.list_objects("packs")] == ["packs/a/2.zip", "packs/ab/1.zip"]
    archive.delete("packs/a/2.zip")
    assert list(archive.list_objects("packs/a/")) == []
    assert archive.exists("snapshots/a/1.gz")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../../b", "a//b", ".hidden", "a b", "a/ü"])
def test_keys__reject_path_traversal(archive: Archive, key: str) -> None:
    with pytest.raises(InvariantError, match="not a valid archive key"):
        archive.put(key, DATA, sha256=sha256(DATA))
    with pytest.raises(InvariantError, match="not a valid archive key"):
        archive.get(key)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("ftp://host/x", "file:///absolute", id="scheme"),
        pytest.param("/var/archive", "file:///absolute", id="bare-path"),
        pytest.param("file://relative/x", "three slashes", id="relative"),
        pytest.param("s3:///prefix", "bucket", id="no-bucket"),
        pytest.param("s3://user:secret@bucket/x", "no password", id="password"),
        pytest.param("s3://bucket/x?retention=5", "not an S3 setting", id="unknown-setting"),
        pytest.param("s3://bucket/x?retention_days=0", "number of days", id="zero-days"),
        pytest.param("s3://bucket/x?mode=forever", "GOVERNANCE or COMPLIANCE", id="mode"),
    ],
)
def test_open_archive__rejects_invalid_urls(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        open_archive(url)
    assert "secret" not in str(caught.value)


def test_disk__files_are_read_only_for_the_owner_without_leftovers(tmp_path: Path) -> None:
    with open_archive(f"file://{tmp_path}/archive") as archive:
        archive.put("packs/b/1.zip", DATA, sha256=sha256(DATA))
    folder = tmp_path / "archive" / "packs" / "b"
    assert [path.name for path in folder.iterdir()] == ["1.zip"]
    assert stat.S_IMODE((folder / "1.zip").stat().st_mode) == 0o400
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


_WRITE_UNDER_LIMIT = """
import hashlib, resource, signal, sys
from statement_builder.archive import open_archive
from statement_builder.errors import ArchiveError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
data = bytes(10_000)
try:
    open_archive(sys.argv[1]).put("a.zip", data, sha256=hashlib.sha256(data).hexdigest())
except ArchiveError as exc:
    print(exc)
"""


def test_disk__full_disk_is_a_clear_error_without_leftovers(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    command = [sys.executable, "-c", _WRITE_UNDER_LIMIT, f"file://{folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"Cannot write a.zip to the archive {folder}: File too large. Free disk space" in done.stdout
    assert list(folder.iterdir()) == []


def test_disk__file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("in the way")
    with (
        open_archive(f"file://{tmp_path}/archive") as archive,
        pytest.raises(ArchiveError, match="Cannot write the test file to the archive"),
    ):
        archive.check()


_PUT_FOREVER = """
import hashlib, itertools, sys
from statement_builder.archive import open_archive
archive = open_archive(sys.argv[1])
for n in itertools.count():
    data = bytes([n % 256]) * 300_000
    archive.put(f"{n:06d}.zip", data, sha256=hashlib.sha256(data).hexdigest())
    print(n, flush=True)
"""


def test_disk__killed_writer_leaves_only_complete_files(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/archive"
    with subprocess.Popen([sys.executable, "-c", _PUT_FOREVER, url], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(3):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    files = sorted((tmp_path / "archive").glob("*.zip"))
    assert len(files) >= 3
    assert all(path.read_bytes() == bytes([int(path.stem) % 256]) * 300_000 for path in files)


def test_s3__missing_bucket_is_named(s3_credentials: S3Server) -> None:
    url = f"s3://no-such-bucket/x?endpoint={quote(s3_credentials.endpoint, safe='')}"
    with open_archive(url) as archive, pytest.raises(ArchiveError, match=r"no-such-bucket/x.*bucket does not exist"):
        archive.check()


def test_s3__wrong_secret_is_not_repeated(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-key")
    with open_archive(s3_url) as archive, pytest.raises(ArchiveError, match="AWS_SECRET_ACCESS_KEY") as caught:
        archive.check()
    assert "not-the-secret-key" not in str(caught.value)


@pytest.mark.usefixtures("s3_credentials")
def test_s3__refused_connection_names_the_endpoint() -> None:
    url = f"s3://bucket/x?endpoint=http://127.0.0.1:{free_port()}"
    with open_archive(url) as archive, pytest.raises(ArchiveError, match=r"127\.0\.0\.1"):
        archive.check()


def test_s3__object_of_another_tool_is_compared_by_its_bytes(s3_url: str, s3_credentials: S3Server) -> None:
    bucket = s3_url.removeprefix("s3://").partition("/")[0]
    folder = s3_credentials.root / bucket / "archive"
    folder.mkdir()
    (folder / "a.zip").write_bytes(DATA)
    with open_archive(s3_url) as archive:
        archive.put("a.zip", DATA, sha256=sha256(DATA))
        with pytest.raises(ArchiveError, match="different content"):
            archive.put("a.zip", DATA[::-1], sha256=sha256(DATA[::-1]))


def test_s3__object_damaged_in_storage_is_detected(s3_url: str, s3_credentials: S3Server) -> None:
    """The metadata still has the original hash; only the server's checksum shows the damage."""
    bucket = s3_url.removeprefix("s3://").partition("/")[0]
    with open_archive(s3_url) as archive:
        archive.put("a.zip", DATA, sha256=sha256(DATA))
        stored = s3_credentials.root / bucket / "archive" / "a.zip"
        stored.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
        with pytest.raises(ArchiveError, match=r"with different content.*is damaged: restore it"):
            archive.put("a.zip", DATA, sha256=sha256(DATA))


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_s3__upload_is_two_requests_when_the_server_reports_a_checksum(
    faulty_s3: FaultyS3, faulty_s3_url: str, method: str
) -> None:
    """One looks whether the object is there, one writes it. The answer to that says what the server stored."""
    with open_archive(faulty_s3_url) as archive:
        faulty_s3.inject("slow", method=method, path="a.zip")
        archive.put("a.zip", DATA, sha256=sha256(DATA))
    assert faulty_s3.injected == 1


def test_s3__doubtful_answer_to_an_upload_is_asked_again(faulty_s3: FaultyS3, faulty_s3_url: str) -> None:
    with open_archive(faulty_s3_url) as archive:
        faulty_s3.inject("wrong-checksum", method="PUT", path="a.zip")
        archive.put("a.zip", DATA, sha256=sha256(DATA))
        faulty_s3.inject("wrong-checksum", method="", path="b.zip")
        with pytest.raises(ArchiveError, match=r"b\.zip was uploaded .* but is stored with different content"):
            archive.put("b.zip", DATA, sha256=sha256(DATA))


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS behavior for encryption, locks and conditional writes, simulated by moto."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.mark.usefixtures("amazon")
@pytest.mark.parametrize(("setting", "mode"), [("", "GOVERNANCE"), ("&mode=compliance", "COMPLIANCE")])
def test_s3__objects_are_locked_for_retention_days_and_encrypted_with_the_key(setting: str, mode: str) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    with open_archive(f"s3://kept/a?retention_days=3650&kms=our-key{setting}") as archive:
        archive.put("x.zip", DATA, sha256=sha256(DATA))
        archive.put("x.zip", DATA, sha256=sha256(DATA))
    head = client.head_object(Bucket="kept", Key="a/x.zip")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"], head["ObjectLockMode"]) == ("aws:kms", "our-key", mode)
    assert head["ObjectLockRetainUntilDate"] - head["LastModified"] == timedelta(days=3650)
    assert len(client.list_object_versions(Bucket="kept")["Versions"]) == 1
    client.close()


@pytest.mark.usefixtures("amazon")
def test_s3__a_mark_can_be_replaced_in_a_locked_bucket() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    with open_archive("s3://kept/a?retention_days=3650&mode=compliance&kms=our-key") as archive:
        for mark in (b"ours", b"adopted"):
            archive.write_mark(mark)
        assert archive.read_mark() == b"adopted"
        archive.put("x.zip", DATA, sha256=sha256(DATA))
        assert archive.is_intact("x.zip", sha256(DATA))
        assert not archive.is_intact("x.zip", sha256(b"other"))
    head = client.head_object(Bucket="kept", Key="a/installation.json")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert "ObjectLockRetainUntilDate" not in head
    client.close()


@pytest.mark.usefixtures("amazon")
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="entity-tag"),
        pytest.param({"ChecksumAlgorithm": "SHA256"}, id="checksum"),
        pytest.param({"ServerSideEncryption": "aws:kms"}, id="content"),
    ],
)
def test_s3__content_is_compared_by_server_checksum_not_by_metadata(
    how: dict[str, Any],
) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept")
    other = DATA[::-1]
    for key, body in (("a/same.zip", DATA), ("a/other.zip", other)):
        client.put_object(Bucket="kept", Key=key, Body=body, Metadata={"sha256": sha256(DATA)}, **how)
    with open_archive("s3://kept/a") as archive:
        archive.put("same.zip", DATA, sha256=sha256(DATA))
        with pytest.raises(ArchiveError, match="different content"):
            archive.put("other.zip", DATA, sha256=sha256(DATA))
        archive.put("ours.zip", DATA, sha256=sha256(DATA))
    head = client.head_object(Bucket="kept", Key="a/ours.zip", ChecksumMode="ENABLED")
    assert base64.b64decode(head["ChecksumSHA256"]).hex() == sha256(DATA)
    client.close()


@pytest.mark.usefixtures("amazon")
def test_s3__object_written_between_check_and_write_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept")
    with open_archive("s3://kept/a") as archive, open_archive("s3://kept/a") as faster:
        head = archive._head  # type: ignore[attr-defined]

        def head_then_lose_race(key: str) -> object:
            monkeypatch.setattr(archive, "_head", head)
            found = head(key)
            faster.put(key, DATA, sha256=sha256(DATA))
            return found

        monkeypatch.setattr(archive, "_head", head_then_lose_race)
        with pytest.raises(ArchiveError, match="different content"):
            archive.put("x.zip", b"late", sha256=sha256(b"late"))
        assert archive.get("x.zip") == DATA
    client.close()


@pytest.mark.usefixtures("amazon")
@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_s3__delete_refuses_what_object_lock_keeps(mode: str) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    with open_archive(f"s3://kept/a?retention_days=30&mode={mode}") as archive:
        archive.put("x.zip", DATA, sha256=sha256(DATA))
        with pytest.raises(ObjectLocked, match=r"x\.zip is kept by S3 Object Lock until \d{4}-"):
            archive.delete("x.zip")
        assert archive.get("x.zip") == DATA
    client.close()


@pytest.mark.usefixtures("amazon")
def test_s3__delete_refuses_what_a_legal_hold_of_the_store_keeps() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
    with open_archive("s3://kept/a") as archive:
        archive.put("x.zip", DATA, sha256=sha256(DATA))
        client.put_object_legal_hold(Bucket="kept", Key="a/x.zip", LegalHold={"Status": "ON"})
        with pytest.raises(ObjectLocked, match="has a legal hold in the S3 store"):
            archive.delete("x.zip")
        client.put_object_legal_hold(Bucket="kept", Key="a/x.zip", LegalHold={"Status": "OFF"})
        archive.delete("x.zip")
        assert not archive.exists("x.zip")
    client.close()


@pytest.mark.usefixtures("amazon")
def test_s3__delete_removes_every_version() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="kept")
    client.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    for data in (b"one", b"two"):
        client.put_object(Bucket="kept", Key="a/x.zip", Body=data)
    client.put_object(Bucket="kept", Key="a/x.zip.other", Body=b"stays")
    client.delete_object(Bucket="kept", Key="a/x.zip")
    with open_archive("s3://kept/a") as archive:
        archive.delete("x.zip")
    left = client.list_object_versions(Bucket="kept")
    assert [each["Key"] for each in left["Versions"]] == ["a/x.zip.other"]
    assert "DeleteMarkers" not in left
    client.close()
