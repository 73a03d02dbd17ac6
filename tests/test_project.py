"""What the project promises of itself: documents agree with the code, the core is pure, nothing foreign is in it."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from statement_builder.cli import app
from statement_builder.settings import URL_VARIABLES, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PURE = ("billing", "documents", "policy")
FORBIDDEN_MODULES = {"importlib", "logging", "os", "pathlib", "random", "socket", "subprocess", "sys", "time"}
FORBIDDEN_CALLS = {"today", "now", "utcnow", "open", "getenv", "read_text", "read_bytes"}
PACKAGE_DATA_READERS = {"policy/hold_codes.py", "policy/legal_numbers.py"}
"""Pure modules that read their own package data once, at import. No rule reads a file."""
PACKAGE_DATA_ACCESS = {"importlib", "read_text"}


def _sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / "statement_builder" / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_core__reads_no_clock_no_file_and_no_environment() -> None:
    checked, wrong = 0, []
    for path, tree in _sources(*PURE):
        checked += 1
        reads_data = path.relative_to(ROOT / "statement_builder").as_posix() in PACKAGE_DATA_READERS
        allowed = PACKAGE_DATA_ACCESS if reads_data else set()
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name.partition(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [(node.module or "").partition(".")[0]]
            elif isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                wrong += [f"{path.name}:{node.lineno} calls {called}"] if called in FORBIDDEN_CALLS - allowed else []
            wrong += [f"{path.name} imports {name}" for name in names if name in FORBIDDEN_MODULES - allowed]
    assert checked > 20
    assert wrong == []


def _readme_commands() -> list[list[str]]:
    lines = re.findall(r"^statements .+$", README, flags=re.MULTILINE) + re.findall(r"`(statements [^`]+)`", README)
    return [re.sub(r"\s+#.*", "", line).split()[1:] for line in lines]


@pytest.mark.parametrize("words", _readme_commands(), ids=" ".join)
def test_readme__every_command_exists_with_its_options(words: list[str]) -> None:
    command = get_command(app)
    assert len(_readme_commands()) > 10
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    assert not hasattr(command, "commands"), "README names a group or an unknown command"
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= options


def test_readme__names_every_setting() -> None:
    for table, names in (
        ("", {"ledger", "archive", "print", "email"}),
        ("source", {"name", "url", "max_age_hours"}),
        ("render", {"workers", "languages", "engine", "layouts"}),
        (
            "mail",
            {
                "print_profile",
                "email_content",
                "email_link_days",
                "mailer_id",
                "service_type",
                "preflight_sample_every",
                "final_vendor_status",
                "ack_deadline_hours",
                "mailed_deadline_business_days",
                "inbox",
                "vendor_reports_url",
                "bounce_mailbox_url",
            },
        ),
        (
            "release",
            {
                "statement",
                "ob_notice",
                "dunning",
                "volume_change_max_percent",
                "amount_change_max_percent",
                "hold_doubled_count_min",
                "dual_control_level_min",
                "amount_max_cents",
            },
        ),
    ):
        struct = Settings if not table else type(getattr(Settings(), table))
        own = set(struct.__struct_fields__)
        assert names == (own if table else own - {"facility", "source", "policy", "render", "mail", "release"})
        for name in names:
            assert f"`{name}`" in README, f"README does not name {table}.{name}"
    assert all(variable in README for variable in URL_VARIABLES.values())


def test_sample_settings__load_and_are_complete(tmp_path: Path) -> None:
    sample = (ROOT / "statements.sample.toml").read_text(encoding="utf-8")
    (tmp_path / "statements.toml").write_text(sample, encoding="utf-8")
    settings = load_settings({"STATEMENTS_HOME": str(tmp_path)}, tmp_path)
    assert settings.require_facility().facility_id == "maple-valley"
    assert set(tomllib.loads(sample)) >= {"facility", "source", "render", "mail", "release"}


def test_repository__names_no_package_index_and_no_machine() -> None:
    committed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in committed.stdout.split("\0") if name]
    assert len(names) > 100
    index = re.compile(r"(--index-url|--extra-index-url|--find-links|files\.pythonhosted|pypi\.org/simple)")
    for name in names:
        path = ROOT / name
        if path.suffix in {".png", ".pdf"} or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        assert not index.search(text), f"{name} names a package index"
