"""Rated faces as the shipped age network sees them: maps of its frozen layers, ready for many short trainings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.datasets.crop import Crop
from mien.datasets.labels import usual_spread
from mien.errors import expect
from mien.files import progress_bar
from mien.runtime.models import find_model
from mien.train.data.dataset import prepare
from mien.train.data.faceset import FaceDataset, FaceSet
from mien.train.fold import fold
from mien.train.model import FaceModel, normalise
from mien.train.recipe import Augment, Recipe
from mien.train.tasks import create_task
from mien.train.warm_start import read_weights

SETS = ("scut_fbp5500", "mebeauty")
CACHE = Path("cache")
CROP = Crop(kind="aligned", size=112, scale=0.42, zoom=1.3)
AUGMENT = Augment(shift=0.02, scale=0.05, rotation=4)
RATERS = 60
"""Of each face of scut_fbp5500, which has no column that tells it."""
Rows = NDArray[np.int64]
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Rated:
    """Faces with ratings in units of the spread of the training ratings of their set and sex.

    views (N, V, C, S, S): maps of the frozen layers, of the face as it is, of its mirror image and of changed ones.
    rating, spread (N,): mean and standard deviation over raters; error (N,): of the mean; group (N,): set and sex.
    """

    views: Tensor
    rating: Tensor
    spread: Tensor
    error: Tensor
    group: Tensor

    def __len__(self) -> int:
        return len(self.rating)

    def take(self, rows: Tensor) -> "Rated":
        """Some of the faces."""
        return Rated(self.views[rows], self.rating[rows], self.spread[rows], self.error[rows], self.group[rows])


@dataclass(frozen=True, slots=True)
class World:
    """Faces to learn from and to measure on, and the layers (B, C, S, S) -> (B, D) that learn.

    groups: names, 'SET SEX'. pooled: a part of those layers that gives features (B, E) as they are.
    """

    train: Rated
    test: Rated
    groups: tuple[str, ...]
    tail: nn.Module
    pooled: nn.Module


def load_world(folder: Path, views: int, cut: int, limit: int | None) -> World:
    """Both sets of a folder. views: changed ones of each training face; cut: layers that are frozen.

    limit: faces of each set and split, None for all. Raises InputError where a file is missing.
    """
    for name in SETS:
        expect((folder / f"{name}.parquet").is_file(), "data", f"a folder that holds {name}.parquet", str(folder))
    body, tail = split_network(cut)
    parts: dict[str, list[Rated]] = {"train": [], "test": []}
    groups: list[str] = []
    for name in SETS:
        source = {"file": f"{name}.parquet", "labels": []}
        about = {"name": name, "task": "attractiveness", "data_dir": folder, "cache_dir": CACHE}
        recipe = Recipe.model_validate({**about, "sources": [source], "crop": CROP})
        faces = prepare(recipe, recipe.sources[0])
        faces.labels.setdefault("rating_spread", usual_spread(faces.labels["rating"]))
        sex = sexes(faces.columns)
        rows = {split: _rows(faces, split == "test", limit) for split in parts}
        for split, chosen in rows.items():
            seen = maps(body, faces, chosen, views if split == "train" else 0)
            parts[split].append(_rated(faces, sex, chosen, rows["train"], seen, len(groups)))
        groups += [f"{name} {label}" for label in np.unique(sex)]
    return World(joined(parts["train"]), joined(parts["test"]), tuple(groups), tail, up_to_pooling(tail))


def sexes(columns: Mapping[str, Any]) -> NDArray[np.str_]:
    """Sex (N,), 'female' or 'male', from the column `gender`, or from the last letter of `group`."""
    if "gender" in columns:
        return np.asarray(columns["gender"], str)
    return np.array([{"F": "female", "M": "male"}[str(group)[-1]] for group in columns["group"]])


def _rows(faces: FaceSet, test: bool, limit: int | None) -> Rows:
    """Rated rows of the test split, or of all others; the first `limit` in an order of chance."""
    known = ~np.isnan(faces.labels["rating"]) & ~np.isnan(faces.labels["rating_spread"])
    rows = np.flatnonzero(known & ((faces.columns["split"].astype(str) == "test") == test))
    return rows if limit is None else np.sort(np.random.default_rng(0).permutation(rows)[:limit])


def _rated(faces: FaceSet, sex: NDArray[np.str_], rows: Rows, train: Rows, views: Tensor, first: int) -> Rated:
    """Ratings less the mean of the training faces of the same sex, over their standard deviation."""
    rating, spread = (torch.from_numpy(faces.labels[name]).float() for name in ("rating", "rating_spread"))
    raters = torch.from_numpy(np.asarray(faces.columns.get("n_raters", np.full(len(faces), RATERS)), np.float32))
    group = torch.from_numpy(np.unique(sex, return_inverse=True)[1])
    unit, middle = torch.ones(len(faces)), torch.zeros(len(faces))
    for label in range(int(group.max()) + 1):
        known = rating[torch.from_numpy(train)][group[train] == label]
        middle[group == label], unit[group == label] = known.mean(), known.std()
    rating, spread = (rating - middle) / unit, spread / unit
    return Rated(views, rating[rows], spread[rows], (spread / raters.sqrt())[rows], group[rows] + first)


def joined(parts: list[Rated]) -> Rated:
    """The faces of several sets."""
    names = ("views", "rating", "spread", "error", "group")
    return Rated(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def up_to_pooling(tail: nn.Sequential) -> nn.Module:
    """The layers up to the mean over places."""
    last = max(k for k, layer in enumerate(tail) if isinstance(layer, nn.Flatten))
    return tail[: last + 1]


def split_network(cut: int) -> tuple[nn.Module, nn.Sequential]:
    """The first `cut` layers of the age network (of an ensemble, of its first member), and the rest without a head.

    A bias that a batch norm is folded into does not learn.
    """
    path = find_model("age")
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    task, recipe = create_task("age", head=card["decoding"]["head"]), card["recipe"]
    model = FaceModel(task, recipe["backbone"], recipe["width"], CROP.size)
    fold(model.eval())
    weights = read_weights(path)
    model.load_state_dict({name: weights[name] for name in model.state_dict()})
    layers = list(model.backbone.layers)  # type: ignore[arg-type]
    body = nn.Sequential(*layers[:cut]).eval().requires_grad_(False)
    return body, nn.Sequential(*layers[cut:], *model.embedding)


def maps(body: nn.Module, faces: FaceSet, rows: Rows, changed: int) -> Tensor:
    """Maps (N, 2 + changed, C, S, S), float16, of faces as they are, mirrored, and changed at random."""
    plain = FaceDataset([faces], [rows], CROP, {})
    other = FaceDataset([faces], [rows], CROP, {}, AUGMENT)
    features = []
    with torch.random.fork_rng(devices=[]), progress_bar(f"reading {faces.name}", len(rows)) as advance:
        torch.manual_seed(0)
        for start in range(0, len(rows), _BATCH):
            items = range(start, min(start + _BATCH, len(rows)))
            image = torch.stack([plain[k]["image"] for k in items])
            more = [torch.stack([other[k]["image"] for k in items]) for _ in range(changed)]
            features.append(_seen(body, torch.stack([image, image.flip(-1), *more], 1)))
            for _ in items:
                advance()
    return torch.cat(features)


@torch.no_grad()
def _seen(body: nn.Module, image: Tensor) -> Tensor:
    """Maps (B, V, C, S, S) of pictures (B, V, 3, H, W)."""
    features: Tensor = body(normalise(image.flatten(0, 1)))
    return features.half().reshape(*image.shape[:2], *features.shape[1:])
