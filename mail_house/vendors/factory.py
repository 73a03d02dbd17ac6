"""Opens the print vendor that a URL names (setting `print`). URL errors are reported before any connection is opened.

| scheme and form | option | value | default |
|---|---|---|---|
| `file:///folder` | | | |
| `sftp://user@host[:port]/folder` | `host_key` | the server's key, `SHA256:…`; required, may be repeated | |
| | `collects` | `yes` if the vendor removes files after pickup | `no` |
| | `pgp_key` | file with the vendor's OpenPGP key; PDF and manifest are encrypted to it | not encrypted |
| `lob://api.lob.com/v1` | `from` | id of the return address saved at Lob, `adr_…`; required | |
| | `mail_type` | `usps_first_class` or `usps_standard` | `usps_first_class` |
| | `address_placement` | `top_first_page` or `insert_blank_page` | `top_first_page` |
| | `return_envelope` | `yes` adds a reply envelope and perforates the coupon | `no` |
| | `rate` | requests per second, at most | 30 |

SFTP: a folder that starts with `/~/` is below the login's home folder. `STATEMENTS_SFTP_KEY` names a private key file;
`STATEMENTS_SFTP_PASSWORD` is the password, or the key's passphrase. Lob: the secret key is `STATEMENTS_LOB_KEY`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mail_house.profiles import Profile
from mail_house.secret import Secret
from mail_house.urls import BackendUrl, folder_path, parse_url
from mail_house.vendors.folder import open_local_directory
from mail_house.vendors.vendor import FolderVendor, PrintVendor
from security_kit.openpgp import load_encryptor
from security_kit.transport import is_loopback

if TYPE_CHECKING:
    from mail_house.vendors.sftp import SftpAccount


OPTIONS: Mapping[str, tuple[str, ...]] = {
    "file": (),
    "sftp": ("host_key", "collects", "pgp_key"),
    "lob": ("from", "mail_type", "address_placement", "return_envelope", "rate"),
}
"""Scheme to its options. The module's docstring explains each."""
LOB_CERTIFIED = "certified_return_receipt"
"""Lob's `extra_service` for certified mail with a return receipt, which only First-Class letters can have."""
_ANY_SECRET = {"STATEMENTS_SFTP_PASSWORD": "-", "STATEMENTS_LOB_KEY": "-"}


def open_print_vendor(url: str, *, environ: Mapping[str, str]) -> PrintVendor:
    """Return the vendor for `url`; nothing is connected yet. The module's docstring lists the options.

    Raises ValueError that names what is missing or wrong.
    """
    parsed = parse_url(url, setting="print")
    if parsed.scheme not in OPTIONS:
        raise ValueError(f"print: {parsed.scheme!r} is not a known print vendor; use file:, sftp: or lob:")
    parsed.require_known_options(*OPTIONS[parsed.scheme])
    if parsed.scheme == "sftp":
        return _open_sftp(parsed, environ)
    if parsed.scheme == "lob":
        return _open_lob(parsed, environ)
    folder = folder_path(parsed)
    return FolderVendor(functools.partial(open_local_directory, folder), location=f"file://{folder}", collects=False)


def check_print_url(url: str) -> None:
    """Raises ValueError for a URL that `open_print_vendor` refuses whatever the secrets are. Reads none of them."""
    open_print_vendor(url, environ=_ANY_SECRET).close()


def with_ordered_options(profile: Profile, url: str) -> Profile:
    """The profile with what the vendor's URL orders for each letter, so that manifest and order agree.

    Raises ValueError that names what is wrong in the URL.
    """
    parsed = parse_url(url, setting="print")
    if parsed.scheme != "lob":
        return profile
    has_return_envelope, mail_type = parsed.flag("return_envelope"), _lob_mail_type(parsed)
    return msgspec.structs.replace(
        profile,
        mail_class=mail_type,
        certified_service=LOB_CERTIFIED if mail_type == "usps_first_class" else "",
        mails_abroad=False,
        return_envelope=has_return_envelope,
        perforates_coupon=has_return_envelope,
    )


def _lob_mail_type(url: BackendUrl) -> str:
    return url.choice("mail_type", "usps_first_class", "usps_standard")


def _open_sftp(url: BackendUrl, environ: Mapping[str, str]) -> PrintVendor:
    # paramiko takes a tenth of a second to import; only SFTP needs it.
    from mail_house.vendors.sftp import open_sftp_directory  # noqa: PLC0415

    account, collects = sftp_account(url, environ), url.flag("collects")
    key_file = url.value("pgp_key")
    return FolderVendor(
        functools.partial(open_sftp_directory, account),
        location=f"{account.address}{url.path}",
        collects=collects,
        encryptor=load_encryptor(key_file, setting="print: pgp_key", owner="the vendor") if key_file else None,
    )


def sftp_account(url: BackendUrl, environ: Mapping[str, str]) -> SftpAccount:
    """Return the account for an `sftp:` URL. Raises ValueError that names the URL's setting."""
    from mail_house.vendors.sftp import SftpAccount  # noqa: PLC0415

    setting = url.setting
    if not url.host or not url.user:
        raise ValueError(
            f"{setting}: an SFTP URL must name user and host, such as sftp://user@host/folder?host_key=SHA256:…"
        )
    host_keys = frozenset(url.values("host_key"))
    if not host_keys or not all(pin.startswith("SHA256:") for pin in host_keys):
        raise ValueError(
            f"{setting}: pin the host key of {url.host} as ?host_key=SHA256:… (ask the vendor for it, and compare it "
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
    # httpx takes a tenth of a second to import; only Lob needs it.
    from mail_house.vendors.lob import RATE_PER_S, LobAccount, LobVendor  # noqa: PLC0415

    if not url.host or not re.fullmatch(r"adr_[0-9a-zA-Z]+", url.value("from")):
        raise ValueError(
            "print: a Lob URL must name host and return address, such as lob://api.lob.com/v1?from=adr_… (save the "
            "hospital's return address at Lob and use its id)"
        )
    if not environ.get("STATEMENTS_LOB_KEY"):
        raise ValueError("print: set STATEMENTS_LOB_KEY (Lob's secret key; a test_ key prints nothing)")
    port = f":{url.port}" if url.port else ""
    account = LobAccount(
        base_url=f"{'http' if is_loopback(url.host) else 'https'}://{url.host}{port}{url.path.rstrip('/')}",
        key=Secret(environ["STATEMENTS_LOB_KEY"]),
        from_id=url.value("from"),
        mail_type=_lob_mail_type(url),
        address_placement=url.choice("address_placement", "top_first_page", "insert_blank_page"),
        return_envelope=url.flag("return_envelope"),
    )
    return LobVendor(account, rate_per_s=url.number("rate", RATE_PER_S))
