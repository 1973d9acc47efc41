"""A small set of faces in a Parquet file: jittered copies of one portrait, with labels that move along."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import cv2
import numpy as np
import pytest

from mien.geometry import Array, Image, apply_affine, five_points, similarity

SIDE, MIDDLE = 144, (222, 122)
PORTRAIT = np.array([[200, 102], [247, 102.5], [220.5, 124.5], [198.5, 142.5], [239.5, 143.5]], np.float32)
"""Eyes, nose and mouth corners of the astronaut, in pixels."""
SPLITS = ["train"] * 16 + ["val"] * 6 + ["test"] * 36
UNDECODABLE, NO_FACE = 3, 7


class TinySet(NamedTuple):
    """A folder with faces.parquet; the pictures, landmarks (N, 68, 2), pose (N, 3) and rows with a face in it."""

    folder: Path
    images: list[Image]
    landmarks: Array
    pose: Array
    good: Array


def mean_shape() -> Array:
    """68 points (68, 2) of a symmetric face, eye centres at (-1, 0) and (1, 0)."""

    def arc(width: float, height: float, start: float, stop: float, count: int) -> Array:
        t = np.radians(np.linspace(start, stop, count))
        return np.stack([width * np.cos(t), height * np.sin(t)], 1)

    jaw = arc(2.1, 3.1, 180, 0, 17)
    brows = [arc(0.7, 0.3, 180, 360, 5) + [side, -0.6] for side in (-1, 1)]
    nose = [[0, y] for y in (0.0, 0.4, 0.8, 1.0)] + [[x, 1.2] for x in (-0.5, -0.25, 0.0, 0.25, 0.5)]
    eye = np.array([[-0.4, 0], [-0.15, -0.15], [0.15, -0.15], [0.4, 0], [0.15, 0.15], [-0.15, 0.15]])
    lips = [arc(0.85, 0.35, 180, 510, 12), arc(0.6, 0.15, 180, 495, 8)]
    return np.concatenate([jaw, *brows, nose, eye - [1, 0], eye + [1, 0], np.concatenate(lips) + [0, 1.8]])


def place_shape(points: Array) -> Array:
    """The mean shape (N, 68, 2) on five points (N, 5, 2)."""
    shape = mean_shape().astype(np.float32)
    return np.stack([apply_affine(similarity(five_points(shape)[None], p)[0], shape) for p in points])


def portraits(count: int) -> tuple[list[Image], Array, Array]:
    """Pictures, landmarks (N, 68, 2) and the angle (N,) in degrees by which each was turned counter-clockwise."""
    rng = np.random.default_rng(0)
    data = pytest.importorskip("skimage.data", reason="the portrait comes from scikit-image")
    astronaut, shape = data.astronaut(), place_shape(PORTRAIT[None])[0]
    images, points, turned = [], [], rng.uniform(-12, 12, count)
    for angle in turned:
        matrix = cv2.getRotationMatrix2D(MIDDLE, angle, rng.uniform(0.5, 0.65))
        matrix[:, 2] += SIDE / 2 - np.array(MIDDLE) + rng.uniform(-8, 8, 2)
        image = cv2.warpAffine(astronaut, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        images.append(np.clip(image * rng.uniform(0.8, 1.1), 0, 255).astype(np.uint8))
        points.append(apply_affine(matrix.astype(np.float32), shape))
    return images, np.stack(points), turned


def displays(count: int) -> dict[str, Array]:
    """Action Units and votes, (N,) each: every third face smiles, every third one frowns."""
    smile, rest, frown = (np.arange(count) % 3 == kind for kind in range(3))
    units = {"AU06": smile, "AU12": smile, "AU04": frown, "AU15": frown}
    votes = {"happiness": 9 * smile, "neutral": 9 * rest + 1, "anger": 9 * frown}
    others = dict.fromkeys(("disgust", "fear", "sadness", "contempt", "surprise", "unknown", "NF"), 0 * smile)
    return {**{code: value.astype(np.float32) for code, value in units.items()}, **votes, **others}


def write_faces(folder: Path) -> TinySet:
    pa = pytest.importorskip("pyarrow", reason="training data need pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    count = len(SPLITS)
    images, points, turned = portraits(count)
    images[NO_FACE] = np.full((SIDE, SIDE, 3), 90, np.uint8)
    encoded = [cv2.imencode(".png", image[..., ::-1])[1].tobytes() for image in images]
    encoded[UNDECODABLE] = b"not a picture"
    pose = np.stack([np.linspace(-30, 30, count), np.linspace(10, -10, count), turned], 1).astype(np.float32)
    columns: dict[str, Any] = {
        "image": encoded,
        "id": [f"face-{i:02d}" for i in range(count)],
        "split": SPLITS,
        "age": np.linspace(18, 62, count).astype(np.float32),
        "rating": (3 + 2 * np.sin(np.arange(count))).astype(np.float32),
        "gender": ["female" if i % 2 else "male" for i in range(count)],
        "landmarks": list(points.reshape(count, 136)),
        **dict(zip(("yaw", "pitch", "roll"), pose.T, strict=True)),
        **displays(count),
    }
    table = pa.table(columns).replace_schema_metadata({"source": "astronaut", "terms": "public domain"})
    pq.write_table(table, folder / "faces.parquet")
    good = np.array([i for i in range(count) if i not in (UNDECODABLE, NO_FACE)])
    return TinySet(folder, images, points, pose, good)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinySet:
    """The set, written once."""
    return write_faces(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="session")
def landmarker() -> Callable[[Image, Array, Array], Array]:
    """Stands in for the landmark network: the mean face laid on the detector's five points."""
    return lambda image, box, landmarks: place_shape(landmarks)


@pytest.fixture(scope="session")
def make_recipe(tiny: TinySet, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A recipe for two short epochs on the set; all share their crops, each has a run folder of its own."""
    cache = tmp_path_factory.mktemp("crops")

    from mien.datasets.crop import Crop
    from mien.train.recipe import Recipe, Source

    def make(**changes: Any) -> Recipe:
        values: dict[str, Any] = {
            "name": "tiny", "task": "landmarks", "sources": [Source(file="faces.parquet")],
            "data_dir": tiny.folder, "cache_dir": cache, "run_dir": tmp_path_factory.mktemp("runs"),
            "crop": Crop(kind="square", size=48, zoom=1.25), "width": 0.25, "epochs": 2, "batch_size": 4,
            "workers": 0, "threads": 1, "warmup": 0.3, "ema": 0.5,
        }  # fmt: skip
        return Recipe(**(values | changes))

    return make


@pytest.fixture(scope="session")
def train() -> Callable[..., Path]:
    """`fit` without Lightning's advice on workers and log steps; puts back what it sets for the process."""

    torch = pytest.importorskip("torch", reason="training needs mien[train]")
    from mien.train.engine.trainer import fit

    def run(recipe: Any, **options: Any) -> Path:
        threads, random = torch.get_num_threads(), torch.get_rng_state()
        with warnings.catch_warnings(), mock.patch.dict(os.environ):
            warnings.filterwarnings("ignore", module=r"lightning\.")
            try:
                return fit(recipe, **options)
            finally:
                torch.set_num_threads(threads)
                torch.set_rng_state(random)

    return run


@pytest.fixture(scope="session")
def trained(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> Path:
    """A finished run of the landmarks task whose network was told the mean face."""
    import torch

    run = train(make_recipe(expected="", terms="public domain", limits=["one portrait"]))
    weights = torch.load(run / "weights.pt", weights_only=True)
    shape = (mean_shape() - [0, 0.9]) * 0.17
    weights["heads.landmarks.bias"] = torch.from_numpy(shape.astype(np.float32).ravel())
    torch.save(weights, run / "weights.pt")
    return run


@pytest.fixture(scope="session")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of `trained`, its card beside it."""
    from mien.train.export.exporter import export_run

    return export_run(trained, tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def with_landmarks(exported: Path) -> Callable[[], Any]:
    """A context in which `exported` stands for the embedded landmark network."""
    folder = exported.parent / "weights"
    folder.mkdir()
    for suffix in (".onnx", ".json"):
        (folder / f"landmarks{suffix}").write_bytes(exported.with_suffix(suffix).read_bytes())
    return lambda: mock.patch("mien.runtime.models.WEIGHTS", folder)


@pytest.fixture(scope="session")
def export_head(
    make_recipe: Callable[..., Any],
    train: Callable[..., Path],
    with_landmarks: Callable[[], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """Trains a task on aligned crops, one epoch if not told, and exports it; the ONNX file, made once a name."""
    made: dict[str, Path] = {}

    def export(task: str, **changes: Any) -> Path:
        from mien.train.export.exporter import export_run

        key = changes.get("name", task)
        if key not in made:
            crop = {"kind": "aligned", "size": 48}
            recipe = make_recipe(**{"name": task, "task": task, "crop": crop, "epochs": 1} | changes)
            with with_landmarks():
                made[key] = export_run(train(recipe), tmp_path_factory.mktemp(key))
        return made[key]

    return export
