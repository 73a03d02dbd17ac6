"""The languages of documents: `templates/locale/<language>/LC_MESSAGES/messages.po`.

The templates are written in English, so English needs no catalog. A language without a catalog is an error: a bill
that is half translated is worse than none.
"""

from __future__ import annotations

import io
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from statement_builder.errors import ConfigError
from statement_builder.resources import SOURCE_LANGUAGE


def load_catalog(templates: Path, language: str) -> NullTranslations:
    """The translations into one of `languages`. Raises `ConfigError` for a damaged file."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    path = templates / "locale" / language / "LC_MESSAGES" / "messages.po"
    compiled = io.BytesIO()
    try:
        with path.open("rb") as stream:
            write_mo(compiled, read_po(stream, locale=language, abort_invalid=True))
    except (OSError, PoFileError, ValueError) as exc:
        raise ConfigError(f"{path} cannot be read as a message catalog: {exc}") from exc
    compiled.seek(0)
    return GNUTranslations(compiled)
