"""From a URL to a mailer. What is wrong with the URL is said before anything is opened."""

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

# Mail in a folder has gone nowhere yet; this domain can never be anybody's (RFC 2606).
_FOLDER_SENDER = "billing@hospital.example"
_SENDER_OPTIONS = ("from", "reply_to", "unsubscribe")


def open_mailer(url: str, *, environ: Mapping[str, str]) -> Mailer:
    """The mailer behind `url`; nothing is connected yet.

    `file:///folder[?from=…]`
    `smtp://host[:port]?from=…[&rate=…][&dkim=…]`: STARTTLS is required except to this machine itself; the login, where
    there is one, is `STATEMENTS_SMTP_USER` and `STATEMENTS_SMTP_PASSWORD`. `rate` is messages a second at most; `dkim`
    is the selector of the key in the file that `STATEMENTS_DKIM_KEY` names.
    `ses://region?from=…[&configuration_set=…][&rate=…][&endpoint=…]`: SES signs by itself; its keys are the AWS
    variables.

    All of them: `reply_to`, and `unsubscribe`, the address for one-click unsubscribing, `{id}` in it standing for the
    message's id.

    Raises ValueError that says what is missing or wrong.
    """
    parsed = parse_url(url, setting="email")
    if parsed.scheme == "file":
        parsed.require_known_options(*_SENDER_OPTIONS)
        return FolderMailer(folder_path(parsed), _sender(parsed, parsed.value("from", _FOLDER_SENDER)))
    if parsed.scheme == "smtp":
        return _open_smtp(parsed, environ)
    if parsed.scheme == "ses":
        return _open_ses(parsed)
    raise ValueError(f"email: {parsed.scheme!r} is no mailer that is known here; use file:, smtp: or ses:")


def _open_smtp(url: BackendUrl, environ: Mapping[str, str]) -> Mailer:
    url.require_known_options(*_SENDER_OPTIONS, "rate", "dkim")
    if not url.host or not url.value("from"):
        raise ValueError("email: an SMTP address names host and sender: smtp://host:587?from=billing@hospital.org")
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
    # boto3 takes a tenth of a second to import: only who uses SES waits for it.
    from mail_house.email.ses import SesEndpoint, SesMailer  # noqa: PLC0415

    url.require_known_options(*_SENDER_OPTIONS, "rate", "configuration_set", "endpoint")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", url.host) or not url.value("from"):
        raise ValueError("email: an SES address names region and sender: ses://us-east-1?from=billing@hospital.org")
    place = SesEndpoint(
        region=url.host, configuration_set=url.value("configuration_set"), endpoint=url.value("endpoint")
    )
    return SesMailer(place, _sender(url, url.value("from")), RateLimiter(url.number("rate", 0)))


def _sender(url: BackendUrl, from_address: str, *, dkim: DkimKey | None = None) -> Sender:
    reply_to, unsubscribe = url.value("reply_to"), url.value("unsubscribe")
    if unsubscribe and not re.fullmatch(r"https://[!-~]+", unsubscribe):
        raise ValueError("email: unsubscribe is an https:// address that takes a mail program's POST (RFC 8058)")
    return Sender(
        from_address=ascii_address(from_address, what="email: the option from"),
        reply_to=ascii_address(reply_to, what="email: the option reply_to") if reply_to else "",
        unsubscribe_url=unsubscribe,
        dkim=dkim,
    )
