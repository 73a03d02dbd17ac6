"""A loopback relay that passes a set number of bytes in each direction and then cuts the connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial


@dataclass
class Relay:
    """`sent` and `answered` count the bytes passed to and from the server, over all connections."""

    port: int = 0
    sent: int = 0
    answered: int = 0
    sent_max: int | None = None
    answered_max: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, direction: str, size: int) -> int:
        """Return how many of the next `size` bytes may pass."""
        with self._lock:
            passed, bound = getattr(self, direction), getattr(self, f"{direction}_max")
            allowed = size if bound is None else max(0, min(size, bound - passed))
            setattr(self, direction, passed + allowed)
            return allowed


@contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """Run a relay in front of a server on loopback."""
    relay = Relay()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay.port = listener.getsockname()[1]
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=_accept, args=(listener, port, relay, threads))
        accepting.start()
        try:
            yield relay
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def _close_both(client: socket.socket, server: socket.socket) -> None:
    client.close()
    server.close()


def _accept(listener: socket.socket, port: int, relay: Relay, threads: list[threading.Thread]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        pair = threading.Barrier(2, action=partial(_close_both, client, server))
        for source, target, direction in ((client, server, "sent"), (server, client, "answered")):
            thread = threading.Thread(target=_pump, args=(source, target, relay, direction, pair))
            thread.start()
            threads.append(thread)


def _pump(source: socket.socket, target: socket.socket, relay: Relay, direction: str, pair: threading.Barrier) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            allowed = relay.take(direction, len(data))
            target.sendall(data[:allowed])
            if allowed < len(data):
                break
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    pair.wait()
