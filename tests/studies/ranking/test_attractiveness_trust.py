"""The study of trust in scores: measures of the definition, shortcuts told, whole on drawn readings."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("matplotlib")

from mien.errors import InputError
from mien.evaluate.reading import Reading
from mien.faces import Attractiveness, Faces
from mien.runtime.models import find_model, read_card
from mien.studies.ranking import attractiveness_trust as study
from mien.studies.ranking.attractiveness_trust import (
    CHANGE,
    COVERAGE,
    MEBEAUTY,
    PLCC,
    QUICK,
    RATINGS,
    SCUT,
    SRCC,
    STUDY,
)
from mien.studies.ranking.backdrops import QUALITY, surroundings
from mien.tasks import Labels


class Named:
    """Stands for a table: it has a name and a path."""

    def __init__(self, path: Path) -> None:
        self.name, self.path = path.stem, path


def reading(path: Path, moved: float = 0.0, count: int = 200) -> Reading:
    """Scores that follow ratings with an error of 0.5, and intervals of a half width of 0.8; women rated higher."""
    rng = np.random.default_rng(0)
    female = np.arange(count) % 2 == 0
    truth = rng.normal(size=count) + 0.5 * female
    score = (truth + 0.5 * rng.normal(size=count) + moved).astype(np.float32)
    found = Attractiveness(
        score, np.full(count, 50, np.float32), "pool", low=score - 0.8, high=score + 0.8, coverage=0.9
    )
    flat = np.zeros(count, np.float32)
    faces = Faces(np.zeros((count, 4), np.float32), flat, np.zeros((count, 5, 2), np.float32), attractiveness=found)
    if path.name == SCUT:
        columns: dict[str, Any] = {"group": np.where(female, "AF", "CM")}
    else:
        columns = {
            "gender": np.where(female, "female", "male"),
            "ethnicity": np.where(np.arange(count) < 150, "x", "y"),
        }
    columns["id"] = np.array([f"f{row}" for row in range(count)], object)
    card: Any = read_card(find_model("attractiveness"))
    table: Any = Named(path)
    rating = (3 + 2 * truth).astype(np.float32)
    return Reading(
        "attractiveness", card, table, "test", count, np.arange(count), faces, {}, Labels({"rating": rating}, columns)
    )


def test_measures_are_those_of_the_definition() -> None:
    found = study.accuracy(reading(Path(SCUT), count=2000), np.arange(2000), 50)
    assert found[PLCC].value == pytest.approx(1.06 / np.hypot(1.03, 0.5) / 1.03, abs=0.04)
    assert found[SRCC].low < found[SRCC].value < found[SRCC].high
    # the difference of both, each standardised, has a spread of sqrt(2 - 2 r)
    assert found[COVERAGE].value == pytest.approx(0.92, abs=0.04)


def test_the_sex_is_told_as_well_as_the_ratings_tell_it() -> None:
    score, rating = study.sex_told(reading(Path(MEBEAUTY), count=2000))
    assert 0.55 < score < rating < 0.7


def test_the_whole_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (SCUT, MEBEAUTY, RATINGS):
        (tmp_path / name).touch()

    def read(model: str, path: Path, split: str, limit: int | None = None, change: Any = None) -> Reading:
        assert (model, split) == ("attractiveness", "test")
        return reading(path, 0.7 if change is QUALITY["blur 2"] else 0.1 if change else 0.0)

    def raters(path: Path, ids: Any) -> Any:
        rng = np.random.default_rng(1)
        truth = (reading(Path(MEBEAUTY)).labels.named["rating"] - 3) / 2
        return truth[:, None] + rng.normal(size=(len(ids), 8))

    monkeypatch.setattr(study, "read_data", read)
    monkeypatch.setattr(study, "rater_scores", raters)
    finding = STUDY.run(QUICK, (0,), tmp_path)
    rows = {(row[0], row[1]): row for row in finding.table.rows}
    assert {("mebeauty", name) for name in ("as it is", "sex female", "ethnicity x", *surroundings(), *QUALITY)} <= set(
        rows
    )
    assert ("scut_fbp5500", "group CM") in rows
    column = finding.table.columns.index(CHANGE)
    assert str(rows["mebeauty", "white background"][column]).startswith("0.1")
    assert "Changes above 0.5 SD on average: scut_fbp5500, blur 2 (0.70); mebeauty, blur 2 (0.70)." in finding.verdict
    assert re.search(r"AUC of the sex by the score: scut_fbp5500 0\.\d\d, by the ratings 0\.\d\d;", finding.verdict)


def test_a_folder_without_the_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"'data' must hold {SCUT}"):
        STUDY.run(QUICK, (0,), tmp_path)
