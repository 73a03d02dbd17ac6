"""A family with a teenager's confidential visit, an attorney's client and a plain guarantor: who is named where.

45 CFR 164.522(b), state minor consent law, 15 USC 1692c(a)(2).
"""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from statement_builder.billing.model import ContactKind, PatientClass
from statement_builder.source.sample.household import Household, Mailed, Rows
from statement_builder.source.sample.name_pools import Service
from tests.commands import BATCH, RELEASE, RERUN, RUN, RUN_TO_GATES, call
from tests.e2e.test_tracking import drop
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.pdf_text import page_texts

PARENT, TEEN, CLIENT, ATTORNEY, PLAIN, CRASH, LAWYER = (
    "G100900",
    "G100900+K1",
    "G100901",
    "G100901+K2",
    "G100902",
    "G100903",
    "G100903+K3",
)
SECRETS = {
    # recipient → words that only this recipient's mail may contain
    PARENT: {"Theodora", "900 Elm St", "Parental MRI", "7000900001"},
    TEEN: {"Leocadia", "7000900002", "PO Box 4471", "Larchmere", "01944"},
    CLIENT: set[str](),
    ATTORNEY: {"Reyes & Cole", "9 Court Square", "Client X-ray", "7000901001"},
    PLAIN: {"Bartholomew", "Plain ultrasound", "7000902001"},
    CRASH: {"Everyday blood test", "7000903001"},
    LAWYER: {"Ito Law", "77 Bench Street", "Crash surgery", "7000903002"},
}


def service(description: str) -> Service:
    return Service(description, PatientClass.OUTPATIENT, "Imaging Center", ((description, "73721", 900),))


def add_families(rows: Rows) -> None:
    family = household(rows, 900, "Theodora", "Oakheart")
    family.add_visit(family.add_patient(age=44), days_ago=30, service=service("Parental MRI"), owed_cents=40_000)
    teen = family.add_patient(age=16, first_name="Leocadia")
    family.add_visit(teen, days_ago=24, service=service("Secret counseling"), owed_cents=12_300, sensitive=True)
    family.add_contact(
        ContactKind.CONFIDENTIAL,
        patient=teen,
        contact_id="K1",
        address_lines="PO Box 4471",
        city="Larchmere",
        state="MA",
        postal_code="01944",
    )
    client = household(rows, 901, "Ximena", "Vandersloot")
    client.add_visit(client.add_patient(), days_ago=40, service=service("Client X-ray"), owed_cents=55_500)
    client.add_hold("ATTY")
    client.add_contact(ContactKind.ATTORNEY, contact_id="K2", name="Reyes & Cole LLP", address_lines="9 Court Square")
    plain = household(rows, 902, "Bartholomew", "Quince")
    plain.add_visit(plain.add_patient(), days_ago=40, service=service("Plain ultrasound"), owed_cents=9_900)
    crash = household(rows, 903, "Nadezhda", "Thistle")
    crash.add_visit(crash.add_patient(), days_ago=40, service=service("Everyday blood test"), owed_cents=7_700)
    account, _ = crash.add_visit(
        crash.add_patient(),
        days_ago=110,
        service=service("Crash surgery"),
        owed_cents=33_300,
        mailed=Mailed(95, 35, 2, 2),
    )
    crash.add_contact(
        ContactKind.ATTORNEY, account=account, contact_id="K3", name="Ito Law", address_lines="77 Bench Street"
    )


def household(rows: Rows, number: int, first_name: str, last_name: str) -> Household:
    found = Household(rows, number=number, seed=1, as_of=AS_OF)
    found.rng = random.Random(number)
    found.first_name, found.last_name = first_name, last_name
    found.add_guarantor(
        delivery="paper",
        language="en",
        large_print=False,
        suffix=None,
        address_lines=f"{number} Elm St",
    )
    return found


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital of three sample guarantors and the families. No command has run."""
    hospital = build_hospital(tmp_path_factory.mktemp("recipients") / "home", guarantors=3)
    rows: Rows = defaultdict(list)
    add_families(rows)
    with sqlite3.connect(hospital.database) as connection:
        for table, added in rows.items():
            marks = ", ".join("?" * len(added[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", added)
    connection.close()
    return hospital


@pytest.fixture(scope="module")
def mailed_once(families: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The statements and the letters are mailed."""
    hospital = families.copy_to(tmp_path_factory.mktemp("mailed") / "home")
    call(hospital, *RUN)
    return hospital


@pytest.fixture
def hospital(families: Hospital, tmp_path: Path) -> Hospital:
    return families.copy_to(tmp_path / "home")


@pytest.fixture
def mailed(mailed_once: Hospital, tmp_path: Path) -> Hospital:
    return mailed_once.copy_to(tmp_path / "home")


def find(hospital: Hospital, text: str) -> list[dict[str, Any]]:
    return list(call(hospital, "find", text, "--json").json)


def document_of(hospital: Hospital, recipient: str, batch: str = BATCH) -> str:
    query = "SELECT document_id FROM document WHERE guarantor_id = ? AND batch_id = ? ORDER BY revision DESC"
    return str(hospital.ledger(query, recipient, batch)[0][0])


def text_of(hospital: Hospital, document: str) -> str:
    call(hospital, "get", document, "-o", "page.pdf")
    return " ".join(page_texts((hospital.home / "page.pdf").read_bytes()))


def holds_of(hospital: Hospital, recipient: str, batch: str = BATCH) -> list[str]:
    rows = call(hospital, "holds", batch, "--json").json
    return [row["code"] for row in rows if row["guarantor"] == recipient]


def assert_names_nobody_else(text: str, recipient: str) -> None:
    for other, words in SECRETS.items():
        for word in words if other != recipient else ():
            assert word not in text, f"{recipient}'s mail names {word}"


def test_pages__name_their_own_recipient_and_nobody_else(mailed: Hospital) -> None:
    recipients = [row[0] for row in mailed.ledger("SELECT guarantor_id FROM document") if row[0] in SECRETS]
    assert sorted(recipients) == sorted(SECRETS.keys() - {CLIENT, LAWYER})
    for recipient in recipients:
        text = text_of(mailed, document_of(mailed, recipient))
        assert_names_nobody_else(text, recipient)
        assert recipient in text
    parent = text_of(mailed, document_of(mailed, PARENT))
    assert "$400.00" in parent
    assert "$523.00" not in parent
    teen = text_of(mailed, document_of(mailed, TEEN))
    assert "Leocadia Oakheart" in teen
    assert "$123.00" in teen
    assert "Secret counseling" not in teen
    assert "Theodora" not in teen
    attorney = text_of(mailed, document_of(mailed, ATTORNEY))
    assert "About your client: Ximena Vandersloot." in attorney
    assert "$555.00" in attorney


def test_letters__go_to_the_accidents_attorney(mailed: Hospital) -> None:
    """15 USC 1692c(a)(2)."""
    call(mailed, "run", "dunning", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", code=None)
    batch = f"{CYCLE}-dunning"
    assert find(mailed, "7000903002")[0]["guarantor"] == LAWYER
    text = text_of(mailed, document_of(mailed, LAWYER, batch))
    assert "About your client: Nadezhda Thistle." in text
    assert_names_nobody_else(text, LAWYER)
    assert [row["guarantor"] for row in find(mailed, batch) if row["guarantor"] == CRASH] == []


def test_totals__count_each_recipient_once(mailed: Hospital) -> None:
    shown = call(mailed, "show", BATCH, "--json").json
    assert shown["foots"] is True
    for figures in (shown["counts"], shown["cents"]):
        assert figures["pulled"] == figures["selected"] + figures["held"] + figures["exceptions"]
    assert shown["counts"]["pulled"] == 3 + 4 + 3
    query = "SELECT guarantor_id, outcome, balance_cents, amount_cents FROM candidate"
    found = {row[0]: row[1:] for row in mailed.ledger(query) if row[0] in SECRETS}
    assert found == {
        PARENT: ("selected", 40_000, 40_000),
        TEEN: ("selected", 12_300, 12_300),
        CLIENT: ("held", 0, 0),
        ATTORNEY: ("selected", 55_500, 55_500),
        PLAIN: ("selected", 9_900, 9_900),
        CRASH: ("selected", 7_700, 7_700),
        LAWYER: ("held", 33_300, 0),
    }
    assert holds_of(mailed, CLIENT) == ["OTHER_RECIPIENT"]


def test_vendor__gets_one_piece_per_recipient(mailed: Hospital) -> None:
    rows = {row["document_id"]: row for row in mailed.manifest_rows()}
    for recipient in (PARENT, TEEN, ATTORNEY, CRASH):
        assert_names_nobody_else(" ".join(rows[document_of(mailed, recipient)].values()), recipient)
    assert "Larchmere" in " ".join(rows[document_of(mailed, TEEN)].values())


def test_find__by_guarantor_shows_every_recipient(mailed: Hospital) -> None:
    assert {row["guarantor"] for row in find(mailed, PARENT)} == {PARENT, TEEN}
    assert {row["guarantor"] for row in find(mailed, TEEN)} == {TEEN}
    assert {row["guarantor"] for row in find(mailed, CLIENT)} == {ATTORNEY}
    assert {row["guarantor"] for row in find(mailed, "7000900002")} == {TEEN}


def test_document_ids__of_other_guarantors_do_not_depend_on_contacts(mailed: Hospital, tmp_path: Path) -> None:
    before = {recipient: document_of(mailed, recipient) for recipient in (PARENT, PLAIN)}
    without = build_hospital(tmp_path / "without", guarantors=3)
    rows: Rows = defaultdict(list)
    add_families(rows)
    del rows["contact"]
    with sqlite3.connect(without.database) as connection:
        for table, added in rows.items():
            marks = ", ".join("?" * len(added[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", added)
    connection.close()
    call(without, *RUN)
    assert {recipient: document_of(without, recipient) for recipient in before} == before
    assert holds_of(without, PARENT) == ["MINOR_SENS"]
    assert holds_of(without, CLIENT) == ["ATTY"]


@pytest.mark.parametrize(
    ("returned", "held", "mailed_again"),
    [pytest.param(PARENT, PARENT, TEEN, id="the-parents-letter"), pytest.param(TEEN, TEEN, PARENT, id="the-teenagers")],
)
def test_returned_mail__stops_only_its_recipient(mailed: Hospital, returned: str, held: str, mailed_again: str) -> None:
    row = f"{document_of(mailed, returned)},2026-11-08,UTF"
    drop(mailed, "nixies.csv", "document_id,returned_on,return_reason", row)
    call(mailed, "track", code=None)
    call(mailed, "run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-15", "--until", "build", code=None)
    assert "RETMAIL" in holds_of(mailed, held, "2026-12-statement")
    assert "RETMAIL" not in holds_of(mailed, mailed_again, "2026-12-statement")
    assert document_of(mailed, mailed_again, "2026-12-statement")


@pytest.mark.parametrize(
    ("dead", "stopped"),
    [
        pytest.param(PARENT, {PARENT, TEEN}, id="the-guarantors-death-stops-every-recipient"),
        pytest.param(TEEN, {TEEN}, id="another-recipients-stops-that-recipient"),
    ],
)
def test_death__of_the_guarantor_concerns_every_recipient(mailed: Hospital, dead: str, stopped: set[str]) -> None:
    drop(
        mailed,
        "nixies.csv",
        "document_id,returned_on,return_reason",
        f"{document_of(mailed, dead)},2026-11-08,DECEASED",
    )
    call(mailed, "track", code=None)
    call(mailed, "run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-15", "--until", "build", code=None)
    batch = "2026-12-statement"
    assert {each for each in (PARENT, TEEN, PLAIN) if "DECEASED" in holds_of(mailed, each, batch)} == stopped


CHANGES = [
    pytest.param(
        "UPDATE contact SET address_lines = 'PO Box 9' WHERE contact_id = 'K1'",
        {TEEN: "READDRESSED"},
        id="address-changed",
    ),
    pytest.param("DELETE FROM contact WHERE contact_id = 'K1'", {TEEN: "NOT_ON_FILE"}, id="contact-gone"),
    pytest.param(
        "INSERT INTO contact (contact_id, guarantor_id, account_number, kind, name, address_lines, city, state, "
        "postal_code, large_print, delivery) VALUES ('K9', 'G100902', '7000902001', 'attorney', 'New Law', '1 A St', "
        "'Boston', 'MA', '02139', 0, 'paper')",
        {PLAIN: "OTHER_RECIPIENT"},
        id="attorney-added",
    ),
    pytest.param(
        "UPDATE guarantor SET last_name = ' ' WHERE guarantor_id = 'G100900'",
        {PARENT: "BADDATA", TEEN: "BADDATA"},
        id="bad-row-of-the-guarantor",
    ),
]


@pytest.mark.parametrize(("change", "withheld"), CHANGES)
def test_recheck__sees_a_contact_that_changed_before_the_hand_off(
    hospital: Hospital, change: str, withheld: dict[str, str]
) -> None:
    call(hospital, *RUN_TO_GATES, code=3)
    hospital.sql(change)
    call(hospital, *RELEASE, code=None)
    for recipient in (PARENT, TEEN, ATTORNEY, PLAIN, CRASH):
        assert (withheld.get(recipient) or "none") in (holds_of(hospital, recipient) or ["none"])
    shown = call(hospital, "show", BATCH, "--json").json
    assert shown["foots"] is True
    assert shown["counts"]["pulled"] == 10
    outbox = {row["document_id"] for row in hospital.manifest_rows()}
    for recipient in (PARENT, TEEN, ATTORNEY, PLAIN, CRASH):
        assert (document_of(hospital, recipient) in outbox) == (recipient not in withheld)
    call(hospital, *RERUN, code=None)
    assert {row["document_id"] for row in hospital.manifest_rows()} == outbox


def test_correct__makes_one_for_the_same_recipient(mailed: Hospital) -> None:
    first = document_of(mailed, TEEN)
    mailed.sql("UPDATE contact SET address_lines = 'PO Box 9' WHERE contact_id = 'K1'")
    call(mailed, "correct", first, "--reason", "new box")
    corrected = document_of(mailed, TEEN)
    assert corrected != first
    text = text_of(mailed, corrected)
    assert "PO Box 9" in text
    assert_names_nobody_else(text, TEEN)


def test_resend__of_a_returned_letter_goes_behind_the_contacts_new_address(mailed: Hospital) -> None:
    document = document_of(mailed, TEEN)
    drop(mailed, "nixies.csv", "document_id,returned_on,return_reason", f"{document},2026-11-08,UTF")
    call(mailed, "track", code=None)
    mailed.sql("UPDATE contact SET address_lines = 'PO Box 9' WHERE contact_id = 'K1'")
    call(mailed, "resend", document, "--reason", "new box")
    pieces = [" ".join(row.values()) for row in mailed.manifest_rows() if row["document_id"] == document]
    assert ["PO Box 9" in piece for piece in pieces] == [False, True]
    for piece in pieces:
        assert_names_nobody_else(piece, TEEN)


@pytest.mark.parametrize("command", ["correct", "reprint"])
def test_reissue__is_refused_when_the_contact_is_gone(mailed: Hospital, command: str) -> None:
    mailed.sql("DELETE FROM contact WHERE contact_id = 'K1'")
    pieces = len(mailed.manifest_rows())
    answer = call(mailed, command, document_of(mailed, TEEN), "--reason", "asked", code=2)
    assert "Traceback" not in answer.err
    assert len(mailed.manifest_rows()) == pieces


def test_reprint__of_a_page_with_a_visit_that_is_confidential_now_is_refused(mailed: Hospital) -> None:
    """45 CFR 164.522(b): the page that the guarantor got in the past names the visit."""
    mailed.sql(
        "INSERT INTO contact (contact_id, guarantor_id, account_number, kind, address_lines, city, state, postal_code, "
        "large_print, delivery) VALUES ('K9', 'G100903', '7000903001', 'confidential', '1 A St', 'Boston', 'MA', "
        "'02139', 0, 'paper')"
    )
    answer = call(mailed, "reprint", document_of(mailed, CRASH), "--reason", "asked", code=2)
    assert "OTHER_RECIPIENT" in answer.err


def test_reprint__copy_goes_to_the_recipient(mailed: Hospital) -> None:
    call(mailed, "reprint", document_of(mailed, TEEN), "--reason", "asked")
    copy = document_of(mailed, TEEN)
    (row,) = [each for each in mailed.manifest_rows() if each["document_id"] == copy]
    assert "Larchmere" in " ".join(row.values())
    assert_names_nobody_else(text_of(mailed, copy), TEEN)


@pytest.mark.parametrize(
    ("kind", "name", "level"),
    [
        pytest.param("confidential", None, 0, id="the-patients-first-bill-is-no-reminder-26-CFR-1.501(r)-1(b)(3)"),
        pytest.param("attorney", "New Law", 1, id="an-attorney-continues-the-clients-clocks"),
    ],
)
def test_clocks__of_a_visit_that_the_guarantor_was_billed_for(
    mailed: Hospital, kind: str, name: str | None, level: int
) -> None:
    mailed.sql(
        "INSERT INTO contact (contact_id, guarantor_id, account_number, kind, name, address_lines, city, state, "
        "postal_code, large_print, delivery) VALUES ('K9', 'G100902', '7000902001', ?, ?, '1 A St', 'Boston', 'MA', "
        "'02139', 0, 'paper')",
        kind,
        name,
    )
    for cycle, day, expected in (("2026-12", "2026-12-15", level), ("2027-01", "2027-01-20", 1)):
        call(mailed.on_day(day), "run", "statement", "--cycle", cycle, "--as-of", day, "--release", code=None)
        query = "SELECT level FROM document WHERE guarantor_id = 'G100902+K9' AND batch_id = ?"
        found = mailed.ledger(query, f"{cycle}-statement")
        if level == 1 and cycle == "2027-01":
            assert found == []  # two statements were sent: letters follow
        else:
            assert found == [(expected,)]


def test_logs__name_nobody(hospital: Hospital) -> None:
    result = call(hospital, *RUN)
    for words in SECRETS.values():
        for word in words:
            assert word not in result.err
