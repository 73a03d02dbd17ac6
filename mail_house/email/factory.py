"""Opens the mailer that a URL names (setting `email`). URL errors are reported before any connection is opened.

| scheme and form | option | value | default |
|---|---|---|---|
| `file:///folder` | `from` | the sender's address | `billing@hospital.example` |
| `smtp://host[:port]` | `from` | the sender's address; required | |
| | `rate` | messages per second, at most | no limit |
| | `dkim` | selector of the DKIM key in the file that `STATEMENTS_DKIM_KEY` names | not signed |
| `ses://region` | `from` | the sender's address; required | |
| | `rate` | messages per second, at most | no limit |
| | `configuration_set` | the SES configuration set | the account's default |
| | `endpoint` | URL of another SES endpoint | Amazon's endpoint of the region |
| all schemes | `reply_to` | the address that replies go to | the sender |
| | `unsubscribe` | `https://` URL for one-click unsubscribe (RFC 8058); `{id}` is the message id | by mail only |

SMTP uses port 587 by default and requires STARTTLS, except to this machine. The login, if any, is
`STATEMENTS_SMTP_USER` and `STATEMENTS_SMTP_PASSWORD`. SES signs messages itself and reads its keys from the AWS
variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mail_house.email.folder import FolderMailer
from mail_house.email.mailer import Mailer
from mail_house.email.message import Sender, ascii_address
from mail_house.email.signing import DkimKey, load_dkim_key
from mail_house.email.smtp import SmtpMailer, SmtpServer
from mail_house.rate_limit import RateLimiter
from mail_house.secret import Secret
from mail_house.urls import BackendUrl, folder_path, parse_url

_FOLDER_SENDER = "billing@hospital.example"
"""Mail in a folder has not been sent yet, so a reserved domain will do (RFC 2606)."""
_SENDER_OPTIONS = ("from", "reply_to", "unsubscribe")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "file": _SENDER_OPTIONS,
    "smtp": (*_SENDER_OPTIONS, "rate", "dkim"),
    "ses": (*_SENDER_OPTIONS, "rate", "configuration_set", "endpoint"),
}
"""Scheme to its options. The module's docstring explains each."""


def open_mailer(url: str, *, environ: Mapping[str, str]) -> Mailer:
    """Return the mailer for `url`; nothing is connected yet. The module's docstring lists the options.

    Raises ValueError that names what is missing or wrong.
    """
    parsed = parse_url(url, setting="email")
    if parsed.scheme not in OPTIONS:
        raise ValueError(f"email: {parsed.scheme!r} is not a known mailer; use file:, smtp: or ses:")
    parsed.require_known_options(*OPTIONS[parsed.scheme])
    if parsed.scheme == "smtp":
        return _open_smtp(parsed, environ)
    if parsed.scheme == "ses":
        return _open_ses(parsed)
    return FolderMailer(folder_path(parsed), _sender(parsed, parsed.value("from", _FOLDER_SENDER)))


def _open_smtp(url: BackendUrl, environ: Mapping[str, str]) -> Mailer:
    if not url.host or not url.value("from"):
        raise ValueError(
            "email: an SMTP URL must name host and sender, such as smtp://host:587?from=billing@hospital.org"
        )
    server = SmtpServer(
        host=url.host,
        port=url.port or 587,
        user=environ.get("STATEMENTS_SMTP_USER", ""),
        password=Secret(environ.get("STATEMENTS_SMTP_PASSWORD", "")),
    )
    key = None
    if selector := url.value("dkim"):
        domain = ascii_address(url.value("from"), what="email: the option from").rpartition("@")[2]
        key = load_dkim_key(domain=domain, selector=selector, key_file=environ.get("STATEMENTS_DKIM_KEY", ""))
    return SmtpMailer(server, _sender(url, url.value("from"), dkim=key), RateLimiter(url.number("rate", 0)))


def _open_ses(url: BackendUrl) -> Mailer:
    # boto3 takes a tenth of a second to import; only SES needs it.
    from mail_house.email.ses import SesEndpoint, SesMailer  # noqa: PLC0415

    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", url.host) or not url.value("from"):
        raise ValueError(
            "email: an SES URL must name region and sender, such as ses://us-east-1?from=billing@hospital.org"
        )
    endpoint = SesEndpoint(
        region=url.host, configuration_set=url.value("configuration_set"), endpoint=url.value("endpoint")
    )
    return SesMailer(endpoint, _sender(url, url.value("from")), RateLimiter(url.number("rate", 0)))


def _sender(url: BackendUrl, from_address: str, *, dkim: DkimKey | None = None) -> Sender:
    reply_to, unsubscribe = url.value("reply_to"), url.value("unsubscribe")
    if unsubscribe and not re.fullmatch(r"https://[!-~]+", unsubscribe):
        raise ValueError("email: unsubscribe must be an https:// URL that accepts a mail program's POST (RFC 8058)")
    return Sender(
        from_address=ascii_address(from_address, what="email: the option from"),
        reply_to=ascii_address(reply_to, what="email: the option reply_to") if reply_to else "",
        unsubscribe_url=unsubscribe,
        dkim=dkim,
    )
