"""Lob: an API that accepts one letter per request, so a print file for Lob holds one piece.

The idempotency key makes a repeated request return the same letter, for the 24 hours that Lob remembers keys. After
that, only a search by the print file's name in the letter's metadata finds it, so every request for a letter starts
with that search.
API and limits: version 1.22.0 of Lob's OpenAPI description.
"""

from __future__ import annotations

import csv
import io
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import tenacity

from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import PrintFile, Receipt
from mail_house.print_files.manifest import ADDRESS_LINES_MAX, unescape_formula
from mail_house.rate_limit import RateLimiter
from mail_house.secret import Secret
from mail_house.vendors.us_address import UsAddress, read_us_address

TIMEOUT_S = 60.0
RATE_PER_S = 30.0
"""150 requests in 5 seconds per endpoint."""
ATTEMPTS_MAX = 4
FILE_BYTES_MAX = 5_000_000
SHEETS_MAX = 60
NAME_MAX = 40
LINE_MAX = 64


class LobAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account at Lob and the options of its letters."""

    base_url: str
    key: Secret
    """Letters of a test key (`test_…`) are never printed."""
    from_id: str
    """Id of the return address saved at Lob: `adr_…`."""
    mail_type: str
    address_placement: str
    return_envelope: bool
    """Adds a reply envelope and perforates the page with the payment coupon, if the piece has one."""


class _Letter(msgspec.Struct, frozen=True):
    """The fields of Lob's response that are read here."""

    id: str
    date_created: datetime
    metadata: dict[str, str] = {}
    deleted: bool = False


class _Letters(msgspec.Struct, frozen=True):
    data: list[_Letter]


class _Error(msgspec.Struct, frozen=True):
    code: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error = _Error()


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """The print file's one piece, from its manifest."""

    document_id: str
    address: UsAddress
    sheets: int
    duplex: bool
    perforated_page: int | None
    """From 1; None for a piece without a payment coupon."""
    extra_service: str


class LobVendor:
    """A `PrintVendor` that keeps one HTTPS connection between letters."""

    collects = False
    pieces_max = 1
    can_cancel = True

    def __init__(self, account: LobAccount, *, rate_per_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._account = account
        self._sleep = sleep
        # Lob limits each endpoint separately.
        self._rate_limiters = {method: RateLimiter(rate_per_s, sleep=sleep) for method in ("GET", "POST", "DELETE")}
        self._client = httpx.Client(
            base_url=account.base_url, auth=(account.key.reveal(), ""), timeout=TIMEOUT_S, follow_redirects=False
        )

    def find_refusal(self, file: PrintFile) -> str:
        try:
            _read_piece(file)
        except Permanent as exc:
            return str(exc)
        return ""

    def prepare(self, file: PrintFile) -> None:
        """Nothing can be uploaded beforehand; this only finds some letters that Lob would refuse."""
        _read_piece(file)

    def commit(self, file: PrintFile) -> Receipt:
        piece = _read_piece(file)
        if receipt := self.find(file.name, sha256=file.sha256):
            return receipt
        what = f"document {piece.document_id} ({file.name})"
        response = self._request(
            "POST",
            "/letters",
            what,
            if_lost=UnknownOutcome,
            data=_form(self._account, piece, file),
            files={"file": (f"{file.name}.pdf", file.pdf, "application/pdf")},
            headers={"Idempotency-Key": f"{file.name}.{piece.document_id}"},
        )
        try:
            return self._receipt(msgspec.json.decode(response.content, type=_Letter), file.name, file.sha256)
        except msgspec.DecodeError as exc:
            raise UnknownOutcome(
                f"{what}: the response of {self._account.base_url} is not a letter: look for the letter there"
            ) from exc

    def find(self, name: str, *, sha256: str) -> Receipt | None:
        query = {"metadata[print_file]": name, "limit": "10"}
        response = self._request("GET", "/letters", name, if_lost=Retryable, params=query)
        try:
            letters = msgspec.json.decode(response.content, type=_Letters).data
        except msgspec.DecodeError as exc:
            raise Retryable(f"{name}: the response of {self._account.base_url} is not a list of letters") from exc
        found = [each for each in letters if each.metadata.get("print_file") == name and not each.deleted]
        if any(each.metadata.get("sha256") != sha256 for each in found):
            raise Permanent(
                f"another letter was handed over as {name} at {self._account.base_url}: "
                "check that letter before you send anything else under this name"
            )
        if len(found) > 1:
            raise UnknownOutcome(
                f"{name}: {len(found)} letters have this name at {self._account.base_url}: cancel all but one"
            )
        return self._receipt(found[0], name, sha256) if found else None

    def cancel(self, reference: str) -> bool:
        """Cancel the letter before it is printed. Return False if it is too late (by default, after 5 minutes)."""
        try:
            self._request("DELETE", f"/letters/{reference}", reference, if_lost=Retryable)
        except Permanent:
            return self._is_cancelled(reference)  # by an earlier request whose response was lost
        return True

    def _is_cancelled(self, reference: str) -> bool:
        response = self._request("GET", f"/letters/{reference}", reference, if_lost=Retryable)
        try:
            return msgspec.json.decode(response.content, type=_Letter).deleted
        except msgspec.DecodeError as exc:
            raise Retryable(f"{reference}: the response of {self._account.base_url} is not a letter") from exc

    def check(self) -> None:
        self._request("GET", "/letters", "check", if_lost=Retryable, params={"limit": "1"})

    def close(self) -> None:
        self._client.close()

    def _request(
        self, method: str, path: str, what: str, *, if_lost: type[HandOffError], **request: Any
    ) -> httpx.Response:
        """Send a request; retry at once if Lob limits the rate or the response is lost. The idempotency key, or the
        kind of request, makes a retry safe. `if_lost` is the outcome if the last response is lost too."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS_MAX),
            wait=_retry_delay_s,
            retry=tenacity.retry_if_exception_type(_RetryableRequest),
            sleep=self._sleep,
        )
        try:
            return retrying(self._request_once, method, path, what, if_lost, **request)
        except tenacity.RetryError as exc:
            failure = exc.last_attempt.exception()
            assert isinstance(failure, _RetryableRequest)
            raise failure.outcome from failure

    def _request_once(
        self, method: str, path: str, what: str, if_lost: type[HandOffError], **request: Any
    ) -> httpx.Response:
        url = self._account.base_url
        self._rate_limiters[method].wait()
        try:
            response = self._client.request(method, path, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise _RetryableRequest(
                Retryable(f"{what}: no connection to {url} ({type(exc).__name__}); nothing was accepted")
            ) from exc
        except httpx.HTTPError as exc:
            raise _RetryableRequest(
                if_lost(f"{what}: no response from {url} ({type(exc).__name__}): look for it there")
            ) from exc
        status, code = response.status_code, _error_code(response)
        if response.is_success:
            return response
        if status == 429:
            raise _RetryableRequest(
                Retryable(f"{what}: {url} limits the request rate ({code}); nothing was accepted"), response
            )
        if status >= 500 or status in {408, 409}:
            raise _RetryableRequest(
                if_lost(f"{what}: {url} failed while handling the request ({status} {code}): look for it there")
            )
        if status in {401, 403} or (status == 404 and method != "DELETE"):
            raise Misconfigured(
                f"{what}: {url} refused ({status} {code}); "
                "check STATEMENTS_LOB_KEY, the return address in `from`, and the account"
            )
        raise Permanent(f"{what}: {url} refused it permanently ({status} {code})")

    def _receipt(self, letter: _Letter, name: str, sha256: str) -> Receipt:
        detail = {"location": self._account.base_url, "print_file": name, "sha256": sha256}
        return Receipt(reference=letter.id, at=letter.date_created.astimezone(UTC), detail=detail)


class _RetryableRequest(Exception):
    """A request that may be retried. `outcome` is raised if no retry succeeds."""

    def __init__(self, outcome: HandOffError, response: httpx.Response | None = None) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome
        self.retry_after_s = _retry_after_s(response) if response is not None else None


def _retry_delay_s(state: tenacity.RetryCallState) -> float:
    assert state.outcome is not None
    failure = state.outcome.exception()
    if isinstance(failure, _RetryableRequest) and failure.retry_after_s is not None:
        return failure.retry_after_s
    return float(2 ** (state.attempt_number - 1))


def _retry_after_s(response: httpx.Response) -> float:
    """Return the seconds in Lob's Retry-After header; 5, the length of its rate window, if there is none."""
    seconds = response.headers.get("Retry-After", "")
    return min(float(seconds), 60.0) if seconds.isascii() and seconds.isdigit() else 5.0


def _error_code(response: httpx.Response) -> str:
    """Return Lob's error code. Its message is not used: it may quote the address."""
    try:
        return msgspec.json.decode(response.content, type=_Refusal).error.code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _form(account: LobAccount, piece: _Row, file: PrintFile) -> dict[str, str]:
    form = {f"to[{key}]": value for key, value in _to(piece.address).items()}
    metadata = {"document_id": piece.document_id, "print_file": file.name, "sha256": file.sha256}
    form |= {f"metadata[{key}]": value for key, value in metadata.items()}
    form |= {
        "from": account.from_id,
        "color": "false",
        "double_sided": str(piece.duplex).lower(),
        "mail_type": account.mail_type,
        "address_placement": account.address_placement,
        "use_type": "operational",
    }
    if piece.extra_service:
        form["extra_service"] = piece.extra_service
    if account.return_envelope and piece.perforated_page:
        form |= {"return_envelope": "true", "perforated_page": str(piece.perforated_page)}
    return form


def _to(address: UsAddress) -> dict[str, str]:
    """Return Lob's address fields. Lob has two name lines and two delivery lines: the first of three delivery lines
    (care of, a building) or the rest of a long name goes into `company`, the second name line."""
    *extra, line1 = address.delivery[:-1] or address.delivery
    name, *rest = textwrap.wrap(address.name, NAME_MAX, break_long_words=False) or [""]
    form = {
        "name": name,
        "address_line1": line1,
        "address_city": address.city,
        "address_state": address.state,
        "address_zip": address.zip,
        "address_country": "US",
    }
    if len(address.delivery) > 1:
        form["address_line2"] = address.delivery[-1]
    if rest or extra:
        form["company"] = " ".join((*rest, *extra))
    return form


def _read_piece(file: PrintFile) -> _Row:
    """Read the print file's one piece. Raises Permanent, naming the document, for a piece that Lob would refuse."""
    rows = list(csv.DictReader(io.StringIO(file.manifest.decode("utf-8"))))
    if len(rows) != 1:
        raise Permanent(f"{file.name}: Lob accepts one piece per print file, and this one has {len(rows)}")
    row = rows[0]
    what = f"document {row['document_id']}"
    lines = [unescape_formula(row[f"address_{n}"]) for n in range(1, ADDRESS_LINES_MAX + 1)]
    try:
        address = read_us_address([line for line in lines if line])
    except ValueError as exc:
        raise Permanent(f"{what}: {exc}, and Lob is used for US addresses only; print it elsewhere") from exc
    piece = _Row(
        document_id=row["document_id"],
        address=address,
        sheets=int(row["sheets"]),
        duplex=row["duplex"] == "Y",
        perforated_page=int(page) if (page := row.get("perforated_page")) else None,
        extra_service=row.get("extra_service") or "",
    )
    if problem := _problem_with(piece, len(file.pdf)):
        raise Permanent(f"{what}: {problem}")
    return piece


def _problem_with(piece: _Row, size_bytes: int) -> str:
    form = _to(piece.address)
    if piece.sheets > SHEETS_MAX:
        return f"it has {piece.sheets} sheets, and Lob accepts {SHEETS_MAX}; print it elsewhere"
    if size_bytes > FILE_BYTES_MAX:
        return f"it has {size_bytes:,} bytes, and Lob accepts {FILE_BYTES_MAX:,}; print it elsewhere"
    if len(piece.address.delivery) > 3:
        return "Lob accepts at most three delivery lines; print it elsewhere"
    if any(len(form.get(key, "")) > NAME_MAX for key in ("name", "company")):
        return f"Lob accepts two lines of {NAME_MAX} letters above the delivery lines; print it elsewhere"
    if any(len(form.get(key, "")) > LINE_MAX for key in ("address_line1", "address_line2")):
        return f"Lob accepts {LINE_MAX} letters in a delivery line; print it elsewhere"
    return ""
