"""Write the template of the console's message catalog: `statement_builder/web/locale/messages.pot`.

.venv/bin/python -m scripts.write_console_catalog
"""

from __future__ import annotations

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import write_po

from scripts.console_sentences import extract_sentences
from statement_builder.web.actions import ACTIONS, FILE_ACTIONS
from statement_builder.web.labels import list_labels
from statement_builder.web.templating import WEB

POT = WEB / "locale" / "messages.pot"
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "HTTPException": (2,)}


def extract_texts() -> set[str | tuple[str, ...]]:
    """Every text that the console shows in the visitor's language."""
    with (WEB / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream, "babel.cfg")  # type: ignore[no-untyped-call]
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, methods, options, _KEYWORDS)}
    return found | set(list_labels(iter((*ACTIONS, *FILE_ACTIONS)))) | extract_sentences()


def main() -> None:
    catalog = Catalog()
    for text in extract_texts():
        catalog.add(text)
    with POT.open("wb") as stream:
        write_po(stream, catalog, no_location=True, sort_output=True, omit_header=True, width=100)


if __name__ == "__main__":
    main()
