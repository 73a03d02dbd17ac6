"""Lob: one letter per request, and never two. After a lost response a search or a retry finds the letter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import PieceCodes, PrintFile
from mail_house.print_files import build_print_file
from mail_house.print_files.inserter_marks import routing_code
from mail_house.profiles import load_profile
from mail_house.secret import Secret
from mail_house.vendors import open_print_vendor, with_ordered_options
from mail_house.vendors.lob import LobAccount, LobVendor
from mail_house.vendors.us_address import read_us_address
from tests.mail_house.pieces import CREATED_ON, make_piece
from tests.services import lob_api
from tests.services.fake_lob import FakeLob
from tests.services.http_fake import ACCEPT_AND_HANG_UP
from tests.services.prism_server import DESCRIPTION
from tests.services.processes import free_port
from tests.shared_data import shared_data

NAME = "STMT_MAIN_2026-11_20261120_2026-11-statement_001"
FROM = "adr_210a8d4b0b76d77b"
HANG_UP: tuple[int, str, dict[str, str]] = (ACCEPT_AND_HANG_UP, "", {})


def one_piece(*lines: str, name: str = NAME, sequence: int = 1, pages: int = 1) -> PrintFile:
    recipient = lines or ("MARIA NUNEZ", "12 HARBOR ST APT 4", "SPRINGFIELD, MA 01103")
    piece = make_piece(sequence, pages=pages, recipient_lines=recipient)
    return build_print_file(name=name, pieces=[piece], profile=load_profile(), created_on=CREATED_ON)


FILE = one_piece()


class Slept(list[float]):
    """The seconds that the vendor client would have slept."""


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def vendor(fake_lob: FakeLob, slept: Slept) -> Iterator[LobVendor]:
    with closing(make_vendor(fake_lob.port, slept, path="/v1")) as vendor:
        yield vendor


def make_vendor(port: int, slept: Slept, *, path: str = "", return_envelope: bool = False) -> LobVendor:
    account = LobAccount(
        base_url=f"http://127.0.0.1:{port}{path}",
        key=Secret("test_key"),
        from_id=FROM,
        mail_type="usps_first_class",
        address_placement="top_first_page",
        return_envelope=return_envelope,
    )
    return LobVendor(account, rate_per_s=0, sleep=slept.append)


def test_lobs_description__accepts_our_requests(prism_port: int, slept: Slept) -> None:
    """Prism refuses URLs, queries, headers and logins that do not match Lob's description."""
    with closing(make_vendor(prism_port, slept)) as vendor:
        vendor.check()
        assert vendor.find(NAME, sha256=FILE.sha256) is None, "the example letters are not ours"
        vendor.prepare(FILE)
        receipt = vendor.commit(FILE)
        assert receipt.reference.startswith("ltr_")
        assert receipt.at.utcoffset() is not None
        assert vendor.cancel(receipt.reference)
        assert vendor._is_cancelled(receipt.reference) in {True, False}
    assert slept == []


ADDRESSES = [
    pytest.param(("MARIA NUNEZ", "12 HARBOR ST", "SPRINGFIELD, MA 01103"), id="one-delivery-line"),
    pytest.param(("M", "C/O B", "12 HARBOR ST", "APT 4", "SPRINGFIELD MA 01103-0001"), id="three-delivery-lines"),
]
INVALID_CHANGES = ({"use_type": "pigeon"}, {"from": "us"}, {"to": {"address_zip": "1"}}, {"color": "no"})


@pytest.mark.parametrize("lines", ADDRESSES)
def test_lobs_description__accepts_every_field_of_our_letter(
    lines: tuple[str, ...], fake_lob: FakeLob, vendor: LobVendor
) -> None:
    """Prism does not validate the body of this request, so it is validated against the description's schema."""
    description = shared_data(DESCRIPTION).read_text(encoding="utf-8")
    components = yaml.load(description, Loader=yaml.CSafeLoader)["components"]
    schema = jsonschema.Draft7Validator({"$ref": "#/components/schemas/letter_editable", "components": components})
    vendor.commit(one_piece(*lines))
    letter = as_json(fake_lob.letters[0])
    assert [error.message for error in schema.iter_errors(letter)] == []
    for change in INVALID_CHANGES:
        assert list(schema.iter_errors(with_change(letter, change))), f"{change} was accepted"


@pytest.mark.parametrize("return_envelope", [False, True], ids=["without-envelope", "return-envelope"])
@pytest.mark.parametrize("lines", ADDRESSES)
def test_our_description__accepts_our_letter_and_the_fakes_responses(
    lines: tuple[str, ...], return_envelope: bool, fake_lob: FakeLob, slept: Slept
) -> None:
    with closing(make_vendor(fake_lob.port, slept, path="/v1", return_envelope=return_envelope)) as vendor:
        vendor.check()
        receipt = vendor.commit(one_piece(*lines))
        assert vendor.find(NAME, sha256=fake_lob.letters[0]["metadata"]["sha256"]) == receipt
        assert vendor.cancel(receipt.reference)
        assert vendor.cancel(receipt.reference)
        fake_lob.answers.append((422, "unembedded_fonts", {}))
        with pytest.raises(Permanent):
            vendor.check()
    letter = as_json(fake_lob.letters[0])
    assert lob_api.problems("letter_request", letter) == []
    for change in INVALID_CHANGES:
        assert lob_api.problems("letter_request", with_change(letter, change)), f"{change} was accepted"
    assert [lob_api.problems("list_query", query) for query in fake_lob.queries] == [[]] * 3
    schemas = [schema_of(status, body) for status, body in fake_lob.responses]
    assert set(schemas) == {"letter_list", "letter", "letter_deletion", "error"}
    for schema, (_, body) in zip(schemas, fake_lob.responses, strict=True):
        assert lob_api.problems(schema, body) == []


def schema_of(status: int, body: dict[str, Any]) -> str:
    """The schema of a response in our description."""
    if status >= 400:
        return "error"
    if "data" in body:
        return "letter_list"
    return "letter" if "object" in body else "letter_deletion"


def with_change(letter: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The letter with other values; nested objects are merged."""
    return letter | {key: letter[key] | value if isinstance(value, dict) else value for key, value in change.items()}


def as_json(letter: dict[str, Any]) -> dict[str, Any]:
    """A letter's form fields as the JSON of the API description."""
    sent: dict[str, Any] = {"file": "letter.pdf", "metadata": letter["metadata"], "to": {}}
    for name, value in letter.items():
        if name.startswith("to["):
            sent["to"][name[3:-1]] = value
        elif name == "perforated_page":
            sent[name] = int(value)
        elif name not in {"id", "deleted", "file", "metadata"} and not name.startswith("metadata["):
            sent[name] = {"true": True, "false": False}.get(value, value)
    return sent


def test_commit__letter_has_our_metadata_key_and_bytes(fake_lob: FakeLob, vendor: LobVendor) -> None:
    vendor.prepare(FILE)
    receipt = vendor.commit(FILE)
    (letter,) = fake_lob.letters
    document = make_piece(1).document_id
    assert letter["metadata"] == {"document_id": document, "print_file": NAME, "sha256": FILE.sha256}
    assert fake_lob.keys == {f"{NAME}.{document}": receipt.reference}
    assert hashlib.sha256(letter["file"]).hexdigest() == FILE.sha256
    assert (letter["from"], letter["use_type"], letter["color"], letter["double_sided"]) == (
        FROM,
        "operational",
        "false",
        "true",
    )
    assert letter["to[name]"] == "MARIA NUNEZ"
    assert (letter["to[address_city]"], letter["to[address_state]"], letter["to[address_zip]"]) == (
        "SPRINGFIELD",
        "MA",
        "01103",
    )


@pytest.mark.parametrize(("cover_sheet_pages", "page"), [(0, "1"), (2, "3")], ids=["document", "behind-a-cover-sheet"])
def test_commit__perforates_the_page_with_the_coupon(
    fake_lob: FakeLob, slept: Slept, cover_sheet_pages: int, page: str
) -> None:
    recipient = ("MARIA NUNEZ", "12 HARBOR ST APT 4", "SPRINGFIELD, MA 01103")
    piece = make_piece(1, pages=cover_sheet_pages + 1, recipient_lines=recipient)
    piece = msgspec.structs.replace(piece, cover_sheet_pages=cover_sheet_pages)
    file = build_print_file(name=NAME, pieces=[piece], profile=load_profile(), created_on=CREATED_ON)
    with closing(make_vendor(fake_lob.port, slept, path="/v1", return_envelope=True)) as vendor:
        vendor.commit(file)
    assert fake_lob.letters[0]["perforated_page"] == page


def test_commit__no_coupon__orders_no_reply_envelope_and_no_perforation(fake_lob: FakeLob, slept: Slept) -> None:
    recipient = ("MARIA NUNEZ", "12 HARBOR ST APT 4", "SPRINGFIELD, MA 01103")
    piece = msgspec.structs.replace(make_piece(1, recipient_lines=recipient), codes=PieceCodes(has_coupon=False))
    file = build_print_file(name=NAME, pieces=[piece], profile=load_profile(), created_on=CREATED_ON)
    with closing(make_vendor(fake_lob.port, slept, path="/v1", return_envelope=True)) as vendor:
        vendor.commit(file)
    (letter,) = fake_lob.letters
    assert "perforated_page" not in letter
    assert "return_envelope" not in letter
    assert lob_api.problems("letter_request", as_json(letter)) == []


def test_commit__certified_letter_has_lobs_extra_service(fake_lob: FakeLob, slept: Slept) -> None:
    profile = with_ordered_options(load_profile("lob"), f"lob://api.lob.com/v1?from={FROM}")
    recipient = ("CARMEN LOPEZ", "ESTATE OF MARIA LOPEZ", "88 ALDER ST", "FORT COLLINS, CO 80521")
    piece = msgspec.structs.replace(make_piece(1, recipient_lines=recipient), codes=PieceCodes(certified=True))
    file = build_print_file(name=NAME, pieces=[piece], profile=profile, created_on=CREATED_ON)
    with closing(make_vendor(fake_lob.port, slept, path="/v1")) as vendor:
        vendor.commit(file)
    letter = as_json(fake_lob.letters[0])
    assert letter["extra_service"] == "certified_return_receipt"
    assert lob_api.problems("letter_request", letter) == []


@pytest.mark.parametrize(("options", "service"), [("", "certified_return_receipt"), ("&mail_type=usps_standard", "")])
def test_with_ordered_options__only_first_class_is_certified(options: str, service: str) -> None:
    profile = with_ordered_options(load_profile(), f"lob://api.lob.com/v1?from={FROM}{options}")
    assert profile.certified_service == service


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("", ("usps_first_class", False, False), id="defaults"),
        pytest.param("&mail_type=usps_standard", ("usps_standard", False, False), id="standard"),
        pytest.param("&return_envelope=yes", ("usps_first_class", True, True), id="return-envelope"),
    ],
)
def test_with_ordered_options__manifest_says_what_the_url_orders(options: str, expected: tuple[object, ...]) -> None:
    url = f"lob://api.lob.com/v1?from={FROM}{options}"
    profile = with_ordered_options(load_profile("number-10-double-window"), url)
    assert (profile.mail_class, profile.return_envelope, profile.perforates_coupon) == expected


def test_with_ordered_options__a_folders_profile_is_unchanged() -> None:
    assert with_ordered_options(load_profile(), "file:///srv/outbox") == load_profile()


def test_commit__repeated_after_the_key_expired__is_the_same_letter(fake_lob: FakeLob, vendor: LobVendor) -> None:
    receipt = vendor.commit(FILE)
    fake_lob.keys.clear()  # Lob forgets a key after a day
    assert vendor.find(NAME, sha256=FILE.sha256) == receipt
    assert vendor.commit(FILE) == receipt
    assert len(fake_lob.letters) == 1


def test_commit__response_lost__retries_with_the_same_key(fake_lob: FakeLob, vendor: LobVendor, slept: Slept) -> None:
    vendor.find(NAME, sha256=FILE.sha256)
    fake_lob.answers += [HANG_UP]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vendor, "find", lambda *_, **__: None)  # the moment after the search
        receipt = vendor.commit(FILE)
    assert [each["id"] for each in fake_lob.letters] == [receipt.reference]
    assert slept == [1.0]


def test_commit__every_response_lost__is_unknown_and_found_later(fake_lob: FakeLob, vendor: LobVendor) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vendor, "find", lambda *_, **__: None)
        fake_lob.answers += [HANG_UP] * 4
        with pytest.raises(UnknownOutcome, match="look for it"):
            vendor.commit(FILE)
    found = vendor.find(NAME, sha256=FILE.sha256)
    assert found is not None
    assert fake_lob.documents() == [make_piece(1).document_id]


def test_commit__rate_limited__waits_as_long_as_lob_asks(fake_lob: FakeLob, vendor: LobVendor, slept: Slept) -> None:
    fake_lob.answers += [(429, "rate_limit_exceeded", {"Retry-After": "3"}), (429, "rate_limit_exceeded", {})]
    vendor.commit(FILE)
    assert slept == [3.0, 5.0]
    assert len(fake_lob.letters) == 1


def test_commit__always_rate_limited__is_retryable(fake_lob: FakeLob, vendor: LobVendor) -> None:
    fake_lob.answers += [(429, "rate_limit_exceeded", {})] * 4
    with pytest.raises(Retryable, match="nothing was accepted"):
        vendor.commit(FILE)
    assert fake_lob.letters == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param((401, "invalid_api_key", {}), Misconfigured, id="wrong-key"),
        pytest.param((403, "feature_limit_reached", {}), Misconfigured, id="account-limit"),
        pytest.param((404, "not_found", {}), Misconfigured, id="unknown-return-address"),
        pytest.param((422, "unembedded_fonts", {}), Permanent, id="file-refused"),
        pytest.param((422, "failed_deliverability_strictness", {}), Permanent, id="address-refused"),
    ],
)
def test_commit__refused__maps_to_an_outcome_without_lobs_message(
    answer: tuple[int, str, dict[str, str]], outcome: type[HandOffError], fake_lob: FakeLob, vendor: LobVendor
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vendor, "find", lambda *_, **__: None)
        fake_lob.answers.append(answer)
        with pytest.raises(HandOffError) as caught:
            vendor.commit(FILE)
    assert type(caught.value) is outcome
    assert answer[1] in str(caught.value)
    assert "MARIA" not in str(caught.value)
    assert fake_lob.letters == []


def test_commit__no_connection__is_retryable(slept: Slept) -> None:
    with closing(make_vendor(free_port(), slept)) as vendor, pytest.raises(Retryable, match="no connection"):
        vendor.commit(FILE)
    assert slept == [1.0, 2.0, 4.0]


def test_commit__another_letter_has_the_name__is_permanent(fake_lob: FakeLob, vendor: LobVendor) -> None:
    vendor.commit(one_piece(pages=2))
    with pytest.raises(Permanent, match="another letter was handed over"):
        vendor.commit(FILE)
    with pytest.raises(Permanent, match="another letter was handed over"):
        vendor.find(NAME, sha256=FILE.sha256)
    assert len(fake_lob.letters) == 1


def test_commit__same_document_under_another_name__is_a_new_letter(fake_lob: FakeLob, vendor: LobVendor) -> None:
    """A resend: the idempotency key must not return the first letter."""
    vendor.commit(FILE)
    vendor.commit(one_piece(name=NAME.replace("_001", "_002")))
    assert fake_lob.documents() == [make_piece(1).document_id] * 2


def test_cancel__in_time__prints_nothing_and_frees_the_name(fake_lob: FakeLob, vendor: LobVendor) -> None:
    receipt = vendor.commit(FILE)
    assert vendor.cancel(receipt.reference)
    assert fake_lob.documents() == []
    assert vendor.find(NAME, sha256=FILE.sha256) is None
    assert vendor.cancel(receipt.reference), "the first response may have been lost"


def test_cancel__too_late__returns_false(fake_lob: FakeLob, vendor: LobVendor) -> None:
    receipt = vendor.commit(FILE)
    fake_lob.cancellable = False
    assert not vendor.cancel(receipt.reference)
    assert vendor.find(NAME, sha256=FILE.sha256) == receipt


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        pytest.param(("A", "1 RUE X", "75001 PARIS", "FRANCE"), "US city", id="foreign-address"),
        pytest.param(("A" * 41, "1 MAIN ST", "SALEM, MA 01970"), "40 letters", id="name-too-long-to-split"),
        pytest.param(("A " * 41, "1 MAIN ST", "SALEM, MA 01970"), "40 letters", id="name-on-three-lines"),
        pytest.param(("A " * 40, "C/O B", "1 ST", "APT 4", "SALEM, MA 01970"), "40 letters", id="no-free-line"),
        pytest.param(("A", "1" * 65, "SALEM, MA 01970"), "64 letters", id="line-too-long"),
        pytest.param(("A", "1", "2", "3", "4", "SALEM, MA 01970"), "three delivery lines", id="too-many-lines"),
    ],
)
def test_prepare__refuses_letters_that_lob_would_refuse(
    lines: tuple[str, ...], complaint: str, vendor: LobVendor, fake_lob: FakeLob
) -> None:
    with pytest.raises(Permanent, match=complaint) as caught:
        vendor.prepare(one_piece(*lines))
    assert make_piece(1).document_id in str(caught.value)
    assert fake_lob.requests == []


def test_prepare__refuses_more_than_one_piece(vendor: LobVendor) -> None:
    pieces = [make_piece(1), make_piece(2)]
    file = build_print_file(name=NAME, pieces=pieces, profile=load_profile(), created_on=CREATED_ON)
    with pytest.raises(Permanent, match="one piece per print file"):
        vendor.prepare(file)


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        pytest.param(("A", "1 MAIN ST"), {"address_line1": "1 MAIN ST"}, id="one-line"),
        pytest.param(
            ("A", "1 MAIN ST", "APT 4"), {"address_line1": "1 MAIN ST", "address_line2": "APT 4"}, id="two-lines"
        ),
        pytest.param(
            ("A", "C/O B", "1 MAIN ST", "APT 4"),
            {"company": "C/O B", "address_line1": "1 MAIN ST", "address_line2": "APT 4"},
            id="three-lines",
        ),
        pytest.param(
            ("MARIA DE LOS ANGELES FERNANDEZ DE CORDOBA NUNEZ", "1 MAIN ST"),
            {"name": "MARIA DE LOS ANGELES FERNANDEZ DE", "company": "CORDOBA NUNEZ", "address_line1": "1 MAIN ST"},
            id="long-name",
        ),
        pytest.param(("A", "-1 MAIN ST"), {"address_line1": "-1 MAIN ST"}, id="line-that-looks-like-a-formula"),
    ],
)
def test_commit__delivery_lines(
    lines: tuple[str, ...], sent: dict[str, str], vendor: LobVendor, fake_lob: FakeLob
) -> None:
    vendor.commit(one_piece(*lines, "SALEM, MA 01970-1234"))
    (letter,) = fake_lob.letters
    delivery = {key: letter.get(f"to[{key}]") for key in ("name", "company", "address_line1", "address_line2")}
    assert {key: value for key, value in delivery.items() if value} == {"name": "A", **sent}
    assert letter["to[address_zip]"] == "01970-1234"


@pytest.mark.parametrize(
    ("line", "city", "state"),
    [
        pytest.param("St. John's, MA 01103", "St. John's", "MA", id="with-a-comma"),
        pytest.param("NEW YORK NY 10001-0001", "NEW YORK", "NY", id="postal-style"),
        pytest.param("Winston-Salem,  nc 27101", "Winston-Salem", "NC", id="two-spaces"),
    ],
)
def test_read_us_address(line: str, city: str, state: str) -> None:
    address = read_us_address(("A B", "1 Main St", line))
    assert (address.name, address.delivery, address.city, address.state) == ("A B", ("1 Main St",), city, state)


@pytest.mark.parametrize("zip_", ["01103-1234", "011031234", "01103 1234"])
@pytest.mark.parametrize("country", ["", "US", "usa", "U.S.A.", "United States"])
def test_read_us_address__reads_what_the_barcode_reads(zip_: str, country: str) -> None:
    lines = tuple(line for line in ("A B", "1 Main St", f"Salem, MA {zip_}", country) if line)

    assert read_us_address(lines).zip == "01103-1234"
    assert read_us_address(lines).delivery == ("1 Main St",)
    assert routing_code(lines) == "011031234"


@pytest.mark.parametrize("country", ["CANADA", "MEXICO", "UNITED KINGDOM"])
def test_read_us_address__refuses_mail_abroad(country: str) -> None:
    lines = ("A B", "1 Main St", "Anywhere 01103", country)

    with pytest.raises(ValueError, match="US city"):
        read_us_address(lines)
    assert routing_code(lines) == ""


@pytest.mark.parametrize(
    ("url", "environ", "complaint"),
    [
        pytest.param("lob://api.lob.com/v1", {}, "must name host and return address", id="no-return-address"),
        pytest.param(f"lob://api.lob.com/v1?from={FROM}", {}, "set STATEMENTS_LOB_KEY", id="no-key"),
        pytest.param(
            f"lob://api.lob.com/v1?from={FROM}&mail_type=pigeon",
            {"STATEMENTS_LOB_KEY": "k"},
            "mail_type must be usps_first_class or usps_standard",
            id="unknown-mail-type",
        ),
    ],
)
def test_open__names_the_problem(url: str, environ: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        open_print_vendor(url, environ=environ)


def test_open__uses_https_except_on_this_machine(fake_lob: FakeLob) -> None:
    environ = {"STATEMENTS_LOB_KEY": "k"}
    remote = open_print_vendor(f"lob://api.lob.com/v1?from={FROM}", environ=environ)
    assert isinstance(remote, LobVendor)
    assert remote._account.base_url == "https://api.lob.com/v1"
    local = open_print_vendor(fake_lob.url, environ=environ)
    local.check()
    local.close()
    assert fake_lob.requests == ["GET"]
