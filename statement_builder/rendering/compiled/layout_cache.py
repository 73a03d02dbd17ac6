"""Compiled layouts on disk, and what was proved of the files made from them, found by every process that renders with
the same templates, fonts and code.

There are no words of any document in them. A file is whole or not there, whoever else writes at the same time; one
that cannot be read is compiled again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import msgspec

import pdf_kit
from statement_builder.rendering.compiled.layouts import Layout, LineBreakHint, Outline, Paragraph
from statement_builder.rendering.compiled.weasyprint_adapter import PINNED_VERSION
from statement_builder.rendering.template_fingerprint import template_version

_MAKING_S = 5
"""Seconds that a layout takes at the most, on a busy machine; after that its maker is taken to have died."""
_READERS = ("pypdfium2", "zxing-cpp", "deflate")
_Kept = TypeVar("_Kept", Layout, Outline, LineBreakHint)


class LayoutStore:
    """One folder of layouts. Those of other versions in it are thrown away."""

    def __init__(self, folder: Path, templates: Path, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970, UTC."""
        self._clock = clock
        self._folder = folder / layout_version(templates)
        self._throw_away_others(folder)

    def _throw_away_others(self, folder: Path) -> None:
        if folder.is_dir():
            for other in folder.iterdir():
                if other.is_dir() and other.name != self._folder.name:
                    shutil.rmtree(other, ignore_errors=True)

    def find_outline(self, structure: bytes) -> Outline | None:
        return self._read("outline", structure, Outline)

    def keep_outline(self, structure: bytes, outline: Outline) -> None:
        self._write("outline", structure, outline)

    def find_layout(self, key: bytes) -> Layout | None:
        return self._read("layout", key, Layout)

    def keep_layout(self, key: bytes, layout: Layout) -> None:
        self._write("layout", key, layout)

    def begin(self, key: bytes) -> bool:
        """Say that this process makes the outline or layout of this key. False where another has just begun it."""
        path, now = self._path("begun", key), self._clock()
        with suppress(OSError):  # who cannot leave a note makes it
            if path.exists() and now - path.stat().st_mtime < _MAKING_S:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (now, now))
        return True

    def find_hint(self, paragraph: Paragraph, words: tuple[str, ...]) -> LineBreakHint | None:
        return self._read("lesson", msgspec.msgpack.encode((paragraph, words)), LineBreakHint)

    def keep_hint(self, paragraph: Paragraph, words: tuple[str, ...], hint: LineBreakHint) -> None:
        self._write("lesson", msgspec.msgpack.encode((paragraph, words)), hint)

    def is_proved(self, key: bytes) -> bool:
        """Whether PDFium once agreed on this."""
        return self._path("proof", key).exists()

    def keep_proof(self, key: bytes) -> None:
        with suppress(OSError):  # on a full disk the next process proves it again
            path = self._path("proof", key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def _path(self, kind: str, key: bytes) -> Path:
        name = blake2b(key, digest_size=16).hexdigest()
        return self._folder / name[:2] / f"{name}.{kind}"

    def _read(self, kind: str, key: bytes, shape: type[_Kept]) -> _Kept | None:
        try:
            return msgspec.msgpack.decode(self._path(kind, key).read_bytes(), type=shape)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None

    def _write(self, kind: str, key: bytes, value: Layout | Outline | LineBreakHint) -> None:
        """A full disk costs the next process a layout, and nothing else."""
        path = self._path(kind, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(msgspec.msgpack.encode(value))
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError:
            return


def layout_version(templates: Path) -> str:
    """What layouts depend on: templates, fonts and libraries, and the code that makes, fills and reads them."""
    readers = " ".join(version(library) for library in _READERS)
    digest = blake2b(f"{template_version(templates)} {PINNED_VERSION} {readers}".encode(), digest_size=8)
    for source in sorted([*Path(__file__).parent.glob("*.py"), *Path(pdf_kit.__file__).parent.glob("*.py")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()
