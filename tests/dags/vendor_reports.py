"""Write the print vendor's reports."""

from __future__ import annotations

from pathlib import Path

from tests.hospital import AS_OF, Hospital

COLUMNS = "print_file,status,records,pdf_sha256,received_on,reason"


def acknowledge(hospital: Hospital, batch: str, folder: Path) -> list[str]:
    """Write an acknowledgement of every print file of the batch into the folder. Returns the print files' names."""
    files = hospital.statements("show", batch, "--json").json["print_files"]
    rows = [f"{file['name']},accepted,{file['documents']},{file['sha256']},{AS_OF},\r\n" for file in files]
    folder.mkdir(exist_ok=True)
    (folder / f"{batch}.csv").write_text("".join((f"{COLUMNS}\r\n", *rows)), encoding="utf-8")
    return [file["name"] for file in files]
