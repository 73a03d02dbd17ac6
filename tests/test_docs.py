"""The documentation agrees with the code: commands, settings, runbooks, links, generated pages, and plain language."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from scripts import write_badges, write_reference, write_third_party_notices
from statement_builder.cli import app
from statement_builder.operations.tracking.inbox import REVIEW_FOLDERS
from statement_builder.settings import RENAMED_SETTINGS
from statement_builder.settings.listing import list_defaults
from tests.hospital import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sql").rglob("*.md")])
PROSE = [path for path in PAGES if path.name != "CHANGELOG.md"]
"""The changelog names what was renamed."""
GENERATED = {**write_reference.pages(), **write_badges.badges()}
README_LINES_MAX = 120


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _commands(text: str) -> Iterator[list[str]]:
    """Every `statements …` of a page, as words."""
    blocks = "\n".join(re.findall(r"^```.*?^```", text, flags=re.MULTILINE | re.DOTALL))
    inline = re.findall(r"`(?:\.venv/bin/)?(statements [^`]+)`", text)
    for command in inline + re.findall(r"^(?:\$ )?(?:\.venv/bin/)?(statements .+)$", blocks, flags=re.MULTILINE):
        yield re.sub(r"\s+#.*|\s[|>].*", "", command).split()[1:]


@pytest.mark.parametrize("path", [path for path in PROSE if any(_commands(path.read_text("utf-8")))], ids=_name)
def test_page__names_only_commands_and_options_that_exist(path: Path) -> None:
    for words in _commands(path.read_text(encoding="utf-8")):
        if "/" in words[0] or "," in words[0]:
            continue  # a heading that lists several commands
        command: Any = get_command(app)
        rest = list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        known = command is not get_command(app) and not (hasattr(command, "commands") and rest)
        assert known or rest[0].startswith("-"), f"there is no command: statements {' '.join(words)}"
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--version"}
        unknown = {word.partition("=")[0] for word in rest if word.startswith("--")} - options - {"--help"}
        assert not unknown, f"statements {' '.join(words)}: no such option"


@pytest.mark.parametrize("path", PROSE, ids=_name)
def test_page__names_only_settings_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {row.name for row in list_defaults()}
    tables = {name.partition(".")[0] for name in known if "." in name}
    named = set(re.findall(rf"`((?:{'|'.join(tables)})\.[a-z_.]+)`", text))
    prefixes = {name.rpartition(".")[0] for name in known}
    files = {name for name in named if name.endswith((".md", ".py", ".toml", ".sql", ".html", ".css"))}
    assert named - known - prefixes - files == set()
    assert not [old for old in RENAMED_SETTINGS if f"`{old}`" in text]


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_page__links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("#"):
            continue
        assert (path.parent / target.partition("#")[0]).exists(), f"{_name(path)} links to {target}"


@pytest.mark.parametrize("path", GENERATED, ids=_name)
def test_generated_page__is_what_the_code_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GENERATED[path], "run make docs and commit what it writes"


def test_third_party_notices__list_every_locked_package() -> None:
    text = write_third_party_notices.PAGE.read_text(encoding="utf-8")
    missing = [
        name for name, version in write_third_party_notices.locked_packages() if f"| {name} | {version} |" not in text
    ]
    assert missing == [], "run python -m scripts.write_third_party_notices"


def test_runbooks__exist_for_every_alert() -> None:
    sources = [*(ROOT / "statement_builder").rglob("*.py"), *(ROOT / "dags").rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"docs/runbooks/([a-z-]+)\.md", path.read_text("utf-8"))}
    for name in ("track.py", "tracking_alerts.py"):
        text = (ROOT / "statement_builder" / "operations" / "tracking" / name).read_text(encoding="utf-8")
        named |= set(re.findall(r'\b_?(?:alert|late)\(.*"([a-z-]+)"\)', text))
    named |= set(REVIEW_FOLDERS)
    assert len(named) >= 8
    assert [name for name in sorted(named) if not (ROOT / "docs" / "runbooks" / f"{name}.md").is_file()] == []


def test_decisions__are_all_in_the_index_with_status_and_date() -> None:
    index = (ROOT / "docs" / "adr" / "index.md").read_text(encoding="utf-8")
    decisions = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    assert len(decisions) > 20
    for path in decisions:
        assert index.count(f"({path.name}) |") == 1
        assert re.search(r"^Status: \w+.*Date: \d{4}-\d\d-\d\d", path.read_text("utf-8"), re.MULTILINE), path.name
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", index, re.MULTILINE)]
    assert len(numbers) == len(decisions)
    assert numbers == sorted(numbers)


def test_readme__is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES_MAX


def test_site__builds_without_a_warning(tmp_path: Path) -> None:
    mkdocs = [str(Path(sys.executable).parent / "mkdocs"), "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(mkdocs, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "reference" / "settings.html").is_file()
