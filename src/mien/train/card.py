"""Model cards: preprocessing and decoding, data and terms, measures on every test set, limits."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mien.estimates import action_units_estimate
from mien.geometry import Array
from mien.runtime.models import Model
from mien.train.calibrate import calibrate
from mien.train.data.dataset import FaceDataset
from mien.train.display import Votes, fit_evidence
from mien.train.engine import Prepared
from mien.train.evaluate import Report, evaluate_file
from mien.train.model import MEAN, STD
from mien.train.recipe import Recipe, Source
from mien.train.tasks import create_task

_NOT_ON_CARD = {"data_dir", "cache_dir", "run_dir", "init", "expected", "minutes", "terms", "limits"}


def write_card(path: Path, recipe: Recipe, run: Path, prepared: Prepared, votes: Votes | None = None) -> None:
    """Write the card of the ONNX file `path` beside it: calibrated on val splits, measured on test splits."""
    card = describe(path, recipe, run, prepared)
    target = path.with_suffix(".json")
    target.write_text(json.dumps(card), encoding="utf-8")
    card["decoding"] = calibrate(recipe.task, *_predict(Model(path, recipe.threads), recipe, prepared), recipe.pool)
    if votes is not None and recipe.display is not None:
        units = action_units_estimate(votes.logits, card["decoding"])
        evidence = fit_evidence(units.probability, votes.votes)
        card["decoding"]["evidence"] = evidence.to_dict()
        card["evidence_fitted_on"] = {"file": recipe.display.file, "faces": len(votes.votes)}
    target.write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
    reports = measure(path, recipe)
    card["metrics"] = [report.to_dict() for report in reports]
    card["summary"] = [line for report in reports if (line := _line(report))]
    target.write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")


def describe(path: Path, recipe: Recipe, run: Path, prepared: Prepared) -> dict[str, Any]:
    """All of a card but its decoding and its measures."""
    task = create_task(recipe.task, **recipe.task_options)
    crop = recipe.crop
    place = {"scale": crop.scale} if crop.kind == "aligned" else {"margin": crop.margin}
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    return {
        "name": recipe.name,
        "task": recipe.task,
        "crop": {"kind": crop.kind, "size": crop.size, **place},
        "mean": MEAN,
        "std": STD,
        "channels": "RGB",
        "outputs": list(task.outputs),
        "flip": recipe.flip,
        "decoding": {},
        "calibrated_on": {source.file: source.splits.get("val", []) for source in recipe.sources},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "terms": recipe.terms,
        "limits": recipe.limits,
        "data": [_data(recipe, source, prepared, k) for k, source in enumerate(recipe.sources)],
        "recipe": json.loads(recipe.model_dump_json(exclude=_NOT_ON_CARD)),
        "initial_weights": recipe.init.parent.name if recipe.init else None,
        "environment": environment,
    }


def _data(recipe: Recipe, source: Source, prepared: Prepared, k: int) -> dict[str, Any]:
    metadata = pq.read_schema(recipe.data_dir / source.file).metadata or {}
    said = {name: metadata.get(name.encode(), b"").decode() for name in ("source", "terms")}
    faces = {split: len(rows[k]) for split, rows in prepared.rows.items()}
    return {"file": source.file, **said, "faces": faces}


def _predict(model: Model, recipe: Recipe, prepared: Prepared) -> tuple[dict[str, Array], dict[str, Array]]:
    """Outputs and labels of the validation faces."""
    task = create_task(recipe.task, **recipe.task_options)
    data = FaceDataset(prepared.sets, prepared.rows["val"], recipe.crop, task.targets)
    outputs: list[dict[str, Array]] = []
    labels: list[dict[str, Array]] = []
    for item in (data[i] for i in range(len(data))):
        crop = item["image"].permute(1, 2, 0).numpy().astype(np.uint8)
        outputs.append(model(crop[None]))
        labels.append({name: item[name].numpy()[None] for name in task.targets})
    joined, named = (
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} for parts in (outputs, labels)
    )
    return joined, {**named, "set": data.index[:, 0].astype(np.float32)}


def measure(path: Path, recipe: Recipe) -> list[Report]:
    """The model on the test split of every source, and on the sets that only test it."""
    reports = []
    for source in recipe.sources:
        values = source.splits.get("test", [])
        if values:
            teacher = _teacher(recipe) if not source.file.startswith("heads") else None
            reports.append(evaluate_file(path, recipe.data_dir / source.file, values, teacher, column=source.split))
    for test in recipe.tests:
        teacher = _teacher(recipe) if test.teacher else None
        reports.append(evaluate_file(path, recipe.data_dir / test.file, test.values, teacher, column=test.split))
    return reports


def _teacher(recipe: Recipe) -> Path | None:
    return recipe.data_dir / recipe.teacher if recipe.teacher else None


def _line(report: Report) -> str:
    """The first measures of a report in words."""
    first = report.rows[0]
    if np.isnan(first.value):
        return ""
    return f"{report.data} {report.split}: {first.name} {first.value:.3g} ({first.faces} faces)"
