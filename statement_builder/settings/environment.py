"""The environment variables of the service."""

from __future__ import annotations

from statement_builder.billing.model import Record

URL_VARIABLES = {
    "ledger": "STATEMENTS_LEDGER",
    "archive": "STATEMENTS_ARCHIVE",
    "print": "STATEMENTS_PRINT",
    "email": "STATEMENTS_EMAIL",
    "portal": "STATEMENTS_PORTAL",
    "source.url": "STATEMENTS_SOURCE_URL",
}
"""Settings whose URL may contain a password, and the variable that overrides each."""


class EnvironmentVariable(Record, kw_only=True):
    """A variable that is not a setting of `statements.toml`."""

    name: str
    description: str
    secret: bool = False
    """Never print the value."""


def _variable(name: str, description: str, *, secret: bool = False) -> EnvironmentVariable:
    return EnvironmentVariable(name=f"STATEMENTS_{name}", description=description, secret=secret)


ENVIRONMENT_VARIABLES: tuple[EnvironmentVariable, ...] = (
    _variable("HOME", "Folder for everything without a setting of its own. Default: `.statements/`."),
    _variable("CONFIG", "Path of the settings file. Default: `statements.toml` in the working or home folder."),
    _variable(
        "CLOCK",
        "Fixed time for rehearsals, such as 2026-11-07T15:00:00Z. A real ledger refuses it.",
    ),
    _variable("SFTP_KEY", "File with the private key for the print vendor's SFTP server."),
    _variable("SFTP_PASSWORD", "Password for the SFTP server, or passphrase of the private key.", secret=True),
    _variable("LOB_KEY", "Lob's secret API key. A key that starts with `test_` prints nothing.", secret=True),
    _variable("SMTP_USER", "User name for the SMTP server."),
    _variable("SMTP_PASSWORD", "Password for the SMTP server.", secret=True),
    _variable("DKIM_KEY", "File with the private key that signs e-mail."),
    _variable(
        "EMAIL_KEY",
        "Keys of the tokens in e-mails that prove bounces and complaints, separated by commas; the first signs.",
        secret=True,
    ),
    _variable(
        "PAYMENT_KEY",
        "Keys of the checks in payment codes (`facility.payment_url`), separated by commas; the first signs.",
        secret=True,
    ),
    _variable(
        "PORTAL_KEY",
        "Keys of the tokens in the portal feed that prove which documents were opened, separated by commas; the first "
        "signs.",
        secret=True,
    ),
    _variable("IMAP_USER", "User name for the bounce mailbox."),
    _variable("IMAP_PASSWORD", "Password for the bounce mailbox.", secret=True),
    _variable("EVENT_KEY", "Keys that sign the event log's seals, with commas between: the first signs.", secret=True),
    _variable(
        "PROXY_SECRET",
        "What the console's proxy sends in the header X-Statements-Proxy-Secret; at least 32 characters.",
        secret=True,
    ),
    _variable(
        "ALERT_EMAIL", "Airflow: address that gets alerts; `none` for no e-mails. Without it, no batch is opened."
    ),
    _variable("RETRY_DELAY_S", "Airflow: seconds before a failed task is retried."),
    _variable("SHARDS_PER_TASK", "Airflow: shards that one task builds."),
)
