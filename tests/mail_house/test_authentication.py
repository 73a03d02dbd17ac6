"""Our own mail server's verdict on a sender; a header that the sender wrote itself counts for nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_house.bounces import is_sender_refuted

OURS = "mx.hospital.example"


@pytest.mark.parametrize(
    ("results", "is_refuted"),
    [
        pytest.param("{ours}; dmarc=fail header.from=example.org", True, id="dmarc-fails"),
        pytest.param("{ours}; dkim=fail (bad hash) header.d=example.org", True, id="dkim-fails"),
        pytest.param("{ours} 1; dkim=fail header.d=example.org", True, id="with-a-version"),
        pytest.param("{ours} (our; mx); DKIM=FAIL header.d=example.org", True, id="comment-and-capitals"),
        pytest.param(
            "{ours}; dkim=fail header.d=evil.example;\r\n dkim=pass header.d=example.org", False, id="one-passes"
        ),
        pytest.param("{ours}; dkim=pass header.i=@mail.example.org", False, id="subdomain-signs"),
        pytest.param("{ours}; dkim=pass header.d=evil.example; dmarc=fail", True, id="another-domain-signs"),
        pytest.param("{ours}; dkim=pass header.d=evilexample.org; dmarc=fail", True, id="domain-ends-alike"),
        pytest.param("{ours}; dmarc=fail; arc=pass", False, id="forwarder-vouches"),
        pytest.param("{ours}; spf=fail; dkim=none", False, id="null-sender-of-a-bounce"),
        pytest.param("{ours}; none", False, id="nothing-checked"),
        pytest.param("mx.evil.example; dmarc=fail", False, id="another-server"),
        pytest.param("mx.evil.example; x={ours}; dmarc=fail", False, id="our-name-inside"),
        pytest.param("{ours}.evil.example; dmarc=fail", False, id="our-name-as-a-prefix"),
    ],
)
def test_is_sender_refuted(results: str, is_refuted: bool) -> None:
    message = f"Authentication-Results: {results.format(ours=OURS)}\r\nFrom: Ana <a@example.org>\r\n\r\nhello\r\n"
    assert is_sender_refuted(message.encode(), OURS) is is_refuted


@given(st.binary(max_size=300))
def test_is_sender_refuted__random_bytes_never_raise(noise: bytes) -> None:
    message = b"Authentication-Results: " + OURS.encode() + b";" + noise + b"\r\nFrom: " + noise + b"\r\n\r\n"
    assert is_sender_refuted(message, OURS) in {True, False}


@pytest.mark.parametrize(
    "clause",
    ["header.i=", "header.i=a", "header.d=", "dkim=fail header.i=", "(", "()", ";", "dkim", " "],
    ids=["i", "i-a", "d", "method-and-i", "comment", "comments", "clauses", "methods", "spaces"],
)
def test_is_sender_refuted__repeated_words_are_read_in_linear_time(clause: str) -> None:
    value = clause * (30_000 // len(clause))
    header = f"Authentication-Results: {OURS}; dkim=fail {value}\r\n"
    started = time.process_time()
    is_sender_refuted((header * 200 + "From: a@example.org\r\n\r\n").encode(), OURS)
    assert time.process_time() - started < 1


def test_is_sender_refuted__our_servers_header_is_above_the_others() -> None:
    others = "Authentication-Results: mx.evil.example; dmarc=pass\r\n" * 50
    message = f"Authentication-Results: {OURS}; dmarc=fail\r\n{others}From: a@example.org\r\n\r\n"
    assert is_sender_refuted(message.encode(), OURS)


def test_is_sender_refuted__header_is_not_read_without_the_setting() -> None:
    assert not is_sender_refuted(b"Authentication-Results: ; dmarc=fail\r\n\r\n", "")
