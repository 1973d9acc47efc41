"""Two photos beside each other, from files and arrays, and those that cannot be compared."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.tiny_scores import DECODING, lighter, score_model, write

import mien
from mien.analyzer import Analyzer
from mien.errors import InputError, MediaError, ModelError
from mien.geometry import Image
from mien.preference import Taste, compare
from mien.preference.pool import prefer


def test_the_better_photo_wins_on_either_side(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    dark = write(tmp_path / "dark.png", lighter(astronaut, 0.5))
    found, turned = mien.compare(astronaut, dark, analyzer), compare(dark, astronaut, analyzer)
    assert found.preference.share + turned.preference.share == pytest.approx(1)
    assert found.preference.share > 0.6
    a, b = found.a.attractiveness, found.b.attractiveness
    assert found.preference == prefer(float(a.score), float(b.score), DECODING)
    assert a.low < a.score < a.high
    assert "9 people of a village, SMALL-SET" in found.sentence
    assert "prefer A's photo" in found.sentence
    assert "prefer B's photo" in turned.sentence
    assert found.sentence.replace("A's", "B's") == turned.sentence


def test_the_same_photo_is_too_close_to_tell(analyzer: Analyzer, astronaut: Image) -> None:
    found = compare(astronaut, astronaut.copy(), analyzer)
    assert found.preference.share == 0.5
    assert found.sentence.startswith("Too close to tell: about 50 of 100 raters")


def test_plain_values(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    values = json.loads(json.dumps(compare(write(tmp_path / "a.png", astronaut), astronaut, analyzer).to_dict()))
    assert list(values) == ["a", "b", "preference", "sentence"]
    assert list(values["preference"]) == ["share", "low", "high", "majority", "coverage", "clear"]
    assert values["a"]["source"].endswith("a.png")
    assert values["b"]["source"] == "<array>"
    assert values["a"]["low"] < values["a"]["score"] < values["a"]["high"]


def test_a_taste_decides_by_the_embedding(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    dark = lighter(astronaut, 0.5)
    sha256 = analyzer.heads[-1].model.card.values["sha256"]
    mine = Taste(-np.ones(3), 0.1 * np.eye(3), 12, "attractiveness", sha256)
    found = compare(astronaut, dark, analyzer, mine)
    assert found.preference.share < 0.4
    assert found.preference.low < found.preference.share < found.preference.high
    assert found.sentence.startswith("By 12 comparisons of yours, you would prefer B's photo")
    assert compare(astronaut, dark, analyzer, mine.save(tmp_path / "me.json")).preference == found.preference
    unsure = Taste(np.zeros(3), np.eye(3), 0, "attractiveness", sha256)
    assert compare(astronaut, dark, analyzer, unsure).sentence.startswith("Too close to tell: by 0 comparisons")
    with pytest.raises(ModelError, match="learned on"):
        compare(astronaut, dark, analyzer, Taste(np.zeros(3), np.eye(3), 0, "other", "0"))


def test_what_cannot_be_compared(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'b' must be a photo with a face"):
        compare(astronaut, np.full((90, 90, 3), 99, np.uint8), analyzer)
    with pytest.raises(MediaError, match="does not exist"):
        compare(tmp_path / "gone.jpg", astronaut, analyzer)
    with pytest.raises(InputError, match="'analyzer' must be one with the heads age and attractiveness"):
        compare(astronaut, astronaut, Analyzer([score_model(tmp_path)], threads=1))
    with pytest.raises(ModelError, match="the analyzer has none"):
        compare(astronaut, astronaut, Analyzer(["age"], threads=1))


def test_a_child_is_refused(analyzer: Analyzer, astronaut: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.analyzer.CHILD_AGE", 200.0)
    with pytest.raises(InputError, match=r"'a' must be a photo of an adult\. .*apparent age"):
        compare(astronaut, astronaut, analyzer)


def test_an_older_card_cannot_compare(astronaut: Image, tmp_path: Path) -> None:
    old = Analyzer(["age", score_model(tmp_path, preference=None, half_width=None)], threads=1)
    assert old.photo(astronaut)[0].attractiveness.low is None
    with pytest.raises(ModelError, match="must have 'coverage', and 'preference'"):
        compare(astronaut, astronaut, old)
