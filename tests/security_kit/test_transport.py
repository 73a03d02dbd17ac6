"""Every connection to another machine is encrypted: object stores, databases, mail services, however set."""

from __future__ import annotations

import pytest

from mail_house.email import open_mailer
from statement_builder.archive import open_archive
from statement_builder.errors import ConfigError
from statement_builder.ledger import Ledger
from statement_builder.resources import SQL_ROOT
from statement_builder.source import open_source

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PGSSLMODE", raising=False)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql+psycopg://u@db.example/l?sslmode=disable", id="disable"),
        pytest.param("postgresql+psycopg://u@db.example/l?sslmode=allow", id="allow"),
        pytest.param("postgresql+psycopg://u@db.example/l?sslmode=prefer", id="prefer"),
        pytest.param("postgresql+psycopg://u@db.example/l", id="not-set-means-prefer"),
        pytest.param("postgresql+psycopg://u@10.1.2.3/l?sslmode=disable", id="private-address"),
        pytest.param("postgresql+psycopg://u@localhost.example/l", id="a-name-that-starts-like-loopback"),
        pytest.param("postgresql+psycopg:///l?host=db.example&sslmode=disable", id="host-as-option"),
        pytest.param("postgresql+psycopg://u@/l?host=localhost:5432&host=db.example:5432", id="second-of-two-hosts"),
        pytest.param("postgresql+psycopg://localhost/l?hostaddr=10.1.2.3", id="loopback-only-by-name"),
        pytest.param("postgresql+psycopg:///l?service=billing", id="service-file"),
    ],
)
def test_database__unencrypted_connection_to_another_machine_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"ledger: the connection to .* must be encrypted.*sslmode=verify-full"):
        Ledger.open(url)
    with pytest.raises(ConfigError, match=r"source\.url: the connection to .* must be encrypted"):
        open_source("reference", url, SQL_ROOT)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql+psycopg://u@db.example/l?sslmode=require", id="require"),
        pytest.param("postgresql+psycopg://u@db.example/l?sslmode=verify-full", id="verify-full"),
        pytest.param("postgresql+psycopg://u@127.0.0.1/l?sslmode=disable", id="loopback"),
        pytest.param("postgresql+psycopg://u@[::1]/l", id="loopback-6"),
        pytest.param("postgresql+psycopg:///l", id="socket"),
        pytest.param("postgresql+psycopg://u@/l?host=/var/run/postgresql", id="socket-folder"),
    ],
)
def test_database__encrypted_or_local_connection_is_accepted(url: str) -> None:
    open_source("reference", url, SQL_ROOT)


def test_database__mode_from_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    open_source("reference", "postgresql+psycopg://u@db.example/l", SQL_ROOT)
    with pytest.raises(ConfigError, match="must be encrypted"):
        open_source("reference", "postgresql+psycopg://u@db.example/l?sslmode=disable", SQL_ROOT)


def test_database__host_from_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    with pytest.raises(ConfigError, match=r"the connection to db\.example must be encrypted"):
        open_source("reference", "postgresql+psycopg:///l", SQL_ROOT)


def test_database__message_has_no_password() -> None:
    with pytest.raises(ConfigError, match="must be encrypted") as caught:
        Ledger.open("postgresql+psycopg://u:hunter2@db.example/l")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["s3.example:9000", "10.1.2.3", "user:hunter2@s3.example", "127.0.0.1.example"])
def test_s3__unencrypted_endpoint_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=r"archive: .*must be encrypted: use an https://") as caught:
        open_archive(f"s3://bucket/x?endpoint=http://{host}")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_s3__unencrypted_endpoint_from_the_environment_is_refused(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://s3.example")
    with pytest.raises(ConfigError, match=r"the connection to s3\.example must be encrypted"):
        open_archive("s3://bucket/x")


@pytest.mark.parametrize(
    "url", ["s3://b/x", "s3://b/x?endpoint=https://s3.example", "s3://b/x?endpoint=http://[::1]:1"]
)
def test_s3__encrypted_or_local_endpoint_is_accepted(url: str) -> None:
    open_archive(url).close()


def test_ses__unencrypted_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "ses://us-east-1?from=billing@hospital.example"
    with pytest.raises(ValueError, match=r"SES endpoint: the connection to ses\.example must be encrypted"):
        open_mailer(
            f"{url}&endpoint=http://ses.example", environ={"STATEMENTS_EMAIL_KEY": "6e1cbd0a1c8b4f5e9d3a7b2f8c4e6d10"}
        )
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://ses.example")
    with pytest.raises(ValueError, match="must be encrypted"):
        open_mailer(url, environ={"STATEMENTS_EMAIL_KEY": "6e1cbd0a1c8b4f5e9d3a7b2f8c4e6d10"})
