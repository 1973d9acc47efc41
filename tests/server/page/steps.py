"""What a person does on the page, for its tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright").expect
PATIENCE_MS = 120_000


def add_photos(page: Any, paths: Sequence[Path]) -> None:
    """Choose photos and wait until each has its answer."""
    page.set_input_files("#photo-files", [str(path) for path in paths])
    expect(page.locator("#panel-photo .photo")).to_have_count(len(paths), timeout=PATIENCE_MS)
    expect(page.locator("#panel-photo .waiting")).to_have_count(0, timeout=PATIENCE_MS)


def move_slider(page: Any, code: str, value: float) -> None:
    """Move the slider of a unit's weight, as a hand would."""
    slider = page.locator(f'.slider input[data-code="{code}"]')
    slider.fill(str(value))


def saved(page: Any, selector: str) -> Path:
    """Click on what saves a file, and where the browser put it."""
    with page.expect_download() as download:
        page.click(selector)
    return Path(download.value.path())


def painted(page: Any, selector: str) -> bool:
    """Whether anything is drawn on a canvas."""
    script = """canvas => canvas.width > 0 && canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data.some(value => value)"""
    return bool(page.locator(selector).first.evaluate(script))
