"""`statements serve`: the console on the loopback address, until it is stopped."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import uvicorn

from statement_builder.errors import ConfigError
from statement_builder.pipeline.context import AppContext
from statement_builder.web.app import create_app
from statement_builder.web.opening import open_console
from statement_builder.web.tokens import TokenBox
from statement_builder.web.visitors import Door, LinkDoor, open_proxy_door

HOST = "127.0.0.1"


def serve(
    context: AppContext,
    *,
    environ: Mapping[str, str],
    folder: Path,
    port: int,
    say: Callable[[str], None],
) -> None:
    """Serve the console until the process is interrupted. `folder` is where the settings are looked for.

    `ConfigError` if the port is taken, or if a proxy is set and cannot be proven.
    """
    with closing(_listen(port)) as listener:
        bound_port: int = listener.getsockname()[1]
        door = open_door(context, environ=environ, port=bound_port, say=say)
        console = open_console(context, door=door, box=TokenBox(), environ=environ, folder=folder)
        config = uvicorn.Config(
            create_app(console),
            access_log=False,  # the access log of the ledger says who saw what
            server_header=False,
            proxy_headers=False,
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
        if isinstance(door, LinkDoor):
            door.renew_link()
        else:
            say(f"The console listens on {HOST}:{bound_port} for the proxy of {door.origin}. Stop it with Ctrl+C.")
        # The server repeats the signal that stopped it, which must not end this process before its actions.
        signal.signal(signal.SIGTERM, lambda *_: None)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
        for job in console.jobs.all_running():
            say(f"Waiting for “{job.order.verb}” of {job.order.subject} to finish.")
            job.ended.wait()


def open_door(context: AppContext, *, environ: Mapping[str, str], port: int, say: Callable[[str], None]) -> Door:
    """The way in that the settings name."""
    console = context.settings.console
    if console.public_url:
        return open_proxy_door(console, environ)
    return LinkDoor(
        actor=context.actor,
        memberships=context.memberships,
        port=port,
        monotonic=time.monotonic,
        print_link=lambda link: say(f"Open the console, once, within 15 minutes: {link}"),
    )


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # before the link is printed, so that a browser that follows it at once waits
    except OSError as exc:
        listener.close()
        raise ConfigError(
            f"port {port} of {HOST} cannot be used: {exc.strerror}. Name another with --port, or set console.port."
        ) from exc
    return listener
