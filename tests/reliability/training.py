"""Recipes, checkpoints, weights and caches of crops for `mien train`."""

import shutil
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tests.reliability.case import ANY, Case, encoded, pick, portrait
from tests.reliability.mutation import Rng, alter, mutate, mutate_text

ROWS = 12
RECIPE: dict[str, Any] = {
    "name": "tiny", "task": "age", "sources": [{"file": "faces.parquet"}], "data_dir": ".", "cache_dir": "cache",
    "run_dir": "runs", "crop": {"kind": "square", "size": 32, "zoom": 1.25}, "width": 0.25, "epochs": 2,
    "batch_size": 4, "workers": 0, "threads": 1, "warmup": 0.3, "ema": 0.5, "tensorboard": False, "seed": 3,
}  # fmt: skip
"""A recipe that trains for seconds."""


@lru_cache
def faces() -> bytes:
    """A Parquet file of turned portraits with ages."""
    images = []
    for i in range(ROWS):
        turn = cv2.getRotationMatrix2D((80, 80), 3 * i - 15, 1)
        images.append(cv2.warpAffine(portrait(), turn, (160, 160), borderMode=cv2.BORDER_REPLICATE))
    columns = {
        "image": [encoded(np.asarray(image, np.uint8), ".jpg") for image in images],
        "id": [f"face-{i}" for i in range(ROWS)],
        "split": ["train"] * 8 + ["val"] * 2 + ["test"] * 2,
        "age": np.linspace(20, 60, ROWS).astype(np.float32),
        "mood": ["calm", "lively"] * (ROWS // 2),
    }
    buffer = BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def write_set(folder: Path, recipe: Any = RECIPE) -> None:
    """The set and a recipe for it."""
    (folder / "faces.parquet").write_bytes(faces())
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")


ODD: dict[str, str] = {
    "no bytes": "",
    "a list": "[1, 2]",
    "a tag of Python": "!!python/object/apply:os.system ['true']",
    "an anchor that grows": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\n",
    "a key twice": "name: a\nname: b\n",
    "no sources": "name: a\ntask: age\nsources: []\n",
    "another version": "version: 9\nname: a\ntask: age\n",
    "tabs": "name:\ta\n\ttask: age\n",
}
_OVERRIDES = (
    ("task=none", "task=age+", "task=", "task=classification:mood", "task=regression:age", "backbone=none", "crop=3")
    + ("backbone=timm:none", "width=1e-9", "width=nan", "lr=.inf", "epochs=1e9x", "batch_size=99999", "seed=-1")
    + ("seed=99999999999999999999", "devices=99", "accelerator=gpu", "precision=bf16-mixed", "init=none.pt")
    + ("init=faces.parquet", "cache_dir=recipe.yaml", "run_dir=recipe.yaml", "data_dir=none", "name=../up", "name=")
    + ("sources.0.file=none.parquet", "sources.7.file=x", "sources.0.split=mood", "sources.0.weight=0", "crop.size=33")
    + ("crop.kind=aligned", "crop.zoom=50", "mixup=1", "cutmix=1", "early_stop=1", "keep=best", "sampler=balanced")
    + ("balance=mood", "sampler=pairs", "warmup=0", "ema=0", "clip=1e-30", "dropout=0.999", "teacher=none", "pseudo=x")
    + ("=", "a", "epochs", "crop.size.x=1", "ratings=x", "task_options.head=none", "task_options.head=coral", "\0=1")
)
_QUICK = ["epochs=1", "crop.size=32"]


def make_recipe(rng: Rng, number: int, folder: Path) -> Case:
    """A recipe, or an override of one, for `mien train`."""
    odd = list(ODD)
    write_set(folder)
    path = folder / "recipe.yaml"
    command = ["train", "recipe.yaml"]
    if number < len(odd):
        path.write_text(ODD[odd[number]], encoding="utf-8")
        return Case(odd[number], command, frozenset((1, 2)))
    if number < len(odd) + len(_OVERRIDES):
        override = _OVERRIDES[number - len(odd)]
        return Case(override, [*command, *_QUICK, override])
    if number % 4 == 0:
        content, what = mutate_text(path.read_text(encoding="utf-8"), rng)
        path.write_bytes(content)
        return Case(what, command)
    values, what = alter(RECIPE, rng)
    write_set(folder, values)
    return Case(what, command)


@lru_cache
def _run() -> Path:
    """A folder in which the recipe was trained for one epoch of two."""
    from mien.train.engine.trainer import fit
    from mien.train.recipe import Recipe

    folder = Path(mkdtemp(prefix="reliability-run-"))
    write_set(folder)
    places = {key: folder / RECIPE[key] for key in ("data_dir", "cache_dir", "run_dir")}
    fit(Recipe(**{**RECIPE, **places, "epochs": 1}))
    return folder


def copy_run(folder: Path) -> None:
    """The finished run, its crops and its set."""
    shutil.copytree(_run(), folder, dirs_exist_ok=True)


_FILES = ("runs/tiny/last.ckpt", "runs/tiny/last.ckpt", "runs/tiny/metrics.csv", "runs/tiny/recipe.json") + (
    "cache/*/crops.npy",
    "cache/*/where.npz",
    "cache/*/aligned.json",
    "runs/tiny/weights.pt",
    "runs/tiny/weights.pt",
)
_BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "no bytes": lambda _: b"",
    "half of it": lambda content: content[: len(content) // 2],
    "text": lambda _: b"not this\n",
    "zeros": lambda content: bytes(len(content)),
    "without its end": lambda content: content[:-20],
}


def make_checkpoint(rng: Rng, number: int, folder: Path) -> Case:
    """A broken file of a run or of the cache, with what reads it."""
    copy_run(folder)
    pattern = _FILES[number % len(_FILES)]
    path = next(folder.glob(pattern))
    if number < 3 * len(_FILES):
        what = pick(list(_BROKEN), rng)
        content = _BROKEN[what](path.read_bytes())
    else:
        content, what = mutate(path.read_bytes(), rng)
    path.write_bytes(content)
    return Case(f"{pattern}: {what}", _reader(path.name, rng), ANY)


def _reader(name: str, rng: Rng) -> list[str]:
    """A command that reads a file of a run."""
    if name == "weights.pt":
        return pick(
            [
                ["train", "recipe.yaml", "epochs=1", "name=next", "init=runs/tiny/weights.pt"],
                ["evaluate", "runs/tiny", "faces.parquet", "--split", "all", "--min-group", "1"],
                ["export", "runs/tiny", "--out", "exported"],
            ],
            rng,
        )
    if name == "recipe.json" and rng.random() < 0.7:
        return ["evaluate", "runs/tiny", "faces.parquet", "--split", "all"]
    return ["train", "recipe.yaml", "epochs=2"]
