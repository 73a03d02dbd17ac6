"""Reads from the code every sentence that an operation can say to a person, for the console's message catalog.

A sentence with values in it becomes a template: `f"batch {batch_id} is closed"` is `batch {1} is closed`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statement_builder.policy.candidate import first_sentence
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
    "reports/billing_office/*.py",
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
RULES = ("policy/*.py", "policy/*/*.py", "kinds/*/*.py")
"""The modules with rules. The first sentence of a rule's documentation is what a page says of it."""
_RULE_NAME = re.compile(r"_?(hold|list)_\w+")
TITLED = ("reports/billing_office/*.py",)
"""The modules with titles of columns and plots, which may be a single word."""
_TITLES_NAME = re.compile(r"_?[A-Z_]*(TITLES|TOTALS|LEDGERS)|NOT_MAILED")
_WORDS = re.compile(r"[a-z]{2,}")
_NOT_SAID = re.compile(
    r"%s|Line \(|evidence (approve|draft|list|write)$"
    r"|--accept \{1\}|\{1\} --reason|(console|statements release|placement show) [a-z{]|placement\.agencies: \{"
)
"""What only logs, commands, and names of settings say."""


def extract_sentences() -> set[str]:
    """Every sentence of `SAYING`, what the rules say, the titles of reports, and the texts of the hold codes."""
    found = {text for code in HOLD_CODES.values() for text in (code.title, code.why, code.what_to_do)}
    for read, patterns in ((_read_sentences, SAYING), (_read_rules, RULES), (_read_titles, TITLED)):
        for pattern in patterns:
            paths = sorted(PACKAGE.glob(pattern))
            assert paths, pattern
            found |= {text for path in paths for text in read(path)}
    return found


def _read_rules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and _RULE_NAME.fullmatch(node.name):
            yield from filter(None, [first_sentence(ast.get_docstring(node))])


def _read_titles(path: Path) -> Iterator[str]:
    """The titles of columns: by keyword, as the second argument of a helper, and in the tables of titles."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        values: list[Any] = []
        if isinstance(node, ast.Call):
            values = [each.value for each in node.keywords if each.arg == "title"]
            values += node.args[1:2] if isinstance(node.func, ast.Name) and node.func.id == "_money" else []
        elif isinstance(node, ast.Assign) and _TITLES_NAME.fullmatch(getattr(node.targets[0], "id", "")):
            table = node.value
            values = table.values if isinstance(table, ast.Dict) else getattr(table, "elts", [table])
        yield from (text for each in values if (text := _read_text(each)) and _WORDS.search(text))


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
