"""Who may come in: one link works once, a session ends, and a proxy must prove itself."""

from __future__ import annotations

import pytest

from statement_builder.errors import ConfigError
from statement_builder.settings.model import ConsoleSettings
from statement_builder.web.visitors import IDLE_S, LINK_S, SESSION_S, LinkDoor, open_proxy_door

SECRET = "s" * 32


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def links() -> list[str]:
    return []


@pytest.fixture
def door(clock: FakeClock, links: list[str]) -> LinkDoor:
    door = LinkDoor(
        actor="ana@desk",
        memberships=frozenset({"group:billing"}),
        port=8321,
        monotonic=clock,
        print_link=links.append,
    )
    door.renew_link()
    return door


def token_of(link: str) -> str:
    return link.partition("?link=")[2]


def test_link__works_once(door: LinkDoor, links: list[str]) -> None:
    session = door.open(token_of(links[0]))
    assert session
    assert door.open(token_of(links[0])) is None
    visitor = door.identify({}, {door.cookie: session}, is_automatic=False)
    assert visitor
    assert (visitor.actor, visitor.memberships) == ("ana@desk", frozenset({"group:billing"}))


@pytest.mark.parametrize("token", ["", "guess", "ü"], ids=["empty", "wrong", "not-ascii"])
def test_link__another_token_opens_nothing(door: LinkDoor, token: str) -> None:
    assert door.open(token) is None


def test_link__is_too_old_after_its_time(door: LinkDoor, links: list[str], clock: FakeClock) -> None:
    clock.now_s += LINK_S + 1
    assert door.open(token_of(links[0])) is None


def test_link__a_new_one_replaces_the_old_one_and_not_too_often(
    door: LinkDoor, links: list[str], clock: FakeClock
) -> None:
    assert not door.renew_link()
    clock.now_s += 60
    assert door.renew_link()
    assert door.open(token_of(links[0])) is None
    assert door.open(token_of(links[1]))


@pytest.mark.parametrize(
    ("steps_s", "is_automatic", "is_open"),
    [
        pytest.param([IDLE_S - 1, IDLE_S - 1], False, True, id="in-use"),
        pytest.param([IDLE_S + 1], False, False, id="idle"),
        pytest.param([IDLE_S - 1, IDLE_S - 1], True, False, id="a-refresh-by-itself-is-no-use"),
        pytest.param([IDLE_S - 1] * (SESSION_S // IDLE_S + 1), False, False, id="at-the-end-of-the-day"),
    ],
)
def test_session__ends(
    door: LinkDoor, links: list[str], clock: FakeClock, steps_s: list[int], is_automatic: bool, is_open: bool
) -> None:
    session = door.open(token_of(links[0])) or ""
    found = None
    for step_s in steps_s:
        clock.now_s += step_s
        found = door.identify({}, {door.cookie: session}, is_automatic=is_automatic)
    assert (found is not None) is is_open


@pytest.mark.parametrize(
    ("headers", "actor"),
    [
        pytest.param({"x-statements-proxy-secret": SECRET, "x-forwarded-user": "ana"}, "ana@console", id="name"),
        pytest.param(
            {"x-statements-proxy-secret": SECRET, "x-forwarded-user": "ana@hospital.example"},
            "ana@hospital.example",
            id="address",
        ),
        pytest.param({"x-forwarded-user": "ana"}, None, id="no-secret"),
        pytest.param({"x-statements-proxy-secret": "x" * 32, "x-forwarded-user": "ana"}, None, id="wrong-secret"),
        pytest.param({"x-statements-proxy-secret": SECRET}, None, id="no-user"),
        pytest.param({"x-statements-proxy-secret": SECRET, "x-forwarded-user": "ana/root"}, None, id="slash"),
        pytest.param({"x-statements-proxy-secret": SECRET, "x-forwarded-user": "ana\n"}, None, id="line-feed"),
        pytest.param({"x-statements-proxy-secret": SECRET, "x-remote-user": "ana"}, None, id="another-header"),
    ],
)
def test_proxy__names_the_user_beside_its_secret(headers: dict[str, str], actor: str | None) -> None:
    settings = ConsoleSettings(public_url="https://mail.hospital.example")
    door = open_proxy_door(settings, {"STATEMENTS_PROXY_SECRET": SECRET})
    visitor = door.identify(headers, {}, is_automatic=False)
    assert (visitor.actor if visitor else None) == actor


@pytest.mark.parametrize("secret", ["", "short"])
def test_proxy__needs_a_secret_that_nobody_guesses(secret: str) -> None:
    settings = ConsoleSettings(public_url="https://mail.hospital.example")
    with pytest.raises(ConfigError, match="STATEMENTS_PROXY_SECRET"):
        open_proxy_door(settings, {"STATEMENTS_PROXY_SECRET": secret})
