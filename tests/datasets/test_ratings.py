"""Scores of single raters find their faces by id; what nobody rated is NaN."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")

from mien.datasets.ratings import count_raters, rater_scores
from mien.errors import InputError

IDS = np.array(["b", "a", "z"], object)


def table(folder: Path, *rows: str, head: str = "id,rater,score") -> Path:
    path = folder / "ratings.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_scores_stand_beside_their_faces(tmp_path: Path) -> None:
    path = table(tmp_path, "a,7,3", "b,7,5", "a,2,1", "a,2,2", "other,9,4")
    found = rater_scores(path, IDS)
    assert found.shape == (3, count_raters(path)) == (3, 3)
    assert np.array_equal(found, [[np.nan, 5, np.nan], [1.5, 3, np.nan], [np.nan] * 3], equal_nan=True)


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        (["a,7,3"], "id,rater,points", "'score' must be a column of ratings.csv"),
        (["a,7,3", "b,7,good"], "id,rater,score", "'score' in 'ratings.csv' must be a number. Got 'good' in row 1"),
        (["q,7,3"], "id,rater,score", "must rate faces of the set. Got none of its ids"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, rows: list[str], head: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rater_scores(table(tmp_path, *rows, head=head), IDS)
