"""Opens the mailer that a URL names (setting `email`). URL errors are reported before any connection is opened.

| scheme and form | option | value | default |
|---|---|---|---|
| `file:///folder` | `from` | the sender's address | `billing@hospital.example` |
| `smtp://host[:port]` | `from` | the sender's address; required | |
| | `rate` | messages per second, at most | no limit |
| | `return_path` | the mailbox of bounces; if it is `b@…`, it must take `b+…@…` | the sender |
| | `dkim` | selector of the DKIM key in the file that `STATEMENTS_DKIM_KEY` names | not signed |
| `ses://region` | `from` | the sender's address; required | |
| | `rate` | messages per second, at most | no limit |
| | `return_path` | the mailbox of bounces; if it is `b@…`, it must take `b+…@…` | the sender |
| | `configuration_set` | the SES configuration set | the account's default |
| | `endpoint` | URL of another SES endpoint | Amazon's endpoint of the region |
| all schemes | `reply_to` | the address that replies go to | the sender |
| | `unsubscribe` | `https://` URL for one-click unsubscribe (RFC 8058); `{id}` is the message id | by mail only |

`STATEMENTS_EMAIL_KEY` holds the keys of the tokens that prove which message was returned. A mailer that leaves this
machine requires one: mail sent without a token can never be proven later.

SMTP uses port 587 by default and requires STARTTLS, except to this machine. The login, if any, is
`STATEMENTS_SMTP_USER` and `STATEMENTS_SMTP_PASSWORD`. SES signs messages itself and reads its keys from the AWS
variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from mail_house.email.folder import FolderMailer
from mail_house.email.mailer import Mailer
from mail_house.email.message import EMAIL_KEY, Sender, ascii_address
from mail_house.email.signing import DkimKey, load_dkim_key
from mail_house.email.smtp import SmtpMailer, SmtpServer
from mail_house.rate_limit import RateLimiter
from mail_house.secret import KeyRing, Secret, read_keys
from mail_house.urls import BackendUrl, folder_path, parse_url
from security_kit.transport import is_loopback

_FOLDER_SENDER = "billing@hospital.example"
"""Mail in a folder has not been sent yet, so a reserved domain will do (RFC 2606)."""
_SENDER_OPTIONS = ("from", "reply_to", "unsubscribe")
_RETURN_PATH_LOCAL_MAX = 7
"""With `+`, a document id, an attempt of two digits and a token, the 64 characters of RFC 5321, 4.5.3.1.1."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "file": _SENDER_OPTIONS,
    "smtp": (*_SENDER_OPTIONS, "return_path", "rate", "dkim"),
    "ses": (*_SENDER_OPTIONS, "return_path", "rate", "configuration_set", "endpoint"),
}
"""Scheme to its options. The module's docstring explains each."""


def open_mailer(url: str, *, environ: Mapping[str, str]) -> Mailer:
    """Return the mailer for `url`; nothing is connected yet. The module's docstring lists the options.

    Raises ValueError that names what is missing or wrong.
    """
    return _open(url, environ)


def check_mailer_url(url: str) -> None:
    """Raises ValueError for a URL that `open_mailer` refuses whatever the secrets are. Reads none of them."""
    _open(url, None).close()


def _open(url: str, environ: Mapping[str, str] | None) -> Mailer:
    """`environ` is None if the secrets do not matter, because nothing will be sent."""
    parsed = parse_url(url, setting="email")
    if parsed.scheme not in OPTIONS:
        raise ValueError(f"email: {parsed.scheme!r} is not a known mailer; use file:, smtp: or ses:")
    parsed.require_known_options(*OPTIONS[parsed.scheme])
    if parsed.scheme == "smtp":
        return _open_smtp(parsed, environ)
    if parsed.scheme == "ses":
        return _open_ses(parsed, environ)
    sender = _sender(parsed, parsed.value("from", _FOLDER_SENDER), read_keys(environ or {}, EMAIL_KEY))
    return FolderMailer(folder_path(parsed), sender)


def _require_key(environ: Mapping[str, str] | None, keys: KeyRing, host: str) -> None:
    if environ is not None and not keys and not is_loopback(host):
        raise ValueError(
            f"email: set {EMAIL_KEY} to a random key, such as the output of `openssl rand -hex 32`: without it, no "
            "bounce or complaint about this mail can ever be told from a forged one"
        )


def _open_smtp(url: BackendUrl, environ: Mapping[str, str] | None) -> Mailer:
    if not url.host or not url.value("from"):
        raise ValueError(
            "email: an SMTP URL must name host and sender, such as smtp://host:587?from=billing@hospital.org"
        )
    secrets = environ or {}
    server = SmtpServer(
        host=url.host,
        port=url.port or 587,
        user=secrets.get("STATEMENTS_SMTP_USER", ""),
        password=Secret(secrets.get("STATEMENTS_SMTP_PASSWORD", "")),
    )
    key = None
    if environ is not None and (selector := url.value("dkim")):
        domain = ascii_address(url.value("from"), what="email: the option from").rpartition("@")[2]
        key = load_dkim_key(domain=domain, selector=selector, key_file=environ.get("STATEMENTS_DKIM_KEY", ""))
    keys = read_keys(secrets, EMAIL_KEY)
    mailer = SmtpMailer(server, _sender(url, url.value("from"), keys, dkim=key), RateLimiter(url.number("rate", 0)))
    _require_key(environ, keys, url.host)
    return mailer


def _open_ses(url: BackendUrl, environ: Mapping[str, str] | None) -> Mailer:
    # boto3 takes a tenth of a second to import; only SES needs it.
    from mail_house.email.ses import SesEndpoint, SesMailer  # noqa: PLC0415

    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", url.host) or not url.value("from"):
        raise ValueError(
            "email: an SES URL must name region and sender, such as ses://us-east-1?from=billing@hospital.org"
        )
    endpoint = SesEndpoint(
        region=url.host, configuration_set=url.value("configuration_set"), endpoint=url.value("endpoint")
    )
    keys = read_keys(environ or {}, EMAIL_KEY)
    sender = _sender(url, url.value("from"), keys)
    _require_key(environ, keys, urlsplit(url.value("endpoint")).hostname or url.host)
    return SesMailer(endpoint, sender, RateLimiter(url.number("rate", 0)))


def _sender(url: BackendUrl, from_address: str, keys: KeyRing, *, dkim: DkimKey | None = None) -> Sender:
    reply_to, unsubscribe = url.value("reply_to"), url.value("unsubscribe")
    return_path = url.value("return_path")
    if len(return_path.rpartition("@")[0]) > _RETURN_PATH_LOCAL_MAX:
        raise ValueError(
            f"email: return_path has more than {_RETURN_PATH_LOCAL_MAX} characters before the @; with the id that is "
            "added to each, servers refuse a longer one"
        )
    if unsubscribe and not re.fullmatch(r"https://[!-~]+", unsubscribe):
        raise ValueError("email: unsubscribe must be an https:// URL that accepts a mail program's POST (RFC 8058)")
    return Sender(
        from_address=ascii_address(from_address, what="email: the option from"),
        reply_to=ascii_address(reply_to, what="email: the option reply_to") if reply_to else "",
        unsubscribe_url=unsubscribe,
        return_path=ascii_address(return_path, what="email: the option return_path") if return_path else "",
        dkim=dkim,
        keys=keys,
    )
