"""Run our programs in forked processes, without the second that a new interpreter takes to import them.

The first call starts a server process that imports everything and then waits: `python -m tests.fork_server`. Each
program is a fork of it, with its own arguments, environment, working directory and output.
`tests/e2e/test_operators_day.py` checks that programs start in a new interpreter, too.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

STATEMENTS = "statement_builder.cli:main"
KILL_POINTS = "tests.kill_points:main"
_IMPORTED_LATE = (
    "boto3.session",
    "mail_house.email.ses",
    "mail_house.vendors.sftp",
    "pydantic.fields",
    "statement_builder.archive.s3",
    "statement_builder.devtools.benchmark",
    "statement_builder.operations.run",
    "statement_builder.operations.reissue.resolve",
    "statement_builder.operations.tracking.track",
    "statement_builder.rendering.cover_sheet",
    "statement_builder.rendering.verified_renderer",
)
"""Modules that the programs import only when they need them."""
_servers: dict[int, subprocess.Popen[str]] = {}


def run_forked(
    program: str, arguments: list[str], *, env: Mapping[str, str], cwd: Path, user_id: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `module:function` as a program with these arguments. As with `subprocess.run`, a negative exit code is the
    signal that killed it. `user_id` is another Unix user to run as, with the access of this one."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        request = {"program": program, "arguments": arguments, "env": dict(env), "cwd": str(cwd), "user_id": user_id}
        server.stdin.write(json.dumps(request | {"out": str(out), "err": str(err)}) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(
            [program, *arguments], code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


def _server() -> subprocess.Popen[str]:
    """This process's server. It exits with this process, because its standard input closes."""
    found = _servers.get(os.getpid())
    if found is None:
        command = [sys.executable, "-m", __name__]
        found = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        _servers[os.getpid()] = found
        atexit.register(_end, found)
    return found


def _end(server: subprocess.Popen[str]) -> None:
    server.communicate()


def _serve() -> None:
    for name in (*(program.partition(":")[0] for program in (STATEMENTS, KILL_POINTS)), *_IMPORTED_LATE):
        importlib.import_module(name)
    _warm_up()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _warm_up() -> None:
    """Compile the templates, and let WeasyPrint read its fonts: each program would do it again."""
    from statement_builder.rendering import PlainEngine
    from statement_builder.rendering.templating import render_markup
    from tests.contents import TEMPLATES, make_letter, make_statement
    from tests.rendering.sample_pages import SHEETS

    for language in ("en", "es"):
        render_markup(TEMPLATES, make_letter(4, language=language))
    engine = PlainEngine(TEMPLATES)
    engine.render(make_statement())
    next(sheet for sheet in SHEETS if sheet.name == "control-sheet-closed").make(engine)


def _become(request: dict[str, Any]) -> NoReturn:
    """Become the program and exit. Exit handlers run; the inherited heap is not torn down."""
    os.setsid()
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_CREAT),
        (2, request["err"], os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    if request["user_id"] is not None:
        os.setreuid(request["user_id"], -1)
    module, _, function = request["program"].partition(":")
    sys.argv = [module, *request["arguments"]]
    code = 0
    try:
        getattr(importlib.import_module(module), function)()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:  # noqa: BLE001 - as an interpreter does
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        _serve()
    os._exit(0)  # a normal exit would print warnings of imported libraries that were not closed
