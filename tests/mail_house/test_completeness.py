"""When a file is complete: its date is its file system's, which may be wrong by years."""

from __future__ import annotations

import pytest

from mail_house.inbound import Settling, Sighting

NOW = 1_800_000_000.0
SETTLE_S = 60
AHEAD = NOW + 86_400 * 365
DAY_S = 86_400


def settling(seen: dict[str, Sighting] | None = None, *, now: float = NOW) -> Settling:
    return Settling(now=now, settle_s=SETTLE_S, seen=seen or {})


@pytest.mark.parametrize(
    ("changed_at", "is_complete"),
    [
        pytest.param(NOW - 3_600, True, id="an-hour-ago"),
        pytest.param(NOW - SETTLE_S, True, id="long-enough-ago"),
        pytest.param(NOW - SETTLE_S + 1, False, id="a-moment-ago"),
        pytest.param(NOW, False, id="now"),
        pytest.param(NOW + 1, False, id="in-the-future"),
        pytest.param(AHEAD, False, id="in-a-year"),
    ],
)
def test_settling__of_a_file_seen_for_the_first_time(changed_at: float, is_complete: bool) -> None:
    assert settling().of("")("a.csv", changed_at, 10) is is_complete


@pytest.mark.parametrize(
    ("later", "changed_at", "size", "is_complete"),
    [
        pytest.param(SETTLE_S, AHEAD, 10, True, id="unchanged"),
        pytest.param(SETTLE_S - 1, AHEAD, 10, False, id="unchanged-for-too-short"),
        pytest.param(SETTLE_S, AHEAD, 11, False, id="grown"),
        pytest.param(SETTLE_S, AHEAD + 1, 10, False, id="written-again"),
    ],
)
def test_settling__file_dated_in_the_future_is_complete_when_two_runs_see_the_same(
    later: float, changed_at: float, size: int, is_complete: bool
) -> None:
    first = settling()
    assert not first.of("")("a.csv", AHEAD, 10)
    second = settling(first.sightings, now=NOW + later)
    assert second.of("")("a.csv", changed_at, size) is is_complete
    assert second.of("")("a.csv", changed_at, size) is is_complete, "it is asked twice in a run"


def test_settling__many_short_runs_add_up() -> None:
    seen: dict[str, Sighting] = {}
    for second in range(0, SETTLE_S, 10):
        run = settling(seen, now=NOW + second)
        assert not run.of("")("a.csv", AHEAD, 10)
        seen = run.sightings
    assert settling(seen, now=NOW + SETTLE_S).of("")("a.csv", AHEAD, 10)


def test_settling__files_of_the_same_name_in_two_folders_are_two_files() -> None:
    first = settling()
    first.of("vendor: ")("a.csv", AHEAD, 10)
    assert not settling(first.sightings, now=NOW + SETTLE_S).of("")("a.csv", AHEAD, 10)


@pytest.mark.parametrize(("later", "names"), [(DAY_S - 1, []), (DAY_S, ["vendor: a.csv"])], ids=["a-day-less", "a-day"])
def test_settling__names_what_has_kept_changing(later: float, names: list[str]) -> None:
    first = settling()
    first.of("vendor: ")("a.csv", AHEAD, 10)
    first.of("vendor: ")("b.csv", AHEAD, 10)
    second = settling(first.sightings, now=NOW + later)
    second.of("vendor: ")("a.csv", AHEAD + 1, 10)
    second.of("vendor: ")("b.csv", AHEAD, 10)
    assert second.ahead_for(DAY_S) == names, "b.csv is complete"


def test_settling__forgets_what_is_gone() -> None:
    first = settling()
    first.of("")("a.csv", AHEAD, 10)
    assert settling(first.sightings, now=NOW + SETTLE_S).sightings == {}
