"""A fake of Lob's letters API with state, which a mock made from the API description does not have: idempotency keys,
letters that can be found and cancelled, rate limits and lost responses."""

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
    """Each request takes the next entry of `answers`: status, error code and headers. When there are none left, letters
    are created."""

    port: int = 0
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    letters: list[dict[str, Any]] = field(default_factory=list)
    """The request fields of each letter, plus `id`, `metadata`, `file` (the PDF) and `deleted`."""
    keys: dict[str, str] = field(default_factory=dict)
    """Idempotency keys that are still remembered, and the id of their letter."""
    requests: list[str] = field(default_factory=list)
    """The method of each request."""
    queries: list[dict[str, str]] = field(default_factory=list)
    """The query of each search for letters."""
    responses: list[tuple[int, Any]] = field(default_factory=list)
    """Status and body of each response."""
    cancellable: bool = True
    refuse_once: str = ""
    """The error code for the next letter."""
    closes_after: int | None = None
    """After this many letters the account is closed."""

    @property
    def url(self) -> str:
        """The print vendor URL of this fake."""
        return f"lob://127.0.0.1:{self.port}/v1?from=adr_210a8d4b0b76d77b&rate=0"

    @property
    def environ(self) -> dict[str, str]:
        return {"STATEMENTS_LOB_KEY": "test_fake"}

    def documents(self) -> list[str]:
        """Return the document ids of the letters that would be printed."""
        return sorted(each["metadata"]["document_id"] for each in self.letters if not each["deleted"])


@pytest.fixture
def fake_lob() -> Iterator[FakeLob]:
    """A new fake on its own port."""
    with run_fake_lob() as fake:
        yield fake


@contextmanager
def run_fake_lob() -> Iterator[FakeLob]:
    fake = FakeLob()
    with serve(type("Handler", (_Handler,), {"fake": fake})) as fake.port:
        yield fake


class _Handler(JsonHandler):
    fake: FakeLob

    def answer(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        self.fake.responses.append((status, answer))
        super().answer(status, answer, headers)

    def do_GET(self) -> None:  # noqa: N802 - http.server calls methods by this name
        if self._send_scripted():
            return
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if not path.endswith("/letters"):
            self.answer(200, _as_response(self._letter()))
            return
        self.fake.queries.append({key: value for key, (value,) in query.items()})
        metadata = {key[9:-1]: value for key, (value,) in query.items() if key.startswith("metadata[")}
        found = [each for each in self.fake.letters if metadata.items() <= each["metadata"].items()]
        self.answer(200, {"data": [_as_response(each) for each in found[: int(query["limit"][0])]]})

    def do_POST(self) -> None:  # noqa: N802
        form = _read_form(self.headers["Content-Type"], self.body())
        hangs_up = bool(self.fake.answers) and self.fake.answers[0][0] == ACCEPT_AND_HANG_UP
        if not hangs_up and self._send_scripted():
            return
        refusal, self.fake.refuse_once = self.fake.refuse_once, ""
        if self.fake.closes_after == len(self.fake.letters):
            self.answer(401, {"error": {"code": "unauthorized", "message": "", "status_code": 401}})
            return
        if refusal:
            self.answer(422, {"error": {"code": refusal, "message": "", "status_code": 422}})
            return
        key = self.headers["Idempotency-Key"]
        if key not in self.fake.keys:
            number = len(self.fake.letters) + 1
            letter_id = f"ltr_{number:016x}"
            letter = {
                **{name: value.decode() for name, value in form.items() if name != "file"},
                "id": letter_id,
                "metadata": {name[9:-1]: form[name].decode() for name in form if name.startswith("metadata[")},
                "file": form["file"],
                "deleted": False,
            }
            self.fake.letters.append(letter)
            self.fake.keys[key] = letter_id
        if hangs_up:
            self._send_scripted()
            return
        (created,) = [each for each in self.fake.letters if each["id"] == self.fake.keys[key]]
        self.answer(200, _as_response(created))

    def do_DELETE(self) -> None:  # noqa: N802
        if self._send_scripted():
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

    def _send_scripted(self) -> bool:
        """Send the next scripted answer. False if there is none."""
        self.fake.requests.append(self.command)
        assert self.headers["Authorization"].startswith("Basic ")
        if not self.fake.answers:
            return False
        status, code, headers = self.fake.answers.pop(0)
        if status == ACCEPT_AND_HANG_UP:
            self.hang_up()
        else:
            text = "MARIA NUNEZ is refused"
            self.answer(status, {"error": {"code": code, "message": text, "status_code": status}}, headers)
        return True


def _as_response(letter: dict[str, Any]) -> dict[str, Any]:
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
    for part in mail.iter_parts():
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        name = part.get_param("name", header="Content-Disposition")
        assert isinstance(name, str)
        form[name] = data
    return form
