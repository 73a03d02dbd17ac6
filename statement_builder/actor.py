"""Who runs a command, according to the operating system.

Environment variables such as LOGNAME and SUDO_USER are not read: anybody can set them, and dual control depends on the
answer.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
from pathlib import Path

_NO_LOGIN = 2**32 - 1
"""What the kernel reports for a process that no login started, such as a service or a container."""


def current_actor() -> str:
    """The actor of this process, `user@machine`, for locks and the event log.

    After `sudo -u statements`, the user is `ana/statements`: the person who logged in, and the account that runs the
    command. An account without a name is written as its number, as in some containers.
    """
    runs_as = _outer_user_id(os.getuid())
    login = _login_user_id()
    user = _name(runs_as)
    if login is not None and login != runs_as:
        user = f"{_name(login)}/{user}"
    return f"{user}@{socket.gethostname()}"


def current_groups() -> frozenset[str]:
    """The groups of the operating system that this person is in: of the login behind `sudo`, not of the account."""
    login = _login_user_id()
    user_id = _outer_user_id(os.getuid()) if login is None else login
    try:
        account = pwd.getpwuid(user_id)
    except KeyError:
        return frozenset()
    return frozenset(filter(None, map(_group_name, os.getgrouplist(account.pw_name, account.pw_gid))))


def current_memberships() -> frozenset[str]:
    """The members of the setting `roles` that this person is: one for each group."""
    return frozenset(f"group:{name}" for name in current_groups())


def is_same_user(actor: str, other: str) -> bool:
    """Whether two actors are the same person. The machine and the account that `sudo` chose do not matter."""
    return _person(actor) == _person(other)


def is_named(actor: str, user: str) -> bool:
    """Whether an actor is the person with this user name."""
    return _person(actor) == user.casefold()


def _person(actor: str) -> str:
    user, _, _ = actor.rpartition("@")  # a user's name may be an e-mail address
    return user.partition("/")[0].casefold()


def _login_user_id() -> int | None:
    """The user who logged in. Only the kernel sets it, and `sudo` and `su` keep it. None: not known."""
    try:
        login = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except OSError:
        return None
    return None if login == _NO_LOGIN else login


def _outer_user_id(user_id: int) -> int:
    """The user outside a user namespace that maps a single user, which anybody can create to look like a colleague."""
    try:
        rows = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    except OSError:
        return user_id
    if len(rows) != 1:
        return user_id
    inner, outer, count = (int(number) for number in rows[0].split())
    return outer if count == 1 and inner == user_id else user_id


def _group_name(group_id: int) -> str:
    try:
        return grp.getgrgid(group_id).gr_name
    except KeyError:
        return ""


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
