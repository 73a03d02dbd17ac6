"""The servers of the tests are the real thing, and each test gets a place of its own on them."""

import boto3
import psycopg
from botocore.config import Config
from sqlalchemy.engine import URL, make_url

from tests.services.postgres import connect
from tests.services.s3 import S3Server


def test_postgres_url__is_a_fresh_utf8_database_and_not_run_by_root(postgres_url: str, postgres_server: URL) -> None:
    url = make_url(postgres_url)
    assert url.drivername == "postgresql+psycopg"
    with connect(url) as connection:
        connection.execute("CREATE TABLE note (words text)")
        connection.execute("INSERT INTO note VALUES ('Núñez')")
        assert connection.execute("SELECT words FROM note").fetchall() == [("Núñez",)]
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert url.database != postgres_server.database


def test_postgres_url__every_test_starts_empty(postgres_url: str) -> None:
    with connect(make_url(postgres_url)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert isinstance(connection, psycopg.Connection)


def test_s3_url__bucket_stores_and_returns_bytes(s3_url: str, s3_credentials: S3Server) -> None:
    bucket = s3_url.removeprefix("s3://").partition("/")[0]
    config = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    client = boto3.client("s3", endpoint_url=s3_credentials.endpoint, config=config)
    try:
        client.put_object(Bucket=bucket, Key="a/b.zip", Body=b"0123456789")
        answer = client.get_object(Bucket=bucket, Key="a/b.zip", Range="bytes=2-4")
        assert answer["Body"].read() == b"234"
    finally:
        client.close()
