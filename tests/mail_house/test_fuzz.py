"""Mutated messages and vendor files: none raises, none takes longer than its time, and no line is lost.

By default it runs for a few seconds. `STATEMENTS_FUZZ_SECONDS` is the time for each kind of input, and
`STATEMENTS_FUZZ_SEED` another start: the same seed gives the same inputs. An input that fails is kept in `build/fuzz/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mail_house.bounces import Bounce, read_message
from mail_house.inbound import read_delivery_reports
from tests.hospital import ROOT
from tests.mail_house.bounces.cases import CASES
from tests.mail_house.test_inbound import HEADERS, ROWS, event, table
from tests.shared_data import FOLDER

SECONDS = float(os.environ.get("STATEMENTS_FUZZ_SECONDS", "2"))
SEED = int(os.environ.get("STATEMENTS_FUZZ_SEED", "16"))
INPUT_SECONDS_MAX = 2.0
"""Of processor time. Inputs have at most a quarter of a megabyte."""
BYTES_MAX = 2**18
_PYTHON_OR_PATTERN = re.compile(r"Error\b|Traceback|regex|codec|Expected|\$\.|\\[AZdsw]|\[\^|\(\?")

TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"\0", b"\x1a", b"\xef\xbb\xbf", b"\xff", b"\xe2\x80\xa8", b" ", b"\t", b",", b'"', b"'"),
    *(b"--", b"--b\r\n", b"\r\n\r\n", b";", b":", b"=", b"=?utf-8?q?", b"?=", b"<", b">", b"@", b"*", b"{", b"[", b"}"),
    *(b"Content-Type: message/rfc822\r\n\r\n", b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'),
    *(b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: text/html; charset=utf-16\r\n\r\n"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"Status: 5.1.1\r\n"),
    *(b"Final-Recipient: rfc822; ", b"Action: failed\r\n", b"charset*0*=x''%", b"0001-01-01", b"9999-12-31", b"-1"),
    *(b"99999999999999999999999999", b"deceased", b"DEC", b"1e999", b"null", b"\xed\xa0\x80", "１２".encode()),
)
"""What parsers treat in a special way."""


def message_samples() -> list[bytes]:
    """Messages made for this project, and the real ones where they are."""
    real = sorted((FOLDER / "dsn").glob("*.eml"))
    return [case.message for case in CASES] + [path.read_bytes() for path in real]


def report_samples() -> list[bytes]:
    """A vendor's file of each kind, with several lines, and events of Lob."""
    tables = [table(form, *[row for name, row, _ in ROWS if name == form] * 3) for form in HEADERS]
    events = [json.dumps(event(kind)) for kind in ("letter.mailed", "letter.returned_to_sender", "letter.viewed")]
    return [*tables, "\n".join(events).encode(), events[0].encode()]


def mutate(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    """Change one to five places."""
    for _ in range(rng.randint(1, 5)):
        data = rng.choice(MUTATIONS)(data, samples, rng)[:BYTES_MAX]
    return data


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice((1, 8, 80, 800)))


def _flip(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    start, _ = _span(data, rng)
    return data[:start] + rng.randbytes(rng.randint(0, 4)) + data[start + 1 :]


def _delete(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _insert(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    start, _ = _span(data, rng)
    return data[:start] + rng.choice(TOKENS) * rng.choice((1, 1, 2, 60, 2_000, 20_000)) + data[start:]


def _repeat(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 3, 30, 3_000)) + data[end:]


def _cut(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def _splice(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    other = rng.choice(samples)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _change_case(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    return data.swapcase()


def _change_line_ends(data: bytes, samples: list[bytes], rng: random.Random) -> bytes:
    return data.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n", b"\n\r\n")))


Mutation = Callable[[bytes, list[bytes], random.Random], bytes]
MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _delete, _insert, _insert, _repeat, _cut, _splice, _change_case, _change_line_ends),
)


def inputs(samples: list[bytes]) -> Iterator[bytes]:
    """Every sample, then mutations until the time is over, always the same ones for the same seed."""
    yield from samples
    rng = random.Random(SEED)
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        yield mutate(rng.choice(samples), samples, rng)


def check_all(samples: list[bytes], check: Callable[[bytes], None]) -> None:
    """Check each input and its time. A failure names the file that keeps the input."""
    count = 0
    for data in inputs(samples):
        started = time.process_time()
        try:
            check(data)
            seconds = time.process_time() - started
            assert seconds < INPUT_SECONDS_MAX, f"took {seconds:.1f} s"
        except Exception as exc:  # noqa: BLE001 - whatever it is, the input must be kept
            pytest.fail(f"{type(exc).__name__}: {exc}; seed {SEED}, input kept as {_keep(data)}")
        count += 1
    assert count > len(samples)


def _keep(data: bytes) -> Path:
    path = ROOT / "build" / "fuzz" / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def check_message(data: bytes) -> None:
    assert all(isinstance(each, Bounce) for each in read_message(data).bounces)


def check_report(data: bytes) -> None:
    parsed = read_delivery_reports(data)
    is_whole = any(problem.line == 0 for problem in parsed.problems)
    if not is_whole:
        assert parsed.lines == len(parsed.reports) + parsed.ignored + len(parsed.problems), "a line was lost"
    assert not is_whole or not parsed.reports
    for problem in parsed.problems:
        assert not _PYTHON_OR_PATTERN.search(problem.message), problem.message


def test_fuzz__messages() -> None:
    check_all(message_samples(), check_message)


def test_fuzz__vendor_files() -> None:
    check_all(report_samples(), check_report)


def test_fuzz__each_reader_takes_the_other_kind_too() -> None:
    check_all(report_samples(), check_message)
    check_all(message_samples(), check_report)


def test_inputs__are_the_same_for_the_same_seed() -> None:
    samples = report_samples()
    first, second = (random.Random(1) for _ in range(2))
    pairs = [(mutate(each, samples, first), mutate(each, samples, second)) for each in samples * 5]
    assert all(one == other for one, other in pairs)
    assert len({one for one, _ in pairs}) > len(samples)
