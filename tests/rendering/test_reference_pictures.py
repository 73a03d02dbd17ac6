"""Every sample page looks as it did when somebody last looked at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from statement_builder.rendering import PlainEngine
from tests.builders import make_facility
from tests.contents import make_statement
from tests.rendering import reference_pictures
from tests.rendering.reference_pictures import FAILED, FOLDER, NAMES, difference, load, picture_of, save
from tests.rendering.sample_pages import CONTENTS

COMMAND = "python -m tests.rendering.reference_pictures"


@pytest.mark.parametrize("name", NAMES)
def test_page__looks_like_its_reference_picture(engine: PlainEngine, name: str) -> None:
    reference, page = load(FOLDER / f"{name}.png"), picture_of(name, engine)
    changed = difference(reference, page)
    if changed:
        save(page, FAILED / f"{name}.new.png")
        save(changed, FAILED / f"{name}.difference.png")
        pytest.fail(
            f"{name} looks different. See {name}.new.png and {name}.difference.png in {FAILED}. "
            f"If the new page is right, run: {COMMAND} {name}",
            pytrace=False,
        )


def test_pictures__there_is_one_for_each_sample_and_no_other() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.png")) == sorted(NAMES)


def test_pictures__are_small() -> None:
    sizes = [path.stat().st_size for path in FOLDER.glob("*.png")]
    assert sum(sizes) < 50_000 * len(sizes)


def test_difference__one_digit_of_small_print_is_seen(engine: PlainEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = picture_of("statement", engine)
    monkeypatch.setitem(
        CONTENTS, "statement", make_statement(facility=make_facility(phone_hours="Monday to Friday, 8 am to 5 pm"))
    )
    assert difference(before, picture_of("statement", engine))


def test_difference__of_a_stored_picture_is_within_the_tolerance(engine: PlainEngine, tmp_path: Path) -> None:
    page = picture_of("statement", engine)
    save(page, tmp_path / "page.png")
    assert difference(load(tmp_path / "page.png"), page) is None


@pytest.mark.parametrize(
    ("gray", "is_seen"), [pytest.param(240, False, id="smoothing-of-an-edge"), pytest.param(120, True, id="a-line")]
)
def test_difference__sees_a_line_but_no_smoothing(gray: int, is_seen: bool) -> None:
    page = Image.new("L", (40, 40), 255)
    other = page.copy()
    ImageDraw.Draw(other).line((5, 5, 35, 5), fill=gray)
    assert bool(difference(page, other)) is is_seen


def test_difference__another_number_of_pages_is_seen() -> None:
    assert difference(Image.new("L", (40, 40), 255), Image.new("L", (80, 40), 255))


def test_main__writes_only_what_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference_pictures, "FOLDER", tmp_path)
    reference_pictures.main(("estimate",))
    (tmp_path / "gone.png").write_bytes(b"")
    assert capsys.readouterr().out == "written: estimate.png\n"
    reference_pictures.main(("estimate",))
    assert capsys.readouterr().out == "removed: gone.png\n"
