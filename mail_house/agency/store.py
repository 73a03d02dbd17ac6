"""Where an agency's files go: a folder, local or over SFTP. Over SFTP they must be encrypted.

| setting | scheme and form | option | value |
|---|---|---|---|
| `placement.agencies` `url` | `file:///folder` | | |
| | `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated |

The login over SFTP is that of `mail_house.vendors.factory`. The agency leaves the control file where it is: it shows
what was delivered, so that no account is placed twice. It may remove the other file after it took it in.
"""

from __future__ import annotations

from collections.abc import Mapping

from mail_house.agency.files import AgencyControl, AgencyFile, read_agency_control, write_agency_control
from mail_house.controlled_folder import OpenDirectory, check_folder, control_name, find_control, folder_opener
from mail_house.errors import Misconfigured
from mail_house.print_files.control import file_facts
from mail_house.urls import parse_url
from security_kit.openpgp import PgpEncryptor, load_encryptor


class AgencyStore:
    """Every method may be called again. It raises Retryable if the folder cannot be reached."""

    def __init__(self, open_directory: OpenDirectory, encryptor: PgpEncryptor | None) -> None:
        self._open = open_directory
        self._encryptor = encryptor

    def find(self, name: str) -> AgencyControl | None:
        """The control file under this name, or None. Raises Permanent if it is not one of ours."""
        return find_control(self._open, name, read_agency_control, "the agency")

    def deliver(self, file: AgencyFile) -> None:
        """Write the file, and the control file last. A file without its control file, from a run that was killed, is
        written again: encrypted again, it has other bytes."""
        name, data = file.file, file.data
        if self._encryptor is not None:
            try:
                name, data = f"{name}{self._encryptor.suffix}", self._encryptor(data)
            except ValueError as exc:
                raise Misconfigured(f"{file.name} was not delivered: {exc}") from exc
        control = AgencyControl(
            name=file.name,
            file_type=file.file_type,
            records=file.records,
            cents=file.cents,
            sha256=file.sha256,
            files=(file_facts(name, data),),
        )
        with self._open() as directory:
            for each, content in ((name, data), (control_name(file.name), write_agency_control(control))):
                directory.stage(each, content)
                directory.publish(each)

    def check(self) -> None:
        """Require that the folder can be reached and written to."""
        check_folder(self._open)


def open_agency(url: str, *, pgp_key: str, setting: str, environ: Mapping[str, str]) -> AgencyStore:
    """Return the store of a `file:` or `sftp:` URL; nothing is connected yet. `setting` names the agency in messages.
    Raises ValueError that names what is wrong."""
    parsed = parse_url(url, setting=f"{setting}: url")
    opener = folder_opener(parsed, environ=environ)
    if parsed.scheme == "sftp" and not pgp_key:
        raise ValueError(f"{setting}: set pgp_key to the agency's OpenPGP key: what leaves the building is encrypted")
    encryptor = load_encryptor(pgp_key, setting=f"{setting}: pgp_key", owner="the agency") if pgp_key else None
    return AgencyStore(opener, encryptor)
