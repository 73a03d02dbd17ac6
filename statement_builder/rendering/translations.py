"""The languages of documents: `templates/locale/<language>/LC_MESSAGES/messages.po`.

The templates are written in English, so English needs no catalog. A document is never half translated: a catalog must
have every text of the templates, and a named person must have approved it for this facility (45 CFR 92.201(c): a
qualified translator, and a qualified person's review of machine translation).
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.errors import ConfigError

_PLACEHOLDERS_AND_TAGS = re.compile(r"%\(\w+\)s|%%|%|</?\w+>")
_APPROVAL = re.compile(r'^"X-Approved-(By|On|For):([^"]*?)\\n"$', re.MULTILINE)
_SHOWN_MAX = 3
"""Texts that an error quotes; the rest are counted."""


def load_catalog(templates: Path, language: str) -> NullTranslations:
    """The translations into one of `languages`. Raises `ConfigError` for a damaged file."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, _read_catalog(catalog_path(templates, language), language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def read_texts(templates: Path, language: str) -> dict[str, str]:
    """English → the language, of every text without plural forms; empty for English. Raises `ConfigError` as
    `load_catalog`."""
    if language == SOURCE_LANGUAGE:
        return {}
    catalog = _read_catalog(catalog_path(templates, language), language)
    return {
        each.id: each.string
        for each in catalog
        if isinstance(each.id, str) and isinstance(each.string, str) and each.id and each.string
    }


def catalog_path(templates: Path, language: str) -> Path:
    """The catalog of a language."""
    return templates / "locale" / language / "LC_MESSAGES" / "messages.po"


def messages_path(templates: Path) -> Path:
    """The texts to translate, in English."""
    return templates / "locale" / "messages.pot"


def find_catalog_faults(templates: Path, language: str) -> Iterator[str]:
    """What keeps a catalog from translating every text of the templates: missing, fuzzy and obsolete texts, plural
    forms, and placeholders that differ. Raises `ConfigError` for a damaged file."""
    path = catalog_path(templates, language)
    catalog = _read_catalog(path, language)
    wanted = _read_catalog(messages_path(templates), SOURCE_LANGUAGE)
    ids = {message.id for message in wanted if message.id}
    found = {message.id: message for message in catalog if message.id}
    groups = {
        "has no translation": [_texts(each)[0] for each in ids if each not in found or not _is_complete(found[each])],
        "is fuzzy: a translator must confirm it": [_texts(each)[0] for each in ids & found.keys() if found[each].fuzzy],
        "has other placeholders or tags than the English text": [
            _texts(each)[0] for each in ids & found.keys() if not _has_same_placeholders(found[each])
        ],
        "is not in the templates; remove it": [
            *(_texts(each)[0] for each in found if each not in ids),
            *(_texts(each)[0] for each in catalog.obsolete),
        ],
    }
    for what, texts in groups.items():
        if texts:
            shown = ", ".join(repr(text) for text in sorted(texts)[:_SHOWN_MAX])
            more = f" and {len(texts) - _SHOWN_MAX} more" if len(texts) > _SHOWN_MAX else ""
            yield f"{path}: {shown}{more} {what}"


def find_approval_faults(templates: Path, languages: Sequence[str], facility_id: str) -> Iterator[str]:
    """Each listed language whose catalog nobody approved for this facility.

    The headers `X-Approved-By`, `X-Approved-On` (a date), and `X-Approved-For` (facility ids, separated by spaces) say
    who approved it. A tool that rewrites the file without them withdraws the approval.
    """
    for language in languages:
        if language == SOURCE_LANGUAGE:
            continue
        path = catalog_path(templates, language)
        approval = _approval(path)
        facilities = approval.get("For", "")
        if not approval.get("By") or not _is_date(approval.get("On", "")):
            problem = "names nobody who approved it, or no date"
        elif facility_id not in facilities.split():
            problem = f"is approved for {facilities or 'no facility'}, not for {facility_id}"
        else:
            continue
        yield (
            f"render.languages lists {language!r}, but {path} {problem}. Have a qualified translator review it, then "
            "set X-Approved-By, X-Approved-On, and X-Approved-For in a copy of it in the folder of render.templates; "
            "or remove the language"
        )


def _read_catalog(path: Path, language: str) -> Catalog:
    try:
        with path.open("rb") as stream:
            return read_po(stream, locale=language, abort_invalid=True)
    except (OSError, PoFileError, ValueError) as exc:
        raise ConfigError(f"{path} cannot be read as a message catalog: {exc}") from exc


def _approval(path: Path) -> dict[str, str]:
    """The approval headers of a catalog, of which Babel keeps none."""
    header, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
    return {name: value.strip() for name, value in _APPROVAL.findall(header)}


def _is_complete(message: Message) -> bool:
    return all(_texts(message.string))


def _has_same_placeholders(message: Message) -> bool:
    """Whether each form has the placeholders and tags of the English text, or of one of its two forms."""
    expected = [_placeholders(text) for text in _texts(message.id)]
    return all(_placeholders(form) in expected for form in _texts(message.string) if form)


def _texts(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """The forms of a text: one, or one for each plural form."""
    return (text,) if isinstance(text, str) else tuple(text or ("",))


def _placeholders(text: str) -> Counter[str]:
    return Counter(_PLACEHOLDERS_AND_TAGS.findall(text))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
