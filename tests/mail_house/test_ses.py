"""SES: each response, or its absence, maps to an outcome, and no message is sent twice."""

from __future__ import annotations

import pytest

from mail_house.email import Mailer, open_mailer
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, SenderRefused, UnknownOutcome
from tests.mail_house.test_email import DOCUMENT, make_message
from tests.services.fake_ses import FakeSes
from tests.services.http_fake import ACCEPT_AND_HANG_UP
from tests.services.processes import free_port


@pytest.fixture
def mailer(fake_ses: FakeSes, monkeypatch: pytest.MonkeyPatch) -> Mailer:
    for name, value in fake_ses.environ.items():
        monkeypatch.setenv(name, value)
    return open_mailer(fake_ses.url, environ={})


def test_send__includes_message_tags_and_configuration_set(fake_ses: FakeSes, mailer: Mailer) -> None:
    with mailer:
        receipt = mailer.send(make_message())
    (request,) = fake_ses.requests
    assert request["ConfigurationSetName"] == "statements"
    assert request["EmailTags"] == [
        {"Name": "document", "Value": DOCUMENT},
        {"Name": "attempt", "Value": "1"},
    ]
    assert request["Destination"] == {"ToAddresses": ["reader@mail.example"]}
    (mail,) = fake_ses.accepted
    assert mail["Message-ID"] == receipt.detail["message_id"] == f"<{DOCUMENT}.1@hospital.example>"
    assert mail.get_content_type() == "multipart/alternative"
    assert receipt.reference == "ses-1"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param((429, "TooManyRequestsException"), Retryable, id="rate-limited"),
        pytest.param((400, "LimitExceededException"), Retryable, id="daily-quota"),
        pytest.param((400, "MessageRejected"), SenderRefused, id="message-refused"),
        pytest.param((400, "BadRequestException"), Permanent, id="bad-address"),
        pytest.param((400, "AccountSuspendedException"), Misconfigured, id="account-suspended"),
        pytest.param((400, "MailFromDomainNotVerifiedException"), Misconfigured, id="domain-not-verified"),
        pytest.param((404, "NotFoundException"), Misconfigured, id="no-such-configuration-set"),
        pytest.param((403, "AccessDeniedException"), Misconfigured, id="permission-denied"),
        pytest.param((500, "InternalFailure"), UnknownOutcome, id="internal-failure"),
        pytest.param((503, "ServiceUnavailable"), UnknownOutcome, id="unavailable"),
        pytest.param((ACCEPT_AND_HANG_UP, ""), UnknownOutcome, id="no-response"),
    ],
)
def test_send__outcome_of_each_response(
    answer: tuple[int, str], outcome: type[HandOffError], fake_ses: FakeSes, mailer: Mailer
) -> None:
    fake_ses.answers.append(answer)
    with mailer:
        with pytest.raises(HandOffError) as caught:
            mailer.send(make_message())
        assert type(caught.value) is outcome
        assert "reader" not in str(caught.value)
        assert fake_ses.answers == []
        assert len(fake_ses.requests) == (answer[0] == ACCEPT_AND_HANG_UP), "boto3 must not retry by itself"


def test_send__no_connection__is_retryable(fake_ses: FakeSes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in fake_ses.environ.items():
        monkeypatch.setenv(name, value)
    url = fake_ses.url.replace(str(fake_ses.port), str(free_port()))
    with open_mailer(url, environ={}) as mailer, pytest.raises(Retryable, match="no connection"):
        mailer.send(make_message())


def test_send__no_aws_keys__is_misconfigured(fake_ses: FakeSes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with open_mailer(fake_ses.url, environ={}) as mailer, pytest.raises(Misconfigured, match="AWS variables"):
        mailer.send(make_message())


def test_find__names_the_tags_to_look_for(mailer: Mailer) -> None:
    with mailer, pytest.raises(UnknownOutcome, match=rf"document={DOCUMENT}, attempt=1"):
        mailer.find(make_message())


def test_check__asks_the_account(mailer: Mailer, fake_ses: FakeSes) -> None:
    with mailer:
        mailer.check()
    assert fake_ses.requests == []
