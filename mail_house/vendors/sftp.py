"""A vendor's folder over SFTP. The host key is pinned, every wait has a timeout, every upload is read back."""

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
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

from mail_house.errors import HandOffError, Misconfigured, Retryable, UnknownOutcome
from mail_house.secret import Secret

TIMEOUT_S = 30.0
TAIL_BYTES = 32_768


class SftpAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An SFTP login and the server's pinned host keys."""

    host: str
    port: int
    user: str
    folder: str
    host_keys: frozenset[str]
    """Accepted fingerprints in OpenSSH's format: `SHA256:…`."""
    key_file: Path | None
    password: Secret
    """The account's password, or the passphrase of the key file."""

    @property
    def address(self) -> str:
        return f"sftp://{self.host}:{self.port}"


class SftpDirectory:
    """A `Directory` over one SFTP session."""

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
        """Resume an earlier upload of these bytes, if there is one. The result is read back whole in any case."""
        part = f"{name}.part"
        with self._outcomes(name):
            offset = self._resume_offset(part, data)
            self._write(part, data, offset)
            received = self.read(part)
            if offset and received != data:  # the leftover was another file
                self._write(part, data, 0)
                received = self.read(part)
            if received != data:
                raise Retryable(
                    f"{name} did not arrive at {self._account.address} as it was sent ({len(received or b''):,} of "
                    f"{len(data):,} bytes); nothing was handed over; check the server's disk space"
                )
            return _modified_at(self._client.stat(self._path(part)))

    def _resume_offset(self, part: str, data: bytes) -> int:
        """Return how many bytes of an earlier upload to reuse. Only its tail is compared here; the read-back compares
        the rest."""
        size = self.size(part) or 0
        if not 0 < size <= len(data):
            return 0
        tail = max(0, size - TAIL_BYTES)
        with self._client.open(self._path(part), "rb") as remote:
            remote.seek(tail)
            return size if remote.read(size - tail) == data[tail:size] else 0

    def _write(self, part: str, data: bytes, offset: int) -> None:
        with self._client.open(self._path(part), "r+b" if offset else "wb") as remote:
            remote.set_pipelined(True)
            remote.seek(offset)
            remote.write(data[offset:])

    def publish(self, name: str) -> None:
        old, new = self._path(f"{name}.part"), self._path(name)
        try:
            try:
                self._client.posix_rename(old, new)
            except OSError as exc:
                if not self._was_refused(exc) or exc.errno is not None:
                    raise
                # Not every server supports OpenSSH's rename over an existing file.
                if self.size(name) is not None:
                    self._client.remove(new)
                self._client.rename(old, new)
        except (OSError, EOFError, paramiko.SSHException, Retryable) as exc:
            if self._was_refused(exc):
                raise _refusal(name, exc) from exc
            raise UnknownOutcome(
                f"{name}: the connection to {self._account.address} was lost during the hand-off: "
                "check whether the file is there"
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

    def _was_refused(self, exc: BaseException) -> bool:
        """Whether the server itself refused. Any other error may be a lost response."""
        is_lost = isinstance(exc, (TimeoutError, ConnectionError, EOFError, paramiko.SSHException, HandOffError))
        return not is_lost and self._transport.is_active()

    @contextmanager
    def _outcomes(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, paramiko.SSHException) as exc:
            if self._was_refused(exc):
                raise _refusal(name, exc) from exc
            raise Retryable(
                f"{name}: the connection to {self._account.address} was lost ({type(exc).__name__}); "
                "nothing was handed over"
            ) from exc


class _Client(paramiko.SFTPClient):
    """Lists a folder even if a name in it is not UTF-8: one such file must not hide the others.

    paramiko 5.1 raises UnicodeDecodeError for the whole listing.
    """

    def listdir_attr(self, path: str | bytes = ".") -> list[paramiko.SFTPAttributes]:
        """The entries of a folder. A byte that is not UTF-8 becomes a surrogate, as in `os.fsdecode`."""
        kind, message = self._request(CMD_OPENDIR, self._adjust_cwd(path))  # type: ignore[attr-defined]
        if kind != CMD_HANDLE:
            raise paramiko.SFTPError("expected a handle")
        handle = message.get_binary()
        found = []
        while True:
            try:
                kind, message = self._request(CMD_READDIR, handle)  # type: ignore[attr-defined]
            except EOFError:
                break
            if kind != CMD_NAME:
                raise paramiko.SFTPError("expected names")
            for _ in range(message.get_int()):
                name, long_name = (message.get_string().decode("utf-8", "surrogateescape") for _ in range(2))
                entry = paramiko.SFTPAttributes._from_msg(message, name, long_name)  # type: ignore[attr-defined]
                if name not in {".", ".."}:
                    found.append(entry)
        self._request(CMD_CLOSE, handle)  # type: ignore[attr-defined]
        return found


@contextmanager
def open_sftp_directory(account: SftpAccount) -> Iterator[SftpDirectory]:
    """Open one session and close it at the end.

    Raises Misconfigured for a wrong host key or a refused login, Retryable if there is no connection.
    """
    with open_sftp_client(account) as (client, transport):
        yield SftpDirectory(client, transport, account)


@contextmanager
def open_sftp_client(account: SftpAccount) -> Iterator[tuple[paramiko.SFTPClient, paramiko.Transport]]:
    """Like `open_sftp_directory`, but for reading a folder of the vendor's own files."""
    transport = _connect(account)
    try:
        try:
            client = _Client.from_transport(transport)
        except (OSError, EOFError, paramiko.SSHException) as exc:
            raise Retryable(f"{account.address}: no SFTP session was granted ({type(exc).__name__})") from exc
        channel = client.get_channel() if client else None
        if client is None or channel is None:
            raise Retryable(f"{account.address}: no SFTP session was granted")
        channel.settimeout(TIMEOUT_S)
        yield client, transport
    finally:
        transport.close()


def _connect(account: SftpAccount) -> paramiko.Transport:
    key = _load_key(account)
    try:
        connection = socket.create_connection((account.host, account.port), timeout=TIMEOUT_S)
    except OSError as exc:
        raise Retryable(f"{account.address}: no connection ({exc.strerror or type(exc).__name__})") from exc
    transport = paramiko.Transport(connection)
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = TIMEOUT_S
    try:
        transport.start_client(timeout=TIMEOUT_S)
        key_shown = transport.get_remote_server_key()
        if key_shown.fingerprint not in account.host_keys:
            raise Misconfigured(
                f"{account.address}: its host key ({key_shown.get_name()}, {key_shown.fingerprint}) is not the pinned "
                "one: nothing was sent; ask the vendor before you change the pin"
            )
        if key is not None:
            transport.auth_publickey(account.user, key)
        else:
            transport.auth_password(account.user, account.password.reveal())
        if not transport.is_authenticated():
            raise Misconfigured(
                f"{account.address}: requires more than a key or a password to log in; ask the vendor for a login "
                "without a second factor"
            )
    except paramiko.AuthenticationException as exc:
        transport.close()
        raise Misconfigured(
            f"{account.address}: the login was refused: check STATEMENTS_SFTP_KEY or _PASSWORD"
        ) from exc
    except (OSError, EOFError, paramiko.SSHException) as exc:
        transport.close()
        raise Retryable(f"{account.address}: no SSH session ({type(exc).__name__})") from exc
    except Misconfigured:
        transport.close()
        raise
    return transport


def _load_key(account: SftpAccount) -> paramiko.PKey | None:
    if account.key_file is None:
        return None
    try:
        # Bytes, although paramiko's type hints say str: it passes the passphrase to `cryptography` unchanged.
        passphrase = account.password.reveal().encode() if account.password else None
        return paramiko.PKey.from_path(account.key_file, passphrase)  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, paramiko.SSHException, UnknownKeyType) as exc:
        raise Misconfigured(
            f"the key that STATEMENTS_SFTP_KEY names cannot be read ({type(exc).__name__}); "
            "its passphrase goes in STATEMENTS_SFTP_PASSWORD, which must not be set for a key without one"
        ) from exc


def _refusal(name: str, exc: BaseException) -> HandOffError:
    """Map the server's refusal to an outcome. SFTP has one code for every reason but two, including a full disk."""
    if isinstance(exc, OSError) and exc.errno == errno.ENOENT:
        return Misconfigured(f"{name}: the server has no such folder or file; check the path in the URL")
    if isinstance(exc, OSError) and exc.errno == errno.EACCES:
        return Misconfigured(f"{name}: permission denied; ask the vendor for permission to write and rename files")
    return Retryable(f"{name}: the server refused ({exc}); nothing was handed over; check the server's disk space")


def _modified_at(attributes: paramiko.SFTPAttributes) -> datetime:
    return datetime.fromtimestamp(attributes.st_mtime or 0, tz=UTC)
