"""Who the patients are stays inside: not in what the service prints while it works, in file names, keys or the ledger.

The words that are looked for are read from the hospital's own database after a run of every kind of document. What is
meant to hold them is looked at too, so that a search which finds nothing anywhere does not pass for a clean house.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from tests.commands import call
from tests.hospital import AS_OF, CYCLE, CommandResult, Hospital, build_hospital

KINDS = ("statement", "ob-notice", "dunning")
WORDS_OF_OUR_OWN = {"day", "long", "may", "person", "street", "mail", "page", "due", "sent", "print", "letter", "price"}
"""Family names that are also words the service says; too common to prove anything."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hospital, list[CommandResult]]:
    """A hospital after its three batches, and everything that was printed on the way."""
    hospital = build_hospital(tmp_path_factory.mktemp("house") / "home", guarantors=20)
    answers = []
    for kind in KINDS:
        run = ("run", kind, "--cycle", CYCLE, "--as-of", AS_OF.isoformat())
        answers.append(hospital.statements(*run, code=3))
        # Final notices want somebody other than who opened the batch.
        supervisor = Hospital(hospital.home, {"LOGNAME": "supervisor"})
        answers.append(call(supervisor, "release", f"{CYCLE}-{kind}"))
        answers.append(call(hospital, "exceptions", f"{CYCLE}-{kind}"))
    answers.append(call(hospital, "rerun", f"{CYCLE}-statement", "--release"))
    return hospital, answers


@pytest.fixture(scope="module")
def identities(house: tuple[Hospital, list[CommandResult]]) -> dict[str, set[str]]:
    """Everything in the hospital's database that tells who somebody is, by what it is."""
    hospital, _ = house
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
    return {what: {word for word in words if _tells(word)} for what, words in found.items()}


@pytest.fixture(scope="module")
def accounts(house: tuple[Hospital, list[CommandResult]]) -> set[str]:
    return _column(house[0], "SELECT account_number FROM encounter")


def _column(hospital: Hospital, query: str) -> set[str]:
    return {str(row[0]) for row in hospital.sql(query) if row[0]}


def _tells(word: str) -> bool:
    return len(word) > 2 and word.lower() not in WORDS_OF_OUR_OWN


def _seen(text: str, words: set[str]) -> set[str]:
    """Those of the words that stand in the text as words, whatever their case."""
    return {word for word in words if re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text, re.IGNORECASE)}


def _assert_tells_nobody(text: str, identities: dict[str, set[str]], where: str) -> None:
    assert text, f"{where} is empty, so this proves nothing"
    seen = {what: _seen(text, words) for what, words in identities.items()}
    assert not any(seen.values()), f"{where} has {seen}"


def test_words_looked_for__are_many_and_are_found_where_they_belong(
    house: tuple[Hospital, list[CommandResult]], identities: dict[str, set[str]], accounts: set[str], tmp_path: Path
) -> None:
    hospital, _ = house
    assert {what: len(words) for what, words in identities.items() if len(words) < 2} == {}
    assert sum(len(words) for words in identities.values()) > 100
    assert len(accounts) > 20
    manifest = "\n".join(" ".join(row.values()) for row in hospital.manifest_rows())
    pages = "\n".join(
        page.extract_text()
        for path in (hospital.home / "outbox" / "print").glob("*.pdf")
        for page in pypdf.PdfReader(path).pages
    )
    for what in ("last name", "first name", "street", "city"):
        assert _seen(manifest, identities[what]), f"no {what} in the manifests: the search finds nothing anywhere"
    assert _seen(pages, identities["service"])
    assert _seen(pages, accounts)


def test_what_the_service_prints__names_nobody(
    house: tuple[Hospital, list[CommandResult]], identities: dict[str, set[str]]
) -> None:
    _, answers = house
    _assert_tells_nobody("\n".join(answer.out + answer.err for answer in answers), identities, "the terminal")


def test_progress_and_messages__have_no_account_and_no_amount(
    house: tuple[Hospital, list[CommandResult]], accounts: set[str]
) -> None:
    """Standard error goes into log files; the tables on standard output are for who asked."""
    said = "\n".join(answer.err for answer in house[1])
    assert "build" in said
    assert _seen(said, accounts) == set()
    assert not re.search(r"\$\s*\d|\d+\.\d\d\b", said), said


def test_ledger__knows_numbers_and_no_people(
    house: tuple[Hospital, list[CommandResult]], identities: dict[str, set[str]]
) -> None:
    text = "\n".join(_all_text(house[0].home / "ledger.db"))
    assert text.count("\n") > 500
    _assert_tells_nobody(text, identities, "the ledger")


def test_file_names_and_keys__name_nobody(
    house: tuple[Hospital, list[CommandResult]], identities: dict[str, set[str]], accounts: set[str]
) -> None:
    hospital, _ = house
    paths = [
        str(path.relative_to(hospital.home))
        for folder in ("archive", "outbox", "ledger.db.locks")
        for path in (hospital.home / folder).rglob("*")
    ]
    names = "\n".join(paths)
    assert len(paths) > 15
    _assert_tells_nobody(names, identities, "a file name")
    guarantors = _column(hospital, "SELECT guarantor_id FROM guarantor")
    assert _seen(names, accounts | guarantors) == set()


def test_emails__have_no_amount_no_account_and_no_service(
    house: tuple[Hospital, list[CommandResult]], identities: dict[str, set[str]], accounts: set[str]
) -> None:
    paths = list((house[0].home / "outbox" / "email").glob("*.eml"))
    assert paths
    for path in paths:
        headers, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        others = {what: words for what, words in identities.items() if what != "e-mail"}
        _assert_tells_nobody(body, others, "an e-mail's text")
        assert _seen(headers + body, accounts) == set()
        assert "$" not in body


def _all_text(database: Path) -> Iterator[str]:
    """Every text in every column of every table."""
    connection = sqlite3.connect(database)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            yield from (value for value in row if isinstance(value, str))
    connection.close()
