"""Templates on screen: samples of every language and size, what differs from the approved version, and the approval."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from statement_builder.billing.selection import Kind
from statement_builder.resources import TEMPLATES
from statement_builder.web.page_pictures import has_changes
from tests.commands import BATCH, call
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=20)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def version(visit: Visit) -> str:
    """The version in use, as the page shows it."""
    found = re.search(r"Version ([0-9a-f]{16})", visit.get("/templates").text)
    assert found
    return found[1]


def change_templates(hospital: Hospital, css: str = "* { color: #a00000 !important; }") -> None:
    """Give the hospital a templates folder with another style, by default another color."""
    own = hospital.home / "own-templates"
    (own / "theme").mkdir(parents=True, exist_ok=True)
    text = (TEMPLATES / "theme" / "theme.css").read_text(encoding="utf-8")
    (own / "theme" / "theme.css").write_text(f"{text}\n{css}\n", encoding="utf-8")
    settings = hospital.home / "statements.toml"
    lines = settings.read_text(encoding="utf-8")
    if "own-templates" not in lines:
        assert "[render]" in lines
        settings.write_text(lines.replace("[render]", f'[render]\ntemplates = "{own}"', 1), encoding="utf-8")


def ask_for(hospital: Hospital, who: str) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    line = f'templates = "{who}"'
    if "[release]" in text:
        settings.write_text(text.replace("[release]", f"[release]\n{line}", 1), encoding="utf-8")
    else:
        settings.write_text(f"{text}\n[release]\n{line}\n", encoding="utf-8")


def test_list__names_every_kind_and_the_version(visit: Visit) -> None:
    page = visit.get("/templates").text
    assert all(f'href="/templates/{kind}"' in page for kind in Kind)
    ((used,),) = visit.hospital.ledger("SELECT DISTINCT template_version FROM shard")
    assert used in page
    assert "not approved" in page


def test_samples__in_every_language_and_size(visit: Visit) -> None:
    page = visit.act("/templates/statement").text
    for heading in ("en, standard print", "en, large print", "es, standard print", "es, large print"):
        assert heading in page
    pictures = re.findall(r'src="(/templates/statement/samples/[^"]+)"', page)
    answer = visit.get(pictures[0])
    assert Image.open(io.BytesIO(answer.content)).size == (935, 1210)
    assert visit.looked() == []


def test_samples__beside_the_approved_version_with_what_differs(hospital: Hospital) -> None:
    with open_console(hospital) as visit:
        visit.sign_in()
        approved = version(visit)
        assert "is approved" in visit.act("/templates/approve", version=approved).text
    change_templates(hospital)
    with open_console(hospital) as visit:
        visit.sign_in()
        assert version(visit) != approved
        page = visit.act("/templates/statement").text
        assert f"Compared with the approved version {approved}" in page
        assert '<span class="state">changed</span>' in page
        changes = re.findall(r'src="(/templates/statement/samples/1/changes/1[^"]+)"', page)
        image = Image.open(io.BytesIO(visit.get(changes[0]).content)).convert("RGB")
        colors: Any = image.getcolors(1 << 24)
        red = sum(count for count, (r, g, b) in colors if r > 200 and g < 120 and b < 120)
        assert red > 50


def test_approve__is_on_record_and_kept_with_its_files(visit: Visit) -> None:
    used = version(visit)
    page = visit.act("/templates/approve", version=used, remark="the new logo").text
    assert "Approved by ben@desk" in page
    assert "the new logo" in page
    event = "SELECT what, subject, actor, why FROM event WHERE batch_id = 'templates'"
    assert visit.hospital.ledger(event) == [("templates_approved", used, "ben@desk", "the new logo")]
    assert (visit.hospital.home / "archive" / "templates" / f"{used}.zip").is_file()
    assert "Approve version" not in page


def test_approve__of_another_version_than_was_shown_is_refused(visit: Visit) -> None:
    assert "have changed since" in visit.act("/templates/approve", version="0" * 16).text
    assert visit.hospital.ledger("SELECT count(*) FROM template_approval") == [(0,)]


def test_approve__needs_the_role(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:desk"]\ntemplates = ["group:leads"]\n'
    settings.write_text(settings.read_text(encoding="utf-8") + roles, encoding="utf-8")
    with open_console(hospital, memberships=frozenset({"group:desk"})) as visit:
        visit.sign_in()
        assert "Approve version" not in visit.get("/templates").text
        assert "roles.templates" in visit.act("/templates/approve", version=version(visit)).text


@pytest.mark.parametrize(
    ("who", "approvers", "asks"),
    [
        pytest.param("auto", [], False, id="nobody-is-asked"),
        pytest.param("person", [], True, id="nobody-approved"),
        pytest.param("person", ["ana@desk"], False, id="one-approved"),
        pytest.param("dual-control", ["ana@desk"], True, id="one-of-two"),
        pytest.param("dual-control", ["ana@desk", "ana@console"], True, id="one-person-twice"),
        pytest.param("dual-control", ["ana@desk", "ben@desk"], False, id="two-people"),
    ],
)
def test_release__asks_about_templates_that_too_few_approved(
    hospital: Hospital, who: str, approvers: list[str], asks: bool
) -> None:
    ask_for(hospital, who)
    for approver in approvers:
        with open_console(hospital, actor=approver) as visit:
            visit.sign_in()
            visit.act("/templates/approve", version=version(visit))
    questions = call(hospital, "show", BATCH, "--json").json["questions"]
    assert any(each.startswith("TEMPLATES: ") for each in questions) is asks


def test_today__lists_the_templates_for_those_who_have_not_approved_them(hospital: Hospital) -> None:
    ask_for(hospital, "dual-control")
    title = "batches with templates to approve"
    with open_console(hospital, actor="ana@desk") as visit:
        visit.sign_in()
        assert f'href="/templates">\n<span class="number">1</span> <span>{title}</span>' in visit.get("/").text
        visit.act("/templates/approve", version=version(visit))
        assert title not in visit.get("/").text, "Ana's second approval would not count"
    with open_console(hospital, actor="ben@desk") as visit:
        visit.sign_in()
        assert title in visit.get("/").text
        visit.act("/templates/approve", version=version(visit))
        assert title not in visit.get("/").text


def test_settings__refuse_another_word(hospital: Hospital) -> None:
    ask_for(hospital, "everybody")
    assert "release.templates must be" in call(hospital, "batches", code=2).err


def test_changes__of_the_same_page_are_none(visit: Visit) -> None:
    shutil.rmtree(visit.hospital.home / "own-templates", ignore_errors=True)
    document = visit.hospital.ledger("SELECT document_id FROM document WHERE sha256 <> '' LIMIT 1")[0][0]
    pdf = visit.get(f"/documents/{document}/pdf").content
    assert not has_changes(pdf, pdf)


@pytest.mark.parametrize("path", ["/templates/poem", "/templates/statement/samples/1/now/1?job=x"])
def test_page__of_what_does_not_exist(visit: Visit, path: str) -> None:
    visit.get(path, status=404)
