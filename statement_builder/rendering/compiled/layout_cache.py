"""Compiled layouts, printed notices and verification proofs on disk, shared by all processes with the same templates,
fonts and code.

The files contain no text of any document, and of the facility only its telephone number in a notice. A file is complete
or absent, even with several writers. A file that cannot be read is made again.
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
from statement_builder.rendering.compiled.blocks import Block, BlockTexts, Frame, Measure
from statement_builder.rendering.compiled.layouts import Layout, LineBreakHint, Outline, Paragraph
from statement_builder.rendering.compiled.weasyprint_adapter import PINNED_VERSION
from statement_builder.rendering.language_notice import PrintedNotice
from statement_builder.rendering.template_fingerprint import fingerprint_templates

_CLAIM_TIMEOUT_S = 5
"""Longer than compiling a layout takes on a busy machine. A process with an older claim is assumed dead."""
_READERS = ("pypdfium2", "zxing-cpp", "deflate")
_Cached = TypeVar("_Cached", Layout, Outline, LineBreakHint, Block, BlockTexts, Frame, Measure, PrintedNotice)
_Part = TypeVar("_Part", Block, BlockTexts, Frame, Measure)


class LayoutCache:
    """One folder of layouts. Deletes layouts of other versions."""

    def __init__(self, folder: Path, templates: Path, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970, UTC."""
        self._clock = clock
        self._folder = folder / fingerprint_layouts(templates)
        self._delete_other_versions(folder)

    def _delete_other_versions(self, folder: Path) -> None:
        if folder.is_dir():
            for other in folder.iterdir():
                if other.is_dir() and other.name != self._folder.name:
                    shutil.rmtree(other, ignore_errors=True)

    def find_outline(self, structure: bytes) -> Outline | None:
        return self._read("outline", structure, Outline)

    def add_outline(self, structure: bytes, outline: Outline) -> None:
        self._write("outline", structure, outline)

    def find_layout(self, key: bytes) -> Layout | None:
        return self._read("layout", key, Layout)

    def add_layout(self, key: bytes, layout: Layout) -> None:
        self._write("layout", key, layout)

    def find_part(self, key: bytes, part_type: type[_Part]) -> _Part | None:
        return self._read(part_type.__name__.lower(), key, part_type)

    def add_part(self, key: bytes, part: Block | BlockTexts | Frame | Measure) -> None:
        self._write(type(part).__name__.lower(), key, part)

    def find_notice(self, markup: str) -> PrintedNotice | None:
        return self._read("notice", markup.encode(), PrintedNotice)

    def add_notice(self, markup: str, notice: PrintedNotice) -> None:
        self._write("notice", markup.encode(), notice)

    def claim(self, key: bytes) -> bool:
        """Claim this key's outline or layout for compiling. False if another process has claimed it just now."""
        path, now = self._path("claim", key), self._clock()
        with suppress(OSError):  # without a claim file, two processes may compile it
            if path.exists() and now - path.stat().st_mtime < _CLAIM_TIMEOUT_S:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (now, now))
        return True

    def find_hint(self, paragraph: Paragraph, texts: tuple[str, ...]) -> LineBreakHint | None:
        return self._read("hint", msgspec.msgpack.encode((paragraph, texts)), LineBreakHint)

    def add_hint(self, paragraph: Paragraph, texts: tuple[str, ...], hint: LineBreakHint) -> None:
        self._write("hint", msgspec.msgpack.encode((paragraph, texts)), hint)

    def has_proof(self, key: bytes) -> bool:
        """Whether PDFium confirmed this key."""
        return self._path("proof", key).exists()

    def add_proof(self, key: bytes) -> None:
        with suppress(OSError):  # on a full disk, the next process checks it again
            path = self._path("proof", key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def _path(self, kind: str, key: bytes) -> Path:
        name = blake2b(key, digest_size=16).hexdigest()
        return self._folder / name[:2] / f"{name}.{kind}"

    def _read(self, kind: str, key: bytes, record_type: type[_Cached]) -> _Cached | None:
        try:
            return msgspec.msgpack.decode(self._path(kind, key).read_bytes(), type=record_type)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None

    def _write(self, kind: str, key: bytes, value: msgspec.Struct) -> None:
        """Write a file. On a full disk, the next process compiles the layout again."""
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


def fingerprint_layouts(templates: Path) -> str:
    """Hash of everything that layouts depend on: templates, fonts, libraries, and this project's code."""
    readers = " ".join(version(library) for library in _READERS)
    digest = blake2b(f"{fingerprint_templates(templates)} {PINNED_VERSION} {readers}".encode(), digest_size=8)
    for source in sorted([*Path(__file__).parent.glob("*.py"), *Path(pdf_kit.__file__).parent.glob("*.py")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()
