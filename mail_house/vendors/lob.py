"""Lob: an API that takes one letter at a time, so a print file for it holds one piece, handed over by one request.

Our key makes a repeated request the same letter, for the 24 hours that Lob remembers keys. After that only looking for
the letter tells, by the print file's name in its metadata: so that is done before every request for a letter.
API: version 1.22.0 of Lob's own OpenAPI description; limits: domain rules 7.8.
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
from mail_house.print_files.manifest import ADDRESS_LINES_MAX, as_text
from mail_house.rate_limit import RateLimiter
from mail_house.secret import Secret
from mail_house.vendors.us_address import UsAddress, read_us_address

TIMEOUT_S = 60.0
RATE_PER_S = 30.0
"""150 requests in 5 seconds for each endpoint."""
TRIES_MAX = 4
FILE_BYTES_MAX = 5_000_000
SHEETS_MAX = 60
NAME_MAX = 40
LINE_MAX = 64


class LobAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where, as whom, and how letters are made."""

    base_url: str
    key: Secret
    """A test key (`test_…`) makes letters that are never printed."""
    from_id: str
    """Of the return address, saved at Lob: `adr_…`."""
    mail_type: str
    address_placement: str
    return_envelope: bool
    """With a reply envelope, and page 1 perforated above the payment coupon."""

    @property
    def where(self) -> str:
        return self.base_url


class _Letter(msgspec.Struct, frozen=True):
    """What we read of Lob's answer."""

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
    """The one piece, as the manifest has it."""

    document_id: str
    address: UsAddress
    sheets: int
    duplex: bool


class LobVendor:
    """A `PrintVendor`; one HTTPS connection, kept between letters."""

    collects = False
    pieces_max = 1
    can_cancel = True

    def __init__(self, account: LobAccount, *, rate_per_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._account = account
        self._sleep = sleep
        # Lob counts requests for each endpoint by itself.
        self._paces = {method: RateLimiter(rate_per_s, sleep=sleep) for method in ("GET", "POST", "DELETE")}
        self._client = httpx.Client(
            base_url=account.base_url, auth=(account.key.reveal(), ""), timeout=TIMEOUT_S, follow_redirects=False
        )

    def prepare(self, file: PrintFile) -> None:
        """Nothing can be brought beforehand, but some of what would be refused can be found out."""
        _read_piece(file)

    def commit(self, file: PrintFile) -> Receipt:
        piece = _read_piece(file)
        if receipt := self.find(file.name, sha256=file.sha256):
            return receipt
        what = f"document {piece.document_id} ({file.name})"
        answer = self._repeat(
            "POST",
            "/letters",
            what,
            lost=UnknownOutcome,
            data=_form(self._account, piece, file),
            files={"file": (f"{file.name}.pdf", file.pdf, "application/pdf")},
            headers={"Idempotency-Key": f"{file.name}.{piece.document_id}"},
        )
        try:
            return self._receipt(msgspec.json.decode(answer.content, type=_Letter), file.name, file.sha256)
        except msgspec.DecodeError as exc:
            raise UnknownOutcome(f"{what}: the answer of {self._account.where} is not a letter: look for it") from exc

    def find(self, name: str, *, sha256: str) -> Receipt | None:
        query = {"metadata[print_file]": name, "limit": "10"}
        answer = self._repeat("GET", "/letters", name, lost=Retryable, params=query)
        try:
            letters = msgspec.json.decode(answer.content, type=_Letters).data
        except msgspec.DecodeError as exc:
            raise Retryable(f"{name}: the answer of {self._account.where} is not a list of letters") from exc
        mine = [each for each in letters if each.metadata.get("print_file") == name and not each.deleted]
        if any(each.metadata.get("sha256") != sha256 for each in mine):
            raise Permanent(
                f"another letter was handed over as {name} at {self._account.where}: "
                "see what it is before anything else is sent under this name"
            )
        if len(mine) > 1:
            raise UnknownOutcome(
                f"{name}: {len(mine)} letters have this name at {self._account.where}: cancel all but one"
            )
        return self._receipt(mine[0], name, sha256) if mine else None

    def cancel(self, reference: str) -> bool:
        """Cancel the letter, of which nothing is then printed; False where it is too late (5 minutes, by default)."""
        try:
            self._repeat("DELETE", f"/letters/{reference}", reference, lost=Retryable)
        except Permanent:
            return self._is_cancelled(reference)  # by an earlier try, whose answer got lost
        return True

    def _is_cancelled(self, reference: str) -> bool:
        answer = self._repeat("GET", f"/letters/{reference}", reference, lost=Retryable)
        try:
            return msgspec.json.decode(answer.content, type=_Letter).deleted
        except msgspec.DecodeError as exc:
            raise Retryable(f"{reference}: the answer of {self._account.where} is not a letter") from exc

    def check(self) -> None:
        self._repeat("GET", "/letters", "check", lost=Retryable, params={"limit": "1"})

    def close(self) -> None:
        self._client.close()

    def _repeat(self, method: str, path: str, what: str, *, lost: type[HandOffError], **request: Any) -> httpx.Response:
        """One request, repeated where Lob asks for patience or its answer got lost: at once, so that our key, or the
        nature of the request, makes it the same one."""
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES_MAX),
            wait=_pause_s,
            retry=tenacity.retry_if_exception_type(_Again),
            sleep=self._sleep,
        )
        try:
            return tries(self._ask, method, path, what, lost, **request)
        except tenacity.RetryError as exc:
            again = exc.last_attempt.exception()
            assert isinstance(again, _Again)
            raise again.outcome from again

    def _ask(self, method: str, path: str, what: str, lost: type[HandOffError], **request: Any) -> httpx.Response:
        where = self._account.where
        self._paces[method].wait()
        try:
            answer = self._client.request(method, path, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise _Again(
                Retryable(f"{what}: no connection to {where} ({type(exc).__name__}); nothing was accepted")
            ) from exc
        except httpx.HTTPError as exc:
            raise _Again(lost(f"{what}: no answer from {where} ({type(exc).__name__}): look for it there")) from exc
        status, code = answer.status_code, _code(answer)
        if answer.is_success:
            return answer
        if status == 429:
            raise _Again(Retryable(f"{what}: {where} asks for patience ({code}); nothing was accepted"), answer)
        if status >= 500 or status in {408, 409}:
            raise _Again(lost(f"{what}: {where} failed in the middle ({status} {code}): look for it there"))
        if status in {401, 403} or (status == 404 and method != "DELETE"):
            raise Misconfigured(
                f"{what}: {where} refused ({status} {code}); "
                "check STATEMENTS_LOB_KEY, the return address in `from`, and the account"
            )
        raise Permanent(f"{what}: {where} refused it for good ({status} {code})")

    def _receipt(self, letter: _Letter, name: str, sha256: str) -> Receipt:
        detail = {"location": self._account.where, "print_file": name, "sha256": sha256}
        return Receipt(reference=letter.id, at=letter.date_created.astimezone(UTC), detail=detail)


class _Again(Exception):
    """To be tried again, and what it comes to when that does not help."""

    def __init__(self, outcome: HandOffError, answer: httpx.Response | None = None) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome
        self.wait_s = _wait_s(answer) if answer is not None else None


def _pause_s(state: tenacity.RetryCallState) -> float:
    assert state.outcome is not None
    again = state.outcome.exception()
    if isinstance(again, _Again) and again.wait_s is not None:
        return again.wait_s
    return float(2 ** (state.attempt_number - 1))


def _wait_s(answer: httpx.Response) -> float:
    """Seconds that Lob asks to wait; its window is 5 seconds long."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), 60.0) if asked.isascii() and asked.isdigit() else 5.0


def _code(answer: httpx.Response) -> str:
    """Lob's word for what is wrong, from a list of its own; its sentence may quote the address."""
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).error.code
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
    if account.return_envelope:
        form |= {"return_envelope": "true", "perforated_page": "1"}
    return form


def _to(address: UsAddress) -> dict[str, str]:
    """Lob has two lines of whom it is for, and two delivery lines: the first of three delivery lines (care of, a
    building), or the rest of a long name, goes into the second of the former."""
    *within, line1 = address.delivery[:-1] or address.delivery
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
    if rest or within:
        form["company"] = " ".join((*rest, *within))
    return form


def _read_piece(file: PrintFile) -> _Row:
    """Raises Permanent, naming the document, for what Lob would refuse."""
    rows = list(csv.DictReader(io.StringIO(file.manifest.decode("utf-8"))))
    if len(rows) != 1:
        raise Permanent(f"{file.name}: Lob takes one piece at a time, and this print file has {len(rows)}")
    row = rows[0]
    what = f"document {row['document_id']}"
    lines = [_plain(row[f"address_{n}"]) for n in range(1, ADDRESS_LINES_MAX + 1)]
    try:
        address = read_us_address([line for line in lines if line])
    except ValueError as exc:
        raise Permanent(f"{what}: {exc}, and Lob's mail here goes to no other; print it elsewhere") from exc
    piece = _Row(
        document_id=row["document_id"], address=address, sheets=int(row["sheets"]), duplex=row["duplex"] == "Y"
    )
    if problem := _problem_with(piece, len(file.pdf)):
        raise Permanent(f"{what}: {problem}")
    return piece


def _problem_with(piece: _Row, size_bytes: int) -> str:
    form = _to(piece.address)
    if piece.sheets > SHEETS_MAX:
        return f"Lob takes {SHEETS_MAX} sheets, and it has {piece.sheets}"
    if size_bytes > FILE_BYTES_MAX:
        return f"Lob takes {FILE_BYTES_MAX:,} bytes, and it has {size_bytes:,}"
    if len(piece.address.delivery) > 3:
        return "Lob takes three delivery lines"
    if any(len(form.get(key, "")) > NAME_MAX for key in ("name", "company")):
        return f"Lob takes two lines of {NAME_MAX} letters above the delivery lines; print it elsewhere"
    if any(len(form.get(key, "")) > LINE_MAX for key in ("address_line1", "address_line2")):
        return f"Lob takes {LINE_MAX} letters in a delivery line; print it elsewhere"
    return ""


def _plain(value: str) -> str:
    """Without the apostrophe that the manifest puts before what a spreadsheet would run."""
    return value[1:] if value.startswith("'") and as_text(value[1:]) == value else value
