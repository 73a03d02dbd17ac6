"""The wheel and the source distribution: complete, and able to run a cycle where nothing else of the project is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from tests.hospital import ROOT

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", re.MULTILINE)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    hatchling = [str(Path(sys.executable).parent / "hatchling"), "build", "--directory", str(folder)]
    done = subprocess.run(hatchling, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment that has the wheel, the packages of requirements.lock, and nothing else.

    The locked packages are linked from this environment instead of downloaded again, so the test needs no network.
    """
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "env", with_pip=False)
    (site_packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    for name in _PINNED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        _link_package(name, site_packages)
    (wheel,) = distributions.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "env" / "bin" / "python"), "install", "--no-deps"]
    done = subprocess.run([*pip, "--quiet", "--no-index", str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def _link_package(name: str, site_packages: Path) -> None:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return  # a package for another platform
    for file in found.files or ():
        target = site_packages / file
        if ".." in file.parts or target.suffix == ".pyc":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to(Path(str(found.locate_file(file))).resolve())


def _statements(installed: Path, *arguments: str) -> str:
    environ = {"PATH": os.environ["PATH"], "STATEMENTS_HOME": str(installed / "home")}
    command = [str(installed / "env" / "bin" / "statements"), *arguments]
    done = subprocess.run(command, cwd=installed, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel__runs_a_cycle_from_another_folder(installed: Path) -> None:
    assert _statements(installed, "--version").strip() == "statements 0.1.0"
    _statements(installed, "demo", "--guarantors", "20")
    assert list((installed / "home" / "outbox" / "print").glob("*.pdf"))
    assert (installed / "home" / "demo" / "index.html").is_file()
    assert "BAD" not in _statements(installed, "doctor")
    code = "import statement_builder, mail_house, pdf_kit; print(statement_builder.__file__)"
    python = str(installed / "env" / "bin" / "python")
    where = subprocess.run([python, "-c", code], cwd=installed, capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(installed)), "the test ran this checkout instead of the wheel"


def test_wheel__has_every_file_that_is_read_at_run_time(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, prefix in (("templates", "statement_builder/"), ("sql", "statement_builder/"), ("mail_house", "")):
        expected = {prefix + path.relative_to(ROOT).as_posix() for path in _data_files(ROOT / folder)}
        assert len(expected) > 4
        assert expected <= names
    assert {
        f"{package}/py.typed" for package in ("statement_builder", "mail_house", "pdf_kit", "security_kit")
    } <= names
    assert "statement_builder/statements.sample.toml" in names
    assert any(name.startswith("statement_builder/ledger/storage/migrations/versions/0001") for name in names)


def test_sdist__has_what_a_build_and_a_test_run_need(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "templates/theme/theme.css", "sql/contract.md"} <= names
    assert {"tests/conftest.py", "scripts/bootstrap.sh", "dags/monthly_statements.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".statements", ".git/", "build/"))]


def _data_files(folder: Path) -> list[Path]:
    ignored = {".py", ".pyc", ".typed"}
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix not in ignored]
