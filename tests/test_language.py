"""Plain American technical English: words that this project does not use, in code, comments, messages and pages."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.hospital import ROOT

BANNED = {
    r"reckon\w*": "calculate",
    r"mend(s|ed|ing)?": "fix",
    r"whoever": "the operator",
    r"the other side": "the vendor",
    r"(is|are|was|were) told of": "receives",
    r"(has|have|had|is|are) in hand": "locked by",
    r"anew": "again",
    r"wants": "requires",
    r"(draw|draws|drawn|drew) up": "build",
    r"goes by itself": "is automatic",
    r"second look": "pre-mail recheck",
    r"no say": "is rejected",
    r"came back": "was returned",
    r"spoilt": "invalid",
    r"nobody may": "must not",
    r"as it stands": "unchanged",
    r"lay (out )?upon": "apply",
    r"of which (nothing|no|none|each|all)": "split the sentence",
    r"who is (it|that)": "name the person or the part",
    r"colour|behaviour|licence|centre|favour|(organ|recogn|normal|summar)is\w+|labelled": "American spelling",
}
"""What not to write, and what to write instead."""
SUFFIXES = {".py", ".md", ".toml", ".sql", ".html", ".css", ".sh", ".yml", ".yaml", ".example"}
_PATTERN = re.compile("|".join(rf"\b(?:{word})\b" for word in BANNED), re.IGNORECASE)


def _files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    skipped = {Path(__file__), ROOT / "CHANGELOG.md"}
    return [path for path in paths if path.suffix in SUFFIXES and path not in skipped and path.is_file()]


@pytest.mark.parametrize("folder", sorted({path.relative_to(ROOT).parts[0] for path in _files()}))
def test_language__uses_the_standard_word(folder: str) -> None:
    found = []
    for path in _files():
        if path.relative_to(ROOT).parts[0] != folder:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found += [f"{path.relative_to(ROOT)}:{number}: {match[0]}" for match in _PATTERN.finditer(line)]
    assert found == []


@pytest.mark.parametrize(("text", "is_found"), [("Mend it.", True), ("a recommendation", False), ("anew", True)])
def test_pattern__finds_whole_words_only(text: str, is_found: bool) -> None:
    assert bool(_PATTERN.search(text)) is is_found
