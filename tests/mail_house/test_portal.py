"""The portal feed: its format, and that a feed file arrives once, whole, with its control file last."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mail_house.errors import Misconfigured, Permanent, Retryable
from mail_house.portal import (
    FeedFile,
    FeedLine,
    PortalStore,
    build_feed,
    enrollment_code,
    open_folder_portal,
    portal_token,
    verifies_portal_token,
)
from mail_house.secret import KeyRing
from mail_house.urls import parse_url
from mail_house.vendors.folder import LocalDirectory
from tests.services.sftp import SftpServer

KEYS = KeyRing(["0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597"])
DOCUMENT = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
NAME = "PORTAL_LAKESIDE_2026-11_20261107_2026-11-statement_001"
OpenPortal = Callable[[Path], PortalStore]


def make_line(**changes: Any) -> FeedLine:
    facts: dict[str, Any] = {
        "action": "show",
        "document": DOCUMENT,
        "guarantor": "G1001",
        "kind": "statement",
        "amount_cents": 12_345,
        "issued_on": date(2026, 11, 7),
        "due_on": date(2026, 12, 2),
        "language": "en",
        "pages": 1,
        "sha256": "ab" * 32,
        "replaces": "",
        "token": portal_token(KEYS, DOCUMENT),
        "enrollment_code": enrollment_code(KEYS, "G1001"),
        "archive": None,
        "pdf": f"{DOCUMENT}.pdf",
    }
    return FeedLine(**(facts | changes))


def make_feed(*lines: FeedLine, pdfs: bytes | None = b"PK") -> FeedFile:
    return build_feed(
        NAME, batch="2026-11-statement", kind="statement", cycle="2026-11", lines=lines or (make_line(),), pdfs=pdfs
    )


@pytest.fixture(params=["file", "sftp"])
def open_portal(request: pytest.FixtureRequest) -> OpenPortal:
    if request.param == "file":
        return lambda folder: open_folder_portal(parse_url(f"file://{folder}", setting="portal"), environ={})
    server: SftpServer = request.getfixturevalue("sftp_server")
    return lambda folder: open_folder_portal(parse_url(server.url(folder), setting="portal"), environ=server.environ)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_deliver__whole_with_its_control_file(open_portal: OpenPortal, tmp_path: Path) -> None:
    feed, portal = make_feed(), open_portal(tmp_path)
    assert portal.find(NAME) is None
    portal.deliver(feed)
    assert names(tmp_path) == sorted([f"{NAME}.ctl", *(name for name, _ in feed.files)])
    assert portal.find(NAME) == feed.control
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")}
    portal.deliver(feed)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")} == written


def test_deliver__interrupted_before_the_control_file_is_not_found(
    open_portal: OpenPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = make_feed()
    (tmp_path / feed.files[0][0]).write_bytes(feed.files[0][1])
    assert open_portal(tmp_path).find(NAME) is None


def test_find__another_programs_control_file_is_refused(open_portal: OpenPortal, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.ctl").write_text("{}", encoding="utf-8")
    with pytest.raises(Permanent, match="not a control file"):
        open_portal(tmp_path).find(NAME)


def test_find__control_file_of_another_feed_file_is_refused(open_portal: OpenPortal, tmp_path: Path) -> None:
    portal = open_portal(tmp_path)
    portal.deliver(make_feed())
    (tmp_path / f"{NAME}.ctl").rename(tmp_path / "PORTAL_X.ctl")
    with pytest.raises(Permanent, match="is the control file of"):
        portal.find("PORTAL_X")


def test_deliver__full_disk_leaves_no_control_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: LocalDirectory, name: str, data: bytes) -> None:
        raise Retryable("no space")

    portal = open_folder_portal(parse_url(f"file://{tmp_path}", setting="portal"), environ={})
    monkeypatch.setattr(LocalDirectory, "stage", fail)
    with pytest.raises(Retryable):
        portal.deliver(make_feed())
    assert names(tmp_path) == []


def test_check__leaves_nothing_behind(open_portal: OpenPortal, tmp_path: Path) -> None:
    open_portal(tmp_path).check()
    assert names(tmp_path) == []


def test_check__folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "portal").write_text("", encoding="utf-8")
    with pytest.raises(Misconfigured):
        open_folder_portal(parse_url(f"file://{tmp_path / 'portal'}", setting="portal"), environ={}).check()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("lob://api.lob.com/v1", "not supported", id="print-vendor"),
        pytest.param("file:///srv/portal?collects=yes", "is not an option", id="option-of-a-print-vendor"),
        pytest.param("sftp://user@host/in", "pin the host key", id="no-host-key"),
    ],
)
def test_open__invalid_url_names_the_setting(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"portal: .*{message}"):
        open_folder_portal(parse_url(url, setting="portal"), environ={"STATEMENTS_SFTP_PASSWORD": "x"})


def test_build__lines_in_order_and_only_what_is_shown_counts_in_cents() -> None:
    withdrawn = make_line(action="withdraw", document="0" * 8 + DOCUMENT[8:], pdf="")
    feed = make_feed(make_line(), withdrawn, pdfs=None)
    ((_, data),) = feed.files
    assert [json.loads(line)["action"] for line in data.splitlines()] == ["show", "withdraw"]
    assert (feed.control.records, feed.control.cents) == (2, 12_345)


def test_build__same_lines_same_names_and_other_lines_other_names() -> None:
    assert make_feed() == make_feed()
    other = make_feed(make_line(amount_cents=1))
    assert {name for name, _ in make_feed().files}.isdisjoint(name for name, _ in other.files)


def test_token__of_any_key_verifies_and_of_another_document_does_not() -> None:
    older = KeyRing(["1" * 32])
    rotated = KeyRing(["0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597", "1" * 32])
    assert verifies_portal_token(rotated, portal_token(older, DOCUMENT), DOCUMENT)
    assert verifies_portal_token(rotated, portal_token(KEYS, DOCUMENT), DOCUMENT)
    assert not verifies_portal_token(KEYS, portal_token(older, DOCUMENT), DOCUMENT)
    assert not verifies_portal_token(KEYS, portal_token(KEYS, "other"), DOCUMENT)
    assert not verifies_portal_token(KeyRing(), "", DOCUMENT)


def test_enrollment_code__is_easy_to_type_and_the_guarantors_own() -> None:
    codes = {enrollment_code(KEYS, f"G{number}") for number in range(1_000)}
    assert len(codes) == 1_000
    assert all(set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-") and len(code) == 14 for code in codes)
    assert enrollment_code(KeyRing(), "G1") == ""
