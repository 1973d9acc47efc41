"""People from photos: the fit finds a head that was projected, and only calm faces are taken."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="the renderer needs mien[train]")
pytest.importorskip("pyarrow", reason="training data need pyarrow")

from mien.errors import InputError
from mien.geometry import Array
from mien.synthesis.assets import HeadModel, load_model, load_people
from mien.synthesis.people import (
    KEPT,
    MOST_RESIDUAL,
    expression_weights,
    fit_head,
    fit_people,
    is_calm,
    write_people,
)

ASSETS = Path(__file__).resolve().parents[3] / "shared" / "data"
SIDE = 160


def made_up_head(seed: int = 0) -> HeadModel:
    """68 vertices, all of them landmarks, with smooth random shapes."""
    rng = np.random.default_rng(seed)
    neutral = rng.uniform([-7, -9, -3], [7, 7, 6], (68, 3)).astype(np.float32)
    neutral[36], neutral[45] = (-4.5, 2, 3), (4.5, 2, 3)
    return HeadModel(
        neutral=neutral,
        shapes=rng.normal(0, 0.4, (2, 68 * 3)).astype(np.float32),
        shape_names=("jawOpen", "mouthSmile_L"),
        identity=rng.normal(0, 0.2, (KEPT + 3, 68 * 3)).astype(np.float32),
        triangles=np.zeros((0, 3), np.int32),
        material=np.zeros(0, np.int32),
        exposure=np.ones(68, np.float32),
        landmarks=np.arange(68),
    )


def photo_of(head: HeadModel, identity: Array, expression: Array) -> Array:
    """Landmarks (68, 2) in a picture of SIDE pixels, seen a little from the side."""
    vertices = head.neutral + (identity @ head.identity + expression @ head.shapes).reshape(-1, 3)
    camera = np.array([[0.045, 0.003], [-0.002, 0.05], [0.01, 0.004], [0.5, 0.52]])
    u, v = (np.c_[vertices, np.ones(68)] @ camera).T
    return (np.c_[u, 1 - v] * SIDE).astype(np.float32)


@pytest.mark.parametrize("smile", [0.0, 0.8])
def test_a_projected_head_is_found_again(smile: float) -> None:
    head = made_up_head()
    identity = np.zeros(len(head.identity))
    identity[:KEPT] = np.random.default_rng(1).normal(0, 1, KEPT)
    expression = np.array([0.1, smile], np.float32)
    seen = photo_of(head, identity, expression)
    fit = fit_head(head, seen, SIDE, expression)
    mean_face = fit_head(head, seen + np.random.default_rng(2).normal(0, 4, seen.shape), SIDE, expression)
    assert fit.residual < 0.01 < mean_face.residual
    assert (fit.identity[KEPT:] == 0).all()
    vertices = head.neutral + (fit.identity @ head.identity + expression @ head.shapes).reshape(-1, 3)
    u, v = (np.c_[vertices, np.ones(68)] @ fit.camera).T
    assert np.abs(np.c_[u, 1 - v] * SIDE - seen).max() < 3


def test_the_teachers_names_are_the_models_with_the_side_at_the_end() -> None:
    row = {"jawOpen": 255, "mouthSmileLeft": 51, "mouthSmileRight": 0}
    assert expression_weights(made_up_head(), row).tolist() == pytest.approx([1.0, 0.2])


def row_of(**changes: Any) -> dict[str, Any]:
    points = np.random.default_rng(0).uniform(40, 120, (68, 2))
    points[36], points[45] = (50, 60), (110, 60)
    row = {"yaw": 3.0, "pitch": -5.0, "roll": 8.0, "landmarks": points.ravel(), "jawOpen": 3, "mouthSmileLeft": 9}
    return row | changes


@pytest.mark.parametrize(
    "change",
    [{"yaw": -40.0}, {"pitch": 30.0}, {"roll": 50.0}, {"jawOpen": 90}, {"mouthSmileLeft": 90}, {"browInnerUp": 200},
     {"landmarks": np.random.default_rng(0).uniform(60, 70, 136)}],
)  # fmt: skip
def test_moved_turned_and_small_faces_are_not_calm(change: dict[str, Any]) -> None:
    assert is_calm(row_of())
    assert not is_calm(row_of(**change))


def test_missing_assets_are_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'assets' must hold synthetic_heads_model\.npz"):
        write_people(tmp_path, tmp_path / "people.parquet")
    assert list(tmp_path.iterdir()) == []


def test_real_photos_become_people(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name in ("synthetic_heads_model.npz", "blendshapes.parquet", "fairface.parquet"):
        if not (ASSETS / name).is_file():
            pytest.skip(f"{name} is not in {ASSETS.parent.name}/{ASSETS.name}")
    found = fit_people(ASSETS)
    rows = [next(found) for _ in range(3)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "three.parquet")
    people = load_people(tmp_path / "three.parquet", load_model(ASSETS / "synthetic_heads_model.npz"))
    assert sorted(str(row["id"]) for row in rows) == [person.name for person in people]
    assert {person.split for person in people} <= {"train", "val", "test"}
    assert all(person.texture.shape == (600, 600, 3) and len(person.folds) for person in people)
    assert all(np.isfinite(person.uv).all() for person in people)
    assert 0 < MOST_RESIDUAL < 0.1
