"""From a run to an ONNX file: folded, stored in half precision, and held against the network it came from."""

import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mien.errors import InputError, ModelError
from mien.geometry import Array
from mien.runtime.session import open_session
from mien.train.card import write_card
from mien.train.data.dataset import prepare
from mien.train.display import Votes, fit_direct, read_outputs
from mien.train.engine import Prepared, build_model, load_sets
from mien.train.model import FaceModel, normalise, round_to_half
from mien.train.recipe import Recipe
from mien.train.tasks import create_task

TOLERANCE = 1e-4
_SMALL = 64


def export_run(run: Path, out: Path) -> Path:
    """Write NAME.onnx and its card NAME.json into `out`; returns the path of the ONNX file.

    Raises ModelError when onnxruntime does not give what torch gives, and InputError when `run` is no run.
    """
    recipe = read_run(run)
    model = trained_model(recipe, run)
    fold(model)
    round_to_half(model)
    out.mkdir(parents=True, exist_ok=True)
    prepared = load_sets(recipe)
    votes = _read_display(recipe, model) if recipe.display else None
    round_to_half(model)  # again: the direct read-out has just been fitted
    with tempfile.TemporaryDirectory(dir=out) as folder:
        path = Path(folder) / f"{recipe.name}.onnx"
        write_onnx(model, list(model.heads), recipe.crop.size, path)
        check_parity(model, path, _sample(prepared, recipe.crop.size))
        write_card(path, recipe, run, prepared, votes)
        for suffix in (".json", ".onnx"):
            shutil.move(path.with_suffix(suffix), out / f"{recipe.name}{suffix}")
    return out / f"{recipe.name}.onnx"


def _read_display(recipe: Recipe, model: FaceModel) -> Votes:
    """Fit the direct read-out; Action Unit logits and votes of the faces that show an emotion."""
    assert recipe.display is not None
    faces = prepare(recipe.model_copy(update={"teacher": None}), recipe.display)
    wanted = np.isin(faces.columns[recipe.display.split].astype(str), recipe.display.splits["train"])
    rows = np.flatnonzero(wanted & ~np.isnan(faces.labels["emotion"]).any(1))
    embedding, logits = read_outputs(model, faces, rows, recipe.crop)
    votes = faces.labels["emotion"][rows]
    fit_direct(model, embedding, votes)
    return Votes(logits, votes)


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
    model = build_model(recipe.model_copy(update={"init": None}), create_task(recipe.task, **recipe.task_options))
    model.load_state_dict(torch.load(weights, weights_only=True))
    return model.eval()


def fold(module: nn.Module) -> None:
    """Fold each batch normalisation into the convolution before it; outputs stay the same."""
    for child in module.children():
        fold(child)
    if not isinstance(module, nn.Sequential):
        return
    for i in range(len(module) - 1):
        conv, norm = module[i], module[i + 1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module[i], module[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


def write_onnx(model: nn.Module, outputs: list[str], size: int, path: Path) -> None:
    """Write a network of crops (B, 3, size, size) with a free batch axis, weights in half precision."""
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
    """Largest difference between torch and onnxruntime on crops (N, S, S, 3); ModelError above 1e-4."""
    image = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2).float()).contiguous()
    with torch.no_grad():
        expected: tuple[Tensor, ...] = model(image)
    found: list[Array] = open_session(path.read_bytes(), 1).run(None, {"image": image.numpy()})
    worst = float(np.max([np.abs(e.numpy() - f).max() for e, f in zip(expected, found, strict=True)]))
    if not worst <= TOLERANCE:  # NaN too
        raise ModelError(
            f"The exported model must give what torch gives to {TOLERANCE}. Got a difference of {worst:.2g}."
        )
    return worst


def _sample(prepared: Prepared, size: int, count: int = 16) -> NDArray[np.uint8]:
    """Some real crops (N, size, size, 3)."""
    import cv2

    which = int(np.argmax([len(rows) for rows in prepared.rows["val"]]))
    rows = prepared.rows["val"][which][:count]
    return np.stack([cv2.resize(prepared.sets[which].crops[row], (size, size)) for row in rows])
