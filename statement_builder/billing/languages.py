"""The language of a document for the language of its reader."""

from __future__ import annotations

from collections.abc import Collection

SOURCE_LANGUAGE = "en"
"""The language that the templates are written in: every document exists in it."""


def document_language(code: str, languages: Collection[str]) -> str:
    """The language of `languages` that serves a reader of the BCP 47 code `code`, or English.

    The code itself or the longest part of it that is there: `es-MX` is served by `es` (RFC 4647, 3.4).
    """
    parts = code.casefold().split("-")
    by_code = {language.casefold(): language for language in languages}
    for count in range(len(parts), 0, -1):
        if found := by_code.get("-".join(parts[:count])):
            return found
    return SOURCE_LANGUAGE


def is_served(code: str, languages: Collection[str]) -> bool:
    """Whether documents exist in the reader's language: if not, English goes out with the notice of language
    assistance (45 CFR 92.11)."""
    primary = code.casefold().partition("-")[0]
    return document_language(code, languages).casefold().partition("-")[0] == primary
