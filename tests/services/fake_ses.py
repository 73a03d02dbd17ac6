"""A fake of Amazon SES (API v2): SendEmail and GetAccount over HTTP on loopback, with scripted answers. It does not
show whether SES itself accepts the requests."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any
from urllib.parse import quote

import pytest

from tests.services.http_fake import ACCEPT_AND_HANG_UP, JsonHandler, serve


@dataclass
class FakeSes:
    """Each request takes the next entry of `answers`: status and error code. When there are none left, every message is
    accepted."""

    port: int = 0
    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The requests of the accepted messages."""

    @property
    def url(self) -> str:
        """The mailer URL of this fake."""
        endpoint = quote(f"http://127.0.0.1:{self.port}", safe="")
        return f"ses://us-east-1?from=billing@hospital.example&configuration_set=statements&endpoint={endpoint}"

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}

    @property
    def accepted(self) -> list[EmailMessage]:
        messages = []
        for request in self.requests:
            parsed = BytesParser(policy=default).parsebytes(base64.b64decode(request["Content"]["Raw"]["Data"]))
            assert isinstance(parsed, EmailMessage)
            messages.append(parsed)
        return messages


@pytest.fixture
def fake_ses() -> Iterator[FakeSes]:
    """A new fake on its own port."""
    with run_fake_ses() as fake:
        yield fake


@contextmanager
def run_fake_ses() -> Iterator[FakeSes]:
    fake = FakeSes()
    with serve(type("Handler", (_Handler,), {"fake": fake})) as fake.port:
        yield fake


class _Handler(JsonHandler):
    fake: FakeSes

    def do_GET(self) -> None:  # noqa: N802 - http.server calls methods by this name
        assert self.path == "/v2/email/account", self.path
        self.answer(200, {"SendingEnabled": True})

    def do_POST(self) -> None:  # noqa: N802
        request = json.loads(self.body())
        assert self.path == "/v2/email/outbound-emails", self.path
        status, code = self.fake.answers.pop(0) if self.fake.answers else (200, "")
        if status in {200, ACCEPT_AND_HANG_UP}:
            self.fake.requests.append(request)
        if status == ACCEPT_AND_HANG_UP:
            self.hang_up()
        elif status == 200:
            self.answer(200, {"MessageId": f"ses-{len(self.fake.requests)}"})
        else:
            self.answer(status, {"message": "reader@mail.example"}, {"x-amzn-ErrorType": code})
