"""Patient data does not leak into output, file names, archive keys, e-mail texts or the ledger.

The tests run a batch of every kind and search for the names, addresses and services in the hospital's database. One
test searches where these belong, to prove that the search works.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from tests.commands import call
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, CYCLE, CommandResult, Hospital

Results = tuple[Hospital, list[CommandResult]]
SUPERVISOR = 70_001
"""A Unix user."""
KINDS = ("statement", "ob-notice", "dunning", "invoice")
COMMON_WORDS = {"day", "long", "may", "person", "street", "mail", "page", "due", "sent", "print", "letter", "price"}
"""Last names that are also words in the service's output, and so prove nothing."""


@pytest.fixture(scope="module")
def results(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A hospital after its four batches, and the output of every command."""
    if os.geteuid() != 0:
        pytest.skip("only root can run a command as another Unix user, which final notices need")
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("four-batches") / "home", guarantors=24)
    outputs = []
    for kind in KINDS:
        run = ("run", kind, "--cycle", CYCLE, "--as-of", AS_OF.isoformat())
        outputs.append(hospital.statements(*run, code=3))
        # Final notices must be released by a different user from the one who opened the batch.
        outputs.append(call(hospital.as_user(SUPERVISOR), "release", f"{CYCLE}-{kind}"))
        outputs.append(call(hospital, "exceptions", f"{CYCLE}-{kind}"))
    outputs.append(call(hospital, "rerun", f"{CYCLE}-statement", "--release"))
    return hospital, outputs


@pytest.fixture(scope="module")
def identities(results: Results) -> dict[str, set[str]]:
    """Values in the hospital's database that identify people, by kind."""
    hospital, _ = results
    found: dict[str, set[str]] = {
        "last name": _column(hospital, "SELECT last_name FROM guarantor UNION SELECT last_name FROM patient"),
        "first name": _column(hospital, "SELECT first_name FROM guarantor UNION SELECT first_name FROM patient"),
        "e-mail": _column(hospital, "SELECT email FROM guarantor"),
        "street": {
            line
            for lines in _column(
                hospital, "SELECT address_lines FROM guarantor UNION SELECT confidential_lines FROM guarantor"
            )
            for line in lines.split("\n")
        },
        "city": _column(hospital, "SELECT city FROM guarantor"),
        "birthday": _column(hospital, "SELECT birth_on FROM patient"),
        "service": _column(hospital, "SELECT description FROM charge UNION SELECT description FROM encounter"),
    }
    return {kind: {word for word in words if _is_identifying(word)} for kind, words in found.items()}


@pytest.fixture(scope="module")
def accounts(results: Results) -> set[str]:
    return _column(results[0], "SELECT account_number FROM encounter")


def _column(hospital: Hospital, query: str) -> set[str]:
    return {str(row[0]) for row in hospital.sql(query) if row[0]}


def _is_identifying(word: str) -> bool:
    return len(word) > 2 and word.lower() not in COMMON_WORDS


def _find_words(text: str, words: set[str]) -> set[str]:
    """The words that occur in the text as whole words, ignoring case."""
    return {word for word in words if re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text, re.IGNORECASE)}


def _assert_identifies_nobody(text: str, identities: dict[str, set[str]], where: str) -> None:
    assert text, f"{where} is empty, so this proves nothing"
    found = {kind: _find_words(text, words) for kind, words in identities.items()}
    assert not any(found.values()), f"{where} has {found}"


def test_search__has_many_words_and_finds_them_where_they_belong(
    results: Results, identities: dict[str, set[str]], accounts: set[str], tmp_path: Path
) -> None:
    hospital, _ = results
    assert {kind: len(words) for kind, words in identities.items() if len(words) < 2} == {}
    assert sum(len(words) for words in identities.values()) > 100
    assert len(accounts) > 20
    manifest = "\n".join(" ".join(row.values()) for row in hospital.manifest_rows())
    pages = "\n".join(
        page.extract_text()
        for path in (hospital.home / "outbox" / "print").glob("*.pdf")
        for page in pypdf.PdfReader(path).pages
    )
    for kind in ("last name", "first name", "street", "city"):
        assert _find_words(manifest, identities[kind]), f"no {kind} in the manifests: the search finds nothing anywhere"
    assert _find_words(pages, identities["service"])
    assert _find_words(pages, accounts)


def test_output__identifies_nobody(results: Results, identities: dict[str, set[str]]) -> None:
    _, outputs = results
    _assert_identifies_nobody("\n".join(each.out + each.err for each in outputs), identities, "the terminal")


def test_standard_error__has_no_account_and_no_amount(results: Results, accounts: set[str]) -> None:
    """Standard error goes into log files. Tables on standard output are for the operator."""
    text = "\n".join(each.err for each in results[1])
    assert "build" in text
    assert _find_words(text, accounts) == set()
    assert not re.search(r"\$\s*\d|\d+\.\d\d\b", text), text


def test_ledger__identifies_nobody(results: Results, identities: dict[str, set[str]]) -> None:
    text = "\n".join(_all_text(results[0].home / "ledger.db"))
    assert text.count("\n") > 500
    _assert_identifies_nobody(text, identities, "the ledger")


def test_file_names_and_keys__identify_nobody(
    results: Results, identities: dict[str, set[str]], accounts: set[str]
) -> None:
    hospital, _ = results
    paths = [
        str(path.relative_to(hospital.home))
        for folder in ("archive", "outbox", "ledger.db.locks")
        for path in (hospital.home / folder).rglob("*")
    ]
    names = "\n".join(paths)
    assert len(paths) > 15
    _assert_identifies_nobody(names, identities, "a file name")
    guarantors = _column(hospital, "SELECT guarantor_id FROM guarantor")
    assert _find_words(names, accounts | guarantors) == set()


def test_emails__have_no_amount_no_account_and_no_service(
    results: Results, identities: dict[str, set[str]], accounts: set[str]
) -> None:
    paths = list((results[0].home / "outbox" / "email").glob("*.eml"))
    assert paths
    for path in paths:
        headers, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        others = {kind: words for kind, words in identities.items() if kind != "e-mail"}
        _assert_identifies_nobody(body, others, "an e-mail's text")
        assert _find_words(headers + body, accounts) == set()
        assert "$" not in body


def _all_text(database: Path) -> Iterator[str]:
    """Every text value in every table."""
    connection = sqlite3.connect(database)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            yield from (value for value in row if isinstance(value, str))
    connection.close()
