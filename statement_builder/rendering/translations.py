"""The languages that documents exist in: `templates/locale/<language>/LC_MESSAGES/messages.po`.

English is what the templates are written in, so it needs no catalogue. A language without a catalogue is refused:
half a bill in another language would be worse than none.
"""

from __future__ import annotations

import io
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from statement_builder.errors import ConfigError

SOURCE_LANGUAGE = "en"


def languages(templates: Path) -> tuple[str, ...]:
    """Every language that can be rendered, English first."""
    found = sorted(path.parent.parent.name for path in templates.glob("locale/*/LC_MESSAGES/messages.po"))
    return (SOURCE_LANGUAGE, *(language for language in found if language != SOURCE_LANGUAGE))


def load_catalogue(templates: Path, language: str) -> NullTranslations:
    """The translations into one of `languages`. `ConfigError` when the file is damaged."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    path = templates / "locale" / language / "LC_MESSAGES" / "messages.po"
    compiled = io.BytesIO()
    try:
        with path.open("rb") as stream:
            write_mo(compiled, read_po(stream, locale=language, abort_invalid=True))
    except (OSError, PoFileError, ValueError) as exc:
        raise ConfigError(f"{path} cannot be read as a message catalogue: {exc}") from exc
    compiled.seek(0)
    return GNUTranslations(compiled)
