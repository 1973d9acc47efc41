"""Does it help that votes for displays teach Action Units, and does reading displays from units alone cost accuracy?

**Method.** The same network, initial weights (the open expression model), crops, augmentation and number of steps, by
the engine that trains the shipped models. *Frozen units*: nothing is trained but the weights from units to displays.
*Through the evidence*: votes of ferplus and press_faces teach the units through the evidence model; the units of these
faces are held to those of the initial weights. *Through it, not held*: the same without that. *No bottleneck*: votes
teach a read-out of the embedding. All but the first also see fairface with the teacher's and the initial model's units.
At the end each variant with units gets evidence weights that are refitted to the votes of both training sets alike.

Three classes are measured on test faces that at least 60 % of the votes agree on, and on posed faces of other people
and countries where the folder has them (`strangers`); Action Units on the coded faces of ckplus, which no variant has
seen. Units whose AUC falls have lost their meaning, whatever the classes say.

**Derivation.** With p = softmax(W s(z) + b) and votes y, dL/dz_k = s'(z_k) sum_c W_ck (p_c - y_c): a unit is moved by
the displays that it may speak for, and by no other. Where W_ck is 0 for every display c that a vote can raise or lower,
votes leave the unit alone; where a unit has only one display to speak for, votes can turn it into a sign of that.

**Source.** Koh et al., "Concept Bottleneck Models", ICML 2020; Ekman & Friesen, EMFACS, for what may speak.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mien import metrics
from mien.datasets.crop import Crop
from mien.datasets.schema import texts
from mien.errors import InputError
from mien.estimates import sigmoid
from mien.expression.emotion import EvidenceModel
from mien.faces import ActionUnits
from mien.facs import CODES
from mien.geometry import Array
from mien.runtime.models import find_model
from mien.studies.core.finding import Finding, Measured, Study, Table, compare, gather
from mien.train.data.dataset import FaceSet, prepare, prepare_plain
from mien.train.engine.loaders import task_of
from mien.train.engine.trainer import build_model, fit
from mien.train.evidence_fit import fit_evidence
from mien.train.export.display import read_outputs
from mien.train.model import FaceModel
from mien.train.recipe import Recipe, Source
from mien.train.warm_start import read_weights, warm_start

START = "expression-open"
FROZEN, THROUGH, FREE, DIRECT = "frozen units", "through the evidence", "through it, not held", "no bottleneck"
OPTIONS: dict[str, dict[str, float]] = {
    THROUGH: {"through_evidence": 1.0, "held_weight": 0.5, "direct_weight": 0.0},
    FREE: {"through_evidence": 1.0, "held_weight": 0.0, "direct_weight": 0.0},
    DIRECT: {"direct_weight": 1.0},
}
VOTED = ("ferplus", "press_faces")
NEEDED = ("ferplus.parquet", "press_faces.parquet", "fairface.parquet", "blendshapes.parquet", "ckplus.parquet")
STRANGERS, POSED = "strangers.parquet", ("posed_japan", "posed_taiwan")
AUC, LEAST = "ckplus, mean AUC of the units", "ckplus, least AUC of a unit"
CROP = Crop(kind="aligned", size=112, scale=0.36, zoom=1.25)
Outcome = dict[str, float]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settings:
    """share: of the training faces that an epoch draws; limit: faces that are measured or fit the evidence, a set."""

    share: float = 0.15
    epochs: int = 3
    limit: int = 4000
    batch_size: int = 64


@dataclass(frozen=True, slots=True)
class Faces:
    """A set with the rows that are measured, and the rows that fit the evidence."""

    faces: FaceSet
    test: Rows
    train: Rows


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Train and measure each variant with each seed."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise InputError(f"'data' must hold {', '.join(NEEDED)}. Missing in {str(folder)!r}: {', '.join(missing)}.")
    sets = load(folder, settings.limit)
    with TemporaryDirectory() as runs:
        outcomes = {FROZEN: [measure(frozen(folder), FROZEN, sets)] * len(seeds)}
        for name in OPTIONS:
            outcomes[name] = [measure(trained(name, settings, folder, Path(runs), k), name, sets) for k in seeds]
    results = {name: gather(parts) for name, parts in outcomes.items()}
    rows = tuple((what, *(results[name].get(what, "none") for name in results)) for what in results[FROZEN])
    sizes = ", ".join(f"{len(part.test)} of {name}" for name, part in sets.items())
    return Finding(
        Table(("measure", *results), rows), draw(results), judge(results), asdict(settings), f"faces measured: {sizes}"
    )


def recipe_of(name: str, settings: Settings, folder: Path, runs: Path, seed: int) -> Recipe:
    """The recipe of a variant: voted faces, and faces with pseudo-labels that keep the units where they are."""
    voted = [
        {"file": f"{stem}.parquet", "labels": ["emotion", "votes"], "held": START, "weight": weight * settings.share}
        for stem, weight in zip(VOTED, (0.8, 1.2), strict=True)
    ]
    anchor = {"file": "fairface.parquet", "labels": ["action_units"], "weight": 1.5 * settings.share}
    values: dict[str, Any] = {
        "name": f"bottleneck-{seed}", "task": "expression", "task_options": OPTIONS[name], "data_dir": folder,
        "run_dir": runs, "sources": [anchor, *voted], "teacher": "blendshapes.parquet", "pseudo": START, "crop": CROP,
        "width": 0.75, "init": find_model(START), "balance": "votes", "epochs": settings.epochs,
        "batch_size": settings.batch_size, "lr": 1e-3, "seed": seed, "accelerator": "cpu",
        "threads": torch.get_num_threads(), "tensorboard": False, "workers": 0,
    }  # fmt: skip
    return Recipe.model_validate(values)


def trained(name: str, settings: Settings, folder: Path, runs: Path, seed: int) -> FaceModel:
    """The network of a variant after its training."""
    recipe = recipe_of(name, settings, folder, runs / name.replace(" ", "-"), seed)
    run = fit(recipe, resume=False)
    model = build_model(recipe.model_copy(update={"init": None}), task_of(recipe))
    model.load_state_dict(torch.load(run / "weights.pt", weights_only=True))
    return model.eval()


def frozen(folder: Path) -> FaceModel:
    """The network with its initial weights."""
    recipe = recipe_of(DIRECT, Settings(), folder, folder, 0)
    model = build_model(recipe.model_copy(update={"init": None}), task_of(recipe))
    coded = Source.model_validate({"file": "ckplus.parquet"})
    faces = prepare_plain(recipe, coded)
    images = torch.from_numpy(np.stack([faces.crops[row] for row in range(0, len(faces), 4)])).permute(0, 3, 1, 2)
    small = torch.nn.functional.interpolate((images.float() - 127.5) / 64, CROP.size, mode="bilinear")
    warm_start(model, read_weights(find_model(START)), small)
    return model.eval()


def load(folder: Path, limit: int) -> dict[str, Faces]:
    """All sets by name, with at most `limit` faces to measure and as many to fit the evidence to."""
    values = {"name": "faces", "task": "expression", "data_dir": folder, "sources": [{"file": NEEDED[0]}], "crop": CROP}
    plain = Recipe.model_validate(values)
    sets = {}
    for stem in (*VOTED, "ckplus", *(["strangers"] if (folder / STRANGERS).is_file() else [])):
        faces = prepare(plain, Source.model_validate({"file": f"{stem}.parquet"}))
        for name, rows in _parts(stem, faces):
            split = np.array(texts(faces.columns["split"]), object) if stem in VOTED else np.full(len(faces), "test")
            chosen = [_some(rows[split[rows] == part], limit) for part in ("test", "train")]
            sets[name] = Faces(faces, *chosen)
    return sets


def _parts(stem: str, faces: FaceSet) -> list[tuple[str, Rows]]:
    """Names of the parts of a set that are measured apart, with their rows."""
    if stem != "strangers":
        return [(stem, np.arange(len(faces)))]
    origin = np.array(texts(faces.columns["set"]), object)
    return [(name, np.flatnonzero(origin == name)) for name in POSED]


def _some(rows: Rows, limit: int) -> Rows:
    return np.sort(np.random.default_rng(0).permutation(rows)[:limit])


def measure(model: FaceModel, name: str, sets: Mapping[str, Faces]) -> Outcome:
    """Macro-F1 of three classes by set, and the AUC of the units."""
    evidence = None if name == DIRECT else fit_evidence([_voted(model, sets[stem]) for stem in VOTED])
    outcome: Outcome = {}
    for stem, part in sets.items():
        if stem == "ckplus":
            outcome |= _units(model, part)
            continue
        rows = part.test[~np.isnan(part.faces.labels["emotion"][part.test]).any(1)]
        preds, target = _read(model, evidence, part.faces, rows), part.faces.labels["emotion"][rows].argmax(1)
        outcome[f"{stem}, macro-F1"] = metrics.macro_f1(preds, target, 3, "labeled")
    return outcome


def _voted(model: FaceModel, part: Faces) -> tuple[Array, Array]:
    rows = part.train[~np.isnan(part.faces.labels["votes"][part.train]).any(1)]
    return sigmoid(read_outputs(model, part.faces, rows, CROP)[1]), part.faces.labels["votes"][rows]


def _read(model: FaceModel, evidence: EvidenceModel | None, faces: FaceSet, rows: Rows) -> NDArray[np.int64]:
    """Index of positive, neutral or negative (N,) of the faces of `rows`."""
    embedding, logits = read_outputs(model, faces, rows, CROP)
    if evidence is None:
        with torch.no_grad():
            return np.asarray(model.heads["emotion_direct"](torch.from_numpy(embedding)).numpy().argmax(1))
    probability = sigmoid(logits)
    return np.asarray(evidence(ActionUnits(probability, 5 * probability, CODES)).probability.argmax(1))


def _units(model: FaceModel, part: Faces) -> Outcome:
    """Mean and least AUC of the units that at least 10 faces have."""
    logits, target = read_outputs(model, part.faces, part.test, CROP)[1], part.faces.labels["action_units"][part.test]
    aucs = []
    for z, truth in zip(logits.T, target.T, strict=True):
        known = ~np.isnan(truth)
        if min((truth[known] >= 0.5).sum(), (truth[known] < 0.5).sum()) >= 10:
            aucs.append(metrics.roc_auc(z[known], truth[known] >= 0.5))
    return {AUC: float(np.mean(aucs)), LEAST: float(np.min(aucs))}


def judge(results: Mapping[str, Mapping[str, Measured]]) -> str:
    """What the seeds tell, a sentence a comparison."""
    lines = []
    for what in results[THROUGH]:
        for other in (FROZEN, DIRECT) if "macro-F1" in what else (FROZEN, FREE):
            lines.append(compare(what, (THROUGH, results[THROUGH][what]), (other, results[other][what])))
    return "\n".join(lines)


def draw(results: Mapping[str, Mapping[str, Measured]]) -> Figure:
    """Bars a measure, one a variant, with the SD over seeds."""
    names = list(results[FROZEN])
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for k, (variant, measures) in enumerate(results.items()):
        places = np.arange(len(names)) + 0.2 * (k - 1.5)
        spread = np.nan_to_num([measures[name].spread for name in names])
        axes.bar(places, [measures[name].mean for name in names], 0.18, yerr=spread, capsize=2, label=variant)
    axes.set_xticks(range(len(names)), [name.replace(", ", "\n") for name in names], fontsize=8)
    axes.set(ylim=(0.4, 1), title="three classes, and the Action Units that they are read from (SD over seeds)")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(ncols=2, fontsize=8)
    return figure


QUICK = Settings(share=0.02, epochs=1, limit=300)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
