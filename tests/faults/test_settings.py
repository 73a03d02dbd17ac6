"""An invalid setting stops a run before it starts: one message that names the setting, exit 2, nothing written."""

from __future__ import annotations

import pytest

from tests.commands import RUN, RUN_TO_GATES, call, error_message
from tests.hospital import Hospital, needs_other_users
from tests.outcomes import assert_nothing_sent

INVALID = [
    # text in the sample settings, its replacement, parts of the message
    pytest.param("workers = 1", "workers = = 1", ("statements.toml", "line 44"), id="not-toml"),
    pytest.param("workers = 1", "worker = 1", ("statements.toml", "render.worker is not a setting"), id="misspelt"),
    pytest.param("[render]", "[rendering]", ("rendering is not a setting",), id="table-misspelt"),
    pytest.param("workers = 1", 'workers = "two"', ("render.workers", "`int`"), id="text-for-a-number"),
    pytest.param("workers = 1", "workers = -1", ("render.workers", "negative"), id="negative-workers"),
    pytest.param(
        'languages = ["en", "es"]', 'languages = ["en", "tlh"]', ("render.languages", "tlh"), id="no-translation"
    ),
    pytest.param("[facility]", "[facility.old]", ("facility", "facility.old is not a setting"), id="no-facility-table"),
    pytest.param('phone = "603-555-0142"\n', "", ("facility.phone is missing",), id="no-phone"),
    pytest.param("America/New_York", "America/Nowhere", ("facility.time_zone",), id="no-such-time-zone"),
    pytest.param(
        "maple-valley", "maple valley", ("facility.facility_id", "letters, digits"), id="space-in-facility-id"
    ),
    pytest.param("https://pay.", "http://pay.", ("facility.portal_url", "https://"), id="portal-not-encrypted"),
    pytest.param("/d/{document}", "/d", ("facility.payment_url", "{document}"), id="payment-code-without-a-document"),
    pytest.param("/d/{document}", "/{amount}/{document}", ("facility.payment_url",), id="payment-code-with-an-amount"),
    pytest.param("/d/{document}", "/{check}/{document}/{check}", ("facility.payment_url", "{check}"), id="two-checks"),
    pytest.param(
        'payment_url = "https', 'payment_url = "http', ("payment_url", "https"), id="payment-code-not-encrypted"
    ),
    pytest.param(
        "/d/{document}", f"/{'d' * 80}/{{document}}", ("facility.payment_url", "86"), id="payment-code-too-long"
    ),
    pytest.param(
        "https://maplevalley.example/f",
        "maplevalley.example/f",
        ("facility.assistance_url",),
        id="assistance-url-without-a-scheme",
    ),
    pytest.param(
        'assistance_address = { lines = ["200 Hospital Drive, Room 110"], city = "Maple Valley", state = "NH", '
        'postal_code = "03302" }\n',
        "",
        ("facility.assistance_address is missing", "Street address of the financial assistance office"),
        id="no-assistance-office-26-CFR-1.501(r)-1(b)(24)(v)",
    ),
    pytest.param(
        "200 Hospital Drive, Room 110",
        "P.O. Box 4100",
        ("facility.assistance_address", "street address"),
        id="assistance-office-in-a-post-office-box",
    ),
    pytest.param(
        "assistance_free_max_percent = 200\nassistance_discount_max_percent = 400\n",
        "",
        ("facility.assistance_free_max_percent is missing", "facility.assistance_discount_max_percent is missing"),
        id="nobody-qualifies-for-assistance-26-CFR-1.501(r)-1(b)(24)(i)",
    ),
    pytest.param(
        "assistance_free_max_percent = 200\nassistance_discount_max_percent = 400\n",
        "assistance_free_max_percent = 0\nassistance_discount_max_percent = 0\n",
        ("facility.assistance_free_max_percent", "who qualifies"),
        id="no-assistance-at-all",
    ),
    pytest.param(
        "assistance_discount_max_percent = 400",
        "assistance_discount_max_percent = 200",
        ("facility.assistance_discount_max_percent", "above facility.assistance_free_max_percent"),
        id="discount-no-further-than-free-care",
    ),
    pytest.param('statement = "person"', 'statement = "Bob"', ("release.statement", "'auto'"), id="released-by-bob"),
    pytest.param("number-10-double-window", "number-11", ("mail.print_profile", "number-11"), id="no-such-envelope"),
    pytest.param(
        "[mail]",
        "[mail]\npreflight_sample_every = 0",
        ("mail.preflight_sample_every", "at least 1"),
        id="no-piece-sampled",
    ),
    pytest.param(
        "[mail]", '[mail]\nsns_topics = ["bounces"]', ("mail.sns_topics", "arn:aws:sns"), id="topic-not-an-arn"
    ),
    pytest.param("[mail]", '[mail]\nauthserv_id = "mx; dkim=pass"', ("mail.authserv_id",), id="mail-server-not-a-name"),
    pytest.param(
        'tax_id = "02-0000000"',
        'tax_id = "02-0000000"\nscanline = { examples = ["79927398714"] }',
        ("facility.scanline", "the bank's example"),
        id="lockbox-with-another-check-digit",
    ),
    pytest.param('name = "reference"', 'name = "epic"', ("source.name", "reference, synthea"), id="no-such-source"),
    pytest.param("max_age_hours = 36", 'url = "mysql://h/d"', ("source", "mysql"), id="database-not-supported"),
    pytest.param("max_age_hours = 36", 'url = "hospital.db"', ("source", "sqlite:///path"), id="source-not-a-url"),
]

INVALID_URLS = [
    # settings outside a table: name, value, parts of the message
    pytest.param("ledger", "ledger.db", ("ledger", "sqlite:////"), id="ledger-not-a-url"),
    pytest.param("ledger", "sqlite://", ("ledger", "needs a file"), id="ledger-in-memory"),
    pytest.param("archive", "/var/archive", ("archive", "file:///"), id="archive-not-a-url"),
    pytest.param("archive", "s3://b/p?lock=yes", ("archive", "lock", "retention_days"), id="archive-option-unknown"),
    pytest.param("print", "ftp://vendor/in", ("print", "'ftp'", "sftp:"), id="print-by-ftp"),
    pytest.param("print", "sftp://h@vendor/in", ("print", "host_key=SHA256:", "ssh-keyscan"), id="host-key-not-pinned"),
    pytest.param("email", "smtp://mail:25", ("email", "from="), id="e-mail-without-a-sender"),
    pytest.param("email", "pigeon://loft", ("email", "'pigeon'"), id="e-mail-by-pigeon"),
]

INVALID_POLICIES = [
    # lines of the policy tables, parts of the message
    pytest.param(
        '[policy.eca_wait_days]\nvalue = 90\ncitation = "26 CFR 1.501(r)-6(c)(3)"\nreviewed_on = 2026-11-01',
        ("policy", "eca_wait_days must be at least 120", "26 CFR 1.501(r)-6(c)(3)"),
        id="fewer-days-than-the-law-allows",
    ),
    pytest.param("[policy]\nbalance_minimum_cents = 1", ("policy.balance_minimum_cents is not",), id="misspelt"),
    pytest.param("[policy]\ndue_days = -1", ("policy", "negative"), id="negative-days"),
    pytest.param("[policy]\nfinal_due_days = 29", ("final_due_days", "30"), id="final-notice-too-short"),
    pytest.param("[policy]\nob_pay_by_week = 40", ("ob_pay_by_week", "36"), id="deposits-due-at-birth"),
]


@pytest.mark.parametrize(("valid", "invalid", "parts"), INVALID)
def test_invalid_setting__is_named_and_nothing_starts(
    hospital: Hospital, valid: str, invalid: str, parts: tuple[str, ...]
) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    assert valid in text, "the sample settings have changed, so this case changes nothing"
    path.write_text(text.replace(valid, invalid), encoding="utf-8")
    _assert_refused(hospital, parts)


@pytest.mark.parametrize(("name", "value", "parts"), INVALID_URLS)
def test_invalid_url__is_named_and_nothing_starts(
    hospital: Hospital, name: str, value: str, parts: tuple[str, ...]
) -> None:
    path = hospital.home / "statements.toml"
    path.write_text(f'{name} = "{value}"\n{path.read_text(encoding="utf-8")}', encoding="utf-8")
    _assert_refused(hospital, parts)


def test_email_that_leaves_without_a_key__is_named_and_nothing_starts(hospital: Hospital) -> None:
    environ = {"STATEMENTS_EMAIL": "smtp://mail:25?from=b@h.example", "STATEMENTS_EMAIL_KEY": ""}
    _assert_refused(Hospital(hospital.home, environ), ("STATEMENTS_EMAIL_KEY", "openssl rand"))


@pytest.mark.parametrize(("lines", "parts"), INVALID_POLICIES)
def test_invalid_policy__is_named_and_nothing_starts(hospital: Hospital, lines: str, parts: tuple[str, ...]) -> None:
    path = hospital.home / "statements.toml"
    others, header, _ = path.read_text(encoding="utf-8").partition("\n[policy]\n")
    assert header
    path.write_text(f"{others}\n{lines}\n", encoding="utf-8")
    _assert_refused(hospital, parts)


def test_no_facility__is_an_error(hospital: Hospital) -> None:
    (hospital.home / "statements.toml").unlink()
    _assert_refused(hospital, ("No [facility]", "statements.toml"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("STATEMENTS_CLOCK", "noon", id="clock-not-a-time"),
        pytest.param("STATEMENTS_CLOCK", "2026-11-07T15:00:00", id="clock-without-zone"),
        pytest.param("STATEMENTS_CONFIG", "/nowhere/statements.toml", id="settings-file-not-there"),
        pytest.param("STATEMENTS_PRINT", "nonsense", id="address-in-the-environment"),
    ],
)
def test_invalid_variable__is_named_and_nothing_starts(hospital: Hospital, variable: str, value: str) -> None:
    parts = (variable,) if variable != "STATEMENTS_PRINT" else ("print",)
    _assert_refused(Hospital(hospital.home, {variable: value}), parts)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        pytest.param(("run", "statement", "--cycle", "2026-13"), "--cycle", id="month-13"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--as-of", "today"), "--as-of", id="date-as-a-word"),
        pytest.param(("run", "postcard", "--cycle", "2026-11"), "postcard", id="unknown-kind"),
        pytest.param(("rerun", "2026-11-statement"), "2026-11-statement", id="unknown-batch"),
        pytest.param(("get", "0000", "-o", "x.pdf"), "0000", id="unknown-document"),
    ],
)
def test_invalid_arguments__are_refused(hospital: Hospital, arguments: tuple[str, ...], part: str) -> None:
    result = call(hospital, *arguments, code=2)
    assert part in result.err
    assert_nothing_sent(hospital)


def test_secret_in_a_setting__is_not_repeated(hospital: Hospital) -> None:
    environ = {
        "STATEMENTS_LEDGER": "postgresql+psycopg://statements:hunter2@127.0.0.1:1/ledger",
        "STATEMENTS_SOURCE_URL": "postgresql+psycopg://statements:hunter2@127.0.0.1:1/billing",
    }
    for variable, value in environ.items():
        result = call(Hospital(hospital.home, {variable: value}), *RUN, code=1)
        assert "127.0.0.1" in result.err
        assert "hunter2" not in result.err


@needs_other_users
def test_user_without_a_name__is_recorded_by_number(hospital: Hospital) -> None:
    call(hospital.as_user(70_001), *RUN_TO_GATES, "--until", "pull")
    actors = {row[0] for row in hospital.ledger("SELECT actor FROM event WHERE what = 'open'")}
    assert [actor.partition("@")[0] for actor in actors] == ["70001"]


def _assert_refused(hospital: Hospital, parts: tuple[str, ...]) -> None:
    message = error_message(call(hospital, *RUN, code=2))
    assert all(part in message for part in parts), message
    assert_nothing_sent(hospital)
    if hospital.ledger_exists():
        assert hospital.ledger("SELECT count(*) FROM batch") == [(0,)]
