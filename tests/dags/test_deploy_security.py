"""The compose file's roles, passwords, encryption and image digests, each proved on a real server of this machine."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy.engine import URL, make_url

from scripts.pin_images import FILES, find_images, pin
from security_kit.database_tls import require_database_tls
from security_kit.transport import require_https
from statement_builder.archive import open_archive
from statement_builder.errors import ArchiveError
from tests.hospital import ROOT
from tests.services.http_fake import JsonHandler, serve
from tests.services.postgres import Cluster, running_cluster
from tests.services.processes import free_port, start_server, stop_server, wait_until
from tests.services.s3 import _find_rclone

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DATABASE_URLS = re.findall(r"postgresql\+psycopg2?://[^\s\"']+", TEXT)
PASSWORDS = {
    "AIRFLOW_DB_PASSWORD": "a1",
    "LEDGER_DB_PASSWORD": "l1",
    "SOURCE_DB_PASSWORD": "s1",
    "HOSPITAL_DB_PASSWORD": "h1'; DROP ROLE x; --",
}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service__gains_no_privilege_and_has_limits(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert bool(service.get("cap_add")) == (name in {"certificates", "postgres"}), "root, to give files to their owner"
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


HANDLES_MAIL = {"worker", "api-server", "init"}
"""The tasks, the console, and what upgrades the ledger."""


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_secrets_of_the_mail__are_only_where_mail_is_handled(name: str) -> None:
    secret = [each for each in SERVICES[name].get("environment", {}) if each.startswith("AIRFLOW_CONN_STATEMENTS_")]
    assert bool(secret) == (name in HANDLES_MAIL)
    mounts = {each.split(":")[0] for each in SERVICES[name].get("volumes", ()) if isinstance(each, str)}
    assert ("sftp-keys" in mounts) == (name in {*HANDLES_MAIL, "sftp"})
    assert ("inbox" in mounts) == (name in HANDLES_MAIL)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server on which deploy/databases.sql ran, as the PostgreSQL image runs it."""
    with running_cluster(durable_commits=False) as running:
        command = ["psql", "-h", "127.0.0.1", "-p", str(running.port), "-U", "postgres", "-q", "--no-psqlrc"]
        environment = {"PATH": os.environ["PATH"], **PASSWORDS}
        done = subprocess.run(
            [*command, "-f", str(ROOT / "deploy" / "databases.sql")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        yield running


def connect(cluster: Cluster, role: str, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host="127.0.0.1", port=cluster.port, user=role, dbname=database, autocommit=True)


@pytest.mark.parametrize("role", ["airflow", "ledger", "source", "hospital"])
@pytest.mark.parametrize("database", ["airflow", "statements", "hospital", "postgres"])
def test_role__connects_to_its_own_database_only(cluster: Cluster, role: str, database: str) -> None:
    own = {"airflow": "airflow", "ledger": "statements", "source": "hospital", "hospital": "hospital"}
    if own[role] == database:
        connect(cluster, role, database).close()
        return
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(cluster, role, database)


@pytest.mark.parametrize(("role", "database"), [("airflow", "airflow"), ("ledger", "statements")])
def test_role__can_make_its_tables_and_is_no_superuser(cluster: Cluster, role: str, database: str) -> None:
    with connect(cluster, role, database) as connection:
        connection.execute("CREATE TABLE t (n integer); INSERT INTO t VALUES (1)")
        query = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(query).fetchone() == (False,)


def test_source_role__reads_what_the_hospital_loads_and_writes_nothing(cluster: Cluster) -> None:
    with connect(cluster, "hospital", "hospital") as loader:
        loader.execute("CREATE TABLE guarantor (id text); INSERT INTO guarantor VALUES ('G1')")
    with connect(cluster, "source", "hospital") as reader:
        assert reader.execute("SELECT id FROM guarantor").fetchall() == [("G1",)]
        reader.execute("SET default_transaction_read_only = off")
        for statement in (
            "INSERT INTO guarantor VALUES ('G2')",
            "UPDATE guarantor SET id = 'x'",
            "DELETE FROM guarantor",
            "TRUNCATE guarantor",
            "DROP TABLE guarantor",
            "CREATE TABLE mine (n integer)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


def test_compose__each_program_has_its_own_role_and_an_encrypted_connection() -> None:
    urls = [make_url(url.replace("${", "$").replace("}", "")) for url in DATABASE_URLS]
    assert {(url.username, url.database) for url in urls} == {
        ("airflow", "airflow"),
        ("ledger", "statements"),
        ("source", "hospital"),
        ("hospital", "hospital"),
    }
    for url in urls:
        assert url.query["sslmode"] == "verify-full"
        require_database_tls(URL.create("postgresql+psycopg", host=url.host, query=url.query), setting="ledger")
    users = [name for name, service in SERVICES.items() if "${POSTGRES_PASSWORD" in yaml.safe_dump(service)]
    assert users == ["postgres"], "only the server knows the superuser's password"
    (endpoint,) = re.findall(r"endpoint=([^\"]+)", TEXT)
    require_https(endpoint, setting="archive")


def test_certificates__are_made_once_and_prove_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, root = tmp_path / "tls", tmp_path / "buckets"
    tls.mkdir()
    (root / "statements").mkdir(parents=True)
    write = runpy.run_path(str(ROOT / "deploy" / "certificates.py"))["write_certificates"]
    write(tls, owners=False)
    before = {path.name: path.read_bytes() for path in tls.iterdir()}
    write(tls, owners=False)
    assert {path.name: path.read_bytes() for path in tls.iterdir()} == before
    assert before.keys() == {"ca.crt", "postgres.crt", "postgres.key", "s3.crt", "s3.key"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in tls.glob("*.key"))
    port, log = free_port(), tmp_path / "log"
    options = [f"--cert={tls / 's3.crt'}", f"--key={tls / 's3.key'}", "--auth-key=key,secret", "--config=/dev/null"]
    process = start_server([_find_rclone(), "serve", "s3", f"--addr=localhost:{port}", *options, str(root)], log=log)
    for name, value in {"ID": "key", "SECRET": "secret"}.items():
        monkeypatch.setenv(f"AWS_{'ACCESS_KEY_ID' if name == 'ID' else 'SECRET_ACCESS_KEY'}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    try:
        wait_until(lambda: "Starting s3 server" in log.read_text(), process, log=log, timeout_s=30)
        url = f"s3://statements/archive?endpoint=https://localhost:{port}"
        with open_archive(url) as archive, pytest.raises(ArchiveError, match="SSL"):
            archive.check()
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tls / "ca.crt"))
        with open_archive(url) as archive:
            archive.check()
    finally:
        stop_server(process, 15)


def test_redis__requires_the_password(tmp_path: Path) -> None:
    shell, flag, script = SERVICES["redis"]["command"]
    port, log = free_port(), tmp_path / "log"
    here = script.replace("$$", "$").replace("requirepass", f"port {port}\nbind 127.0.0.1\nsave ''\nrequirepass", 1)
    process = start_server(["env", "REDISCLI_AUTH=secret1", shell, flag, here], log=log)
    try:
        wait_until(lambda: "Ready to accept connections" in log.read_text(), process, log=log, timeout_s=20)
        ask = ["redis-cli", "-p", str(port), "ping"]
        clean = {"PATH": os.environ["PATH"]}
        refused = subprocess.run(ask, env=clean, capture_output=True, text=True, check=False)
        assert "NOAUTH" in refused.stdout + refused.stderr
        allowed = subprocess.run(
            ask, env=clean | {"REDISCLI_AUTH": "secret1"}, capture_output=True, text=True, check=True
        )
        assert allowed.stdout == "PONG\n"
        assert "secret1" not in Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
    finally:
        stop_server(process, 15)
    assert "redis://:${REDIS_PASSWORD}@redis" in TEXT


DIGEST = f"sha256:{'ab' * 32}"


class _Registry(JsonHandler):
    """Gives digests to who has a token, as Docker Hub does."""

    def do_HEAD(self) -> None:  # noqa: N802
        if self.headers.get("Authorization") != "Bearer t0":
            port = self.headers["Host"].rpartition(":")[2]
            realm = f'Bearer realm="http://127.0.0.1:{port}/token",service="r",scope="pull"'
            self.answer(401, {}, {"WWW-Authenticate": realm})
        elif re.fullmatch(r"/v2/(library/postgres|rclone/rclone)/manifests/[\w.-]+", self.path):
            self.answer(200, {}, {"Docker-Content-Digest": DIGEST})
        else:
            self.answer(404, {})

    def do_GET(self) -> None:  # noqa: N802
        self.answer(200, {"token": "t0"})

    def answer(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        super().answer(status, answer, {"Connection": "close", **(headers or {})})


def test_pin_images__writes_and_renews_digests() -> None:
    old = f"    image: rclone/rclone:1.75.2@sha256:{'00' * 32}\n"
    text = (
        f"    image: postgres:16.10-bookworm\n{old}    image: statements:0.1.0\nFROM postgres:16.10-bookworm AS build\n"
    )
    with serve(_Registry) as port:
        pinned = pin(text, f"http://127.0.0.1:{port}")
    assert pinned == (
        f"    image: postgres:16.10-bookworm@{DIGEST}\n    image: rclone/rclone:1.75.2@{DIGEST}\n"
        f"    image: statements:0.1.0\nFROM postgres:16.10-bookworm@{DIGEST} AS build\n"
    )


def test_pin_images__finds_every_image() -> None:
    found = {image["name"] for name in FILES for image in find_images((ROOT / name).read_text(encoding="utf-8"))}
    assert found == {"postgres", "redis", "rclone/rclone", "axllent/mailpit", "python", "debian"}
