"""Photos of folders in order: groups, near-duplicates, and what cannot be ranked."""

from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.tiny_scores import elsewhere, lighter, write

from mien.analyzer import Analyzer
from mien.errors import InputError
from mien.geometry import Image
from mien.preference import Taste, rank_photos


@pytest.fixture
def folder(tmp_path: Path, astronaut: Image) -> Path:
    """Three scenes, one of them in a burst, a folder in the folder, and files that cannot be ranked."""
    inside = tmp_path / "me"
    write(inside / "burst1.png", lighter(astronaut, 0.7))
    write(inside / "burst2.png", astronaut)
    write(inside / "dark.png", lighter(elsewhere(astronaut, 0), 0.4))
    write(inside / "light.png", lighter(elsewhere(astronaut, 1), 1.4))
    write(inside / "trip" / "alone.png", astronaut)
    write(inside / "wall.png", np.full((90, 90, 3), 99, np.uint8))
    (inside / "broken.jpg").write_text("no picture")
    (inside / "film.mp4").write_text("no film")
    (inside / "notes.txt").write_text("no photo")
    return inside


def test_order_groups_and_near_duplicates(analyzer: Analyzer, folder: Path) -> None:
    rows = rank_photos([folder], analyzer)
    told = [(Path(row.source).name, row.rank, Path(row.near_duplicate_of).name) for row in rows if row.status == "ok"]
    assert told == [
        ("light.png", 1, ""), ("burst2.png", 2, ""), ("burst1.png", None, "burst2.png"), ("dark.png", 3, ""),
        ("alone.png", 1, ""),
    ]  # fmt: skip
    assert [row.folder for row in rows[:5]] == [str(folder)] * 4 + [str(folder / "trip")]
    ranked = [row.chance for row in rows if row.folder == str(folder) and row.rank]
    assert sum(ranked) == pytest.approx(1)
    assert ranked == sorted(ranked, reverse=True)
    assert rows[4].chance == 1
    rest = {Path(row.source).name: (row.status, row.reason) for row in rows[5:]}
    assert list(rest) == ["broken.jpg", "wall.png", "film.mp4"]
    assert rest["wall.png"] == ("no_face", "no face")
    assert rest["broken.jpg"][0] == rest["film.mp4"][0] == "error"
    assert "video" in rest["film.mp4"][1]


def test_plain_values_and_pictures(analyzer: Analyzer, folder: Path) -> None:
    rows = rank_photos([folder], analyzer, pictures=True)
    values = [row.to_dict() for row in rows]
    assert len({tuple(value) for value in values}) == 1
    assert values[0]["low"] < values[0]["score"] < values[0]["high"]
    assert values[-1]["score"] is None
    assert {value["taste"] for value in values} == {None}
    assert all(max(row.picture.shape[:2]) == 320 for row in rows[:5])
    assert rank_photos([folder], analyzer)[0].picture is None


def test_a_taste_turns_the_order(analyzer: Analyzer, folder: Path) -> None:
    sha256 = analyzer.heads[-1].model.card.values["sha256"]
    dark = Taste(-np.ones(3), 0.01 * np.eye(3), 9, "attractiveness", sha256)
    rows = [row for row in rank_photos([folder], analyzer, dark) if row.folder == str(folder) and row.status == "ok"]
    assert [Path(row.source).name for row in rows] == ["dark.png", "burst1.png", "burst2.png", "light.png"]
    assert rows[2].near_duplicate_of == rows[1].source
    assert rows[0].taste > rows[1].taste > rows[2].taste > rows[3].taste
    assert rows[0].to_dict()["taste"] == rows[0].taste


def test_children_get_no_rank(analyzer: Analyzer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.analyzer.CHILD_AGE", 200.0)
    rows = rank_photos([folder], analyzer)
    assert not any(row.rank or row.to_dict()["score"] for row in rows)
    assert [row.status for row in rows].count("no_score") == 5
    assert "apparent age" in next(row.reason for row in rows if row.status == "no_score")


def test_a_file_is_ranked_once(analyzer: Analyzer, folder: Path) -> None:
    rows = rank_photos([folder, folder / "trip", folder], analyzer)
    assert len(rows) == len({row.source for row in rows}) == 8


def test_no_folder_and_no_photo(analyzer: Analyzer, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "gone", folder / "dark.png", tmp_path / "empty"):
        with pytest.raises(InputError, match="'folder' must be a folder with photos"):
            rank_photos([wrong], analyzer)
