"""Tokens that only this console can make: they prove a form, and stand for what an address must not name."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV


class InvalidToken(ValueError):
    """The token was made by another process, for another session, or for another purpose."""


class TokenBox:
    """One key for the life of the process, or for everyone who has the secret. A token is good for one session and one
    purpose."""

    def __init__(self, secret: str = "") -> None:
        """With a secret, several processes make the same tokens."""
        key = hashlib.sha512(b"statements console" + secret.encode()).digest() if secret else AESSIV.generate_key(512)
        self._cipher = AESSIV(key)
        self._key = hashlib.sha256(key).digest()

    def form_token(self, session: str) -> str:
        """What a form of this session must bring, so that no other site can have filled it in."""
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, token: str, session: str) -> bool:
        """Whether a form brings its session's token."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())

    def seal(self, purpose: str, text: str, session: str) -> str:
        """A token for a web address: the same text always gives the same token, and nobody can read it."""
        sealed = self._cipher.encrypt(text.encode(), [purpose.encode(), session.encode()])
        return urlsafe_b64encode(sealed).decode("ascii").rstrip("=")

    def unseal(self, purpose: str, token: str, session: str) -> str:
        """The text of a token. `InvalidToken` for any other."""
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            return self._cipher.decrypt(sealed, [purpose.encode(), session.encode()]).decode()
        except (ValueError, InvalidTag) as exc:
            raise InvalidToken("the token is not one of this session") from exc
