"""Photos on the page: numbers, overlays, and what goes wrong beside the photo it went wrong with."""

import json

import numpy as np
import pytest
from tests.server.page.steps import PATIENCE_MS, add_photos, expect, painted, saved

import mien


@pytest.fixture(scope="module")
def analyzer():
    return mien.Analyzer(["expression", "age"])


def same(told, expected, path=""):
    """Equal up to the rounding of batches."""
    if isinstance(expected, dict):
        assert told.keys() >= expected.keys(), path
        for key, value in expected.items():
            same(told[key], value, f"{path}.{key}")
    elif isinstance(expected, list) and expected and not isinstance(expected[0], str | list):
        np.testing.assert_allclose(told, expected, rtol=1e-4, atol=1e-4, err_msg=path)
    elif isinstance(expected, list):
        assert len(told) == len(expected), path
        for i, (a, b) in enumerate(zip(told, expected, strict=True)):
            same(a, b, f"{path}[{i}]")
    elif isinstance(expected, float):
        assert told == pytest.approx(expected, rel=1e-4, abs=1e-4), path
    else:
        assert told == expected, path


def test_numbers_are_those_of_analyze(open_page, analyzer, astronaut, write_photo):
    page = open_page()
    two = np.concatenate([astronaut[:300, 80:400], astronaut[:300, 400:80:-1]], 1)
    photos = [write_photo(astronaut, "one.png"), write_photo(np.ascontiguousarray(two), "two.png")]
    add_photos(page, photos)
    rows = [json.loads(line) for line in saved(page, "#photo-save").read_text().splitlines()]
    expected = [{"source": path.name, **row} for path in photos for row in analyzer.photo(path).to_dicts()]
    assert [row["source"] for row in rows] == ["one.png", "two.png", "two.png"]
    for row, wanted in zip(rows, expected, strict=True):
        same(row, {key: value for key, value in wanted.items() if value is not None})


def test_a_card_shows_what_the_row_says(open_page, analyzer, astronaut, write_photo):
    page = open_page()
    photo = write_photo(astronaut, "one.png")
    add_photos(page, [photo])
    face = analyzer.photo(photo)[0]
    card = page.locator(".card")
    expect(card).to_have_count(1)
    assert f"{round(float(face.age.value))} years" in card.inner_text()
    assert card.locator(".emotion .answer strong").inner_text() == face.emotion.label
    shown = {
        bar.get_attribute("data-code"): bar.locator(".value").inner_text() for bar in card.locator(".units .bar").all()
    }
    assert shown == {code: f"{unit['intensity']:.1f}" for code, unit in face.action_units.to_dict().items()}
    reasons = [bar.get_attribute("data-code") for bar in card.locator(".evidence").all()]
    assert reasons == [code for code, _ in face.emotion.evidence][:6]
    assert painted(page, ".photo canvas")


def test_a_broken_photo_is_one_sentence_among_others(open_page, astronaut, broken_photo, write_photo):
    page = open_page()
    wall = write_photo(np.full((80, 120, 3), 180, np.uint8), "wall.png")
    add_photos(page, [write_photo(astronaut, "one.png"), broken_photo, wall])
    broken = page.locator('.photo[data-source="broken.jpg"]')
    assert broken.locator(".failure").inner_text().startswith("This photo cannot be read.")
    assert page.locator(".failure").count() == 1
    assert "No face" in page.locator('.photo[data-source="wall.png"]').inner_text()
    assert page.locator(".card").count() == 1
    assert page.locator("#panel-photo .status").inner_text() == "Photos: 3 · faces: 1 · could not be read: 1"


@pytest.mark.slow
def test_a_broken_photo_among_two_hundred_shows_as_one(open_page, broken_photo, write_photo):
    page = open_page()
    rng = np.random.default_rng(0)
    walls = [write_photo(rng.integers(0, 255, (60, 80, 3), np.uint8), f"{i}.png") for i in range(199)]
    add_photos(page, [*walls[:100], broken_photo, *walls[100:]])
    assert page.locator(".failure").count() == 1
    assert "could not be read: 1" in page.locator("#panel-photo .status").inner_text()


def test_attractiveness_only_when_asked_for(open_page, astronaut, write_photo):
    page = open_page()
    add_photos(page, [write_photo(astronaut, "one.png")])
    assert page.locator(".score").count() == 0
    page.check("#photo-score")
    expect(page.locator(".score")).to_have_count(1, timeout=PATIENCE_MS)
    assert "SCUT-FBP5500" in page.locator(".score").inner_text()
    page.uncheck("#photo-score")
    expect(page.locator(".score")).to_have_count(0, timeout=PATIENCE_MS)


def test_photos_can_be_dropped(open_page, astronaut, write_photo):
    page = open_page()
    content = list(write_photo(astronaut[:280, 80:360], "dropped.png").read_bytes())
    transfer = page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
            return transfer;
        }""",
        content,
    )
    page.dispatch_event("#panel-photo .drop", "drop", {"dataTransfer": transfer})
    expect(page.locator('.photo[data-source="dropped.png"] .card')).to_have_count(1, timeout=PATIENCE_MS)


def test_a_server_that_is_gone_is_said_beside_the_photo(open_page, astronaut, write_photo):
    page = open_page()
    page.route("**/v1/analyze*", lambda route: route.fulfill(status=413, json={"detail": "At most 64 MB."}))
    page.set_input_files("#photo-files", str(write_photo(astronaut, "large.png")))
    failure = page.locator('.photo[data-source="large.png"] .failure')
    expect(failure).to_have_text("This file is larger than the server takes. At most 64 MB.", timeout=PATIENCE_MS)
