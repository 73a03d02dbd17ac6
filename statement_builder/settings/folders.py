"""Checks of settings that name a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from statement_builder.billing.text import DAMAGED, FORBIDDEN, LINE_ENDS

_unprintable = re.compile(f"[{DAMAGED}{FORBIDDEN}{LINE_ENDS}]").search


def find_folder_faults(name: str, folder: str, *, must_exist: bool) -> Iterator[str]:
    if not folder:
        return
    if folder != folder.strip() or _unprintable(folder):
        yield f"{name} must be the path of a folder, with no space around it and no control character"
    elif must_exist and not Path(folder).is_dir():
        yield f"{name}: the folder {folder} does not exist"
    elif Path(folder).exists() and not Path(folder).is_dir():
        yield f"{name}: {folder} is a file, not a folder"
