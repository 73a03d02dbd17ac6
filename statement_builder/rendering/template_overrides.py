"""A hospital's own templates in place of the shipped ones.

`render.templates` names a folder of the hospital. A file in it replaces the shipped file of the same relative path, and
every other file stays as shipped. The two are merged into a folder named for its content, so every process of a batch
reads the same files, even if somebody edits the hospital's folder in the meantime.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from tempfile import mkdtemp

from statement_builder.errors import ConfigError

_SUFFIXES = {".html", ".css", ".po", ".toml"}


def merge_templates(shipped: Path, own: Path, into: Path) -> Path:
    """A folder below `into` with the shipped templates and the hospital's own ones over them.

    The folder is complete when it appears, and is reused as long as no file changes. ConfigError if `own` is no folder
    or has no template.
    """
    files = _find_files(own)
    if not files:
        raise ConfigError(f"render.templates: there is no template (.html, .css, .po or .toml) in {own}.")
    merged = {path.relative_to(shipped): path for path in sorted(shipped.rglob("*")) if path.is_file()}
    merged |= {path.relative_to(own): path for path in files}
    contents = {name: path.read_bytes() for name, path in merged.items()}
    target = into / _hash_of(contents)
    if not target.is_dir():
        _write(contents, target)
    return target


def _find_files(own: Path) -> list[Path]:
    try:
        return sorted(path for path in own.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    except OSError as exc:
        raise ConfigError(f"render.templates: {own} cannot be read: {exc.strerror}") from exc


def _hash_of(contents: dict[Path, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(contents.items()):
        for part in (name.as_posix().encode(), data):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _write(contents: dict[Path, bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(mkdtemp(prefix=".part-", dir=target.parent))
    try:
        for name, data in contents.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(data)
        part.rename(target)
    except OSError:
        if not target.is_dir():  # otherwise another process has just written the same folder
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
