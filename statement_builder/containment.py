"""One account's or one document's unexpected error becomes that one's exception, and the batch goes on.

Errors that we raise on purpose, a failed disk and an incomplete installation concern the whole batch: they are raised
again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from statement_builder.billing.model import DocumentRequest, Fault, FaultyAccount
from statement_builder.errors import StatementsError

INTERNAL = "INTERNAL"
WORKER_DIED = "WORKER_DIED"

_FRAMES_MAX = 12
"""Innermost code lines in the log: the whole stack of a recursion would be a thousand."""
_log = logging.getLogger(__name__)


class Problem(NamedTuple):
    """Why something became an exception, in words for a clerk."""

    code: str
    message: str
    fix: str


def contain(error: Exception, doing: str, item: str) -> Problem:
    """Log the error and describe it. Raises it again when it concerns the whole batch.

    `doing` completes "failed while …", and `item` is the id of the account or document. Neither the log nor the
    description has the error's own text, which may quote a name or an amount.
    """
    is_environment = isinstance(error, ImportError) or (isinstance(error, OSError) and error.errno is not None)
    if is_environment or isinstance(error, StatementsError):
        raise error
    _log.error("%s: failed while %s: %s", item, doing, " from ".join(map(_trace, _chain(error))))
    return Problem(
        INTERNAL,
        f"The program failed while {doing} ({type(error).__name__} at {_frames(error.__traceback__)[-1]}).",
        "Report this to the maintainers with the log line that names this id. Mail this one by hand if it cannot wait.",
    )


def died(doing: str) -> Problem:
    """The problem of the one item that ends every worker process that works on it."""
    return Problem(
        WORKER_DIED,
        f"Every worker process that was {doing} this one was killed: it needs more memory or time than there is, or a "
        "library crashed.",
        "Look for an extreme number of visits or charges, and correct or split the account in the billing system. "
        "Otherwise report this to the maintainers. Mail this one by hand if it cannot wait.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, the latest first."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def _trace(error: BaseException) -> str:
    """The class and its innermost code lines. No values."""
    frames = _frames(error.__traceback__)
    return f"{type(error).__name__} at {' > '.join(frames[-_FRAMES_MAX:])}"


def _frames(trace: TracebackType | None) -> list[str]:
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames or ["unknown"]


def faulty_account(
    subject: str, problem: Problem, *, cents: int = 0, requests: tuple[tuple[str, DocumentRequest], ...] = ()
) -> FaultyAccount:
    """An account that our own program failed on, as an exception."""
    fault = Fault(code=problem.code, result_set="", message=problem.message, fix=problem.fix)
    return FaultyAccount(
        subject=subject,
        faults=(fault,),
        cents=cents,
        requests=requests,
    )
