"""The rows of one guarantor come at two places of the mailing order, so each place has a part of the account.

No part is ever taken for the whole account: not by a trial that ends before the second part, not by the pre-mail
recheck, and not by a command that looks up one guarantor.
"""

from __future__ import annotations

import shutil

import pytest

from statement_builder.resources import SQL_ROOT
from tests.commands import BATCH, RELEASE, RUN_TO_GATES, call
from tests.hospital import AS_OF, Hospital

_PLACE = "COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '')"
_LATE = "LATE-PAYMENT"


def _post_at_another_place(hospital: Hospital, guarantor: str, account: str, cents: int) -> None:
    """Post a payment that the hospital's own query returns at the end of the mailing order."""
    queries = hospital.home / "sql"
    shutil.copytree(SQL_ROOT / "reference", queries / "reference")
    payments = queries / "reference" / "patient_payments.sql"
    text = payments.read_text(encoding="utf-8")
    assert _PLACE in text
    moved = f"CASE WHEN owned.payment_id = '{_LATE}' THEN '99999' ELSE {_PLACE} END"
    payments.write_text(text.replace(_PLACE, moved), encoding="utf-8")
    settings = hospital.home / "statements.toml"
    own = settings.read_text(encoding="utf-8").replace("[source]", f'[source]\nqueries = "{queries}"')
    settings.write_text(own, encoding="utf-8")
    hospital.sql(
        "INSERT INTO patient_payment (payment_id, guarantor_id, account_number, posted_on, method, amount_cents)"
        " VALUES (?, ?, ?, ?, 'card', ?)",
        _LATE,
        guarantor,
        account,
        AS_OF.isoformat(),
        cents,
    )


def _one_document(hospital: Hospital, *, channel: str = "print", state: str = "rendered") -> tuple[str, str, str, int]:
    """Document id, guarantor id, account number and amount of the first document."""
    found = hospital.ledger(
        "SELECT d.document_id, d.guarantor_id, min(a.account_number), d.amount_cents FROM document AS d"
        " JOIN document_account AS a ON a.document_id = d.document_id WHERE d.channel = ? AND d.state = ?"
        " AND instr(d.guarantor_id, '~') = 0 GROUP BY 1 ORDER BY 1 LIMIT 1",
        channel,
        state,
    )
    return found[0]


@pytest.mark.hospital("waiting", guarantors=40)
@pytest.mark.parametrize("channel", ["print", "email"])
def test_recheck__payment_at_another_place_withholds_the_document(hospital: Hospital, channel: str) -> None:
    document, guarantor, account, cents = _one_document(hospital, channel=channel)
    _post_at_another_place(hospital, guarantor, account, cents)

    call(hospital, *RELEASE, code=None)

    state = dict(hospital.ledger("SELECT document_id, state FROM document"))
    assert state.pop(document) == "withheld"
    assert "handed_off" in state.values(), "one guarantor's fault must not stop the others"
    assert "withheld" not in state.values()


def test_run__trial_refuses_a_guarantor_whose_other_part_comes_after_its_end(hospital: Hospital) -> None:
    guarantor, account = hospital.sql(
        "SELECT m.guarantor_id, min(e.account_number) FROM mailing AS m JOIN encounter AS e USING (guarantor_id)"
        " GROUP BY m.mail_sort, m.guarantor_id ORDER BY m.mail_sort, m.guarantor_id LIMIT 1"
    )[0]
    _post_at_another_place(hospital, guarantor, account, 500)

    planned = call(hospital, *RUN_TO_GATES, "--limit", "5", "--dry-run").json["counts"]
    call(hospital, *RUN_TO_GATES, "--limit", "5", code=None)

    exceptions = call(hospital, "exceptions", BATCH, "--json").json
    assert (guarantor, "SPLIT") in [(row["guarantor"], row["code"]) for row in exceptions]
    assert planned["pulled"] == 5
    assert planned["exceptions"] == len(exceptions)
    assert hospital.ledger("SELECT sum(candidates) FROM shard") == [(5,)]


@pytest.mark.hospital("mailed", guarantors=40)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("correct", "--reason", "an amount was wrong"), id="correct"),
        pytest.param(("reprint", "--reason", "the guarantor lost it"), id="reprint"),
    ],
)
def test_look_up__one_guarantor_with_a_payment_at_another_place_is_refused(
    hospital: Hospital, command: tuple[str, ...]
) -> None:
    document, guarantor, account, _ = _one_document(hospital, state="handed_off")
    _post_at_another_place(hospital, guarantor, account, 500)

    refused = call(hospital, command[0], document, *command[1:], code=None)

    assert refused.code != 0
    assert "SPLIT" in refused.err or "bad row" in refused.err, refused.err
    assert hospital.ledger("SELECT count(*) FROM document WHERE guarantor_id = ?", guarantor) == [(1,)]
