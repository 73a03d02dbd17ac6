"""No message and no text is too much: what a hostile sender writes is refused, or read in time that grows with its
length."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mail_house.bounces import BounceKind, read_message
from mail_house.inbound import read_delivery_reports
from mail_house.limits import PARTS_MAX, LimitExceeded, check_message, time_limit
from tests.mail_house.bounces.cases import CASES
from tests.mail_house.bounces.messages import mail

SECONDS_MAX = 1.0
"""For 20 KB. The slowest pattern took six before."""
N = 20_000


def nested(depth: int, inner: str = "message/rfc822") -> bytes:
    return f"Content-Type: {inner}\r\n\r\n".encode() * depth + b"Subject: hello\r\n\r\nhello\r\n"


def nested_parts(depth: int) -> bytes:
    heads = [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)]
    return "".join(heads).encode() + b"\r\nhello\r\n"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(nested(1_000), "parts inside parts", id="nested-messages"),
        pytest.param(nested(PARTS_MAX + 1), "parts inside parts", id="one-too-deep"),
        pytest.param(nested(1_000).replace(b"\r\n", b"\r"), "parts inside parts", id="nested-with-carriage-returns"),
        pytest.param(nested(1_000, "MESSAGE/rfc822").replace(b"C", b"c"), "parts inside parts", id="letter-case"),
        pytest.param(nested(1_000).replace(b"tent", b"te\0nt"), "parts inside parts", id="nested-behind-zero-bytes"),
        pytest.param(nested(49) + (b"a" * 70 + b"\r\n") * 50_000, "too many parts for its size", id="nested-and-large"),
        pytest.param(nested_parts(500), "parts inside parts", id="nested-parts"),
        pytest.param(
            b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * 100_000, "parts", id="many-parts"
        ),
        pytest.param(b"Content-Type: text/plain" + b';\r\n a="b"' * 9_000, "header field", id="folded-header"),
        pytest.param(b"Content-Type: text/plain" + b';"' * 40_000, "header field", id="long-header"),
        pytest.param(b"Subject: x\r\n\r\n" + b"a" * 300_000, "line of more", id="long-line"),
        pytest.param(b"\r\n" * 500_000, "lines", id="many-lines"),
        pytest.param(b"a\r\n" * 6_000_000, "larger than 16 MB", id="large"),
    ],
)
def test_message__over_a_limit_is_refused_in_words(message: bytes, reason: str) -> None:
    with pytest.raises(LimitExceeded, match=reason):
        check_message(message)
    assert [each.kind for each in read_message(message).bounces] == [BounceKind.UNCLEAR]


@pytest.mark.parametrize("message", [case.message for case in CASES], ids=[case.id for case in CASES])
def test_message__usual_ones_are_within_the_limits(message: bytes) -> None:
    check_message(message)


def test_message__at_the_limit_is_read() -> None:
    assert read_message(nested(PARTS_MAX)).bounces, "the parser recurses into each level"


BODIES = {
    "blanks": " " * N,
    "blanks-on-lines": (" " * 200 + "\n") * 100,
    "tabs-and-blanks": " \t" * (N // 2),
    "asterisks": "*" * N,
    "brackets": "<" * N,
    "quotes": '"' * N,
    "quote-marks": "> " * (N // 2),
    "dashes": "-" * N,
    "dashes-and-words": "--copy " * (N // 7),
    "letters": "a" * N,
    "at-signs": "a@" * (N // 2),
    "dots": "a@" + "." * N,
    "domains": "a@b.c " * (N // 6),
    "addresses": "".join(f"a{n}@b.example\n" for n in range(N // 14)),
    "colons": ":" * N,
    "digits-and-dots": "5.1.1." * (N // 6),
    "codes": "550 " * (N // 4),
    "status-and-blanks": "Final-Recipient: rfc822;" + " " * N + "x",
    "folded-fields": "Final-Recipient: rfc822; a@b.example\nAction: failed\n" + " x\n" * (N // 3),
    "recipient-words": "recipient: " * (N // 11),
    "tags": "<br " * (N // 4),
    "message-ids": "<aaaaaaaa-" + "a-" * (N // 2),
    "deaths": "estate of " * (N // 10),
}


def html(body: str) -> bytes:
    return mail(body, content_type="text/html")


def in_feedback(body: str) -> bytes:
    head = 'From: x@y.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n'
    return (
        f"{head}Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nX: {body}.\r\n--b--\r\n".encode()
    )


def in_header(name: str) -> Callable[[str], bytes]:
    return lambda body: mail("hello", headers=f"{name}: {' '.join(body.split())}\n")


@pytest.mark.parametrize("body", [*BODIES.values(), "=?a?q?" * 3_000, "=?" * 9_000], ids=[*BODIES, "words", "starts"])
@pytest.mark.parametrize(
    "message",
    [
        pytest.param(mail, id="text"),
        pytest.param(html, id="html"),
        pytest.param(in_feedback, id="feedback"),
        pytest.param(in_header("X-Failed-Recipients"), id="failed-recipients"),
        pytest.param(in_header("References"), id="references"),
        pytest.param(in_header("Content-Disposition"), id="disposition"),
    ],
)
def test_message__of_repeated_characters_is_read_in_linear_time(message: Callable[[str], bytes], body: str) -> None:
    data = message(body)
    started = time.process_time()
    assert all(each.kind in BounceKind for each in read_message(data).bounces)
    assert time.process_time() - started < SECONDS_MAX


HEADER = "document_id,returned_on,return_reason\r\n"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_report__of_repeated_characters_is_read_in_linear_time(body: str) -> None:
    for text in (body, HEADER + body, f'{HEADER}"{body}', "{" + body, '{"id":"' + body):
        started = time.process_time()
        read_delivery_reports(text.encode())
        assert time.process_time() - started < SECONDS_MAX


def work(seconds: float) -> None:
    """Use this much processor time."""
    started = time.process_time()
    while time.process_time() - started < seconds:
        pass


def test_time_limit__interrupts_work_that_takes_too_long() -> None:
    with pytest.raises(LimitExceeded, match=r"takes more than 0\.05 seconds"), time_limit(0.05):
        work(60)
    work(0.1)
