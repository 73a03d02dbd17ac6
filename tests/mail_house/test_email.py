"""An e-mail announces a document and links to it; it contains nothing else."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import dkim
import msgspec
import pikepdf
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mail_house.email import Message, Sender, compose_email, encrypt_pdf, message_bytes, message_id, open_mailer
from mail_house.email.compose import languages
from mail_house.email.signing import DkimKey, load_dkim_key, sign
from mail_house.errors import Permanent
from mail_house.rate_limit import RateLimiter
from tests.mail_house.pieces import draw_pdf

DOCUMENT = "3f1c9a52-6a0e-5d2b-9a41-1f0b7c5d8e90"
SENDER = Sender(from_address="billing@hospital.example", reply_to="help@hospital.example")


def make_message(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "document_id": DOCUMENT,
        "attempt": 1,
        "to": "reader@mail.example",
        "language": "en",
        "hospital_name": "Mercy Harbor Hospital",
        "portal_url": "https://portal.hospital.example/sign-in?from=mail&x=1",
        "phone": "555-0100",
        "sent_at": datetime(2026, 11, 20, 15, 30, tzinfo=UTC),
    }
    return compose_email(**(fields | changes))


def parse(message: Message) -> EmailMessage:
    parsed = BytesParser(policy=default).parsebytes(message_bytes(message, SENDER))
    assert isinstance(parsed, EmailMessage)
    return parsed


def bodies(mail: EmailMessage) -> dict[str, str]:
    return {part.get_content_type(): part.get_content() for part in mail.iter_parts()}


def test_message_bytes__headers() -> None:
    mail = parse(make_message())
    assert mail["From"] == "Mercy Harbor Hospital <billing@hospital.example>"
    assert (mail["To"], mail["Reply-To"]) == ("reader@mail.example", "help@hospital.example")
    assert mail["Subject"] == "You have a new billing document from Mercy Harbor Hospital"
    assert mail["Date"].datetime == datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert mail["Message-ID"] == f"<{DOCUMENT}.1@hospital.example>"
    assert mail["Content-Language"] == "en"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_message_bytes__text_and_html_have_link_and_phone() -> None:
    mail = parse(make_message())
    assert mail.get_content_type() == "multipart/alternative"
    parts = bodies(mail)
    assert list(parts) == ["text/plain", "text/html"]
    assert "https://portal.hospital.example/sign-in?from=mail&x=1" in parts["text/plain"]
    assert 'href="https://portal.hospital.example/sign-in?from=mail&amp;x=1"' in parts["text/html"]
    assert all("555-0100" in part for part in parts.values())


def test_message_bytes__deterministic_and_ascii() -> None:
    message = make_message(language="es", hospital_name="Hospital Niño Jesús")
    wire = message_bytes(message, SENDER)
    assert wire == message_bytes(message, SENDER)
    assert wire.isascii()
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert max(len(line) for line in wire.splitlines()) <= 998


def test_message_id__depends_only_on_document_and_attempt() -> None:
    first = make_message()
    later = make_message(sent_at=datetime(2027, 1, 1, tzinfo=UTC), language="es", to="new@mail.example")
    assert message_id(first, SENDER) == message_id(later, SENDER)
    assert message_id(make_message(attempt=2), SENDER) == f"<{DOCUMENT}.2@hospital.example>"


@pytest.mark.parametrize("language", sorted(languages()))
def test_compose_email__mentions_no_health_money_or_account(language: str) -> None:
    mail = parse(make_message(language=language))
    text = " ".join([mail["Subject"], *bodies(mail).values()]).lower()
    forbidden: tuple[str, ...] = (
        "account",
        "cuenta",
        "amount",
        "balance",
        "saldo",
        "$",
        " due",
        "owe",
        "debe",
        "pregnan",
        "embaraz",
    )
    forbidden += ("diagnos", "visit", "treatment", "patient", "paciente", "estimate", "past due", "collection")
    assert [word for word in forbidden if word in text] == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_compose_email__every_language_is_complete(language: str) -> None:
    message = make_message(language=language)
    assert f'<html lang="{language}">' in message.html
    assert "<title>" in message.html
    assert "{" not in message.subject + message.text
    assert "Mercy Harbor Hospital" in message.subject
    assert "<img" not in message.html, "a remote image would report that the message was opened"


def test_compose_email__english_and_spanish_are_included() -> None:
    assert languages() == {"en", "es"}


def test_compose_email__escapes_markup_in_names() -> None:
    message = make_message(hospital_name="St. <b>Mary</b> & {phone}")
    assert "St. &lt;b&gt;Mary&lt;/b&gt; &amp; {phone}" in message.html
    assert "St. <b>Mary</b> & {phone}" in message.text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"language": "xx"}, "no e-mail text in language 'xx'", id="language-without-texts"),
        pytest.param({"portal_url": "http://portal"}, "https://", id="unencrypted-link"),
        pytest.param({"portal_url": "javascript:alert(1)"}, "https://", id="link-is-a-script"),
    ],
)
def test_compose_email__refuses(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make_message(**change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"to": "a@mail.example\r\nBcc: b@mail.example"}, id="header-in-address"),
        pytest.param({"to": "a@mail.example, b@mail.example"}, id="two-addresses"),
        pytest.param({"to": "A <a@mail.example>"}, id="address-with-name"),
        pytest.param({"to": "nobody"}, id="not-an-address"),
        pytest.param({"to": ""}, id="empty"),
        pytest.param({"to": "josé@mail.example"}, id="non-ascii"),
        pytest.param({"hospital_name": "Mercy\r\nBcc: b@mail.example"}, id="header-in-name"),
    ],
)
def test_message_bytes__refuses_unsafe_addresses_and_headers(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=DOCUMENT) as caught:
        message_bytes(make_message(**change), SENDER)
    assert "mail.example" not in str(caught.value)


def test_message_bytes__encodes_international_domains_in_ascii() -> None:
    assert parse(make_message(to="reader@bücher.example"))["To"] == "reader@xn--bcher-kva.example"


@pytest.mark.parametrize("language", sorted(languages()))
def test_compose_email__archive_link_states_its_validity(language: str) -> None:
    link = "https://s3.example/bucket/links/x.pdf?X-Amz-Expires=259200&X-Amz-Signature=1f"
    message = make_message(language=language, archive_link=link, archive_link_days=3)
    parts = bodies(parse(message))
    assert link in parts["text/plain"].replace("\n", " ")
    assert f'href="{link.replace("&", "&amp;")}"' in parts["text/html"]
    for part in parts.values():
        assert " 3 " in part
        assert "portal.hospital.example" in part, "the portal is needed after the link expires"
    assert is_neutral(message)


@pytest.mark.parametrize("language", sorted(languages()))
def test_compose_email__attachment_opens_only_with_the_secret(language: str) -> None:
    pdf = draw_pdf(["Amount you owe"])
    message = make_message(language=language, encrypted_pdf=encrypt_pdf(pdf, "blue heron 47"))
    wire = message_bytes(message, SENDER)
    assert wire == message_bytes(message, SENDER)
    mail = BytesParser(policy=default).parsebytes(wire)
    assert isinstance(mail, EmailMessage)
    assert mail.get_content_type() == "multipart/mixed"
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{DOCUMENT}.pdf"
    data = attached.get_content()
    for wrong in ("", "Blue heron 47", "1980-06-30"):
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(io.BytesIO(data), password=wrong)
    with pikepdf.open(io.BytesIO(data), password="blue heron 47") as opened:
        assert (opened.encryption.R, opened.encryption.bits) == (6, 256)
        assert opened.allow.accessibility
        assert len(opened.pages) == 1
    body = mail.get_body(("plain",))
    assert body is not None
    assert "555-0100" in body.get_content(), "the number to call if it does not open"
    assert is_neutral(message)


def is_neutral(message: Message) -> bool:
    text = " ".join((message.subject, message.text, message.html)).lower()
    return not [word for word in ("account", "amount", "balance", "owe", "saldo", "cuenta", "pregnan") if word in text]


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "short 1",
        "06/30/1980",
        "19800630",
        "1980-06-30",
        "June 30, 1980",
        "30 de junio de 1980",
        "12345678",
        "413-555-0100",
        "june thirtieth nineteen eighty",
        "the 30th of June",
        "treinta de junio",
        "password",
        "Passw0rd!",
        "Password Password",
        "sunshine",
        "hospital123",
        "contraseña",
        "qwertyuiop",
        "aaaaaaaaaa",
        "abcdefgh",
    ],
)
def test_encrypt_pdf__refuses_guessable_secrets(secret: str) -> None:
    with pytest.raises(ValueError, match="secret for its attachment"):
        encrypt_pdf(draw_pdf(["x"]), secret)


@pytest.mark.parametrize("secret", ["blue heron 47", "Sommer-Regen", "contraseña larga", "May the 4th be"])
def test_encrypt_pdf__accepts_other_secrets(secret: str) -> None:
    with pikepdf.open(io.BytesIO(encrypt_pdf(draw_pdf(["x"]), secret)), password=secret) as opened:
        assert len(opened.pages) == 1


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("Maria Nunez", id="name"),
        pytest.param("nunezmaria1980", id="name-and-year-joined"),
        pytest.param("María  NÚÑEZ", id="other-case-and-accents"),
        pytest.param("M. Nunez, 1980", id="initial"),
        pytest.param("zenuN airaM", id="backward"),
        pytest.param("M4r1a Nun3z", id="digits-for-letters"),
        pytest.param("GRT-0000-4711", id="guarantor-id"),
        pytest.param("12 Elm Street", id="address"),
        pytest.param("Springfield", id="city"),
        pytest.param("nunezhospital", id="name-and-common-word"),
    ],
)
def test_encrypt_pdf__refuses_what_others_know_of_the_person(secret: str) -> None:
    known = ("Maria", "Núñez", "GRT-0000-4711", "12 Elm Street", "Springfield")
    with pytest.raises(ValueError, match="secret for its attachment") as caught:
        encrypt_pdf(draw_pdf(["x"]), secret, known)
    assert secret not in str(caught.value)


def test_encrypt_pdf__a_long_secret_is_judged_quickly() -> None:
    with pytest.raises(ValueError, match="secret for its attachment"):
        encrypt_pdf(draw_pdf(["x"]), "a" * 200, ["a" * length for length in range(3, 60)])


def test_list_unsubscribe__by_mail_names_the_message() -> None:
    mail = parse(make_message())
    assert mail["List-Unsubscribe"] == f"<mailto:help@hospital.example?subject=unsubscribe%20{DOCUMENT}.1>"
    assert mail["List-Unsubscribe-Post"] is None


def test_list_unsubscribe__by_one_click_if_a_url_is_set() -> None:
    sender = msgspec.structs.replace(SENDER, unsubscribe_url="https://portal.hospital.example/paper?mail={id}")
    mail = BytesParser(policy=default).parsebytes(message_bytes(make_message(), sender))
    https, mailto = str(mail["List-Unsubscribe"]).split(", ")
    assert https == f"<https://portal.hospital.example/paper?mail={DOCUMENT}.1>"
    assert mailto.startswith("<mailto:help@hospital.example?")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """A key, and its DNS record."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {"private": private, "record": _record(private)}


def _record(private: rsa.RSAPrivateKey) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(private.public_key().public_bytes(encoding, form))


def _write_key(path: Path, private: Any, password: str = "") -> str:
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    path.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    return str(path)


def is_valid(data: bytes, record: bytes) -> bool:
    """Whether dkimpy, whose signer we do not use, verifies the signature."""
    records = {b"s1._domainkey.hospital.example.": record}
    return bool(dkim.verify(data, dnsfunc=lambda name, timeout=5: records[name]))


_KEY_OF_768_BITS = """\
-----BEGIN PRIVATE KEY-----
MIIB5QIBADANBgkqhkiG9w0BAQEFAASCAc8wggHLAgEAAmEAuRc3HG9IzPXFvpwg
ew5g4Uj3Jpx/Sy86iZq5qWlH4qveKh4ORr6rENkR7bA8DVr6ii2kLLAJf2hCy8tS
H2dfeuxuiZdB4WDCTz7htBWmebO24NWY4Ohj+eolJPcTYhUVAgMBAAECYDcYRftc
1NrNvdMDPlfi68ujoI4Jv4ptwIr9V46qHA/JARSgZbeBQgJ92uxZrUZ8cd3JEm3r
DRksBxL+avMR8aV4uCS6sDoieDy2bqHgOFVz1azqqAhui8ND32ZdT5GycQIxAOIA
UQbBQdKFWlmGwq/CulPHyleEc+YwV3l2l9YQDJNew9Sjc7raS9MVm8FUc0DZhwIx
ANGoup8rDYnOshQGwKdFrdJWsmbXr9clDE8bcX6At3udZhlDCOuZMZYQZO5O0vRT
gwIwW2shW4glJhFHQNugORSd5nH0yX4Mm9qGJ93vAWowjBRTRtpvX/AZp+MfxA5z
KJJVAjEAh5WESpa/BJWk2Aqd4A7RoCrs6FEnqAyPb0EiHlsDTW+2rTOKu0GwrYkg
nHRhPBwdAjEA2+KdJReJEf2SFGOiihaMNC7QJUi0TnjF1eOyNbmmGy7dKUI+m3Ib
BxyFYxucGzfp
-----END PRIVATE KEY-----
"""
LONG_AGO = datetime(2021, 3, 4, 5, 6, tzinfo=UTC)
"""dkimpy uses the real clock and refuses signatures from the future."""


def test_dkim__signature_is_valid_and_covers_important_headers(published: dict[str, Any], tmp_path: Path) -> None:
    key_file = _write_key(tmp_path / "key.pem", published["private"])
    key = load_dkim_key(domain="hospital.example", selector="s1", key_file=key_file)
    sender = msgspec.structs.replace(
        SENDER, dkim=key, unsubscribe_url="https://portal.hospital.example/paper?mail={id}"
    )
    wire = message_bytes(make_message(sent_at=LONG_AGO), sender)
    assert is_valid(wire, published["record"])
    assert wire == message_bytes(make_message(sent_at=LONG_AGO), sender)
    assert max(len(line) for line in wire.partition(b"\r\nTo:")[0].split(b"\r\n")) <= 78
    for before, after in (
        (b"You have a new billing", b"You have an old billing"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=One-Klick"),
        (b"portal.hospital.example", b"portal.elsewhere.example"),
        (b"To: reader@", b"To: writer@"),
    ):
        assert before in wire
        assert not is_valid(wire.replace(before, after), published["record"]), before
    assert not is_valid(b"From: other@hospital.example\r\n" + wire, published["record"]), (
        "a second From header must not be possible"
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"From: a@b.example\r\n\r\n", id="no-body"),
        pytest.param(b"From: a@b.example\r\nSubject:\r\n\r\n\r\n\r\n", id="only-empty-lines"),
        pytest.param(b"From: a@b.example\r\n\r\none \t two  \r\n\r\n three\t\r\n\r\n\r\n", id="white-space"),
        pytest.param(b"from:  a@b.example\r\nSUBJECT:\t a\r\n  folded\t subject \r\n\r\nx\r\n", id="folded-headers"),
        pytest.param(b"To: c@d.example\r\nFrom: a@b.example\r\nTo: e@f.example\r\n\r\nx\r\n", id="repeated-header"),
        pytest.param(b"From: a@b.example\r\nX-Other: 1\r\n\r\nno end of line", id="no-final-line-break"),
    ],
)
def test_dkim__signs_any_message(published: dict[str, Any], data: bytes) -> None:
    key = DkimKey(domain="hospital.example", selector="s1", private_key=published["private"])
    assert is_valid(sign(data, key, at=LONG_AGO), published["record"])


@pytest.mark.parametrize("bits", [1024, 4096])
def test_dkim__signs_with_other_key_lengths(bits: int) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    sender = msgspec.structs.replace(
        SENDER, dkim=DkimKey(domain="hospital.example", selector="s1", private_key=private)
    )
    pdf = draw_pdf(["page one"])
    wire = message_bytes(make_message(language="es", encrypted_pdf=pdf, sent_at=LONG_AGO), sender)
    assert is_valid(wire, _record(private))


@pytest.mark.parametrize("problem", ["missing", "not-a-key", "elliptic-curve", "too-short", "password"])
def test_load_dkim_key__refuses_an_unusable_key(problem: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    if problem == "not-a-key":
        path.write_text("-----BEGIN PRIVATE KEY-----\nnone\n")
    if problem == "elliptic-curve":
        _write_key(path, ec.generate_private_key(ec.SECP256R1()))
    if problem == "too-short":
        path.write_text(_KEY_OF_768_BITS, encoding="ascii")
    if problem == "password":
        _write_key(path, rsa.generate_private_key(public_exponent=65537, key_size=2048), "secret")
    with pytest.raises(ValueError, match="STATEMENTS_DKIM_KEY must name"):
        load_dkim_key(domain="hospital.example", selector="s1", key_file=str(path))


def test_rate_limiter__spreads_messages_evenly() -> None:
    clock = [100.0]
    limiter = RateLimiter(4, clock=lambda: clock[0], sleep=lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    elapsed = []
    for _ in range(5):
        limiter.wait()
        elapsed.append(clock[0] - 100.0)
    assert elapsed == [0.0, 0.25, 0.5, 0.75, 1.0]
    clock[0] += 60
    limiter.wait()
    assert clock[0] == 161.0, "after a pause there is no wait, and unused requests do not add up to a burst"
    limiter.wait()
    assert clock[0] == 161.25


def test_folder__writes_one_file_per_document(tmp_path: Path) -> None:
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer:
        receipt = mailer.send(make_message())
    assert [path.name for path in tmp_path.iterdir()] == [f"{DOCUMENT}.eml"]
    mail = BytesParser(policy=default).parsebytes((tmp_path / f"{DOCUMENT}.eml").read_bytes())
    assert mail["To"] == "reader@mail.example"
    assert receipt.reference == mail["Message-ID"] == f"<{DOCUMENT}.1@hospital.example>"
    assert receipt.at == datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


def test_folder__killed_after_writing__finds_the_message_and_does_not_write_it_again(tmp_path: Path) -> None:
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer:
        receipt = mailer.send(make_message())
    written = (tmp_path / f"{DOCUMENT}.eml").read_bytes()
    later = make_message(sent_at=datetime(2026, 11, 23, tzinfo=UTC))
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer:
        assert mailer.find(later) == receipt
        assert mailer.send(later) == receipt
    assert (tmp_path / f"{DOCUMENT}.eml").read_bytes() == written


def test_folder__killed_while_writing__ignores_the_partial_message(tmp_path: Path) -> None:
    (tmp_path / f"{DOCUMENT}.eml.part").write_bytes(b"From: half")
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer:
        assert mailer.find(make_message()) is None
        mailer.send(make_message())
    assert [path.name for path in tmp_path.iterdir()] == [f"{DOCUMENT}.eml"]


def test_folder__second_attempt_is_a_second_file(tmp_path: Path) -> None:
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer:
        mailer.send(make_message())
        assert mailer.find(make_message(attempt=2)) is None
        mailer.send(make_message(attempt=2))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{DOCUMENT}.2.eml", f"{DOCUMENT}.eml"]


def test_folder__refuses_if_another_message_has_the_name(tmp_path: Path) -> None:
    (tmp_path / f"{DOCUMENT}.eml").write_bytes(b"Message-ID: <other@x>\r\n\r\nhello\r\n")
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer, pytest.raises(Permanent, match="another message"):
        mailer.send(make_message())


def test_folder__invalid_address_is_permanent(tmp_path: Path) -> None:
    broken = msgspec.structs.replace(make_message(), to="nobody")
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer, pytest.raises(Permanent, match=DOCUMENT):
        mailer.send(broken)
    assert list(tmp_path.iterdir()) == []


def test_folder__check_leaves_nothing_behind(tmp_path: Path) -> None:
    with open_mailer(tmp_path.as_uri(), environ={}) as mailer:
        mailer.check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        pytest.param("imap://host", "use file:, smtp: or ses:", id="unknown-scheme"),
        pytest.param("smtp://host", "must name host and sender", id="no-sender"),
        pytest.param("smtp://?from=a@b.example", "must name host and sender", id="no-host"),
        pytest.param("smtp://host?from=nobody", "option from: not an e-mail address", id="sender-is-not-an-address"),
        pytest.param("smtp://u:secret@host?from=a@b.example", "must not contain a password", id="password-in-url"),
        pytest.param("smtp://host?from=a@b.example&tls=no", "'tls' is not an option", id="tls-cannot-be-disabled"),
        pytest.param("file:///out?from=a@b.example&from=c@d.example", "from is given 2 times", id="two-senders"),
        pytest.param("smtp://host?from=a@b.example&rate=fast", "rate must be a number", id="rate-is-not-a-number"),
        pytest.param("smtp://host?from=a@b.example&dkim=s1", "STATEMENTS_DKIM_KEY must name", id="dkim-without-key"),
        pytest.param("smtp://host?from=a@b.example&unsubscribe=http://x", "https:// URL", id="one-click-unencrypted"),
        pytest.param("ses://us-east-1", "must name region and sender", id="ses-without-sender"),
        pytest.param("ses://?from=a@b.example", "must name region and sender", id="ses-without-region"),
    ],
)
def test_open_mailer__names_the_problem(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        open_mailer(url, environ={})
    assert "secret" not in str(caught.value)
