"""Model cards: preprocessing and decoding, data and terms, metrics on every test set, limits."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.aligned import AlignedTable
from mien.datasets.base_table import Table
from mien.datasets.schema import texts
from mien.datasets.tables import open_table
from mien.estimates import action_units_estimate
from mien.evaluate.evaluator import Report, evaluate_file
from mien.geometry import Array
from mien.runtime.models import Model
from mien.tasks import calibrate, decoding_of, split_tasks
from mien.tasks.calibration import detail_decoding
from mien.train.data.augment import degrade
from mien.train.data.dataset import prepare_plain
from mien.train.data.faceset import FaceDataset
from mien.train.engine.loaders import Prepared, task_of
from mien.train.evidence_fit import fit_evidence
from mien.train.export.display import Votes
from mien.train.export.margin import margin_decoding
from mien.train.export.origins import origins_of, unshifted
from mien.train.export.taste import taste_decoding
from mien.train.export.thresholds import coded_decoding
from mien.train.model import MEAN, STD
from mien.train.recipe import Recipe, Source

_NOT_ON_CARD = {"data_dir", "cache_dir", "run_dir", "init", "teachers", "expected", "minutes", "terms", "limits"}
_BATCH = 64


def write_card(
    path: Path,
    recipe: Recipe,
    run: Path,
    prepared: Prepared,
    votes: Sequence[Votes] = (),
    precision: str = "fp32",
    outputs: Sequence[str] = (),
    members: Sequence[Recipe] = (),
    runs: Sequence[Path] = (),
) -> None:
    """Write the card of the ONNX file `path` beside it: calibrated on val splits, measured on test splits.

    outputs: of the file, where they are more than the task's. members, runs: recipes and folders of the runs whose
    networks are averaged, where there are several; `recipe` and `run` are the first of them.
    """
    card = {**describe(path, recipe, run, prepared), **origins_of(runs or (run,)), "precision": precision}
    card["outputs"] = list(outputs or task_of(recipe).outputs)
    if members:
        card["members"] = [
            {"initial_weights": _start(member), "recipe": _recipe(member), **origins_of([folder])}
            for member, folder in zip(members, runs, strict=True)
        ]
    _write(path, card)
    model = Model(path, recipe.threads)
    read, labels = _unwatched(recipe, *predict(model, recipe, prepared))
    names = [faces.name for faces in prepared.sets]
    labels = unshifted(labels, card.get("label_shift", {}), names)
    card["decoding"] = calibrate(recipe.task, read, labels, recipe.pool, task_of(recipe).decoding())
    if recipe.raters:
        card["decoding"]["raters"] = recipe.raters
    if card["detail"]:
        degraded, _ = predict(model, recipe, prepared, degraded=True)
        decoding = decoding_of(recipe.task, "age", card["decoding"])
        decoding |= _detail(read, degraded, labels, decoding)
        decoding |= margin_decoding(read["age"], labels["age"], labels["set"], names, decoding["head"])
    if "embedding" in read and "rater_scores" in labels:
        # A prior of many weights needs more raters than the validation faces have.
        more, known = predict(model, recipe, prepared, splits=("train", "val"))
        card["decoding"]["taste"] = taste_decoding(more["embedding"], known)
    if recipe.thresholds is not None:
        decoding = decoding_of(recipe.task, "expression", card["decoding"])
        fitted, card["thresholds"] = _thresholds(model, recipe, decoding)
        decoding |= fitted
    if votes:
        decoding = decoding_of(recipe.task, "expression", card["decoding"])
        units = [action_units_estimate(part.logits, decoding).probability for part in votes]
        evidence = fit_evidence([(unit, part.votes) for unit, part in zip(units, votes, strict=True)])
        decoding["evidence"] = evidence.to_dict()
        card["evidence_fitted_on"] = [{"file": part.file, "faces": len(part.votes)} for part in votes]
    _write(path, card)
    reports = measure(path, recipe, prepared)
    card["metrics"] = [report.to_dict() for report in reports]
    card["summary"] = [line for report in reports if (line := _line(report))]
    _write(path, card)


def _unwatched(
    recipe: Recipe, outputs: dict[str, Array], labels: dict[str, Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Without the faces of sets that are only watched."""
    watched = [k for k, source in enumerate(recipe.sources) if source.watch]
    rows = ~np.isin(labels["set"].reshape(-1), watched)
    return tuple({name: value[rows] for name, value in part.items()} for part in (outputs, labels))  # type: ignore[return-value]


def _thresholds(model: Model, recipe: Recipe, decoding: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Constants of Action Units from coded faces, and how they hold on people that they were not fitted on."""
    source = recipe.thresholds
    assert source is not None
    faces = prepare_plain(recipe, source)
    prepared = Prepared([faces], {"all": [np.arange(len(faces))]})
    outputs, labels = predict(model, recipe, prepared, splits=("all",))
    fold = np.array(texts(faces.columns[source.split]), object)
    fitted, report = coded_decoding(outputs["action_units"], labels["action_units"], fold.astype(str), decoding)
    return fitted, {"file": source.file, **report}


def _detail(
    outputs: dict[str, Array], degraded: dict[str, Array], labels: dict[str, Array], decoding: dict[str, Any]
) -> dict[str, Any]:
    """Factors of the age interval, from the outputs of the same faces as they are and degraded."""
    age, detail = (np.concatenate([outputs[name], degraded[name]]) for name in ("age", "detail"))
    target, source = np.tile(labels["age"], (2, 1)), np.tile(labels["set"], 2)
    return detail_decoding(age, detail[:, 0], target, source, decoding)


def amend_card(path: Path, **values: Any) -> None:
    """Add values to the card of the ONNX file `path`."""
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    _write(path, {**card, **values})


def _write(path: Path, card: dict[str, Any]) -> None:
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False)
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def describe(path: Path, recipe: Recipe, run: Path, prepared: Prepared) -> dict[str, Any]:
    """All of a card but its decoding and its metrics."""
    crop = recipe.crop
    place = {"scale": crop.scale} if crop.kind == "aligned" else {"margin": crop.margin}
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    return {
        "name": path.stem,
        "task": recipe.task,
        "crop": {"kind": crop.kind, "size": crop.size, **place},
        "mean": MEAN,
        "std": STD,
        "channels": "RGB",
        "flip": recipe.flip,
        "detail": "age" in split_tasks(recipe.task),
        "decoding": {},
        "calibrated_on": {source.file: source.splits.get("val", []) for source in recipe.sources},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "open": recipe.open,
        "terms": recipe.terms,
        "limits": recipe.limits,
        "data": [_data(recipe, source, prepared, k) for k, source in enumerate(recipe.sources)],
        "recipe": _recipe(recipe),
        "initial_weights": _start(recipe),
        "environment": environment,
    }


def _recipe(recipe: Recipe) -> dict[str, Any]:
    """A recipe as cards tell it."""
    values: dict[str, Any] = json.loads(recipe.model_dump_json(exclude=_NOT_ON_CARD))
    # A card travels; folders of the machine that made it do not.
    return {**values, "pseudo": Path(recipe.pseudo).name if recipe.pseudo else None}


def _start(recipe: Recipe) -> str | None:
    """Name of the run, or of the exported network, that training began from."""
    if recipe.init is None:
        return None
    return recipe.init.stem if recipe.init.suffix == ".onnx" else recipe.init.parent.name


def _data(recipe: Recipe, source: Source, prepared: Prepared, k: int) -> dict[str, Any]:
    metadata = _table(recipe, source).metadata
    origin = {name: metadata.get(name, "") for name in ("source", "terms")}
    faces = {split: len(rows[k]) for split, rows in prepared.rows.items()}
    return {"file": source.file, **origin, "faces": faces}


def _table(recipe: Recipe, source: Source) -> Table:
    return open_table(recipe.data_dir / source.file, _images(recipe, source))


def _images(recipe: Recipe, source: Source) -> Path | None:
    return recipe.data_dir / source.images if source.images else None


def read_crops(
    recipe: Recipe, prepared: Prepared, split: str, count: int | None = None
) -> Iterator[tuple[NDArray[np.uint8], dict[str, Array]]]:
    """Batches of the crops (B, S, S, 3) of a split, as the model sees them in use, and their labels (B, ...).

    count: so many faces, drawn at random; None reads all, in order.
    """
    targets = task_of(recipe).targets
    data = FaceDataset(prepared.sets, prepared.rows[split], recipe.crop, targets)
    order = np.arange(len(data))
    if count is not None and count < len(order):
        order = np.sort(np.random.default_rng(0).choice(order, count, replace=False))
    for start in range(0, len(order), _BATCH):
        items = [data[int(i)] for i in order[start : start + _BATCH]]
        crops = np.stack([item["image"].permute(1, 2, 0).numpy() for item in items]).astype(np.uint8)
        yield crops, {name: np.stack([item[name].numpy() for item in items]) for name in (*targets, "set")}


def predict(
    model: Model, recipe: Recipe, prepared: Prepared, degraded: bool = False, splits: Sequence[str] = ("val",)
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Outputs (N, width) and labels (N, ...) of the faces of some splits; `set` (N,) is the number of their source.

    degraded: of the faces as if they were blurred or small, see `augment.degrade`; the same ones each time.
    """
    rng = np.random.default_rng(0)
    outputs, labels = [], []
    for split in splits:
        for crops, batch in read_crops(recipe, prepared, split):
            outputs.append(model(np.stack([degrade(crop, rng) for crop in crops]) if degraded else crops))
            labels.append(batch)
    return _joined(outputs), _joined(labels)


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def measure(path: Path, recipe: Recipe, prepared: Prepared) -> list[Report]:
    """The model on the test split of every source, and on the sets that only test it."""
    reports = []
    for k, source in enumerate(recipe.sources):
        report = _measure_source(path, recipe, source, prepared, k)
        reports += [report] if report else []
    for test in recipe.tests:
        teacher = _teacher(recipe) if test.teacher else None
        reports.append(evaluate_file(path, recipe.data_dir / test.file, test.values, teacher, column=test.split))
    return reports


def _measure_source(path: Path, recipe: Recipe, source: Source, prepared: Prepared, k: int) -> Report | None:
    """On the rows that the split column tells; without one, on those that were drawn for the test split."""
    file, images, faces = recipe.data_dir / source.file, _images(recipe, source), prepared.sets[k]
    rows = prepared.rows["test"][k]
    if not len(rows):
        return None
    teacher = _teacher(recipe) if not source.exact else None
    if source.split in faces.columns:
        return evaluate_file(path, file, source.splits.get("test", []), teacher, column=source.split, images=images)
    if faces.row is not None and not isinstance(_table(recipe, source), AlignedTable):
        rows = faces.row[rows]
    return evaluate_file(path, file, "test", teacher, images=images, rows=rows)


def _teacher(recipe: Recipe) -> Path | None:
    return recipe.data_dir / recipe.teacher if recipe.teacher else None


def _line(report: Report) -> str:
    """The first metrics of a report in words."""
    first = report.rows[0]
    if np.isnan(first.value):
        return ""
    return f"{report.data} {report.split}: {first.name} {first.value:.3g} ({first.faces} faces)"
