"""Tokens of forms and addresses: good for one session and one purpose, and they say nothing."""

from __future__ import annotations

import pytest

from statement_builder.web.tokens import InvalidToken, TokenBox


def test_seal__is_stable_and_says_nothing() -> None:
    box = TokenBox()
    token = box.seal("account", "G100042", "session")
    assert token == box.seal("account", "G100042", "session")
    assert box.unseal("account", token, "session") == "G100042"
    assert "G100042" not in token
    assert token.isascii()


@pytest.mark.parametrize(
    ("purpose", "session", "change"),
    [
        pytest.param("account", "other", "", id="another-session"),
        pytest.param("picture", "session", "", id="another-purpose"),
        pytest.param("account", "session", "x", id="longer"),
        pytest.param("account", "session", "é", id="not-ascii"),
    ],
)
def test_unseal__refuses_what_was_not_made_for_it(purpose: str, session: str, change: str) -> None:
    box = TokenBox()
    token = box.seal("account", "G100042", "session") + change
    with pytest.raises(InvalidToken):
        box.unseal(purpose, token, session)


@pytest.mark.parametrize("token", ["", "A", "====", "../../etc/passwd"])
def test_unseal__refuses_what_nobody_made(token: str) -> None:
    with pytest.raises(InvalidToken):
        TokenBox().unseal("account", token, "session")


def test_form_token__belongs_to_its_session_and_process() -> None:
    box = TokenBox()
    assert box.is_form_token(box.form_token("one"), "one")
    assert not box.is_form_token(box.form_token("one"), "two")
    assert not box.is_form_token("", "one")
    assert not box.is_form_token("ü", "one")
    assert not TokenBox().is_form_token(box.form_token("one"), "one")


def test_box__with_the_same_secret_reads_the_tokens_of_another_process() -> None:
    token = TokenBox("a secret").seal("account", "G1", "session")
    assert TokenBox("a secret").unseal("account", token, "session") == "G1"
    assert TokenBox("a secret").is_form_token(TokenBox("a secret").form_token("one"), "one")
    with pytest.raises(InvalidToken):
        TokenBox("another").unseal("account", token, "session")
