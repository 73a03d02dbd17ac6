"""A task's log: progress at least every ten seconds, no steps of libraries, and errors in words."""

from __future__ import annotations

import logging

import pytest
from common.task_log import LIBRARIES, PROGRESS_EVERY_S, ProgressLog, describe_error, quiet_libraries

from mail_house.errors import Misconfigured
from statement_builder.errors import ConfigError


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_progress__of_a_silent_stage_is_written_every_ten_seconds() -> None:
    clock, lines = Clock(), list[str]()
    progress = ProgressLog(lines.append, clock)
    for second in range(35):
        clock.now_s = float(second)
        progress.tick()
    assert lines == [f"working; {each} s since the task began" for each in (10, 20, 30)]
    progress.report("build", 1_000, 4_000)
    clock.now_s = 34 + PROGRESS_EVERY_S
    progress.tick()
    assert lines[-2:] == ["build: 1,000 of 4,000", "build: 1,000 of 4,000; 44 s since the task began"]


def test_progress__of_a_stage_that_reports_often_is_written_seldom() -> None:
    clock, lines = Clock(), list[str]()
    progress = ProgressLog(lines.append, clock)
    for done in range(1, 101):
        clock.now_s += 0.25
        progress.report("pull", done, 0)
    assert lines == ["pull: 1", "pull: 41", "pull: 81"]
    progress.report("build", 1, 3)
    progress.report("build", 2, 3)
    progress.report("build", 3, 3)
    assert lines[3:] == ["build: 1 of 3", "build: 3 of 3"], "the first and the last"


def test_libraries__are_quiet_and_their_warnings_are_kept() -> None:
    loggers = {name: logging.getLogger(name) for name in (*LIBRARIES, "fontTools.subset")}
    before = {name: each.level for name, each in loggers.items()}
    try:
        loggers["fontTools.subset"].setLevel(logging.INFO)
        quiet_libraries()
        assert {each.isEnabledFor(logging.INFO) for each in loggers.values()} == {False}
        assert {each.isEnabledFor(logging.WARNING) for each in loggers.values()} == {True}
    finally:
        for name, level in before.items():
            loggers[name].setLevel(level)


class AirflowFailException(Exception):
    """As Airflow's, which a test must not import."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(ConfigError("Set mail.inbox."), "Set mail.inbox.", id="our-own-words"),
        pytest.param(Misconfigured("The login is wrong."), "The login is wrong.", id="a-hand-off"),
        pytest.param(AirflowFailException("ben chose Reject."), "ben chose Reject.", id="a-rejection"),
        pytest.param(ConfigError("a\n\x1b[2Jb"), "a\\n\\x1b[2Jb", id="one-line"),
        pytest.param(OSError(28, "No space left on device", "/data"), "/data: No space left on device.", id="the-disk"),
        pytest.param(KeyError("Mary Smith"), "KeyError: this service did not expect", id="no-word-of-what-is-unknown"),
    ],
)
def test_error__in_words(error: Exception, text: str) -> None:
    described = describe_error(error)
    assert described.startswith(text)
    assert "Mary" not in described
