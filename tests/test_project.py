"""What the project promises of itself: documents agree with the code, the core is pure, nothing foreign is in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from statement_builder import __version__
from statement_builder.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
PURE = ("billing", "documents", "kinds", "policy")
FORBIDDEN_MODULES = {"importlib", "logging", "os", "pathlib", "random", "socket", "subprocess", "sys", "time"}
FORBIDDEN_CALLS = {"today", "now", "utcnow", "open", "getenv", "read_text", "read_bytes"}
PACKAGE_DATA_READERS = {
    "billing/countries.py",
    "kinds/registry.py",
    "policy/hold_codes.py",
    "policy/legal_numbers.py",
    "policy/placeholders.py",
    "policy/states/state_files.py",
}
"""Pure modules that read their own package data, or import a folder of their package, once. No rule reads another
file."""
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


def test_version__is_the_same_in_the_package_and_in_pyproject() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["version"] == __version__


def test_command_line__starts_without_the_rendering_library() -> None:
    """Importing WeasyPrint takes as long as everything else that a command that only reads needs."""
    program = "import sys, statement_builder.cli; print('weasyprint' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"
