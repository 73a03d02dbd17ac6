"""Reads a finished print file from a folder, for preflight."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mail_house.models import PrintFile
from mail_house.print_files.control import Control, file_facts, read_control, write_control
from mail_house.print_files.manifest import read_manifest

SUFFIXES = (".pdf", ".csv", ".ctl")


def read_print_file(path: Path) -> PrintFile:
    """Read the print file that `path` belongs to; `path` is any of its three files. Without a control file, which is
    written last, the totals are added up from the manifest.

    Raises ValueError, naming the file, if a file is missing or is not one of ours.
    """
    stem = path.with_suffix("") if path.suffix in SUFFIXES else path
    pdf, manifest = (_read(stem.with_name(stem.name + suffix)) for suffix in SUFFIXES[:2])
    control_path = stem.with_name(f"{stem.name}.ctl")
    try:
        if control_path.is_file():
            data = control_path.read_bytes()
            control = read_control(data)
        else:
            control = _control_of(stem.name, pdf, manifest)
            data = write_control(control)
    except ValueError as exc:
        raise ValueError(f"{stem.name}: {exc}") from exc
    return PrintFile(
        name=control.name,
        pdf=pdf,
        manifest=manifest,
        control=data,
        pages=control.pages,
        sheets=control.sheets,
        records=control.records,
        cents=control.cents,
        sha256=hashlib.sha256(pdf).hexdigest(),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise ValueError(
            f"{path} does not exist: a print file is a PDF and a manifest (.csv) with the same name"
        ) from exc
    except OSError as exc:
        raise ValueError(f"{path} cannot be read: {exc.strerror}") from exc


def _control_of(name: str, pdf: bytes, manifest: bytes) -> Control:
    rows = read_manifest(manifest)
    if not rows:
        raise ValueError("its manifest has no pieces")
    return Control(
        name=name,
        created_on="",
        records=len(rows),
        pages=sum(row.pages + row.blank_pages for row in rows),
        blank_pages=sum(row.blank_pages for row in rows),
        sheets=sum(row.sheets for row in rows),
        cents=sum(row.amount_cents for row in rows),
        pdf=file_facts(f"{name}.pdf", pdf),
        manifest=file_facts(f"{name}.csv", manifest),
    )
