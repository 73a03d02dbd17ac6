"""What a clerk asks of a print file in a folder, before or after the vendor has it: is it fit to be printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mail_house.preflight import find_faults
from mail_house.print_files import read_print_file
from statement_builder.errors import ConfigError
from statement_builder.pipeline.context import open_profile
from statement_builder.settings import Settings


def preflight_print_file(settings: Settings, path: Path) -> dict[str, Any]:
    """Everything that the lint finds in a print file, with the pictures of all its pieces: what is wrong, and where.

    `ConfigError` where there is no print file to read.
    """
    profile = open_profile(settings)
    try:
        file = read_print_file(path)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    return {
        "name": file.name,
        "pieces": file.records,
        "pages": file.pages,
        "sheets": file.sheets,
        "profile": profile.title,
        "faults": [
            {"document": fault.document_id or None, "page": fault.page or None, "what": fault.message}
            for fault in find_faults(file, profile, sample_every=1)
        ],
    }
