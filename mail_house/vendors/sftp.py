"""A vendor's folder behind SFTP: the host key is pinned, every wait has an end, every upload is read back."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import paramiko
from paramiko.pkey import UnknownKeyType

from mail_house.errors import HandOffError, Misconfigured, Retryable, UnknownOutcome
from mail_house.secret import Secret

TIMEOUT_S = 30.0
TAIL_BYTES = 32_768


class SftpAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, as whom, and how to know that it is them."""

    host: str
    port: int
    user: str
    folder: str
    host_keys: frozenset[str]
    """Accepted fingerprints, as OpenSSH prints them: `SHA256:…`."""
    key_file: Path | None
    password: Secret
    """For the account, or the passphrase of the key file."""

    @property
    def where(self) -> str:
        return f"sftp://{self.host}:{self.port}"


class SftpDirectory:
    """The `Directory` of `vendors.vendor`, over one SFTP session."""

    def __init__(self, client: paramiko.SFTPClient, transport: paramiko.Transport, account: SftpAccount) -> None:
        self._client = client
        self._transport = transport
        self._account = account

    def read(self, name: str) -> bytes | None:
        with self._outcomes(name):
            try:
                with self._client.open(self._path(name), "rb") as remote:
                    remote.prefetch()
                    return remote.read()
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        attributes = self._stat(name)
        return None if attributes is None else attributes.st_size

    def written_at(self, name: str) -> datetime | None:
        attributes = self._stat(name)
        return None if attributes is None else _modified_at(attributes)

    def stage(self, name: str, data: bytes) -> datetime:
        """Goes on where an earlier upload of these bytes broke off. What arrived is read back whole either way."""
        part = f"{name}.part"
        with self._outcomes(name):
            begun = self._begun(part, data)
            self._write(part, data, begun)
            arrived = self.read(part)
            if begun and arrived != data:  # what was there before was something else after all
                self._write(part, data, 0)
                arrived = self.read(part)
            if arrived != data:
                raise Retryable(
                    f"{name} did not arrive at {self._account.where} as it was sent ({len(arrived or b''):,} of "
                    f"{len(data):,} bytes); nothing was handed over; is its disk full?"
                )
            return _modified_at(self._client.stat(self._path(part)))

    def _begun(self, part: str, data: bytes) -> int:
        """How many bytes of an earlier upload may stand: its end is compared, the rest when it is read back."""
        size = self.size(part) or 0
        if not 0 < size <= len(data):
            return 0
        tail = max(0, size - TAIL_BYTES)
        with self._client.open(self._path(part), "rb") as remote:
            remote.seek(tail)
            return size if remote.read(size - tail) == data[tail:size] else 0

    def _write(self, part: str, data: bytes, begun: int) -> None:
        with self._client.open(self._path(part), "r+b" if begun else "wb") as remote:
            remote.set_pipelined(True)
            remote.seek(begun)
            remote.write(data[begun:])

    def publish(self, name: str) -> None:
        old, new = self._path(f"{name}.part"), self._path(name)
        try:
            try:
                self._client.posix_rename(old, new)
            except OSError as exc:
                if not self._answered(exc) or exc.errno is not None:
                    raise
                # Not every server knows OpenSSH's rename over an existing file.
                if self.size(name) is not None:
                    self._client.remove(new)
                self._client.rename(old, new)
        except (OSError, EOFError, paramiko.SSHException, Retryable) as exc:
            if self._answered(exc):
                raise _refusal(name, exc) from exc
            raise UnknownOutcome(
                f"{name}: the connection to {self._account.where} was lost while it was handed over: "
                "look whether it is there"
            ) from exc

    def discard(self, name: str) -> None:
        with self._outcomes(name):
            self._client.remove(self._path(f"{name}.part"))

    def _stat(self, name: str) -> paramiko.SFTPAttributes | None:
        with self._outcomes(name):
            try:
                return self._client.stat(self._path(name))
            except FileNotFoundError:
                return None

    def _path(self, name: str) -> str:
        return f"{self._account.folder.rstrip('/')}/{name}" if self._account.folder else name

    def _answered(self, exc: BaseException) -> bool:
        """Whether the server itself refused: anything else may be an answer that was lost."""
        lost = isinstance(exc, (TimeoutError, ConnectionError, EOFError, paramiko.SSHException, HandOffError))
        return not lost and self._transport.is_active()

    @contextmanager
    def _outcomes(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, paramiko.SSHException) as exc:
            if self._answered(exc):
                raise _refusal(name, exc) from exc
            raise Retryable(
                f"{name}: the connection to {self._account.where} was lost ({type(exc).__name__}); "
                "nothing was handed over"
            ) from exc


@contextmanager
def open_sftp_directory(account: SftpAccount) -> Iterator[SftpDirectory]:
    """One session, closed at the end.

    Raises Misconfigured for a wrong host key or a refused login, Retryable where nobody answers.
    """
    with open_sftp_client(account) as (client, transport):
        yield SftpDirectory(client, transport, account)


@contextmanager
def open_sftp_client(account: SftpAccount) -> Iterator[tuple[paramiko.SFTPClient, paramiko.Transport]]:
    """As `open_sftp_directory`, for who reads a folder of somebody else's files."""
    transport = _connect(account)
    try:
        try:
            client = paramiko.SFTPClient.from_transport(transport)
        except (OSError, EOFError, paramiko.SSHException) as exc:
            raise Retryable(f"{account.where}: no SFTP session was granted ({type(exc).__name__})") from exc
        channel = client.get_channel() if client else None
        if client is None or channel is None:
            raise Retryable(f"{account.where}: no SFTP session was granted")
        channel.settimeout(TIMEOUT_S)
        yield client, transport
    finally:
        transport.close()


def _connect(account: SftpAccount) -> paramiko.Transport:
    key = _load_key(account)
    try:
        connection = socket.create_connection((account.host, account.port), timeout=TIMEOUT_S)
    except OSError as exc:
        raise Retryable(f"{account.where}: no connection ({exc.strerror or type(exc).__name__})") from exc
    transport = paramiko.Transport(connection)
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = TIMEOUT_S
    try:
        transport.start_client(timeout=TIMEOUT_S)
        shown = transport.get_remote_server_key()
        if shown.fingerprint not in account.host_keys:
            raise Misconfigured(
                f"{account.where}: its host key ({shown.get_name()}, {shown.fingerprint}) is not the one that was "
                "pinned: nothing was sent; ask the vendor before you change the pin"
            )
        if key is not None:
            transport.auth_publickey(account.user, key)
        else:
            transport.auth_password(account.user, account.password.reveal())
        if not transport.is_authenticated():
            raise Misconfigured(f"{account.where}: asks for more than a key or a password")
    except paramiko.AuthenticationException as exc:
        transport.close()
        raise Misconfigured(f"{account.where}: the login was refused: check STATEMENTS_SFTP_KEY or _PASSWORD") from exc
    except (OSError, EOFError, paramiko.SSHException) as exc:
        transport.close()
        raise Retryable(f"{account.where}: no SSH session ({type(exc).__name__})") from exc
    except Misconfigured:
        transport.close()
        raise
    return transport


def _load_key(account: SftpAccount) -> paramiko.PKey | None:
    if account.key_file is None:
        return None
    try:
        # Bytes, whatever paramiko's types say: it hands the passphrase on to `cryptography` as it is.
        passphrase = account.password.reveal().encode() if account.password else None
        return paramiko.PKey.from_path(account.key_file, passphrase)  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, paramiko.SSHException, UnknownKeyType) as exc:
        raise Misconfigured(
            f"the key that STATEMENTS_SFTP_KEY names cannot be read ({type(exc).__name__}); "
            "its passphrase goes in STATEMENTS_SFTP_PASSWORD, which must not be set for a key without one"
        ) from exc


def _refusal(name: str, exc: BaseException) -> HandOffError:
    """What the server's own answer means. SFTP has one code for all but two reasons, a full disk among them."""
    if isinstance(exc, OSError) and exc.errno == errno.ENOENT:
        return Misconfigured(f"{name}: the server knows no such folder or file; check the path in the URL")
    if isinstance(exc, OSError) and exc.errno == errno.EACCES:
        return Misconfigured(f"{name}: the server does not permit it; ask the vendor for the right to write and rename")
    return Retryable(f"{name}: the server refused ({exc}); nothing was handed over; is its disk full?")


def _modified_at(attributes: paramiko.SFTPAttributes) -> datetime:
    return datetime.fromtimestamp(attributes.st_mtime or 0, tz=UTC)
