"""A dataset of synthetic faces with exact labels: Action Units of both sides, pose and landmarks of every image."""

import multiprocessing
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from mien.errors import InputError
from mien.facs import CODES
from mien.files import progress_bar, whole_file
from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.parallel import Mapped
from mien.synthesis.assets import HeadModel, Person, load_model, load_people
from mien.synthesis.head import MIDLINE, SHAPES, Rendering, Scene, render
from mien.synthesis.occluders import occlude, skin_patch
from mien.synthesis.recipe import HeadsRecipe
from mien.synthesis.sampling import degrade, pick, sample_scene, sample_shape

MODEL, PEOPLE = "synthetic_heads_model.npz", "synthetic_heads_people.parquet"
"""What the folder of the assets holds."""
ORIGIN = {
    b"source": b"the Face Research Lab London Set",
    b"terms": b"photos CC BY 4.0 (DeBruine & Jones, consent signed); head model MIT (USC-ICT)",
}
"""Of the people of the assets; further files tell their own."""

LABELS = (
    "AU columns: intensity 0-1, the stronger side; with _left and _right: the person's own sides; AU25 from the gap "
    "between the inner lips, AU17 and AU26 alike on both sides; pose in degrees: yaw positive to the person's left, "
    "pitch positive downwards, roll positive counter-clockwise in the picture; landmarks: 68 x, y pairs, pixels, the "
    "person's right side first; occluded: share of the landmarks behind something"
)
WHOLE = [CODES.index(code) for code in CODES if set(SHAPES[code]) <= set(MIDLINE)]
"""Action Units that move the middle of the face alone: as much as both sides are told to on average."""
CHEEK = (2, 31, 48)  # landmarks around it


@dataclass(frozen=True)
class Cast:
    """The head model and the people, each with a split, in pools; shares: of the images that show each pool."""

    model: HeadModel
    pools: tuple[list[Person], ...]
    shares: tuple[float, ...]

    @cached_property
    def kin(self) -> dict[str | None, list[Person]]:
        """All people by split."""
        people = [person for pool in self.pools for person in pool]
        splits = {person.split for person in people}
        return {split: [person for person in people if person.split == split] for split in splits}

    def draw(self, rng: np.random.Generator) -> Person:
        """Somebody by chance."""
        pool = self.pools[0 if len(self.pools) == 1 else rng.choice(len(self.pools), p=self.shares)]
        return pool[rng.integers(len(pool))]


def split_people(people: list[Person]) -> dict[str, str]:
    """Name -> 'train', 'val' or 'test' (80, 10 and 10 % where the people's file says nothing), for every seed alike."""
    if all(person.split for person in people):
        return {person.name: str(person.split) for person in people}
    order = np.random.default_rng(0).permutation(len(people))
    tenth = max(len(people) // 10, 1)
    names = ["test"] * tenth + ["val"] * tenth + ["train"] * len(people)
    return {people[index].name: names[place] for place, index in enumerate(order)}


def people_files(recipe: HeadsRecipe) -> dict[Path, float]:
    """Files of people with the share of images that show them; those of the assets have what the others leave."""
    files = {recipe.assets / part.file: part.share for part in recipe.people}
    rest = 1 - sum(files.values())
    return ({recipe.assets / PEOPLE: rest} if rest > 1e-9 else {}) | files


def load_cast(recipe: HeadsRecipe) -> Cast:
    """Read the head model and the people of a recipe.

    Raises InputError where two files have a person of the same name.
    """
    files = people_files(recipe)
    model, pools, names = load_model(recipe.assets / MODEL), [], set[str]()
    for path in files:
        people = load_people(path, model)
        split = split_people(people)
        if twice := names & set(split):
            raise InputError(f"'people' must be files of different people. Got {min(twice)!r} again in {path.name}.")
        names |= set(split)
        pools.append([replace(person, split=split[person.name]) for person in people])
    return Cast(model, tuple(pools), tuple(np.array([*files.values()]) / sum(files.values())))


def render_some(cast: Cast, recipe: HeadsRecipe, numbers: range) -> Iterator[dict[str, Any]]:
    """The rows of the dataset with these numbers; each depends on the seed and its number alone."""
    for index in numbers:
        rng = np.random.default_rng([recipe.seed, index])
        person = cast.draw(rng)
        kin = cast.kin[person.split]
        neutral = sample_shape(person, kin, rng)
        scene = sample_scene(recipe, kin, rng)
        drawn = render(cast.model, person, scene, recipe.size, neutral)
        image, covered = _hide(drawn, scene, cast.model, kin, recipe, index)
        yield _row(person, scene, drawn, covered, degrade(image, recipe.camera, rng))


def _hide(
    drawn: Rendering, scene: Scene, model: HeadModel, kin: list[Person], recipe: HeadsRecipe, index: int
) -> tuple[Image, float]:
    """The image with something before the face, sometimes, and the share of landmarks behind it.

    It has its own random numbers, so that the same faces are drawn with and without.
    """
    rng = np.random.default_rng([recipe.seed, index, 1])
    if rng.random() >= recipe.occluders.share:
        return drawn.image, 0.0
    other = kin[rng.integers(len(kin))]
    skin = skin_patch(other.texture, other.uv[model.landmarks[list(CHEEK)]])
    return occlude(drawn.image, drawn.landmarks, scene, skin, pick(recipe.occluders.odds(), rng), rng)


def side_intensities(scene: Scene, lips_part: float) -> Array:
    """Action Units (2, 18) of the person's left and right side as they show, 0 to 1; lips part on both alike."""
    sides = np.stack([scene.left, scene.right]).astype(np.float32)
    sides[:, WHOLE] = sides[:, WHOLE].mean(0)
    sides[:, CODES.index("AU25")] = lips_part
    return sides.clip(0, 1)


def _row(person: Person, scene: Scene, drawn: Rendering, covered: float, image: Image) -> dict[str, Any]:
    coded = cv2.imencode(".webp", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, 90])[1]
    row: dict[str, Any] = {"image": coded.tobytes(), "person": person.name, "split": person.split}
    row |= {"yaw": scene.yaw, "pitch": scene.pitch, "roll": scene.roll}
    row |= {"occluded": covered, "landmarks": drawn.landmarks.ravel()}
    sides = side_intensities(scene, float(drawn.intensity[CODES.index("AU25")]))
    for suffix, values in (("", sides.max(0)), ("_left", sides[0]), ("_right", sides[1])):
        row |= {code + suffix: value for code, value in zip(CODES, values.tolist(), strict=True)}
    return row


def schema(metadata: dict[str, str] | None = None) -> pa.Schema:
    """Columns of the file."""
    text, number = pa.string(), pa.float32()
    columns = [("image", pa.binary()), ("person", text), ("split", text)]
    columns += [(name, number) for name in ("yaw", "pitch", "roll", "occluded")] + [("landmarks", pa.list_(number))]
    units = [code + suffix for suffix in ("", "_left", "_right") for code in CODES]
    return pa.schema(columns + [(name, number) for name in units], metadata=metadata)


def describe(recipe: HeadsRecipe) -> dict[str, str]:
    """What the file says of itself: source and terms, also of the people, the meaning of its labels, its recipe."""
    sources, terms = [], []
    for path in people_files(recipe):
        metadata = ORIGIN if path.name == PEOPLE else pq.read_schema(path).metadata or {}
        sources.append(metadata.get(b"source", path.name.encode()).decode())
        terms.append(metadata.get(b"terms", b"unknown").decode())
    drawing = recipe.model_dump_json(exclude={"assets", "people", "out", "workers", "batch"})
    source = "rendered by mien.synthesis.head from ICT-FaceKit and " + "; ".join(sources)
    return {"source": source, "terms": "; ".join(terms), "labels": LABELS, "recipe": drawing}


def render_dataset(recipe: HeadsRecipe, mapped: Mapped | None = None) -> None:
    """Write the images of a recipe with their labels, whole or not at all; a bar shows how far it is.

    The file is the same however many processes draw it. mapped: see `mien.parallel.Mapped`; where it is given, it
    draws instead of the processes of the recipe. Raises InputError for assets that are missing.
    """
    for path in (recipe.assets / MODEL, *people_files(recipe)):
        if not path.is_file():
            raise InputError(f"'assets' must hold {path.name}. Got {str(path.parent)!r}.")
    recipe.out.parent.mkdir(parents=True, exist_ok=True)
    columns = schema(describe(recipe))
    with (
        whole_file(recipe.out) as partial,
        pq.ParquetWriter(partial, columns) as writer,
        progress_bar("faces", recipe.n) as advance,
        closing(_drawn(recipe, mapped)) as parts,
    ):
        for rows in parts:
            writer.write_table(pa.Table.from_pylist(rows, columns))
            for _ in rows:
                advance()


def _drawn(recipe: HeadsRecipe, mapped: Mapped | None) -> Generator[list[dict[str, Any]], None, None]:
    """The rows of each part in order, drawn by this process or by several others."""
    parts = [range(start, min(start + recipe.batch, recipe.n)) for start in range(0, recipe.n, recipe.batch)]
    if mapped is not None:
        yield from mapped(partial(_Drawer, recipe), parts)
        return
    if recipe.workers == 1:
        cast = load_cast(recipe)
        for part in parts:
            with threadpool_limits(1):
                rows = list(render_some(cast, recipe, part))
            yield rows
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(recipe.workers, context, _one_thread) as pool:
        yield from pool.map(_draw_part, [recipe] * len(parts), parts)


class _Drawer:
    """Draws parts of a dataset in another process or on another machine."""

    def __init__(self, recipe: HeadsRecipe) -> None:
        _one_thread()
        self.recipe, self.cast = recipe, load_cast(recipe)

    def __call__(self, part: range) -> list[dict[str, Any]]:
        return list(render_some(self.cast, self.recipe, part))


def _one_thread() -> None:
    """Products of small matrices wait for each other when each process shares them out over all cores."""
    cv2.setNumThreads(1)
    threadpool_limits(1)


_LOADED: list[Cast] = []
"""The one cast of a drawing process."""


def _draw_part(recipe: HeadsRecipe, part: range) -> list[dict[str, Any]]:
    if not _LOADED:
        _LOADED.append(load_cast(recipe))
    return list(render_some(_LOADED[0], recipe, part))
