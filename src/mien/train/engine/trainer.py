"""Training: a recipe in, a run folder with the best weights, curves and metrics out."""

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint, WeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from torch import nn
from torch.utils.data import DataLoader

from mien.errors import InputError, MienError
from mien.files import replace_text
from mien.geometry import Array
from mien.train.data.dataset import Locator
from mien.train.data.samplers import Shared
from mien.train.engine.loaders import Prepared, complete, load_sets, make_loaders, task_of
from mien.train.engine.module import FaceModule
from mien.train.engine.runs import (
    DrawCurves,
    check_space,
    csv_logger,
    load_weights,
    open_run,
    read_checkpoint,
    without_advice,
)
from mien.train.engine.shifts import Shifts, make_shifts, write_shifts
from mien.train.engine.teaching import origins, with_soft_targets
from mien.train.model import FaceModel, normalise
from mien.train.recipe import Recipe
from mien.train.tasks import Task
from mien.train.warm_start import load_body, read_weights, warm_start

WARM_BATCHES = 8
"""Training batches that tell the norms of an exported network their statistics."""


def build_model(recipe: Recipe, task: Task) -> FaceModel:
    """The network of a recipe, from the weights of a run where `init` names them."""
    model = FaceModel(
        task,
        recipe.backbone,
        recipe.width,
        recipe.crop.size,
        recipe.dropout,
        stem_stride=recipe.stem_stride,
        drop_path=recipe.drop_path,
        aux=recipe.aux > 0,
    )
    if recipe.init and not recipe.init.is_file():
        raise InputError(f"'init' must be the weights.pt of a run, or an exported ONNX file. Got {str(recipe.init)!r}.")
    if recipe.init and recipe.init.suffix != ".onnx":
        load_body(model, load_weights(recipe.init))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def fit(recipe: Recipe, landmarker: Locator | None = None, resume: bool = True) -> Path:
    """Train; returns the run folder. A killed run goes on from its last checkpoint.

    Raises InputError before any training for what cannot work: a missing device, labels that do not fit, a
    split or a class without faces, a full disk.
    """
    check_device(recipe)
    torch.set_num_threads(recipe.threads)
    L.seed_everything(recipe.seed, workers=True, verbose=False)
    recipe = complete(recipe)
    task = task_of(recipe)
    check_mixing(recipe, task)
    model = build_model(recipe, task)
    run = open_run(recipe, checkpoint_bytes(model), resume)
    prepared, lessons = with_soft_targets(recipe, task, load_sets(recipe, landmarker))
    replace_text(run / "origins.json", json.dumps(origins(recipe), indent=1))
    train, val = make_loaders(recipe, task, prepared)
    shifts = make_shifts(recipe, task, prepared)
    steps = len(train) // (recipe.devices * recipe.nodes)
    module = FaceModule(model, task, recipe, recipe.epochs * steps, lessons, shifts)
    last = run / "last.ckpt"
    checkpoint = last if resume and last.exists() else None
    if not checkpoint and recipe.init and recipe.init.suffix == ".onnx":
        images = [batch["image"] for batch in islice(train, WARM_BATCHES)]
        warm_start(model, read_weights(recipe.init), normalise(torch.cat(images)))
    if not checkpoint:
        task.begin(training_labels(prepared))
    if checkpoint:
        set_epoch(train, read_checkpoint(checkpoint)["epoch"] + 1)
    try:
        with without_advice():
            log_every = min(50, max(steps, 1))
            trainer = make_trainer(recipe, run, task, checkpoint, log_every)
            trainer.fit(module, train, val, ckpt_path=str(checkpoint) if checkpoint else None)
    except (OSError, RuntimeError) as error:
        _explain_full_disk(error, run, checkpoint_bytes(model))
        raise
    if trainer.is_global_zero:
        _keep_weights(run, recipe.keep, shifts)
    return run


def training_labels(prepared: Prepared) -> list[dict[str, Array]]:
    """Labels (N, ...) of the training faces of each set."""
    pairs = zip(prepared.sets, prepared.rows["train"], strict=True)
    return [{name: value[rows] for name, value in faces.labels.items()} for faces, rows in pairs]


def is_first_process() -> bool:
    """Whether this is the process of a data-parallel run that speaks for all."""
    return not rank_zero_only.rank


def set_epoch(loader: DataLoader[Any], epoch: int) -> None:
    """Draw as in this epoch from the first batch on: worker processes fetch before Lightning says which epoch it is."""
    for sampler in (loader.sampler, loader.batch_sampler):
        if isinstance(sampler, Shared):
            sampler.set_epoch(epoch)


def check_device(recipe: Recipe) -> None:
    """Raises InputError for a device that this machine does not have."""
    gpus = torch.cuda.device_count()
    if recipe.accelerator == "gpu" and not gpus:
        raise InputError("'accelerator' must be 'cpu' or 'auto' where there is no GPU that torch can use. Got 'gpu'.")
    if recipe.accelerator != "cpu" and gpus and recipe.devices > gpus:
        raise InputError(f"'devices' must be at most the number of GPUs, {gpus}. Got {recipe.devices}.")


def check_mixing(recipe: Recipe, task: Task) -> None:
    """Raises InputError when images are to be mixed whose labels cannot be."""
    fixed = [name for name, kind in task.labels.kinds.items() if kind == "keep"]
    if (recipe.mixup or recipe.cutmix) and fixed:
        raise InputError(f"'mixup' and 'cutmix' must be 0 for {task.name!r}: {', '.join(fixed)} cannot be mixed.")


def checkpoint_bytes(model: nn.Module) -> int:
    """Disk that a run needs: weights, their average and two moments, in an old and a new checkpoint, and spare."""
    return 3 * 4 * 4 * sum(p.numel() for p in model.parameters()) + 10_000_000


def make_trainer(recipe: Recipe, run: Path, task: Task, checkpoint: Path | None, log_every: int) -> L.Trainer:
    """Lightning's trainer as a recipe wants it."""
    monitor, direction = f"val_{task.main[0]}", task.main[1]
    callbacks: list[L.Callback] = [
        LearningRateMonitor(),
        WeightAverage(recipe.ema),
        DrawCurves(run),
        ModelCheckpoint(run, filename="last", save_top_k=1, enable_version_counter=False),
    ]
    if recipe.keep == "best":
        best: dict[str, Any] = {"monitor": monitor, "mode": direction, "enable_version_counter": False}
        callbacks.append(ModelCheckpoint(run, filename="best", save_top_k=1, **best))
    if recipe.early_stop:
        callbacks.append(EarlyStopping(monitor, patience=recipe.early_stop, mode=direction))
    loggers: list[Any] = [csv_logger(run, checkpoint)]
    if recipe.tensorboard:
        loggers.append(TensorBoardLogger(run, name=None, version="tensorboard"))
    return L.Trainer(
        max_epochs=recipe.epochs,
        accelerator=recipe.accelerator,
        devices=recipe.devices,
        num_nodes=recipe.nodes,
        strategy=_strategy(recipe),
        use_distributed_sampler=False,
        precision=precision(recipe.precision),
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=callbacks,
        logger=loggers,
        gradient_clip_val=recipe.clip,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=log_every,
    )


def _strategy(recipe: Recipe) -> str:
    """Data-parallel on several devices; a backbone that rests at first has no gradients to gather."""
    if recipe.devices * recipe.nodes == 1:
        return "auto"
    return "ddp_find_unused_parameters_true" if recipe.freeze else "ddp"


class WeightAverage(WeightAveraging):  # type: ignore[misc]
    """Moving average of the weights: w' = d w' + (1 - d) w, d = min(decay, (1 + n) / (10 + n)) at step n.

    The rising d keeps the first, random weights out of the average of a short run.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(
            avg_fn=lambda old, new, n: old + (1 - min(decay, (1 + float(n)) / (10 + float(n)))) * (new - old)
        )


def precision(wanted: str) -> Literal["32-true", "bf16-mixed"]:
    """'auto' takes bfloat16 on a GPU that computes with it; on processors float32 was faster for these networks."""
    if wanted == "auto":
        return "bf16-mixed" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "32-true"
    return "bf16-mixed" if wanted == "bf16-mixed" else "32-true"


def _keep_weights(run: Path, which: str, shifts: Shifts) -> None:
    """weights.pt: the averaged weights of the last or the best checkpoint, without auxiliary heads; label shifts."""
    averaged = read_checkpoint(run / f"{which}.ckpt")["state_dict"]
    named = {k.removeprefix("model."): v for k, v in averaged.items() if k.startswith("model.")}
    temporary = run / ".weights.tmp"
    torch.save({name: value for name, value in named.items() if not name.startswith("aux.")}, temporary)
    shift_weights = {k.removeprefix("shifts."): v for k, v in averaged.items() if k.startswith("shifts.")}
    write_shifts(run, shifts, shift_weights)
    temporary.replace(run / "weights.pt")


def _explain_full_disk(error: Exception, run: Path, needed_bytes: int) -> None:
    """Raises MienError with what to do where a checkpoint could not be written for want of space."""
    try:
        check_space(run, needed_bytes // 3)
    except InputError as full:
        raise MienError(f"Training stopped. {full} The same command then goes on from the last checkpoint.") from error
