"""E-mail over Amazon SES. It has no key by which a message is sent only once, and cannot be asked for one afterwards.

So nothing here is repeated unseen: boto3's own retries are off, and an answer that got lost is an unknown outcome.
"""

from __future__ import annotations

from typing import Any, Self

import msgspec
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from mail_house.email.message import Message, Sender, ascii_address, message_bytes, message_id
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import Receipt
from mail_house.rate_limit import RateLimiter

TIMEOUT_S = 30.0

_LATER = {"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"}
_SET_UP = {
    "AccessDeniedException",
    "AccountSuspendedException",
    "InvalidClientTokenId",
    "MailFromDomainNotVerifiedException",
    "NotFoundException",
    "SendingPausedException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "ExpiredTokenException",
}


class SesEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    region: str
    configuration_set: str
    """Its event destination is what tells of bounces; empty: the account's default."""
    endpoint: str = ""
    """Empty: Amazon's own."""

    @property
    def where(self) -> str:
        return f"ses://{self.region}"


class SesMailer:
    """One HTTPS connection, kept between messages."""

    def __init__(self, place: SesEndpoint, sender: Sender, pace: RateLimiter) -> None:
        self._place = place
        self._sender = sender
        self._pace = pace
        # total_max_attempts 1: a repeated POST is a second e-mail.
        config = Config(
            connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 1}
        )
        self._client: Any = Session().client(
            "sesv2", region_name=place.region, endpoint_url=place.endpoint or None, config=config
        )

    def send(self, message: Message) -> Receipt:
        what = f"document {message.document_id}"
        try:
            request = self._request(message, what)
        except ValueError as exc:
            raise Permanent(str(exc)) from exc
        self._pace.wait()
        try:
            answer = self._client.send_email(**request)
        except (ClientError, BotoCoreError) as exc:
            raise _outcome(exc, f"{what} at {self._place.where}") from exc
        # SES gives the message an id of its own; ours are in the tags that its events repeat.
        detail = {"message_id": message_id(message, self._sender), "server": self._place.where}
        return Receipt(reference=answer["MessageId"], at=message.sent_at, detail=detail)

    def find(self, message: Message) -> Receipt | None:
        raise UnknownOutcome(
            f"document {message.document_id}: SES cannot be asked what it accepted; look for the tags "
            f"document={message.document_id}, attempt={message.attempt}, in the events of "
            f"{self._place.configuration_set or 'its configuration set'}"
        )

    def check(self) -> None:
        try:
            account = self._client.get_account()
        except (ClientError, BotoCoreError) as exc:
            raise _outcome(exc, f"check at {self._place.where}") from exc
        if not account.get("SendingEnabled"):
            raise Misconfigured(f"{self._place.where}: sending is switched off for this account")

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _request(self, message: Message, what: str) -> dict[str, Any]:
        request: dict[str, Any] = {
            "FromEmailAddress": self._sender.from_address,
            "Destination": {"ToAddresses": [ascii_address(message.to, what=what)]},
            "Content": {"Raw": {"Data": message_bytes(message, self._sender)}},
            "EmailTags": [
                {"Name": "document", "Value": message.document_id},
                {"Name": "attempt", "Value": str(message.attempt)},
            ],
        }
        if self._place.configuration_set:
            request["ConfigurationSetName"] = self._place.configuration_set
        return request


def _outcome(exc: ClientError | BotoCoreError, what: str) -> HandOffError:
    """What an error says about the message. Only what surely came before it was accepted may be tried again."""
    if isinstance(exc, ClientError):
        return _refusal(exc, what)
    if isinstance(exc, (NoCredentialsError, PartialCredentialsError, SSLError)):
        return Misconfigured(f"{what}: {type(exc).__name__}; check the AWS variables and the endpoint")
    if isinstance(exc, (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)):
        return Retryable(f"{what}: no connection ({type(exc).__name__}); nothing was accepted")
    return UnknownOutcome(
        f"{what}: no answer for the message ({type(exc).__name__}): "
        "look in the events of SES before anything is sent again"
    )


def _refusal(exc: ClientError, what: str) -> HandOffError:
    """Of SES's words only the code is repeated: many quote the address."""
    code = exc.response.get("Error", {}).get("Code", "")
    status = int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _LATER or status == 429:
        return Retryable(f"{what}: put off ({code})")
    if code in _SET_UP or status in {401, 403}:
        return Misconfigured(f"{what}: refused ({code}); mend the account, the sender's domain or the AWS variables")
    if 400 <= status < 500:
        return Permanent(f"{what}: refused for good ({code})")
    return UnknownOutcome(f"{what}: SES failed in the middle ({code or status}): look in its events")
