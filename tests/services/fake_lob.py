"""A fake of Lob, for what a server made from its description cannot show, since that remembers nothing: keys that live
for 24 hours, letters that are found again, cancelled, or too late to be, and impatience. It knows letters only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.services.http_fake import ACCEPT_AND_HANG_UP, JsonHandler, serve


@dataclass
class FakeLob:
    """`answers` are used up from their front, each a status, an error code and headers; then letters are made."""

    port: int = 0
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    letters: list[dict[str, Any]] = field(default_factory=list)
    """As asked for, each with `id`, `metadata`, `file` (the PDF) and `deleted`."""
    keys: dict[str, str] = field(default_factory=dict)
    """Idempotency keys still remembered, and the letters that they made."""
    requests: list[str] = field(default_factory=list)
    cancellable: bool = True
    refuse_once: str = ""
    """The error code of the next letter."""
    open_for: int | None = None
    """After so many letters the account is closed."""

    @property
    def url(self) -> str:
        """A print vendor's address for this fake."""
        return f"lob://127.0.0.1:{self.port}/v1?from=adr_210a8d4b0b76d77b&rate=0"

    @property
    def environ(self) -> dict[str, str]:
        return {"STATEMENTS_LOB_KEY": "test_fake"}

    def documents(self) -> list[str]:
        """Document ids of the letters that would be printed."""
        return sorted(each["metadata"]["document_id"] for each in self.letters if not each["deleted"])


@pytest.fixture
def fake_lob() -> Iterator[FakeLob]:
    """A fresh one on a port of its own."""
    with run_fake_lob() as fake:
        yield fake


@contextmanager
def run_fake_lob() -> Iterator[FakeLob]:
    fake = FakeLob()
    with serve(type("Handler", (_Handler,), {"fake": fake})) as fake.port:
        yield fake


class _Handler(JsonHandler):
    fake: FakeLob

    def do_GET(self) -> None:  # noqa: N802 - http.server finds its methods by name
        if self._turned_away():
            return
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if not path.endswith("/letters"):
            self.answer(200, _shown(self._letter()))
            return
        wanted = {key[9:-1]: value for key, (value,) in query.items() if key.startswith("metadata[")}
        found = [each for each in self.fake.letters if wanted.items() <= each["metadata"].items()]
        self.answer(200, {"data": [_shown(each) for each in found[: int(query["limit"][0])]]})

    def do_POST(self) -> None:  # noqa: N802
        form = _read_form(self.headers["Content-Type"], self.body())
        hangs_up = bool(self.fake.answers) and self.fake.answers[0][0] == ACCEPT_AND_HANG_UP
        if not hangs_up and self._turned_away():
            return
        refusal, self.fake.refuse_once = self.fake.refuse_once, ""
        if self.fake.open_for == len(self.fake.letters):
            self.answer(401, {"error": {"code": "unauthorized", "message": "", "status_code": 401}})
            return
        if refusal:
            self.answer(422, {"error": {"code": refusal, "message": "", "status_code": 422}})
            return
        key = self.headers["Idempotency-Key"]
        if key not in self.fake.keys:
            number = len(self.fake.letters) + 1
            letter = {
                **{name: value.decode() for name, value in form.items() if name != "file"},
                "id": f"ltr_{number:016x}",
                "metadata": {name[9:-1]: form[name].decode() for name in form if name.startswith("metadata[")},
                "file": form["file"],
                "deleted": False,
            }
            self.fake.letters.append(letter)
            self.fake.keys[key] = letter["id"]
        if hangs_up:
            self._turned_away()
            return
        (made,) = [each for each in self.fake.letters if each["id"] == self.fake.keys[key]]
        self.answer(200, _shown(made))

    def do_DELETE(self) -> None:  # noqa: N802
        if self._turned_away():
            return
        letter = self._letter()
        if letter["deleted"]:
            self.answer(404, {"error": {"code": "not_found", "message": "", "status_code": 404}})
            return
        if not self.fake.cancellable:
            self.answer(422, {"error": {"code": "not_deletable", "message": "", "status_code": 422}})
            return
        letter["deleted"] = True
        self.answer(200, {"id": letter["id"], "deleted": True})

    def _letter(self) -> dict[str, Any]:
        (letter,) = [each for each in self.fake.letters if each["id"] == self.path.rpartition("/")[2]]
        return letter

    def _turned_away(self) -> bool:
        self.fake.requests.append(self.command)
        assert self.headers["Authorization"].startswith("Basic ")
        if not self.fake.answers:
            return False
        status, code, headers = self.fake.answers.pop(0)
        if status == ACCEPT_AND_HANG_UP:
            self.hang_up()
        else:
            words = "MARIA NUNEZ is not welcome"
            self.answer(status, {"error": {"code": code, "message": words, "status_code": status}}, headers)
        return True


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": letter["id"],
        "metadata": letter["metadata"],
        "date_created": "2026-11-20T15:30:00.000Z",
        "deleted": letter["deleted"],
        "object": "letter",
    }


def _read_form(content_type: str, body: bytes) -> dict[str, bytes]:
    mail = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    form: dict[str, bytes] = {}
    for part in mail.iter_parts():  # type: ignore[attr-defined]
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        form[part.get_param("name", header="Content-Disposition")] = data
    return form
