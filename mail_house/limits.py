"""Limits on what comes from outside: checked before a message or file is parsed, so that no sender can stop the others.

The limits are far above what mail servers and vendors send. Input that exceeds one is left for a person.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FILE_BYTES_MAX = 64 * 2**20
"""A vendor's report of half a million pieces has about 60 MB."""
MESSAGE_BYTES_MAX = 16 * 2**20
MESSAGE_LINES_MAX = 400_000
MESSAGE_LINE_BYTES_MAX = 2**18
"""RFC 5322 allows 998, but generated HTML and Base64 without line breaks are common."""
HEADER_BYTES_MAX = 2**15
"""One header field with its folded lines."""
PARTS_MAX = 50
"""Lines that declare a content type. Each may open one more level, and the parser recurses into each level."""
DELIMITERS_MAX = 2_000
"""Lines that start with two hyphens, as every boundary between parts does."""
PARSE_SECONDS_MAX = 20.0
"""Processor time for one file."""

_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_DELIMITER = re.compile(rb"^--", re.MULTILINE)
_FIELD_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,70}[ \t]*:")


class LimitExceeded(ValueError):
    """The input is larger, more deeply nested or slower to parse than any real one.

    The message completes "the message …" or "the file …", and quotes nothing.
    """


def check_message(data: bytes) -> None:
    """Raise LimitExceeded for a message that is not safe to parse. Takes time linear in its length."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise LimitExceeded(f"is larger than {MESSAGE_BYTES_MAX // 2**20} MB")
    # Zero bytes are removed before parsing, so that they must not hide a field's name here.
    text = data.replace(b"\0", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = text.split(b"\n")
    if len(lines) > MESSAGE_LINES_MAX:
        raise LimitExceeded(f"has more than {MESSAGE_LINES_MAX:,} lines")
    if max(map(len, lines)) > MESSAGE_LINE_BYTES_MAX:
        raise LimitExceeded(f"has a line of more than {MESSAGE_LINE_BYTES_MAX:,} characters")
    if _exceeds(_CONTENT_TYPE, text, PARTS_MAX) or _exceeds(_DELIMITER, text, DELIMITERS_MAX):
        raise LimitExceeded("has more parts, or parts inside parts, than any mail program writes")
    if _longest_field(lines) > HEADER_BYTES_MAX:
        raise LimitExceeded(f"has a header field of more than {HEADER_BYTES_MAX:,} characters")


def _exceeds(pattern: re.Pattern[bytes], text: bytes, limit: int) -> bool:
    return any(number > limit for number, _ in enumerate(pattern.finditer(text), 1))


def _longest_field(lines: list[bytes]) -> int:
    """The length of the longest header field with its folded lines. Lines of a body that look like one count too."""
    longest = length = 0
    for line in lines:
        if line[:1] in {b" ", b"\t"}:
            length += len(line) if length else 0
        else:
            length = len(line) if _FIELD_NAME.match(line) else 0
        longest = max(longest, length)
    return longest


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise LimitExceeded inside the block once it has used this much processor time. Waiting does not count.

    Only the main thread can be interrupted; in another one the block runs without a limit. The timer is not the one
    that Airflow's task timeouts use.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        raise LimitExceeded(f"takes more than {seconds:g} seconds to read")

    previous = signal.signal(signal.SIGVTALRM, interrupt)
    # Repeated, in case the first interruption is lost inside a library that handles every error.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
