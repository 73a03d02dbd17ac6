"""From a URL to a mailer. What is wrong with the URL is said before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping

from mail_house.email.folder import FolderMailer
from mail_house.email.mailer import Mailer
from mail_house.email.message import Sender, ascii_address
from mail_house.email.smtp import SmtpMailer, SmtpServer
from mail_house.secret import Secret
from mail_house.urls import BackEndUrl, folder_of, parse_url

# Mail in a folder has gone nowhere yet; this domain can never be anybody's (RFC 2606).
_FOLDER_SENDER = "billing@hospital.example"


def open_mailer(url: str, *, environ: Mapping[str, str]) -> Mailer:
    """The mailer behind `url`; nothing is connected yet.

    `file:///folder[?from=…&reply_to=…]`
    `smtp://host[:port]?from=…[&reply_to=…]`: STARTTLS is required except to this machine itself; the login, where
    there is one, is `STATEMENTS_SMTP_USER` and `STATEMENTS_SMTP_PASSWORD`.

    Raises ValueError that says what is missing or wrong.
    """
    parsed = parse_url(url, setting="email")
    if parsed.scheme == "file":
        parsed.expect_options("from", "reply_to")
        return FolderMailer(folder_of(parsed), _sender(parsed, parsed.value("from", _FOLDER_SENDER)))
    if parsed.scheme == "smtp":
        parsed.expect_options("from", "reply_to")
        if not parsed.host or not parsed.value("from"):
            raise ValueError("email: an SMTP address names host and sender: smtp://host:587?from=billing@hospital.org")
        server = SmtpServer(
            host=parsed.host,
            port=parsed.port or 587,
            user=environ.get("STATEMENTS_SMTP_USER", ""),
            password=Secret(environ.get("STATEMENTS_SMTP_PASSWORD", "")),
        )
        return SmtpMailer(server, _sender(parsed, parsed.value("from")))
    raise ValueError(f"email: {parsed.scheme!r} is no mailer that is known here; use file: or smtp:")


def _sender(url: BackEndUrl, from_address: str) -> Sender:
    reply_to = url.value("reply_to")
    return Sender(
        from_address=ascii_address(from_address, what="email: the option from"),
        reply_to=ascii_address(reply_to, what="email: the option reply_to") if reply_to else "",
    )
