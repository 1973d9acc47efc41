"""The head model and the people with their photos, read from the assets folder and made ready for drawing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mien.datasets.tables import decode
from mien.errors import InputError
from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.synthesis.raster import EYE, GUMS, MOUTH, SKIN, TEETH, Ints
from mien.synthesis.skin import EYE_PATCH, Fold, fill_background, lid_shift, paint_eyes, place_folds

HIDDEN = ("M_LacrimalFluid", "M_EyeBlend", "M_EyeOcclusion", "M_EyeLashes")
MOUTH_SOCKET = range(11248, 13294)  # vertices of ICT-FaceKit's mouth bag; the file gives them no material of their own


@dataclass(frozen=True, slots=True)
class HeadModel:
    """neutral (V, 3); shapes (E, V * 3) by name; identity (I, V * 3); triangles (T, 3) with material (T,).

    exposure (V,): share of the light that reaches a vertex; landmarks (68,): vertices.
    """

    neutral: Array
    shapes: Array
    shape_names: tuple[str, ...]
    identity: Array
    triangles: Ints
    material: Ints
    exposure: Array
    landmarks: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Person:
    """Neutral vertices (V, 3); uv (V, 2) in texels of the texture (H, W, 3); closing eyes add lid_shift (V, 2).

    split: where the file says to which part of the data the person belongs.
    """

    name: str
    vertices: Array
    uv: Array
    lid_shift: Array
    texture: Image
    folds: list[Fold]
    split: str | None = None


def load_model(path: Path) -> HeadModel:
    """Read the head model (.npz), keep what is drawn, split quads into triangles."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    names = [str(name) for name in arrays["mat_names"]]
    keep = ~np.isin(arrays["mat"], [names.index(name) for name in HIDDEN])
    faces, material = arrays["faces"][keep], _materials(arrays["faces"], arrays["mat"], names)[keep]
    quads = faces[:, 3] >= 0
    triangles = np.concatenate([faces[:, :3], faces[quads][:, [0, 2, 3]]]).astype(np.int32)
    material = np.concatenate([material, material[quads]])
    neutral = arrays["V"].astype(np.float32)
    return HeadModel(
        neutral=neutral,
        shapes=arrays["expr"].astype(np.float32).reshape(len(arrays["expr"]), -1),
        shape_names=tuple(str(name) for name in arrays["expr_names"]),
        identity=arrays["ident"].astype(np.float32).reshape(len(arrays["ident"]), -1),
        triangles=triangles,
        material=material,
        exposure=_exposure(neutral, triangles[np.isin(material, (TEETH, GUMS, MOUTH))]),
        landmarks=arrays["landmarks68"].astype(np.int64),
    )


def _materials(faces: Ints, material: NDArray[np.int16], names: list[str]) -> Ints:
    out = np.full(len(faces), SKIN, np.int32)
    out[((faces[:, :3] >= MOUTH_SOCKET.start) & (faces[:, :3] < MOUTH_SOCKET.stop)).all(1)] = MOUTH
    for index, name in enumerate(names):
        kind = {"M_Teeth": TEETH, "M_GumsTongue": GUMS}.get(name, EYE if "Sclera" in name or "Iris" in name else None)
        if kind is not None:
            out[material == index] = kind
    return out


def _exposure(vertices: Array, mouth: Ints) -> Array:
    """Share of light (V,): all for the skin, less the deeper a vertex of the mouth's triangles (T, 3) lies."""
    exposure = np.ones(len(vertices), np.float32)
    inside = np.unique(mouth)
    if len(inside):
        depth = vertices[inside, 2].max() - vertices[inside, 2]
        exposure[inside] = np.clip(1 - depth / 2.5, 0.12, 1)
    return exposure


def load_people(path: Path, model: HeadModel, side: int = 600) -> list[Person]:
    """Read the people (.parquet) in the order of their names; textures (side, side, 3) without background.

    A column `expression` (E,) holds the shapes' weights in the photo, which need not be a studio's then.
    """
    wanted = ["id", "image", "identity", "camera", "expression", "split"]
    names = pq.read_schema(path).names
    rows = pq.read_table(path, columns=[name for name in wanted if name in names]).to_pylist()
    return [_person(row, model, side) for row in sorted(rows, key=lambda row: str(row["id"]))]


def _person(row: dict[str, Any], model: HeadModel, side: int) -> Person:
    vertices = model.neutral + (np.asarray(row["identity"], np.float32) @ model.identity).reshape(-1, 3)
    studio = row.get("expression") is None
    shown = vertices if studio else vertices + (np.array(row["expression"], np.float32) @ model.shapes).reshape(-1, 3)
    uv = _texels(shown, np.asarray(row["camera"], np.float32).reshape(4, 2), side)
    photo = decode(row["image"])
    if photo is None:
        raise InputError(f"'image' of {row['id']!r} must be an encoded photo. Got bytes that cannot be decoded.")
    way = cv2.INTER_AREA if studio else cv2.INTER_CUBIC
    photo = cv2.resize(photo, (side, side), interpolation=way).astype(np.uint8)
    landmarks = uv[model.landmarks]
    balls = np.unique(model.triangles[model.material == EYE])
    shift = lid_shift(uv, landmarks)
    shift[balls] = 0
    texture = fill_background(photo, landmarks, studio)
    texture, balls_uv = paint_eyes(texture, uv[balls], landmarks)
    uv[:, 1] = uv[:, 1].clip(EYE_PATCH * side + 1)  # a scalp above the photo must not show the eyes' patches
    uv[balls] = balls_uv
    return Person(str(row["id"]), vertices, uv, shift, texture, place_folds(landmarks), row.get("split"))


def _texels(vertices: Array, camera: Array, side: int) -> Array:
    """Places (V, 2) of the vertices in a texture of side texels."""
    uv = np.c_[vertices, np.ones(len(vertices), np.float32)] @ camera
    return np.asarray(np.c_[uv[:, 0], 1 - uv[:, 1]] * side, np.float32)
