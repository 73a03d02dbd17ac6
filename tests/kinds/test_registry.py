"""Every kind is complete: a member of `Kind` has its folder, its template, its title and sample pages."""

from __future__ import annotations

import pytest

from statement_builder.billing.kind_traits import MailingClock
from statement_builder.billing.model import RequestKind
from statement_builder.billing.selection import Kind, kinds_with
from statement_builder.kinds import definition_of
from statement_builder.settings.model import ReleaseSettings, RetentionSettings
from tests.contents import TEMPLATES
from tests.rendering.sample_pages import CONTENTS


@pytest.mark.parametrize("kind", Kind)
def test_kind__is_complete(kind: Kind) -> None:
    definition = definition_of(kind)
    assert definition.kind is kind
    assert (TEMPLATES / definition.template).is_file()
    assert definition.title
    samples = [content for content in CONTENTS.values() if content.kind is kind]
    assert {content.large_print for content in samples} == {False, True}
    assert {content.title for content in samples} == {definition.title}


@pytest.mark.parametrize("kind", Kind)
def test_kind__has_its_settings(kind: Kind) -> None:
    assert ReleaseSettings().by(kind) in {"person", "dual-control", "auto"}
    assert 1 <= RetentionSettings().years(kind) <= 100


def test_kind__what_can_be_asked_for_is_what_answers_requests() -> None:
    assert {kind.value for kind in Kind if kind.traits.is_asked_for} == set(RequestKind)


def test_kind__no_title_is_used_twice() -> None:
    titles = [definition_of(kind).title for kind in Kind]
    assert len(set(titles)) == len(titles)


def test_kind__only_bills_and_notices_move_a_clock() -> None:
    assert kinds_with(MailingClock.STATEMENTS, MailingClock.LETTERS) == (Kind.STATEMENT, Kind.DUNNING)
    assert kinds_with(MailingClock.NOTICES) == (Kind.OB_NOTICE,)
