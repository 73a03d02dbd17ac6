"""Engines that misbehave on purpose; in a module of their own so that worker processes can import them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from statement_builder.documents import Content
from statement_builder.rendering import PlainEngine, Rendered


class DyingEngine(PlainEngine):
    """Its process is killed, as for want of memory, at the document of guarantor `G-DIES`."""

    def render(self, content: Content) -> Rendered:
        if content.guarantor_id == "G-DIES":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().render(content)


class NotedEngine(PlainEngine):
    """Leaves a file named by its process id in a folder; make it with `functools.partial(NotedEngine, folder)`."""

    def __init__(self, folder: Path, templates: Path) -> None:
        (folder / str(os.getpid())).touch()
        super().__init__(templates)
