"""From a run to an ONNX file: folded, stored in half precision, and held against the network it came from."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from mien.datasets.schema import texts
from mien.errors import InputError, ModelError
from mien.geometry import Array
from mien.runtime.models import Model
from mien.runtime.session import open_session
from mien.tasks import split_tasks
from mien.train.data.dataset import prepare_plain
from mien.train.engine.loaders import Prepared, load_sets, task_of
from mien.train.engine.runs import load_weights
from mien.train.engine.trainer import build_model
from mien.train.export.card import amend_card, predict, read_crops, write_card
from mien.train.export.display import Votes, fit_direct, read_outputs
from mien.train.export.embedding import add_embedding
from mien.train.export.quantise import CALIBRATION_FACES, Comparison, main_measures, quantise, time_both
from mien.train.fold import fold
from mien.train.model import EmbeddingModel, FaceModel, MeanModel, normalise, round_to_half
from mien.train.recipe import Recipe, Source

TOLERANCE = 1e-4
_SMALL = 64
_PARITY_FACES = 16
_CHOICE_FACES = 1000


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run, its network folded and rounded to half precision, and the data that calibrate it.

    members, runs: recipes and folders of the runs whose networks are averaged in `model`, where there are several.
    """

    run: Path
    recipe: Recipe
    model: FaceModel | MeanModel | EmbeddingModel
    prepared: Prepared
    votes: Sequence[Votes]
    members: Sequence[Recipe] = ()
    runs: Sequence[Path] = ()

    def crops(self, split: str, count: int) -> NDArray[np.uint8]:
        """Some real crops (N, S, S, 3) as the model sees them."""
        return np.concatenate([crops for crops, _ in read_crops(self.recipe, self.prepared, split, count)])


def export_run(run: Path, out: Path, others: Sequence[Path] = ()) -> Path:
    """Write NAME.onnx and its card NAME.json into `out`; returns the path of the ONNX file.

    others: runs of the same task on the same crops; the file then holds all networks and gives the mean of their
    outputs, under the name of `run`.
    Raises ModelError when onnxruntime does not give what torch gives, and InputError when `run` is no run or `out`
    cannot be written to.
    """
    trained = load_run(run, out, others)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        return _publish(write_float(trained, Path(folder)), out)


def export_int8(run: Path, out: Path, others: Sequence[Path] = (), twin: Sequence[str] = ()) -> tuple[Path, Comparison]:
    """Write NAME.onnx and NAME.int8.onnx with their cards; returns the 8 bit file and how it compares.

    twin: devices on which NAME.onnx is read by its 8 bit twin, where that is faster and loses little enough.
    others, errors: as in `export_run`.
    """
    trained = load_run(run, out, others)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        exact = write_float(trained, Path(folder))
        small, comparison = write_int8(trained, exact)
        if twin and comparison.is_gain:
            amend_card(exact, twins=[{"file": small.name, "devices": list(twin), "loss": comparison.losses}])
        _publish(exact, out)
        return _publish(small, out), comparison


def load_run(run: Path, out: Path, others: Sequence[Path] = ()) -> Trained:
    """Read finished runs for export into the folder `out`, which is made. Raises InputError where any of it fails."""
    recipes = [read_run(folder) for folder in (run, *others)]
    recipe = recipes[0]
    _check_alike(recipes)
    _check_folder(out)
    models = [trained_model(member, folder) for member, folder in zip(recipes, (run, *others), strict=True)]
    for model in models:
        fold(model)
        round_to_half(model)
    prepared = load_sets(_without_held(recipe))
    votes = _read_display(recipe, models[0]) if recipe.display else ()
    mean: FaceModel | MeanModel = MeanModel(models) if others else models[0]
    network = add_embedding(mean, recipe, prepared) if split_tasks(recipe.task) == ["attractiveness"] else mean
    round_to_half(network)  # again: a read-out or an embedding has just been fitted
    members, runs = (recipes if others else ()), ((run, *others) if others else ())
    return Trained(run, recipe, network, prepared, votes, members, runs)


def _without_held(recipe: Recipe) -> Recipe:
    """The recipe without earlier models whose units only training looks at, so that they need not be read again."""
    return recipe.model_copy(update={"sources": [s.model_copy(update={"held": None}) for s in recipe.sources]})


def _check_alike(recipes: Sequence[Recipe]) -> None:
    """Raise InputError unless the networks of these recipes can be averaged."""
    for name in ("task", "task_options", "crop", "sources"):
        for other in recipes[1:]:
            first, second = getattr(recipes[0], name), getattr(other, name)
            if first != second:
                raise InputError(f"{name!r} must be the same in all runs. Got {first!r} and {second!r}.")
    if len(recipes) > 1 and recipes[0].display:
        raise InputError("'display' must be left out where networks are averaged: it reads the embedding of one.")


def _check_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InputError(f"'out' must be a folder that can be written to. Got {str(out)!r}: {error}") from error


def write_float(trained: Trained, folder: Path) -> Path:
    """NAME.onnx in the folder, checked against torch, and its card."""
    recipe = trained.recipe
    path = folder / f"{recipe.name}.onnx"
    write_onnx(trained.model, list(trained.model.heads), recipe.crop.size, path)
    check_parity(trained.model, path, trained.crops("val", _PARITY_FACES))
    _write_card(trained, path)
    return path


def _write_card(trained: Trained, path: Path, precision: str = "fp32") -> None:
    write_card(
        path,
        trained.recipe,
        trained.run,
        trained.prepared,
        trained.votes,
        precision,
        tuple(trained.model.heads),
        trained.members,
        trained.runs,
    )


def write_int8(trained: Trained, exact: Path) -> tuple[Path, Comparison]:
    """NAME.int8.onnx beside the exact network, its card with what was lost, and the comparison."""
    recipe, prepared = trained.recipe, trained.prepared
    whole, path = exact.with_suffix(".float32"), exact.with_name(f"{recipe.name}.int8.onnx")
    write_onnx(trained.model, list(trained.model.heads), recipe.crop.size, whole, half=False)
    validation = trained.crops("val", _CHOICE_FACES)
    method = quantise(whole, path, trained.crops("train", CALIBRATION_FACES), validation)
    whole.unlink()
    _write_card(trained, path, precision="int8")
    task = task_of(recipe)
    measures = []
    for model in (exact, path):
        measures.append(task.measure(*predict(Model(model, recipe.threads), recipe, prepared)))
    both = {name: (value, measures[1].get(name, float("nan"))) for name, value in measures[0].items()}
    files = (exact.stat().st_size, path.stat().st_size)
    times = {batch: time_both((exact, path), validation, batch) for batch in (1, 16)}
    faces = sum(map(len, prepared.rows["val"]))
    comparison = Comparison(method, faces, both, main_measures(task), files, times, threads=1)
    amend_card(path, quantisation=comparison.to_dict())
    return path, comparison


def _publish(path: Path, out: Path) -> Path:
    """Move a finished network and its card to where they are wanted."""
    for part in (path.with_suffix(".json"), path):
        shutil.move(part, out / part.name)
    return out / path.name


def _read_display(recipe: Recipe, model: FaceModel) -> list[Votes]:
    """Fit the direct read-out to all sets; Action Unit logits and votes of their faces."""
    parts = [_read_votes(recipe, source, model) for source in recipe.display]
    three = np.concatenate([emotion for _, emotion, _ in parts])
    clear = ~np.isnan(three).any(1)
    fit_direct(model, np.concatenate([embedding for embedding, _, _ in parts])[clear], three[clear])
    return [votes for _, _, votes in parts]


def _read_votes(recipe: Recipe, source: Source, model: FaceModel) -> tuple[Array, Array, Votes]:
    """Embeddings (N, E), shares of three classes (N, 3), and the votes of the training faces of a set."""
    faces = prepare_plain(recipe, source)
    wanted = np.isin(np.array(texts(faces.columns[source.split]), object), source.splits["train"])
    rows = np.flatnonzero(wanted & ~np.isnan(faces.labels["votes"]).any(1))
    embedding, logits = read_outputs(model, faces, rows, recipe.crop)
    return embedding, faces.labels["emotion"][rows], Votes(source.file, logits, faces.labels["votes"][rows])


def read_run(run: Path) -> Recipe:
    """The recipe of a finished run."""
    try:
        return Recipe(**json.loads((run / "recipe.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(f"'run' must be the folder of a run, with recipe.json in it. Got {str(run)!r}.") from error


def trained_model(recipe: Recipe, run: Path) -> FaceModel:
    """The network of a finished run, ready to be used."""
    weights = run / "weights.pt"
    if not weights.is_file():
        raise InputError(f"{str(run)!r} must hold weights.pt: the run has not ended. Start it again to go on.")
    model = build_model(recipe.model_copy(update={"init": None}), task_of(recipe))
    model.load_state_dict(load_weights(weights))
    return model.eval()


def write_onnx(model: nn.Module, outputs: list[str], size: int, path: Path, half: bool = True) -> None:
    """Write a network of crops (B, 3, size, size) with a free batch axis, weights in half precision if wanted."""
    example = torch.zeros(2, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=["image"],
            output_names=outputs,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    assert program is not None
    graph = program.model_proto
    _strip(graph.graph)
    if half:
        _halve(graph.graph)
    onnx.checker.check_model(graph)
    path.write_bytes(graph.SerializeToString())


def _strip(graph: Any) -> None:
    """Drop the exporter's notes: stack traces with paths of this machine, larger than some weights."""
    for part in (graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]


def _halve(graph: Any) -> None:
    """Store large weights as float16 with a cast in front, which onnxruntime folds when it loads."""
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < _SMALL:
            continue
        name = weight.name
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}_half")
        weight.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *kept])


def check_parity(model: nn.Module, path: Path, crops: NDArray[np.uint8]) -> float:
    """Largest difference between torch and onnxruntime on crops (N, S, S, 3); ModelError above 1e-4.

    The difference of an output counts as a part of its largest absolute value, where that is above 1.
    """
    image = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2).float()).contiguous()
    with torch.no_grad():
        expected: tuple[Tensor, ...] = model(image)
    outputs: list[Array] = open_session(path.read_bytes(), 1).run(None, {"image": image.numpy()})
    worst = float(np.max([_difference(e.numpy(), f) for e, f in zip(expected, outputs, strict=True)]))
    if not worst <= TOLERANCE:  # NaN too
        raise ModelError(
            f"The exported model must give what torch gives to {TOLERANCE}. Got a difference of {worst:.2g}."
        )
    return worst


def _difference(expected: Array, actual: Array) -> float:
    return float(np.abs(expected - actual).max() / max(1.0, np.abs(expected).max()))
