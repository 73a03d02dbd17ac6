"""From a URL to a print vendor. What is wrong with the URL is said before anything is opened."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mail_house.secret import Secret
from mail_house.urls import BackendUrl, folder_path, is_loopback, parse_url
from mail_house.vendors.folder import open_local_directory
from mail_house.vendors.pgp import load_encryptor
from mail_house.vendors.vendor import FolderVendor, PrintVendor

if TYPE_CHECKING:
    from mail_house.vendors.sftp import SftpAccount


def open_print_vendor(url: str, *, environ: Mapping[str, str]) -> PrintVendor:
    """The vendor behind `url`; nothing is connected yet.

    `file:///folder`
    `sftp://user@host[:port]/folder?host_key=SHA256:…[&collects=yes][&pgp_key=/file]`: `host_key` may be repeated (one
    for each kind of key); a folder that starts with `~/` is below the login's own. `STATEMENTS_SFTP_KEY` names a
    private key file, `STATEMENTS_SFTP_PASSWORD` is the password, or the key's passphrase. `collects=yes` where the
    vendor takes files away. `pgp_key` is the vendor's OpenPGP key: PDF and manifest are then encrypted to it.
    `lob://api.lob.com/v1?from=adr_…`: with `STATEMENTS_LOB_KEY`. Options: `mail_type` (usps_first_class or
    usps_standard), `address_placement` (top_first_page or insert_blank_page), `return_envelope=yes`, and `rate`,
    requests a second.

    Raises ValueError that says what is missing or wrong.
    """
    parsed = parse_url(url, setting="print")
    if parsed.scheme == "file":
        folder = folder_path(parsed)
        parsed.require_known_options()
        return FolderVendor(
            functools.partial(open_local_directory, folder), location=f"file://{folder}", collects=False
        )
    if parsed.scheme == "sftp":
        return _open_sftp(parsed, environ)
    if parsed.scheme == "lob":
        return _open_lob(parsed, environ)
    raise ValueError(f"print: {parsed.scheme!r} is no print vendor that is known here; use file:, sftp: or lob:")


def _open_sftp(url: BackendUrl, environ: Mapping[str, str]) -> PrintVendor:
    # paramiko takes a tenth of a second to import: only who uses SFTP waits for it.
    from mail_house.vendors.sftp import open_sftp_directory  # noqa: PLC0415

    url.require_known_options("host_key", "collects", "pgp_key")
    account, collects = sftp_account(url, environ), url.flag("collects")
    return FolderVendor(
        functools.partial(open_sftp_directory, account),
        location=f"{account.where}{url.path}",
        collects=collects,
        seal=load_encryptor(url.value("pgp_key")) if url.value("pgp_key") else None,
    )


def sftp_account(url: BackendUrl, environ: Mapping[str, str]) -> SftpAccount:
    """The account behind an `sftp:` URL. ValueError names the setting that the URL is of."""
    from mail_house.vendors.sftp import SftpAccount  # noqa: PLC0415

    setting = url.setting
    if not url.host or not url.user:
        raise ValueError(f"{setting}: an SFTP address names user and host: sftp://user@host/folder?host_key=SHA256:…")
    host_keys = frozenset(url.values("host_key"))
    if not host_keys or not all(pin.startswith("SHA256:") for pin in host_keys):
        raise ValueError(
            f"{setting}: pin the host key of {url.host} as ?host_key=SHA256:… (the vendor gives it to you; compare "
            f"with `ssh-keyscan -p {url.port or 22} {url.host} | ssh-keygen -lf -`)"
        )
    key_file, password = environ.get("STATEMENTS_SFTP_KEY", ""), Secret(environ.get("STATEMENTS_SFTP_PASSWORD", ""))
    if not key_file and not password:
        raise ValueError(f"{setting}: set STATEMENTS_SFTP_KEY (a private key file) or STATEMENTS_SFTP_PASSWORD")
    return SftpAccount(
        host=url.host,
        port=url.port or 22,
        user=url.user,
        folder=url.path.removeprefix("/~/") if url.path.startswith("/~/") else url.path,
        host_keys=host_keys,
        key_file=Path(key_file) if key_file else None,
        password=password,
    )


def _open_lob(url: BackendUrl, environ: Mapping[str, str]) -> PrintVendor:
    # httpx takes a tenth of a second to import: only who uses Lob waits for it.
    from mail_house.vendors.lob import RATE_PER_S, LobAccount, LobVendor  # noqa: PLC0415

    url.require_known_options("from", "mail_type", "address_placement", "return_envelope", "rate")
    if not url.host or not re.fullmatch(r"adr_[0-9a-zA-Z]+", url.value("from")):
        raise ValueError(
            "print: a Lob address names host and return address: lob://api.lob.com/v1?from=adr_… (save the hospital's "
            "return address at Lob, and give its id)"
        )
    if not environ.get("STATEMENTS_LOB_KEY"):
        raise ValueError("print: set STATEMENTS_LOB_KEY (Lob's secret key; one that starts with test_ prints nothing)")
    port = f":{url.port}" if url.port else ""
    account = LobAccount(
        base_url=f"{'http' if is_loopback(url.host) else 'https'}://{url.host}{port}{url.path.rstrip('/')}",
        key=Secret(environ["STATEMENTS_LOB_KEY"]),
        from_id=url.value("from"),
        mail_type=url.choice("mail_type", "usps_first_class", "usps_standard"),
        address_placement=url.choice("address_placement", "top_first_page", "insert_blank_page"),
        return_envelope=url.flag("return_envelope"),
    )
    return LobVendor(account, rate_per_s=url.number("rate", RATE_PER_S))
