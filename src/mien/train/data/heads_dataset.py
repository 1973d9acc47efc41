"""A set of rendered heads with exact labels: Action Units, pose and landmarks of every picture.

python -m mien.train.data.heads_dataset ASSETS OUT N [SEED [WORKERS]]
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mien.errors import InputError, expect
from mien.facs import CODES
from mien.geometry import Array, Image
from mien.train.data.heads import Rendering, Scene, render
from mien.train.data.heads_assets import HeadModel, Person, load_model, load_people
from mien.train.data.heads_glasses import sample_glasses

PROTOTYPES: tuple[dict[str, float], ...] = (
    {},
    {"AU06": 0.9, "AU12": 0.9},
    {"AU06": 0.9, "AU12": 1.0, "AU25": 1.0, "AU26": 0.25},
    {"AU01": 1.0, "AU04": 0.8, "AU15": 1.0, "AU17": 0.5},
    {"AU04": 1.0, "AU07": 1.0, "AU17": 0.4, "AU24": 1.0},
    {"AU04": 1.0, "AU05": 0.8, "AU07": 0.7, "AU23": 1.0},
    {"AU04": 0.5, "AU09": 1.0, "AU10": 0.8},
    {"AU01": 1.0, "AU02": 1.0, "AU05": 1.0, "AU26": 0.9},
    {"AU01": 1.0, "AU02": 0.7, "AU04": 0.8, "AU05": 0.9, "AU20": 1.0, "AU25": 0.6},
    {"AU14": 1.0},
    {"AU43": 1.0},
    {"AU25": 0.7, "AU26": 0.5},
    {"AU04": 0.9, "AU06": 0.8, "AU07": 0.9, "AU10": 0.6, "AU43": 0.6},
)
"""Neutral, smile, laugh, sadness, anger twice, disgust, surprise, fear, contempt, closed eyes, speech, pain."""

UNLABELLED = ("mouthPucker", "mouthFunnel", "mouthLeft", "mouthRight", "jawForward")

METADATA = {
    "source": "rendered by mien.train.data.heads from ICT-FaceKit and the Face Research Lab London Set",
    "terms": "photos CC BY 4.0 (DeBruine & Jones, consent signed); head model MIT (USC-ICT)",
    "labels": "AU columns: intensity 0-1, the stronger side; AU25 from the opening of the inner lips; pose in degrees: "
    "yaw positive to the person's left, pitch positive downwards, roll positive counter-clockwise in the picture; "
    "landmarks: 68 x, y pairs, pixels, the person's right side first",
}


def split_people(people: list[Person]) -> dict[str, str]:
    """Name -> 'train', 'val' or 'test' (80, 10 and 10 %), the same for every seed."""
    order = np.random.default_rng(0).permutation(len(people))
    tenth = max(len(people) // 10, 1)
    names = ["test"] * tenth + ["val"] * tenth + ["train"] * len(people)
    return {people[index].name: names[place] for place, index in enumerate(order)}


def sample_units(rng: np.random.Generator) -> Array:
    """Intensities (18,) of one face: three times in four a prototype with gaps, now and then any unit by itself."""
    units = dict.fromkeys(CODES, 0.0)
    if rng.random() < 0.75:
        for code, weight in PROTOTYPES[rng.integers(len(PROTOTYPES))].items():
            if rng.random() < 0.85:
                units[code] = weight * rng.uniform(0.5, 1.3)
    for code in CODES:
        if rng.random() < 0.08:
            units[code] = max(units[code], rng.uniform(0.3, 1.2))
    if units["AU43"] > 0:
        units["AU05"] = 0.0
        units["AU43"] = min(units["AU43"], 1.0)
    if max(units["AU23"], units["AU24"]) > 0 and rng.random() < 0.9:
        units["AU25"] = units["AU26"] = 0.0
    return np.array([units[code] for code in CODES], np.float32)


def split_sides(units: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Left and right intensities (18,) each; one in four faces is crooked, and contempt is mostly one-sided."""
    left, right = units.copy(), units.copy()
    weak, strong = (left, right) if rng.random() < 0.5 else (right, left)
    if rng.random() < 0.25:
        weak *= rng.uniform(0.3, 1, len(CODES)).astype(np.float32)
    dimpler = CODES.index("AU14")
    if strong[dimpler] > 0 and rng.random() < 0.5:
        weak[dimpler] = 0
    return left, right


def _clipped(rng: np.random.Generator, deviation: float, limit: float) -> float:
    return float(np.clip(rng.normal(0, deviation), -limit, limit))


def _gaze(rng: np.random.Generator) -> dict[str, float]:
    """Blendshapes of a glance aside; looking down is what closed eyes must be told from."""
    extra: dict[str, float] = {}
    if rng.random() < 0.4:
        aside, up = rng.normal(0, 0.35), rng.normal(-0.1, 0.4)
        extra["eyeLookOut_L" if aside > 0 else "eyeLookIn_L"] = min(abs(aside), 0.8)
        extra["eyeLookIn_R" if aside > 0 else "eyeLookOut_R"] = min(abs(aside), 0.8)
        for side in "LR":
            extra[("eyeLookUp_" if up > 0 else "eyeLookDown_") + side] = min(abs(up), 0.9)
    return extra


def _extra_shapes(units: Array, rng: np.random.Generator) -> dict[str, float]:
    """Movements without a label: gaze, a shifted jaw, lips kept shut by the jaw under a raised upper lip."""
    extra = _gaze(rng)
    if rng.random() < 0.1:
        extra[str(rng.choice(UNLABELLED))] = rng.uniform(0.2, 0.6)
    nose, lip, jaw = (float(units[CODES.index(code)]) for code in ("AU09", "AU10", "AU26"))
    if jaw == 0 and rng.random() < 0.5:
        extra["jawOpen"] = -min(0.17 * nose + 0.18 * lip, 0.25)
    return extra


def _light(rng: np.random.Generator) -> dict[str, Any]:
    aside, above = rng.normal(0, 0.6), rng.normal(0.3, 0.45)
    tint = rng.uniform(0.7, 1.25) * rng.normal(1, 0.05, 3).clip(0.85, 1.15)
    return {"light": (aside, above, 0.9), "ambient": rng.uniform(0.3, 0.85), "tint": tuple(tint.tolist())}


def _tone(rng: np.random.Generator) -> Array:
    """Lab shift (3,) of two skins in three: mostly lightness, a little hue."""
    shift = rng.normal(0, 1, 3) * [18, 4, 5] + [-8, 0, 0]
    return np.asarray(shift if rng.random() < 0.67 else np.zeros(3), np.float32)


def _creases(rng: np.random.Generator) -> Array:
    """Weak folds (18,) that some faces keep at rest, so that a fold alone proves nothing."""
    chosen = rng.random(len(CODES)) < (0.3 if rng.random() < 0.35 else 0)
    return np.asarray(chosen * rng.uniform(0.1, 0.45, len(CODES)), np.float32)


def sample_shape(person: Person, kin: list[Person], rng: np.random.Generator) -> Array:
    """Neutral vertices (V, 3): the person's, moved towards or away from two relatives, and some hair on the scalp."""
    vertices = person.vertices.copy()
    for other in rng.integers(len(kin), size=2):
        vertices += np.float32(rng.uniform(-0.2, 0.4)) * (kin[other].vertices - person.vertices)
    y, z = vertices[:, 1], vertices[:, 2]
    scalp = np.clip((y - 8 + 0.7 * np.maximum(4 - z, 0)) / 4, 0, 1) * (y > 0)
    middle = np.array([0, 4, 2], np.float32)
    grown = vertices + scalp[:, None] * (vertices - middle) * rng.choice([0, rng.uniform(0, 0.18)])
    return np.asarray(grown, np.float32)


def sample_background(people: list[Person], rng: np.random.Generator, size: int) -> Image:
    """Blurred noise, a gradient, or a blurred piece of somebody's photo (size, size, 3)."""
    kind = rng.integers(4)
    if kind == 0:
        cells = rng.integers(0, 256, (int(rng.integers(2, 9)),) * 2 + (3,)).astype(np.uint8)
    elif kind == 1:
        cells = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    else:
        photo = people[rng.integers(len(people))].texture
        side = int(rng.uniform(0.2, 0.9) * photo.shape[0])
        y, x = rng.integers(0, photo.shape[0] - side, 2)
        cells = np.rot90(photo[y : y + side, x : x + side], int(rng.integers(4))).copy()
    side = size // 4  # it is blurred anyway
    image = cv2.resize(cells, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    gray = image.mean(2, keepdims=True)
    image = gray + (image - gray) * rng.uniform(0, 1)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.02, 0.08) * side)
    image *= rng.uniform(0.3, 1.2) * rng.normal(1, 0.1, 3)
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray((image + rng.normal(0, 3, (size, size, 1))).clip(0, 255), np.uint8)


def sample_scene(people: list[Person], rng: np.random.Generator, size: int) -> Scene:
    """Everything but the person drawn by chance."""
    units = sample_units(rng)
    left, right = split_sides(units, rng)
    return Scene(
        left=left,
        right=right,
        extra=_extra_shapes(units, rng),
        yaw=_clipped(rng, 24, 75),
        pitch=_clipped(rng, 12, 40),
        roll=_clipped(rng, 10, 30),
        distance=float(np.exp(rng.uniform(np.log(40), np.log(160)))),
        face_side=rng.uniform(0.55, 0.75),
        shift=tuple(rng.uniform(-0.07, 0.07, 2).tolist()),
        creases=_creases(rng),
        fold_seed=int(rng.integers(1 << 30)),
        fold_gain=float(np.exp(rng.normal(-0.1, 0.4))),
        background=sample_background(people, rng, size),
        glasses=sample_glasses(rng) if rng.random() < 0.15 else None,
        tone=_tone(rng),
        **_light(rng),
    )


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """What a camera does to a picture: gamma, blur, noise and JPEG, all mild."""
    out = 255 * (image / 255) ** rng.uniform(0.75, 1.3)
    if rng.random() < 0.5:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.2)))
    out = out + rng.normal(0, rng.uniform(0, 6), out.shape)
    clean = out.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        coded = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))])[1]
        clean = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return clean


def render_rows(model: HeadModel, people: list[Person], n: int, seed: int, size: int) -> Iterator[dict[str, Any]]:
    """Rows of the set; each depends on seed and its number alone."""
    yield from render_some(model, people, range(n), seed, size)


def render_some(
    model: HeadModel, people: list[Person], numbers: range, seed: int, size: int
) -> Iterator[dict[str, Any]]:
    """The rows of these numbers."""
    split = split_people(people)
    for index in numbers:
        rng = np.random.default_rng([seed, index])
        person = people[rng.integers(len(people))]
        kin = [other for other in people if split[other.name] == split[person.name]]
        neutral = sample_shape(person, kin, rng)
        scene = sample_scene(kin, rng, size)
        drawn = render(model, person, scene, size, neutral)
        yield _row(person, split[person.name], scene, drawn, degrade(drawn.image, rng))


def _row(person: Person, split: str, scene: Scene, drawn: Rendering, image: Image) -> dict[str, Any]:
    coded = cv2.imencode(".webp", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, 90])[1]
    row: dict[str, Any] = {"image": coded.tobytes(), "person": person.name, "split": split}
    row |= {"yaw": scene.yaw, "pitch": scene.pitch, "roll": scene.roll}
    return row | {"landmarks": drawn.landmarks.ravel()} | dict(zip(CODES, drawn.intensity.tolist(), strict=True))


def schema() -> pa.Schema:
    """Columns of the file and its metadata."""
    text, number = pa.string(), pa.float32()
    columns = [("image", pa.binary()), ("person", text), ("split", text)]
    columns += [(name, number) for name in ("yaw", "pitch", "roll")] + [("landmarks", pa.list_(number))]
    return pa.schema(columns + [(code, number) for code in CODES], metadata=METADATA)


def render_dataset(
    assets: Path, out: Path, n: int, seed: int, size: int = 160, *, batch: int = 500, workers: int = 1
) -> None:
    """Write n rendered pictures of size pixels with their labels to `out` (.parquet), whole or not at all.

    The file is the same however many processes (`workers`) draw it.
    """
    expect(n >= 1, "n", "at least 1", n)
    mesh, photos = assets / "synthetic_heads_model.npz", assets / "synthetic_heads_people.parquet"
    for path in (mesh, photos):
        if not path.is_file():
            raise InputError(f"'assets' must hold {path.name}. Got {str(assets)!r}.")
    partial = out.with_name(f"{out.name}.{os.getpid()}.partial")
    parts = [range(start, min(start + batch, n)) for start in range(0, n, batch)]
    try:
        with pq.ParquetWriter(partial, schema()) as writer:
            for rows in _drawn(mesh, photos, parts, seed, size, workers):
                writer.write_table(pa.Table.from_pylist(rows, schema()))
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


def _drawn(
    mesh: Path, photos: Path, parts: list[range], seed: int, size: int, workers: int
) -> Iterator[list[dict[str, Any]]]:
    """The rows of each part in order, drawn by this process or by several others."""
    if workers == 1:
        model = load_model(mesh)
        people = load_people(photos, model)
        yield from (list(render_some(model, people, part, seed, size)) for part in parts)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _load, (mesh, photos)) as pool:
        yield from pool.map(_draw_part, parts, [seed] * len(parts), [size] * len(parts))


_LOADED: dict[str, Any] = {}
"""Assets of a drawing process."""


def _load(mesh: Path, photos: Path) -> None:
    cv2.setNumThreads(1)
    _LOADED["model"] = load_model(mesh)
    _LOADED["people"] = load_people(photos, _LOADED["model"])


def _draw_part(part: range, seed: int, size: int) -> list[dict[str, Any]]:
    return list(render_some(_LOADED["model"], _LOADED["people"], part, seed, size))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[3:]]
    seeds, processes = (given[1:2] or [1]), (given[2:3] or [os.cpu_count() or 1])
    render_dataset(Path(sys.argv[1]), Path(sys.argv[2]), given[0], seeds[0], workers=processes[0])
