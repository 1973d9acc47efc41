"""Training: a recipe in, a run folder with the best weights, curves and measures out."""

import csv
import json
import platform
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, WeightedRandomSampler

import mien
from mien.errors import InputError
from mien.geometry import Array
from mien.train.data.dataset import FaceDataset, FaceSet, Locator, prepare
from mien.train.model import FaceModel, load_body, normalise
from mien.train.recipe import Recipe
from mien.train.tasks import Task, create_task

Rows = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Sets of a recipe and the rows of each split in each set."""

    sets: list[FaceSet]
    rows: dict[str, Rows]


class FaceModule(L.LightningModule):  # type: ignore[misc]
    """One step of training and of validation; everything else is Lightning's."""

    def __init__(self, model: FaceModel, task: Task, recipe: Recipe, steps: int) -> None:
        super().__init__()
        self.model, self.task, self.recipe, self.steps = model, task, recipe, steps
        self._seen: list[tuple[dict[str, Tensor], dict[str, Tensor]]] = []

    def training_step(self, batch: dict[str, Tensor], index: int) -> Tensor:
        """Loss of one batch."""
        loss = self.task.loss(self._outputs(batch), batch)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: dict[str, Tensor], index: int) -> None:
        """Collect outputs: measures need the whole set."""
        self._seen.append((self._outputs(batch), {name: batch[name] for name in self.task.targets}))

    def on_validation_epoch_end(self) -> None:
        """Measure the task on all that was seen."""
        outputs = {name: torch.cat([seen[0][name] for seen in self._seen]).cpu().numpy() for name in self.task.outputs}
        labels = {name: torch.cat([seen[1][name] for seen in self._seen]).cpu().numpy() for name in self.task.targets}
        self._seen.clear()
        self.log_dict({f"val_{k}": v for k, v in self.task.measure(outputs, labels).items()}, prog_bar=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the state of the random numbers: a resumed run draws what an uninterrupted one draws."""
        checkpoint["random"] = torch.get_rng_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the random numbers where the checkpoint was saved."""
        if "random" in checkpoint:
            torch.set_rng_state(checkpoint["random"].cpu())

    def configure_optimizers(self) -> Any:
        """AdamW without decay on biases and norms, one cycle with cosine ends."""
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.recipe.lr, total_steps=self.steps, pct_start=self.recipe.warmup, cycle_momentum=False
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def _outputs(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        image = normalise(batch["image"]).contiguous(memory_format=torch.channels_last)
        return dict(zip(self.task.outputs, self.model(image), strict=True))


def load_sets(recipe: Recipe, landmarker: Locator | None = None) -> Prepared:
    """All sources of a recipe, aligned and split. Raises InputError for a split without a face."""
    sets = [prepare(recipe, source, landmarker) for source in recipe.sources]
    for faces in sets:
        _comparison_groups(faces)
    pairs = list(zip(sets, recipe.sources, strict=True))
    rows: dict[str, Rows] = {
        split: [_rows(faces, source.split, source.splits.get(split, [])) for faces, source in pairs]
        for split in ("train", "val", "test")
    }
    for k, source in enumerate(recipe.sources):
        if source.holdout:
            held = np.random.default_rng(0).random(len(rows["train"][k])) < source.holdout
            rows["val"][k], rows["train"][k] = rows["train"][k][held], rows["train"][k][~held]
    for split in ("train", "val"):
        if not sum(len(r) for r in rows[split]):
            raise InputError(
                f"The split {split!r} must hold at least one face. Got none; look at `splits` in the recipe."
            )
    return Prepared(sets, rows)


def _rows(faces: FaceSet, column: str, values: list[str]) -> NDArray[np.int64]:
    if column not in faces.columns:
        raise InputError(f"{faces.name!r} must have the split column {column!r}. Got {sorted(faces.columns)}.")
    return np.flatnonzero(np.isin(faces.columns[column].astype(str), values))


def _comparison_groups(faces: FaceSet) -> None:
    """Number the set and sex of rated faces: ratings are compared within those only."""
    if "rating" not in faces.labels:
        return
    sex = faces.columns["group"] if "group" in faces.columns else faces.columns["gender"]
    kinds = np.array([f"{faces.name}-{str(value)[-1] if 'group' in faces.columns else value}" for value in sex])
    _, number = np.unique(kinds, return_inverse=True)
    offset = 100 * (1 + sum(map(ord, faces.name)) % 997)
    faces.labels["comparison_group"] = (number + offset).astype(np.float32)


def sample_weights(prepared: Prepared, balance: str | None) -> Array:
    """Weight (N,) of each training face: its set's, and rarer labels more often (square root, within the set)."""
    weights = []
    for faces, rows in zip(prepared.sets, prepared.rows["train"], strict=True):
        weight = np.full(len(rows), faces.weight)
        if balance and balance in faces.labels:
            value = np.nan_to_num(faces.labels[balance][rows].reshape(len(rows), -1).mean(1))
            bins = (value / 5).astype(int)
            rarity = 1 / np.sqrt(np.bincount(bins)[bins])
            weight = weight * rarity / rarity.mean()
        weights.append(weight)
    return np.concatenate(weights)


def build_model(recipe: Recipe, task: Task) -> FaceModel:
    """The network of a recipe, from `init` weights where it names a run."""
    model = FaceModel(task, recipe.backbone, recipe.width, recipe.crop.size, recipe.dropout)
    if recipe.init:
        load_body(model, torch.load(recipe.init, weights_only=True))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def fit(recipe: Recipe, landmarker: Locator | None = None, resume: bool = True) -> Path:
    """Train; returns the run folder. A killed run goes on from its last checkpoint."""
    torch.set_num_threads(recipe.threads)
    L.seed_everything(recipe.seed, workers=True, verbose=False)
    run = recipe.run_dir / recipe.name
    run.mkdir(parents=True, exist_ok=True)
    (run / "recipe.json").write_text(recipe.model_dump_json(indent=1))
    (run / "environment.json").write_text(json.dumps(_environment(), indent=1))
    task = create_task(recipe.task, **recipe.task_options)
    prepared = load_sets(recipe, landmarker)
    train, val = _loaders(recipe, task, prepared)
    module = FaceModule(build_model(recipe, task), task, recipe, recipe.epochs * len(train))
    last = run / "last.ckpt"
    checkpoint = last if resume and last.exists() else None
    trainer = _trainer(recipe, run, _logger(run, checkpoint))
    trainer.fit(module, train, val, ckpt_path=str(checkpoint) if checkpoint else None)
    averaged = torch.load(last, weights_only=False)["state_dict"]
    torch.save({k.removeprefix("model."): v for k, v in averaged.items() if k.startswith("model.")}, run / "weights.pt")
    return run


def _loaders(recipe: Recipe, task: Task, prepared: Prepared) -> tuple[DataLoader[Any], DataLoader[Any]]:
    train = FaceDataset(prepared.sets, prepared.rows["train"], recipe.crop, task.targets, recipe.augment)
    val = FaceDataset(prepared.sets, prepared.rows["val"], recipe.crop, task.targets)
    weights = sample_weights(prepared, recipe.balance)
    share = sum(s.weight * len(r) for s, r in zip(prepared.sets, prepared.rows["train"], strict=True))
    sampler = WeightedRandomSampler(weights.tolist(), int(share))
    common: dict[str, Any] = {"num_workers": recipe.workers, "batch_size": recipe.batch_size}
    return DataLoader(train, sampler=sampler, drop_last=True, **common), DataLoader(val, **common)


def _logger(run: Path, checkpoint: Path | None) -> CSVLogger:
    """Curves in metrics.csv; a resumed run keeps the rows up to its checkpoint, which Lightning would delete."""
    path, rows = run / "metrics.csv", []
    if checkpoint and path.is_file():
        done = torch.load(checkpoint, weights_only=False)["global_step"]
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if int(row["step"]) < done]
    logger = CSVLogger(run, name=None, version="")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning says that it deletes what was just read
        logger.experiment.metrics.extend(rows)
    logger.save()
    return logger


def _trainer(recipe: Recipe, run: Path, logger: CSVLogger) -> L.Trainer:
    checkpoint = ModelCheckpoint(run, filename="last", save_top_k=1, enable_version_counter=False)
    callbacks = [checkpoint, LearningRateMonitor(), EMAWeightAveraging(decay=recipe.ema)]
    return L.Trainer(
        max_epochs=recipe.epochs,
        accelerator="auto",
        precision=precision(recipe.precision),
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=callbacks,
        logger=logger,
        gradient_clip_val=recipe.clip,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=50,
    )


def precision(wanted: str) -> Literal["32-true", "bf16-mixed"]:
    """'auto' takes bfloat16 on a GPU that computes with it; on processors float32 was faster for these networks."""
    if wanted == "auto":
        return "bf16-mixed" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "32-true"
    return "bf16-mixed" if wanted == "bf16-mixed" else "32-true"


def _environment() -> dict[str, str]:
    """Versions, and the commit when the code runs from a checkout."""
    versions = {"mien": mien.__version__, "python": platform.python_version()}
    versions |= {"torch": torch.__version__, "lightning": L.__version__}
    here = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        commit = subprocess.run(here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return versions
    return {**versions, "commit": commit}
