"""The best photo of a person: ranked as `mien rank` does, twins together, by one's own taste too."""

import json

import numpy as np
import pytest
from tests.server.page.steps import PATIENCE_MS, expect, saved

from mien.preference.ranking import rank_photos


@pytest.fixture
def photos(astronaut, write_photo, broken_photo):
    """Three scenes, a twin, and a file that is no photo."""
    views = {
        "whole.png": astronaut,
        "twin.png": astronaut[4:, 4:],
        "close.png": astronaut[20:280, 100:360],
        "dark.png": (astronaut[:300, 60:380] * 0.35).astype(np.uint8)[:, ::-1],
    }
    return [*(write_photo(view, name) for name, view in views.items()), broken_photo]


def rank(page, photos):
    page.set_input_files("#best-files", [str(path) for path in photos])
    expect(page.locator(".place").first).to_be_visible(timeout=PATIENCE_MS)


def test_the_order_is_that_of_rank(open_page, photos, tmp_path):
    page = open_page("best")
    rank(page, photos)
    rows = rank_photos([tmp_path])
    leaders = [row for row in rows if row.rank]
    places = page.locator(".place")
    assert [place.get_attribute("data-source") for place in places.all()] == [
        row.source.rpartition("/")[2] for row in leaders
    ]
    for place, row in zip(places.all(), leaders, strict=True):
        assert f"{100 * row.chance:.0f} %" in place.inner_text()
    assert page.locator(".twins img").count() == sum(bool(row.near_duplicate_of) for row in rows) == 1
    assert page.locator('li[data-source="broken.jpg"] .failure').count() == 1
    assert page.locator("#best-verdict").is_visible()


def test_a_taste_is_learned_and_ranks(open_page, photos):
    page = open_page("best")
    rank(page, photos)
    page.click("#taste-start")
    page.wait_for_selector(".pair")
    page.keyboard.press("ArrowLeft")
    while page.locator(".choice").count():
        page.locator(".choice").first.click()
    page.click("#taste-apply")
    expect(page.locator("#best-judge")).to_contain_text("By your taste", timeout=PATIENCE_MS)
    expect(page.locator(".place").first).to_be_visible(timeout=PATIENCE_MS)
    taste = json.loads(saved(page, "#taste-save").read_text())
    assert taste["comparisons"] > 0
