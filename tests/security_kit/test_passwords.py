"""A password that others know or can guess is refused; one that nobody can guess is not."""

from __future__ import annotations

import pytest

from security_kit.passwords import find_weakness

KNOWN = ("María Núñez-Ortega", "G100042", "7000100001", "12 Elm St", "Springfield")


@pytest.mark.parametrize(
    "password",
    [
        "MRN7000100001",
        "acct 7000100001",
        "patient-G100042",
        "id G100042 mn",
        "DOB 03/01/1980",
        "M.N.1980-03-01",
        "MN03011980",
        "elm street 12",
        "my name is maria",
        "ortega-7000100001",
        "the first of march",
    ],
)
def test_find_weakness__known_facts_with_a_label_beside_them(password: str) -> None:
    assert find_weakness(password, KNOWN)


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "xK7-qpz-8331v", "trumpet lagoon 1980-03-01", "purple G100042 otter"]
)
def test_find_weakness__words_of_ones_own_beside_them(password: str) -> None:
    assert not find_weakness(password, KNOWN)
