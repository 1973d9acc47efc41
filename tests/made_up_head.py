"""A head model and people made of formulas, in the files that the renderer of synthetic heads reads."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mien.geometry import Array
from mien.train.data.heads import MIDLINE, SHAPES
from mien.train.data.heads_assets import HIDDEN
from mien.train.data.heads_sampling import UNLABELLED

MIDDLE = sorted({*MIDLINE, *UNLABELLED})
LOOKS = [f"eyeLook{where}" for where in ("Down", "In", "Out", "Up")]
SIDES = sorted({name for weights in SHAPES.values() for name in weights} - {*MIDDLE}) + LOOKS
NAMES = [*(name + end for name in SIDES for end in ("_L", "_R")), *MIDDLE]
GRID, IDENTITIES, SIDE = 25, 4, 120


def landmarks() -> Array:
    """68 places (68, 2) in cm: x to the person's left, y up; the person's right side first."""

    def arc(x: float, y: float, wide: float, high: float, start: float, stop: float, count: int) -> Array:
        turn = np.radians(np.linspace(start, stop, count))
        return np.stack([x + wide * np.cos(turn), y + high * np.sin(turn)], 1)

    jaw = arc(0, 2, 6.5, 9, 180, 360, 17)
    brows = [arc(side * 3, 4, 1.8, 0.6, 180, 0, 5) for side in (-1, 1)]
    nose = np.array([[0.0, y] for y in (3, 1.8, 0.6, -0.6)] + [[x, -1.2] for x in (-1.2, -0.6, 0, 0.6, 1.2)])
    eyes = [arc(side * 3, 2.6, 1.4, 0.6, 180, -120, 6) for side in (-1, 1)]
    lips = [arc(0, -3.8, 2.4, 0.9, 180, -150, 12), arc(0, -3.8, 1.8, 0.1, 180, -135, 8)]
    return np.concatenate([jaw, *brows, nose, *eyes, *lips]).astype(np.float32)


def _surface(flat: Array) -> Array:
    """Points (N, 3) of a bulging face over the places (N, 2)."""
    depth = 8 * np.sqrt(np.clip(1 - (flat[:, 0] / 8) ** 2 - ((flat[:, 1] + 0.5) / 11) ** 2, 0, 1)) - 2
    return np.column_stack([flat, depth]).astype(np.float32)


def write_model(path: Path) -> None:
    """A grid of quads that bulges, smooth random shapes, and the landmarks as points without a surface."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-1, 1, GRID)
    grid = np.stack(np.meshgrid(8 * axis, 11 * axis - 0.5), -1).reshape(-1, 2).astype(np.float32)
    vertices = _surface(np.concatenate([grid, landmarks()]))
    row, column = np.divmod(np.arange((GRID - 1) ** 2), GRID - 1)
    corner = row * GRID + column
    quads = np.stack([corner, corner + 1, corner + GRID + 1, corner + GRID], 1).astype(np.int32)
    waves = np.sin(vertices @ rng.normal(0, 0.3, (3, len(NAMES) + IDENTITIES)))[..., None] * rng.normal(0, 0.3, 3)
    shapes = np.moveaxis(waves, 1, 0).astype(np.float16)
    opened = landmarks()[:, 1] + 3.8
    jaw = shapes[NAMES.index("jawOpen")]
    jaw[:] = 0
    jaw[-68:][(opened < 0) & (np.arange(68) >= 48), 1] = -1.5
    eyeballs = np.hypot(np.abs(grid[quads[:, 0], 0]) - 3, grid[quads[:, 0], 1] - 2.6) < 0.9
    np.savez(
        path, V=vertices, faces=quads, mat=eyeballs.astype(np.int16), mat_names=["M_Face", "M_ScleraLeft", *HIDDEN],
        expr=shapes[: len(NAMES)], expr_names=NAMES, ident=shapes[len(NAMES) :],
        landmarks68=np.arange(len(vertices) - 68, len(vertices)),
    )  # fmt: skip


def write_people(path: Path, count: int, seed: int = 0, **columns: list[object]) -> None:
    """People of one colour each, their eyes white and dark, in front of something white."""
    rng = np.random.default_rng(seed)
    camera = np.array([[0.045, 0], [0, 0.038], [0, 0], [0.5, 0.5]])
    table = {
        "id": [f"{path.stem}-{k:02d}" for k in range(count)],
        "image": [_photo(rng, camera) for _ in range(count)],
        "identity": list(rng.normal(0, 1, (count, IDENTITIES))),
        "camera": [camera.ravel()] * count,
    }
    pq.write_table(pa.table(table | columns, metadata={"source": f"{path.stem} made up", "terms": "none"}), path)


def _photo(rng: np.random.Generator, camera: Array) -> bytes:
    image = np.full((SIDE, SIDE, 3), 235, np.uint8)
    flat = np.column_stack([landmarks(), np.zeros(68), np.ones(68)]) @ camera
    points = np.round(np.column_stack([flat[:, 0], 1 - flat[:, 1]]) * SIDE).astype(np.int32)
    skin = rng.uniform([40, 60, 90], [120, 150, 200]).tolist()
    cv2.ellipse(image, (SIDE // 2, SIDE // 2), (SIDE // 3, SIDE // 2 - 4), 0, 0, 360, skin, -1)
    for first in (36, 42):
        cv2.fillPoly(image, [points[first : first + 6]], (240, 240, 240))
        cv2.circle(image, points[first : first + 6].mean(0).astype(int).tolist(), 2, (40, 30, 20), -1)
    return bytes(cv2.imencode(".png", image)[1].tobytes())


def write_assets(folder: Path, people: int = 12) -> Path:
    """The folder with the model and its people."""
    write_model(folder / "synthetic_heads_model.npz")
    write_people(folder / "synthetic_heads_people.parquet", people)
    return folder
