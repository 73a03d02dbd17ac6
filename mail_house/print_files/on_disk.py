"""A finished print file as it lies in a folder: read back into what the lint takes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mail_house.models import PrintFile
from mail_house.print_files.control import Control, file_facts, read_control, write_control
from mail_house.print_files.manifest import read_manifest

SUFFIXES = (".pdf", ".csv", ".ctl")


def read_print_file(path: Path) -> PrintFile:
    """The print file that this is one of the three files of, as its control file has it; without one, which is written
    last, as its manifest adds up.

    Raises ValueError, which names the file, for one that is missing, or is none of ours.
    """
    stem = path.with_suffix("") if path.suffix in SUFFIXES else path
    pdf, manifest = (_read(stem.with_name(stem.name + suffix)) for suffix in SUFFIXES[:2])
    control_path = stem.with_name(f"{stem.name}.ctl")
    try:
        if control_path.is_file():
            data = control_path.read_bytes()
            control = read_control(data)
        else:
            control = _add_up(stem.name, pdf, manifest)
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
        raise ValueError(f"{path} is not there: a print file is a PDF and a manifest (.csv) of the same name") from exc
    except OSError as exc:
        raise ValueError(f"{path} cannot be read: {exc.strerror}") from exc


def _add_up(name: str, pdf: bytes, manifest: bytes) -> Control:
    placed = read_manifest(manifest)
    if not placed:
        raise ValueError("its manifest has no piece")
    return Control(
        name=name,
        created_on="",
        records=len(placed),
        pages=sum(piece.pages + piece.blank_pages for piece in placed),
        blank_pages=sum(piece.blank_pages for piece in placed),
        sheets=sum(piece.sheets for piece in placed),
        cents=sum(piece.amount_cents for piece in placed),
        pdf=file_facts(f"{name}.pdf", pdf),
        manifest=file_facts(f"{name}.csv", manifest),
    )
