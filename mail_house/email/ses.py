"""E-mail over Amazon SES. SES has no idempotency keys and cannot be asked whether it accepted a message.

Nothing is therefore retried automatically: boto3's retries are off, and a lost response is an unknown outcome.
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
from security_kit.transport import require_https

TIMEOUT_S = 30.0

_RETRYABLE_CODES = {"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"}
_SETUP_CODES = {
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
    """Its event destination reports bounces. Empty: the account's default."""
    endpoint: str = ""
    """Empty: Amazon's endpoint of the region."""

    @property
    def address(self) -> str:
        return f"ses://{self.region}"


class SesMailer:
    """Keeps one HTTPS connection between messages."""

    def __init__(self, endpoint: SesEndpoint, sender: Sender, rate_limiter: RateLimiter) -> None:
        self._endpoint = endpoint
        self._sender = sender
        self._rate_limiter = rate_limiter
        # total_max_attempts 1: a repeated POST sends a second e-mail.
        config = Config(
            connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 1}
        )
        self._client: Any = Session().client(
            "sesv2", region_name=endpoint.region, endpoint_url=endpoint.endpoint or None, config=config
        )
        # The client's own address: the AWS variables and configuration file may set another one.
        require_https(self._client.meta.endpoint_url, setting="email: SES endpoint")

    def send(self, message: Message) -> Receipt:
        what = f"document {message.document_id}"
        try:
            request = self._request(message, what)
        except ValueError as exc:
            raise Permanent(str(exc)) from exc
        self._rate_limiter.wait()
        try:
            response = self._client.send_email(**request)
        except (ClientError, BotoCoreError) as exc:
            raise _outcome(exc, f"{what} at {self._endpoint.address}") from exc
        # SES assigns its own message id; ours is in the tags, which its events repeat.
        detail = {"message_id": message_id(message, self._sender), "server": self._endpoint.address}
        return Receipt(reference=response["MessageId"], at=message.sent_at, detail=detail)

    def find(self, message: Message) -> Receipt | None:
        raise UnknownOutcome(
            f"document {message.document_id}: SES cannot be asked what it accepted; look for the tags "
            f"document={message.document_id}, attempt={message.attempt}, in the events of "
            f"{self._endpoint.configuration_set or 'its configuration set'}"
        )

    def check(self) -> None:
        try:
            account = self._client.get_account()
        except (ClientError, BotoCoreError) as exc:
            raise _outcome(exc, f"check at {self._endpoint.address}") from exc
        if not account.get("SendingEnabled"):
            raise Misconfigured(f"{self._endpoint.address}: sending is disabled for this account; enable it at AWS")

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
        if self._endpoint.configuration_set:
            request["ConfigurationSetName"] = self._endpoint.configuration_set
        return request


def _outcome(exc: ClientError | BotoCoreError, what: str) -> HandOffError:
    """Map an error to an outcome. Only an error that surely came before acceptance is retryable."""
    if isinstance(exc, ClientError):
        return _refusal(exc, what)
    if isinstance(exc, (NoCredentialsError, PartialCredentialsError, SSLError)):
        return Misconfigured(f"{what}: {type(exc).__name__}; check the AWS variables and the endpoint")
    if isinstance(exc, (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)):
        return Retryable(f"{what}: no connection ({type(exc).__name__}); nothing was accepted")
    return UnknownOutcome(
        f"{what}: no response for the message ({type(exc).__name__}): "
        "check the SES events before you send anything again"
    )


def _refusal(exc: ClientError, what: str) -> HandOffError:
    """Map an SES error response to an outcome. Only its code is repeated: many messages quote the address."""
    code = exc.response.get("Error", {}).get("Code", "")
    status = int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _RETRYABLE_CODES or status == 429:
        return Retryable(f"{what}: refused for now ({code})")
    if code in _SETUP_CODES or status in {401, 403}:
        return Misconfigured(f"{what}: refused ({code}); fix the account, the sender's domain or the AWS variables")
    if 400 <= status < 500:
        return Permanent(f"{what}: refused permanently ({code})")
    return UnknownOutcome(f"{what}: SES failed while handling the message ({code or status}): check its events")
