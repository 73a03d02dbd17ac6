"""A hospital's own templates replace shipped ones, file by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from statement_builder.errors import ConfigError
from statement_builder.rendering.template_overrides import merge_templates


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return _write(tmp_path / "shipped", {"theme/theme.css": "shipped", "letter/letter.html": "shipped"})


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_merge__own_files_replace_shipped_ones_and_may_be_new(shipped: Path, tmp_path: Path) -> None:
    own = _write(tmp_path / "own", {"theme/theme.css": "own", "theme/logo.html": "new", "notes.txt": "ignored"})
    merged = merge_templates(shipped, own, tmp_path / "merged")
    assert _read(merged) == {"theme/theme.css": "own", "theme/logo.html": "new", "letter/letter.html": "shipped"}


def test_merge__is_reused_until_a_file_changes(shipped: Path, tmp_path: Path) -> None:
    own = _write(tmp_path / "own", {"theme/theme.css": "own"})
    first = merge_templates(shipped, own, tmp_path / "merged")
    assert merge_templates(shipped, own, tmp_path / "merged") == first
    _write(own, {"theme/theme.css": "own, changed"})
    second = merge_templates(shipped, own, tmp_path / "merged")
    assert (_read(first)["theme/theme.css"], _read(second)["theme/theme.css"]) == ("own", "own, changed")
    assert sorted((tmp_path / "merged").iterdir()) == sorted({first, second})


@pytest.mark.parametrize("files", [None, {"readme.txt": "no template"}], ids=["no-folder", "no-template"])
def test_merge__a_folder_without_templates_is_a_settings_error(
    shipped: Path, tmp_path: Path, files: dict[str, str] | None
) -> None:
    own = tmp_path / "own" if files is None else _write(tmp_path / "own", files)
    with pytest.raises(ConfigError, match=r"render\.templates"):
        merge_templates(shipped, own, tmp_path / "merged")
