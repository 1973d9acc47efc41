"""Training: faces a second that the loader cuts and changes, steps of the engine, and time from command to first step.

The set is made here: one portrait, jittered, as Parquet. Loader and step are timed in turn in the same run, so that
their ratio says which one waits for the other.
"""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from common import arguments, finish, portrait, print_table, spread
from torch.utils.data import DataLoader

from mien.train.data.faceset import FaceDataset
from mien.train.engine.loaders import Prepared, load_sets, task_of
from mien.train.engine.module import FaceModule
from mien.train.engine.trainer import build_model
from mien.train.recipe import Augment, Recipe

BATCH = 64
RECIPE = """\
name: bench
task: age
sources: [{file: faces.parquet}]
width: 0.75
epochs: 1
batch_size: 64
threads: 2
"""


def write_faces(folder: Path, count: int) -> None:
    """faces.parquet: one portrait, turned and lit anew each time, with ages drawn by chance."""
    rng = np.random.default_rng(0)
    image = portrait()
    encoded = []
    for _ in range(count):
        turned = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), rng.uniform(-15, 15), 1.0)
        moved = cv2.warpAffine(image, turned, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REPLICATE)
        lit = np.clip(moved * rng.uniform(0.6, 1.2), 0, 255).astype(np.uint8)
        encoded.append(cv2.imencode(".jpg", lit[..., ::-1])[1].tobytes())
    split = ["val" if i % 10 == 0 else "train" for i in range(count)]
    columns = {"image": encoded, "age": rng.uniform(1, 90, count), "split": split}
    pq.write_table(pa.table(columns), folder / "faces.parquet")


def recipe_of(folder: Path) -> Recipe:
    """The recipe of `mien train`, its folders inside this one."""
    import yaml

    places = {"data_dir": folder, "cache_dir": folder / "cache", "run_dir": folder / "runs"}
    return Recipe(**yaml.safe_load(RECIPE), **places)


def batches(prepared: Prepared, recipe: Recipe, augment: Augment | None, workers: int) -> Iterator[Any]:
    """Batches without end."""
    rows = [np.resize(r, 20 * BATCH) for r in prepared.rows["train"]]
    data = FaceDataset(prepared.sets, rows, recipe.crop, task_of(recipe).targets, augment)
    while True:
        yield from DataLoader(data, BATCH, num_workers=workers)


def rates(prepared: Prepared, recipe: Recipe, rounds: int) -> dict[str, list[float]]:
    """Faces a second: cut alone, cut and changed, and taken by a training step."""
    sources = {
        "cut": batches(prepared, recipe, None, 0),
        "cut and changed": batches(prepared, recipe, recipe.augment, 0),
    }
    task = task_of(recipe)
    module = FaceModule(build_model(recipe, task), task, recipe, 1000)
    module.log = lambda *args, **options: None
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4)
    batch = next(sources["cut"])

    def step() -> None:
        optimizer.zero_grad()
        module.training_step(batch, 0).backward()
        optimizer.step()

    jobs = {**{name: source.__next__ for name, source in sources.items()}, "training step": step}
    found: dict[str, list[float]] = {name: [] for name in jobs}
    for round_ in range(rounds + 1):
        for name, job in jobs.items():
            begin = time.perf_counter()
            for _ in range(3):
                job()
            if round_:
                found[name].append(3 * BATCH / (time.perf_counter() - begin))
    return found


def first_step(folder: Path) -> float:
    """Seconds from `mien train` to the first logged loss, crops being cut already."""
    (folder / "bench.yaml").write_text(RECIPE, encoding="utf-8")
    command = [sys.executable, "-c", "import sys; from mien.cli import main; sys.argv[0] = 'mien'; main()", "train"]
    given = [f"{key}={folder / name}" for key, name in (("data_dir", ""), ("cache_dir", "cache"), ("run_dir", "runs"))]
    begin = time.perf_counter()
    train = subprocess.Popen([*command, str(folder / "bench.yaml"), *given, "tensorboard=false", "--fresh"])
    events = folder / "runs" / "bench" / "metrics.csv"
    while train.poll() is None and not _has_loss(events):
        time.sleep(0.02)
    took = time.perf_counter() - begin
    train.wait()
    if train.returncode:
        raise SystemExit("`mien train` must train on the set made here. It failed.")
    events.unlink()
    return took


def _has_loss(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(newline="", encoding="utf-8") as file:
        return any(row.get("loss") for row in csv.DictReader(file))


def main() -> None:
    """Make the set, time the loader, the step and the start."""
    given = arguments(__doc__)
    torch.set_num_threads(2)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_faces(folder, 3 * BATCH)
        recipe = recipe_of(folder)
        begin = time.perf_counter()
        prepared = load_sets(recipe)
        cutting = 3 * BATCH / (time.perf_counter() - begin)
        found = rates(prepared, recipe, 3 if given.quick else 15)
        starts = [first_step(folder) for _ in range(2 if given.quick else 5)]
    timed = {name: spread(values) for name, values in found.items()}
    print_table(
        ["faces / s", "median", "slowest", "fastest"],
        [(name, *(t[key] for key in ("median", "min", "max"))) for name, t in timed.items()],
    )
    waits = spread(a / b for a, b in zip(found["cut and changed"], found["training step"], strict=True))
    start = spread(starts)
    print(
        f"loader / step {waits['median']:.2f}, first loss after {start['median']:.1f} s, aligning {cutting:.0f} faces/s"
    )
    results = {
        "faces_per_second": timed,
        "loader_to_step": waits,
        "align_faces_per_second": cutting,
        "seconds_to_first_loss": start,
    }
    headlines = {
        "training, faces/s that one loader process cuts and changes against those that a step takes": (
            f"{timed['cut and changed']['median']:.0f} against {timed['training step']['median']:.0f}"
        ),
        "`mien train` from command to first loss": f"{start['median']:.1f} s",
    }
    finish("training", given, results, headlines, threads=[2])


if __name__ == "__main__":
    main()
