"""The folder of a run: recipe, environment, curves as numbers and as an image."""

import csv
import json
import logging
import platform
import shutil
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pydantic import ValidationError

import mien
from mien.errors import InputError
from mien.files import replace_text
from mien.train.recipe import Recipe

logger = logging.getLogger(__name__)
_FREE = {"data_dir", "cache_dir", "run_dir", "expected", "minutes", "threads", "workers", "tensorboard"}
_FREE |= {"tests", "display", "pool", "terms", "limits", "flip", "keep"}
"""Keys that may change between a killed run and its second half, since the training does not depend on them."""


def open_run(recipe: Recipe, needed_bytes: int, resume: bool = True) -> Path:
    """The folder of a run with its recipe and environment.

    Raises InputError when the disk is too full, or the folder holds a run of another recipe to go on from.
    """
    run = recipe.run_dir / recipe.name
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"'run_dir' must be a folder that can be written to. Got {str(run)!r}: {error}") from error
    check_space(run, needed_bytes)
    if resume and (run / "last.ckpt").exists():
        _check_same(recipe, run)
    replace_text(run / "recipe.json", recipe.model_dump_json(indent=1))
    replace_text(run / "environment.json", json.dumps(environment(recipe), indent=1))
    return run


def _check_same(recipe: Recipe, run: Path) -> None:
    """Raises InputError when the run in the folder was started by a recipe that trains otherwise."""
    try:
        before = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not isinstance(before, dict):
        return
    # Keys of parts that an older release did not know, as that of a source, have their defaults.
    with suppress(ValidationError):
        before = json.loads(Recipe.model_validate(before).model_dump_json())
    now = json.loads(recipe.model_dump_json())
    other = [k for k in now if k not in _FREE and before.get(k, _default(k)) != now[k]]
    if other:
        differences = "; ".join(f"{key} was {before.get(key)!r} and is {now[key]!r}" for key in other)
        raise InputError(
            f"{str(run)!r} must hold a run of this recipe to go on from. Got another one: {differences}. "
            "Choose another `name`, or start anew with --fresh."
        )


def _default(key: str) -> Any:
    """What a key that older runs did not know stands for."""
    return Recipe.model_fields[key].get_default(call_default_factory=True)


def check_space(folder: Path, needed_bytes: int) -> None:
    """Raises InputError when the disk of `folder` has less than `needed_bytes` left."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise InputError(
            f"The disk of {str(folder)!r} must have {needed_bytes / 1e6:.0f} MB free for checkpoints. "
            f"Got {free / 1e6:.0f} MB; free some, or say run_dir=FOLDER."
        )


def environment(recipe: Recipe) -> dict[str, Any]:
    """Versions, device, seed, and the commit when the code runs from a checkout."""
    versions: dict[str, Any] = {"mien": mien.__version__, "python": platform.python_version()}
    versions |= {"torch": torch.__version__, "lightning": L.__version__, "platform": platform.system()}
    versions |= {"seed": recipe.seed, "threads": recipe.threads}
    versions["device"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else platform.machine()
    here = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        commit = subprocess.run(here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return versions
    return {**versions, "commit": commit}


def csv_logger(run: Path, checkpoint: Path | None) -> CSVLogger:
    """Curves in metrics.csv; a resumed run keeps the rows up to its checkpoint, which Lightning would delete."""
    path, rows = run / "metrics.csv", []
    if checkpoint and path.is_file():
        done = read_checkpoint(checkpoint)["global_step"]
        rows = [row for row in read_curves(run) if int(row["step"]) < done]
    curves = CSVLogger(run, name=None, version="")
    if rank_zero_only.rank:
        return curves  # the first process of a data-parallel run writes for all
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning says that it deletes what was just read
        curves.experiment.metrics.extend(rows)
    curves.save()
    return curves


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of a run. Raises InputError for a file that is none, or is cut off."""
    checkpoint = _load(path, weights_only=False)
    if not {"epoch", "global_step", "state_dict"} <= set(checkpoint or ()):
        raise InputError(
            f"{str(path)!r} must be a whole checkpoint. Got a damaged file; start the run anew with --fresh, or put "
            "an intact copy in its place."
        )
    return dict(checkpoint)


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """The weights.pt of a run. Raises InputError for a file that is none, or is cut off."""
    weights = _load(path, weights_only=True)
    if weights is None:
        raise InputError(
            f"{str(path)!r} must be the weights.pt of a run. Got a damaged file, or something else; copy it again, or "
            "let 'mien train' end the run again."
        )
    return dict(weights)


def _load(path: Path, weights_only: bool) -> Any:
    """A mapping that torch saved, None for anything else: what a damaged pickle raises can be of any kind."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=weights_only)
    except Exception:
        logger.debug("%s cannot be read", path, exc_info=True)
        return None
    return content if isinstance(content, Mapping) else None


def read_curves(run: Path) -> list[dict[str, str]]:
    """Whole rows of metrics.csv, without what a kill cut off; what was not measured at a step is an empty text."""
    with (run / "metrics.csv").open(newline="", encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if line.endswith("\n")]
    return [row for row in csv.DictReader(lines) if _is_whole(row)]


def _is_whole(row: dict[Any, Any]) -> bool:
    """Whether there is a number, or nothing, in every column, and a step."""
    if None in row or None in row.values():
        return False
    try:
        _ = int(row["step"]), [float(value) for value in row.values() if value]
        return True
    except (KeyError, TypeError, ValueError):
        return False


@contextmanager
def without_advice() -> Iterator[None]:
    """Lightning without its notes on hardware and its advertisement; its warnings on training stay."""
    talkers = [logging.getLogger(f"lightning.{part}.utilities.rank_zero") for part in ("pytorch", "fabric")]
    for talker in talkers:
        talker.addFilter(_is_warning)
    try:
        with warnings.catch_warnings():
            for about in (".* available but not used", ".*does not have many workers"):
                warnings.filterwarnings("ignore", about)
            yield
    finally:
        for talker in talkers:
            talker.removeFilter(_is_warning)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


class DrawCurves(L.Callback):  # type: ignore[misc]
    """Draws curves.png anew after each epoch."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by the trainer."""
        if trainer.is_global_zero:
            trainer.loggers[0].save()
            draw_curves(self.run)


def draw_curves(run: Path) -> None:
    """curves.png: loss, learning rate and each metric of the validation by step."""
    rows = read_curves(run)
    # The first group of weights has the rate `lr`; the others follow it.
    names = [name for name in (rows[0] if rows else {}) if name not in ("epoch", "step")]
    names = [name for name in names if not name.startswith("lr-") or name == "lr-AdamW/pg1"]
    names = sorted((n for n in names if any(row[n] for row in rows)), key=lambda n: (n != "loss", n))[:12]
    if not names:
        return
    figure = Figure(figsize=(12, 2.6 * -(-len(names) // 4)), layout="constrained")
    FigureCanvasAgg(figure)
    for k, name in enumerate(names):
        known = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        axes = figure.add_subplot(-(-len(names) // 4), 4, k + 1)
        axes.plot(*zip(*known, strict=True), marker="." if name.startswith("val_") else "", color="#0072b2")
        axes.set_title(name.replace("lr-AdamW/pg1", "learning rate"), fontsize=10)
        axes.set_xlabel("step", fontsize=8)
        axes.grid(alpha=0.3)
    temporary = run / ".curves.tmp.png"
    figure.savefig(temporary, dpi=100)
    temporary.replace(run / "curves.png")
