"""Reads from the code every sentence that an operation can say to a person, for the console's message catalog.

A sentence with values in it becomes a template: `f"batch {batch_id} is closed"` is `batch {1} is closed`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.web.templating import WEB

PACKAGE = WEB.parent
SAYING = (
    "../mail_house/agency/reports.py",
    "../mail_house/payroll/answers.py",
    "../mail_house/pipe_file.py",
    "containment.py",
    "documents/assistance.py",
    "documents/formats.py",
    "documents/plan_terms.py",
    "documents/recipients.py",
    "documents/visits.py",
    "kinds/*/facts.py",
    "kinds/compose.py",
    "operations/approval/proof.py",
    "operations/approval/reject.py",
    "operations/approval/release.py",
    "operations/approval/release_checks.py",
    "operations/console/clerk_queue.py",
    "operations/console/explanation.py",
    "operations/console/name_search.py",
    "operations/console/reasons.py",
    "operations/console/work_items.py",
    "operations/estate_claims.py",
    "operations/evidence/requests.py",
    "operations/evidence/write.py",
    "operations/mail_holds.py",
    "operations/placement/*.py",
    "operations/payroll/collect.py",
    "operations/quarantine.py",
    "operations/reissue/correct.py",
    "operations/reissue/re[!i]*.py",
    "operations/reissue/reissues.py",
    "operations/reissue/void.py",
    "operations/requests.py",
    "operations/roles.py",
    "operations/templates/versions.py",
    "operations/tracking/inbound_files.py",
    "operations/tracking/inbox_run.py",
    "operations/work_queue.py",
    "pipeline/context.py",
    "source/accounts.py",
    "source/column_types.py",
    "source/consistency.py",
    "source/contacts.py",
    "source/estates.py",
    "source/faults.py",
    "source/guarantors.py",
    "source/recipients.py",
    "source/repeated.py",
    "web/*actions.py",
    "web/jobs.py",
)
"""The modules whose sentences a page of the console can show."""
_WORDS = re.compile(r"[a-z]{2,}")
_NOT_SAID = re.compile(
    r"%s|Line \(|evidence (approve|draft|list|write)$"
    r"|--accept \{1\}|\{1\} --reason|(console|statements release|placement show) [a-z{]|placement\.agencies: \{"
)
"""What only logs, commands, and names of settings say."""


def extract_sentences() -> set[str]:
    """Every sentence of `SAYING`, and the texts of the hold codes."""
    found = {text for code in HOLD_CODES.values() for text in (code.title, code.why, code.what_to_do)}
    for pattern in SAYING:
        paths = sorted(PACKAGE.glob(pattern))
        assert paths, pattern
        for path in paths:
            found |= set(_read_sentences(path))
    return found


def _read_sentences(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(each) for node in ast.walk(tree) for each in _list_silent(node)}
    for node in ast.walk(tree):
        text = _read_text(node)
        if text is None or id(node) in silent:
            continue
        text = text.strip()
        words_min = 1 if re.search(r"[{0-9]", text) else 2
        if " " in text and len(_WORDS.findall(text)) >= words_min and not _NOT_SAID.match(text):
            yield text


def _list_silent(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, and the parts of a sentence with values."""
    if isinstance(node, ast.Expr):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        yield from (each for value in node.values for each in ast.walk(value) if not isinstance(each, ast.JoinedStr))


def _read_text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    text, number = "", 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            text += str(value.value)
        else:
            number += 1
            text += f"{{{number}}}"
    return text
