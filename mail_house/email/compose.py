"""The text of an e-mail: neutral, the same for every kind of document, with a sign-in link.

It says nothing about health, money or the account and names only the hospital (45 CFR 164.502(b)).
Languages are data: one file per language in `texts/`, all with the same keys.
"""

from __future__ import annotations

import functools
import tomllib
from datetime import datetime
from html import escape
from importlib import resources
from urllib.parse import urlsplit

import msgspec

from mail_house.email.message import Message
from security_kit.transport import is_loopback


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language's texts. `{hospital}`, `{phone}`, `{days}` and `{portal}` are placeholders."""

    subject: str
    greeting: str
    news: str
    action: str
    sign_in: str
    linked: str
    attached_news: str
    attached: str
    questions: str
    paper: str
    care: str


def compose_email(
    *,
    document_id: str,
    attempt: int,
    to: str,
    language: str,
    hospital_name: str,
    portal_url: str,
    phone: str,
    sent_at: datetime,
    archive_link: str = "",
    archive_link_days: int = 0,
    encrypted_pdf: bytes = b"",
) -> Message:
    """Return the message that announces a document. `archive_link`, if given, replaces the portal link;
    `encrypted_pdf` is attached. `language` is one of `languages()`; `sent_at` is UTC.

    Raises ValueError for a language without texts and for a link that is not `https:`. A link to this machine, as in
    a trial, may be `http:`.
    """
    link = archive_link or portal_url
    if not link.startswith("https://") and not is_loopback(urlsplit(link).hostname or ""):
        raise ValueError("a link in an e-mail must start with https://")
    if language not in languages():
        raise ValueError(f"document {document_id}: there is no e-mail text in language {language!r}")
    filled = {
        key: text.format(hospital=hospital_name, phone=phone, days=archive_link_days, portal=portal_url)
        for key, text in msgspec.structs.asdict(_texts(language)).items()
    }
    filled["news"] = filled["attached_news"] if encrypted_pdf else filled["news"]
    filled["attached"] = filled["attached"] if encrypted_pdf else ""
    filled["linked"] = filled["linked"] if archive_link else ""
    return Message(
        document_id=document_id,
        attempt=attempt,
        to=to,
        language=language,
        hospital_name=hospital_name,
        subject=filled["subject"],
        text=_write_text(filled, link),
        html=_write_html(filled, link, language),
        attachment=encrypted_pdf,
        attachment_name=f"{document_id}.pdf" if encrypted_pdf else "",
        sent_at=sent_at,
    )


@functools.cache
def languages() -> frozenset[str]:
    """Return the languages that have texts."""
    names = (item.name for item in resources.files(__package__).joinpath("texts").iterdir())
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@functools.cache
def _texts(language: str) -> Texts:
    source = resources.files(__package__).joinpath("texts", f"{language}.toml")
    return msgspec.convert(tomllib.loads(source.read_text(encoding="utf-8")), Texts)


def _write_text(texts: dict[str, str], link: str) -> str:
    paragraphs = (
        texts["greeting"],
        texts["news"],
        texts["attached"],
        f"{texts['action']}:\n{link}",
        texts["linked"],
        texts["questions"],
        texts["paper"],
        texts["care"],
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _write_html(texts: dict[str, str], link: str, language: str) -> str:
    """One column of real text, without images or remote content: it works in every mail program and screen reader and
    does not report that it was opened."""
    safe = {key: escape(text) for key, text in texts.items()}
    href = escape(link)
    attached = f"\n<p>{safe['attached']}</p>" if safe["attached"] else ""
    body = "font: 17px/1.5 Arial, Helvetica, sans-serif; color: #1f2933"
    button = (
        "display: inline-block; padding: 12px 24px; border-radius: 6px; "
        "background: #14507a; color: #ffffff; font-weight: bold; text-decoration: none"
    )
    return f"""<!DOCTYPE html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{safe["subject"]}</title>
</head>
<body style="margin: 0; padding: 24px; background: #ffffff">
<main style="max-width: 560px; margin: 0 auto; {body}">
<p>{safe["greeting"]}</p>
<p>{safe["news"]}</p>{attached}
<p style="margin: 28px 0"><a href="{href}" style="{button}">{safe["action"]}</a></p>
<p>{safe["linked"] or safe["sign_in"] + f'<br><a href="{href}" style="color: #14507a">{href}</a>'}</p>
<p>{safe["questions"]}</p>
<p>{safe["paper"]}</p>
<p style="color: #52606d; font-size: 15px">{safe["care"]}</p>
</main>
</body>
</html>
"""
