"""Render a document's content as HTML with Jinja2 in a sandbox, one environment per language.

Values are escaped, unknown names are errors, and a value is never interpreted as a template.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from pdf_kit.qr_code import QUIET_MODULES, modules_of
from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.billing.model import Address
from statement_builder.documents.content import Content
from statement_builder.documents.formats import format_cents, format_long_date, format_medium_date, format_month
from statement_builder.errors import ConfigError
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.sandbox import Sandbox
from statement_builder.rendering.text_fit import coupon_name_fit, coupon_number_fit, insurer_fits, window_fit
from statement_builder.rendering.translations import load_catalog
from statement_builder.resources import languages

_NO_BREAK_SPACE = "\u00a0"


def render_markup(templates: Path, content: Content, *, notice_pages: int = 0) -> str:
    """The document as HTML in Unicode NFC, with QR codes not drawn yet, and with `notice_pages` empty pages at its end
    for the notice of language assistance.

    Raises `DocumentError` for an unknown language, a missing value, or an address that does not fit its window, and
    `ConfigError` for a missing template.
    """
    if content.language != SOURCE_LANGUAGE and content.language not in languages(templates):
        raise DocumentError(
            "LANGUAGE",
            f"There is no translation for the language {content.language[:20]!r}.",
            "Correct the guarantor's language, or add an approved catalog to templates/locale.",
        )
    sandbox = environment(templates, content.language)
    try:
        template = sandbox.get_template(content.template)
    except jinja2.TemplateNotFound as exc:
        raise ConfigError(f"The template {content.template} is not in {templates}.") from exc
    try:
        html = template.render(content=content, facts=content.facts, notice_pages=notice_pages)
    except DocumentError:
        raise
    except Exception as exc:  # templates can fail in any way: undefined names, wrong types
        raise DocumentError(
            "TEMPLATE",
            f"The template {content.template} uses a value that this document does not have.",
            "Correct the template; the account is not the cause.",
        ) from exc
    finally:
        sandbox.close()
    return _composed(html)


def _composed(text: str) -> str:
    """Unicode NFC. Latin-1 text is always NFC, and testing for it is fast."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return unicodedata.normalize("NFC", text)
    return text


@lru_cache(maxsize=16)
def environment(templates: Path, language: str) -> Sandbox:
    """The sandboxed environment of one language, with its filters and translations."""
    env = Sandbox(
        load_catalog(templates, language),
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=False,
        auto_reload=False,
    )
    env.policies["ext.i18n.trimmed"] = True
    env.filters.update(_filters(language))
    env.tests["alphanumeric"] = str.isalnum
    env.globals.update(
        page_counter=Markup('<span class="page"></span>'), pages_counter=Markup('<span class="pages"></span>')
    )
    return env


def _filters(language: str) -> dict[str, Any]:
    def money(cents: int) -> str:
        return format_cents(cents, language)

    def long_date(day: date) -> str:
        return format_long_date(day, language).replace(" ", _NO_BREAK_SPACE)

    def medium_date(day: date) -> str:
        return format_medium_date(day, language).replace(" ", _NO_BREAK_SPACE)

    def month(day: date) -> str:
        return format_month(day, language).replace(" ", _NO_BREAK_SPACE)

    return {
        "money": money,
        "long_date": long_date,
        "medium_date": medium_date,
        "month": month,
        "address_lines": address_lines,
        "shown_url": shown_url,
        "unbroken": unbroken,
        "payment_code": payment_code,
        "trusted_svg": trusted_svg,
        "window_fit": window_fit,
        "coupon_name_fit": coupon_name_fit,
        "coupon_number_fit": coupon_number_fit,
        "insurer_fits": insurer_fits,
    }


def address_lines(address: Address) -> tuple[str, ...]:
    """Delivery lines, then `City, ST 12345`."""
    return (*address.lines, f"{address.city}, {address.state} {address.postal_code}")


def shown_url(url: str) -> str:
    """A URL as people read and type it: `pay.hospital.org`."""
    return url.removeprefix("https://").removeprefix("http://").removesuffix("/")


def unbroken(text: str) -> str:
    """A telephone number without line breaks."""
    return text.replace(" ", _NO_BREAK_SPACE)


def payment_code(address: str, title: str) -> Markup:
    """Markup of a QR code and its quiet zone, not drawn yet. A screen reader speaks `title`."""
    side = modules_of(address) + 2 * QUIET_MODULES
    return Markup(  # noqa: S704 - numbers and escaped text
        f'<svg class="code" viewBox="{-QUIET_MODULES} {-QUIET_MODULES - 0.5} {side} {side}">'
        f'<title>{escape(title)}</title><path class="modules" d="{escape(address)}" fill="none" stroke="#000"/></svg>'
    )


def trusted_svg(svg: str) -> Markup:
    """The facility's logo from the settings: the only markup that is not escaped."""
    return Markup(svg)  # noqa: S704


def page_label(templates: Path, language: str, page: int, pages: int) -> str:
    """The label that verification expects on a page, in the document's language: "Page 1 of 3"."""
    return _load_page_label(templates, language) % {"page": page, "pages": pages}


@lru_cache(maxsize=16)
def _load_page_label(templates: Path, language: str) -> str:
    return environment(templates, language).catalog.gettext("Page %(page)s of %(pages)s")
