"""More people for the synthetic heads: the head model is fitted to photos of calm faces, which become its skin."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mien.datasets.tables import decode
from mien.errors import InputError
from mien.files import whole_file
from mien.geometry import Array, outer_eye_distance
from mien.synthesis.assets import HeadModel, load_model

CALM = {
    "mouthSmile": 0.15,
    "jawOpen": 0.08,
    "mouthPucker": 0.3,
    "mouthUpperUp": 0.15,
    "mouthFrown": 0.15,
    "mouthStretch": 0.3,
    "browDown": 0.3,
    "browInnerUp": 0.5,
    "eyeBlink": 0.42,
    "eyeWide": 0.15,
}
"""The most that a teacher's coefficients may be in a photo whose face is taken for neutral."""
MOST_TURN = (18.0, 18.0, 30.0)
"""Yaw, pitch and roll in degrees up to which a photo shows both halves of a face."""
LEAST_EYES = 34.0
"""Least distance of the outer eye corners in pixels."""
MOST_RESIDUAL = 0.042
"""Root mean square distance of fitted landmarks in outer eye distances above which a fit is left out."""
KEPT, NOISE, ROUNDS = 50, 0.12, 8  # identity shapes, landmark noise in cm, alternations


@dataclass(frozen=True, slots=True)
class Fit:
    """identity (I,), camera (4, 2): [x y z 1] @ camera = (u, v) in parts of the photo, v upwards; residual."""

    identity: Array
    camera: Array
    residual: float


def fit_head(model: HeadModel, landmarks: Array, side: int, expression: Array) -> Fit:
    """Fit identity and an affine camera in turns to landmarks (68, 2) of a photo of side pixels.

    Minimizes sum |landmark - camera(vertex)|^2 / noise^2 + |identity|^2 over the head with the weights `expression`
    (E,); residual is in outer eye distances.
    """
    points = model.landmarks
    calm = (model.neutral + (expression @ model.shapes).reshape(-1, 3))[points]
    basis = model.identity[:KEPT].reshape(KEPT, -1, 3)[:, points]
    target = np.c_[landmarks[:, 0], side - landmarks[:, 1]] / side
    identity = np.zeros(KEPT)
    for _ in range(ROUNDS):
        vertices = calm + np.tensordot(identity, basis, 1)
        camera = np.linalg.lstsq(np.c_[vertices, np.ones(68)], target, rcond=None)[0]
        scale = NOISE * np.sqrt(np.abs(np.linalg.det(camera[:2])))
        design = (basis @ camera[:3]).reshape(KEPT, -1).T / scale
        wanted = (target - np.c_[calm, np.ones(68)] @ camera).ravel() / scale
        identity = np.linalg.solve(design.T @ design + np.eye(KEPT), design.T @ wanted)
    fitted = np.c_[calm + np.tensordot(identity, basis, 1), np.ones(68)] @ camera
    eyes = float(outer_eye_distance(landmarks[None])[0])
    residual = side * np.sqrt(((fitted - target) ** 2).sum(1).mean()) / eyes
    whole = np.zeros(len(model.identity), np.float32)
    whole[:KEPT] = identity
    return Fit(whole, camera.astype(np.float32), float(residual))


def expression_weights(model: HeadModel, row: dict[str, Any]) -> Array:
    """Weights (E,) of the head's shapes from a teacher's coefficients, 0 to 255 under names such as `jawOpen`.

    The teacher's left and right are the person's own.
    """
    ends = {"_L": "Left", "_R": "Right"}
    weights = []
    for name in model.shape_names:
        stem, end = (name[:-2], ends[name[-2:]]) if name[-2:] in ends else (name, "")
        weights.append(float(row.get(stem + end, row.get(stem, 0))) / 255)
    return np.array(weights, np.float32)


def is_calm(row: dict[str, Any]) -> bool:
    """Whether a teacher sees a near-frontal, large and neutral face."""
    turned = any(abs(row[name]) > most for name, most in zip(("yaw", "pitch", "roll"), MOST_TURN, strict=True))
    eyes = float(outer_eye_distance(np.asarray(row["landmarks"], np.float32).reshape(1, 68, 2))[0])
    moved = any(
        max(row.get(stem + end, 0) for end in ("", "Left", "Right")) > 255 * most for stem, most in CALM.items()
    )
    return not turned and eyes >= LEAST_EYES and not moved


def fit_people(assets: Path) -> Iterator[dict[str, Any]]:
    """Rows of a people file from the calm faces of `fairface.parquet` with the teacher's labels in `assets`."""
    model = load_model(assets / "synthetic_heads_model.npz")
    teacher = pq.read_table(assets / "blendshapes.parquet", filters=[("set", "=", "fairface")]).to_pylist()
    calm = {row["id"]: row for row in teacher if is_calm(row)}
    for batch in pq.ParquetFile(assets / "fairface.parquet").iter_batches(500, columns=["id", "image", "split"]):
        for photo in batch.to_pylist():
            row, image = calm.get(photo["id"]), decode(photo["image"])
            if row is None or image is None or image.shape[0] != image.shape[1]:
                continue
            expression = expression_weights(model, row)
            landmarks = np.asarray(row["landmarks"], np.float32).reshape(68, 2)
            fit = fit_head(model, landmarks, image.shape[0], expression)
            if fit.residual <= MOST_RESIDUAL:
                yield {**photo, "identity": fit.identity, "camera": fit.camera.ravel(), "expression": expression}


def write_people(assets: Path, out: Path) -> int:
    """Write the people of `fit_people` to `out` (.parquet), whole or not at all; returns how many they are."""
    for name in ("synthetic_heads_model.npz", "blendshapes.parquet", "fairface.parquet"):
        if not (assets / name).is_file():
            raise InputError(f"'assets' must hold {name}. Got {str(assets)!r}.")
    numbers = pa.list_(pa.float32())
    columns = [("id", pa.string()), ("image", pa.binary()), ("split", pa.string())]
    columns += [(name, numbers) for name in ("identity", "camera", "expression")]
    source = {"source": "calm faces of FairFace fitted with the ICT-FaceKit head", "terms": "CC BY 4.0; head model MIT"}
    table = pa.Table.from_pylist(list(fit_people(assets)), pa.schema(columns, metadata=source))
    with whole_file(out) as partial:
        pq.write_table(table, partial)
    return len(table)
