"""What teachers say of the training faces: read once from clean images, resumably, and kept beside the crops."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.aligned import AlignedTable
from mien.datasets.base_table import Table
from mien.datasets.crop import Crop
from mien.errors import InputError
from mien.estimates import sigmoid
from mien.files import locked, progress_bar, replace_text
from mien.geometry import Array, Image, warp
from mien.runtime.session import open_session
from mien.train.data.dataset import open_source
from mien.train.data.faceset import FaceSet
from mien.train.data.teacher_card import TeacherCard, TeacherOutput, read_teacher
from mien.train.recipe import Recipe, Source, Teacher

DONE = "teacher.json"
_BATCH = 32
_FLUSH = 32 * _BATCH

Index = NDArray[np.int64]


def label_name(card: TeacherCard, output: str) -> str:
    """The name of a teacher's output among the labels of a face."""
    return f"{card.name}/{output}"


def soft_targets(recipe: Recipe, source: Source, faces: FaceSet, rows: Index) -> dict[str, Array]:
    """Outputs (M, K) of all teachers of a recipe for some rows of a dataset of M faces, NaN in others.

    Each face is cut from its image as the teacher wants it, unchanged. Raises InputError for crops that cannot be
    carried over, and for a network whose outputs are not what its card says.
    """
    targets: dict[str, Array] = {}
    for teacher in recipe.teachers:
        targets |= _of_teacher(recipe, source, faces, rows, teacher)
    return targets


def _of_teacher(recipe: Recipe, source: Source, faces: FaceSet, rows: Index, teacher: Teacher) -> dict[str, Array]:
    card, table = read_teacher(teacher), open_source(recipe, source)
    if recipe.crop.kind != "aligned" or faces.matrix is None:
        raise InputError(f"'crop.kind' must be 'aligned' to learn from a teacher. Got {recipe.crop.kind!r}.")
    weights = teacher.file.read_bytes()
    setting = _setting(weights, card, table, faces, rows, recipe.crop)
    digest = hashlib.sha256(json.dumps(setting, sort_keys=True).encode()).hexdigest()[:8]
    folder = recipe.cache_dir / f"{table.name}-{card.name}-{digest}"
    if not (folder / DONE).exists():
        with locked(folder):
            if not (folder / DONE).exists():
                network = TeacherNetwork(weights, card, recipe.threads)
                crops = _teacher_crops(table, faces, rows, card, recipe.crop)
                _write(folder, network, crops, rows, len(faces), setting)
    return {label_name(card, name): np.load(folder / f"{name}.npy", mmap_mode="r") for name in card.outputs}


def _setting(
    weights: bytes, card: TeacherCard, table: Table, faces: FaceSet, rows: Index, crop: Crop
) -> dict[str, Any]:
    """What the outputs depend on: network, its input, images, places of the faces, and which are asked for."""
    fed = card.model_dump(mode="json", exclude={"name", "source", "terms", "outputs"})
    read = {name: [output.tensor, output.kind, output.logits] for name, output in card.outputs.items()}
    places = hashlib.sha256(np.ascontiguousarray(faces.matrix, np.float32).tobytes() + rows.tobytes())
    network = hashlib.sha256(weights).hexdigest()
    template = [faces.crops.shape[1], crop.scale / crop.zoom]
    about = {"network": network, "fingerprint": table.fingerprint, "places": places.hexdigest()}
    return {**about, "fed": fed, "outputs": read, "template": template}


def _teacher_crops(
    table: Table, faces: FaceSet, rows: Index, card: TeacherCard, crop: Crop
) -> Iterator[tuple[int, Image]]:
    """Face and crop, as the teacher sees it, of some rows of a set in the order of the table."""
    whole = isinstance(table, AlignedTable)
    assert faces.matrix is not None
    change = _change(faces.crops.shape[1], crop.scale / crop.zoom, card)
    at = np.arange(len(faces)) if whole or faces.row is None else faces.row
    face_of = {int(at[face]): int(face) for face in rows}
    wanted = np.zeros(len(table), bool)
    wanted[list(face_of)] = True
    for row, image in enumerate(table.images(wanted)):
        if image is None or row not in face_of:
            continue
        face = face_of[row]
        matrix = change if whole else change @ np.vstack([faces.matrix[face], [0, 0, 1]])
        yield face, warp(image, matrix.astype(np.float32), card.crop.size)


def _change(side: int, scale: float, card: TeacherCard) -> NDArray[np.float64]:
    """The matrix (2, 3) from a kept crop of this side and scale to the teacher's: both hold the face in the middle."""
    factor = card.crop.scale * card.crop.size / (scale * side)
    shift = card.crop.size / 2 - factor * side / 2
    return np.array([[factor, 0, shift], [0, factor, shift]])


class TeacherNetwork:
    """A teacher: RGB crops (B, S, S, 3) to its outputs (B, K) by name, probabilities where its card says logits."""

    def __init__(self, weights: bytes, card: TeacherCard, threads: int) -> None:
        self.card, self.session = card, open_session(weights, threads)
        known = [output.name for output in self.session.get_outputs()]
        for name, output in card.outputs.items():
            if output.tensor not in known:
                raise InputError(
                    f"'tensor' of {name!r} must be an output of the teacher {card.name!r}, one of {', '.join(known)}. "
                    f"Got {output.tensor!r}."
                )
        self.input = card.input or self.session.get_inputs()[0].name

    def __call__(self, crops: NDArray[np.uint8]) -> dict[str, Array]:
        """Outputs by the card's names."""
        outputs = self._run(crops)
        if self.card.flip:
            mirrored = self._run(crops[:, :, ::-1])
            outputs = {name: np.asarray((value + mirrored[name]) / 2, np.float32) for name, value in outputs.items()}
        return outputs

    def _run(self, crops: NDArray[np.uint8]) -> dict[str, Array]:
        ordered = crops[..., ::-1] if self.card.channels == "BGR" else crops
        mean, std = (np.array(values, np.float32) for values in (self.card.mean, self.card.std))
        image = np.ascontiguousarray(((ordered - mean) / std).transpose(0, 3, 1, 2), np.float32)
        names = [output.tensor for output in self.card.outputs.values()]
        values = self.session.run(names, {self.input: image})
        pairs = zip(self.card.outputs.items(), values, strict=True)
        return {name: _checked(name, output, value, len(crops)) for (name, output), value in pairs}


def _checked(name: str, output: TeacherOutput, value: Array, count: int) -> Array:
    """An output (B, K) as numbers or probabilities; InputError where it is neither."""
    value = np.asarray(value, np.float32).reshape(count, -1)
    shares = output.kind in ("distribution", "classes")
    if output.logits and shares:
        value = np.exp(value - value.max(1, keepdims=True))
        value /= value.sum(1, keepdims=True)
    elif output.logits:
        value = sigmoid(value)
    wrong = shares and not np.allclose(value.sum(1), 1, atol=0.01)
    wrong |= output.kind == "probabilities" and bool(((value < 0) | (value > 1)).any())
    if wrong or not np.isfinite(value).all():
        raise InputError(
            f"The teacher's output {name!r} must be a finite {output.kind}; before softmax or sigmoid its card says "
            f"'logits: true'. Got values from {value.min():.3g} to {value.max():.3g}."
        )
    return value


def _write(
    folder: Path,
    network: TeacherNetwork,
    crops: Iterator[tuple[int, Image]],
    rows: Index,
    count: int,
    setting: dict[str, Any],
) -> None:
    """Read all rows into `folder`; until that is whole, `FOLDER.partial` holds what is done."""
    partial = folder.with_name(folder.name + ".partial")
    state = partial / "progress.json"
    done = _resume(state, setting)
    arrays: dict[str, Array] = {}
    with progress_bar(f"teacher {folder.name}", len(rows), done) as advance:
        for start, batch in _batches(crops, done):
            faces, pictures = [face for face, _ in batch], np.stack([picture for _, picture in batch])
            outputs = network(pictures)
            arrays = arrays or _arrays(partial, outputs, network.card, count, fresh=not start)
            for name, value in outputs.items():
                arrays[name][faces] = value
            for _ in batch:
                advance()
            done = start + len(batch)
            if done % _FLUSH == 0:
                _save(arrays, state, setting, done)
    if done != len(rows):
        raise InputError(f"{folder.name!r} must have {len(rows)} pictures that can be read. Got {done}.")
    _save(arrays, state, setting, done)
    replace_text(partial / DONE, json.dumps({**setting, "faces": done}, indent=1))
    state.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _batches(crops: Iterator[tuple[int, Image]], done: int) -> Iterator[tuple[int, list[tuple[int, Image]]]]:
    """Batches of what comes after the first `done`, and how many came before each."""
    batch: list[tuple[int, Image]] = []
    for number, pair in enumerate(crops):
        if number < done:
            continue
        batch.append(pair)
        if len(batch) == _BATCH:
            yield number + 1 - _BATCH, batch
            batch = []
    if batch:
        yield number + 1 - len(batch), batch


def _resume(state: Path, setting: dict[str, Any]) -> int:
    """How many faces an earlier, killed reading of the same setting has done; else the folder begins anew."""
    try:
        progress = json.loads(state.read_text(encoding="utf-8"))
        # Through JSON, as the written setting went.
        if progress["setting"] == json.loads(json.dumps(setting)):
            return int(progress["done"])
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(state.parent, ignore_errors=True)
    state.parent.mkdir(parents=True)
    return 0


def _arrays(folder: Path, outputs: dict[str, Array], card: TeacherCard, count: int, fresh: bool) -> dict[str, Array]:
    """One array (M, K) an output, in half precision for embeddings, NaN until it is written."""
    if not fresh:
        return {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in outputs}
    need, free = sum(4 * count * value.shape[1] for value in outputs.values()), shutil.disk_usage(folder).free
    if need > free:
        raise InputError(f"{str(folder.parent)!r} must have {need / 1e9:.1f} GB free. Got {free / 1e9:.1f} GB.")
    arrays = {}
    for name, value in outputs.items():
        kind = np.float16 if card.outputs[name].kind == "embedding" else np.float32
        arrays[name] = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (count, value.shape[1]))
        arrays[name][:] = np.nan
    return arrays  # type: ignore[return-value]


def _save(arrays: dict[str, Array], state: Path, setting: dict[str, Any], done: int) -> None:
    """Arrays first, then the count: a kill in between repeats faces, and loses none."""
    for array in arrays.values():
        array.flush()  # type: ignore[attr-defined]
    replace_text(state, json.dumps({"setting": setting, "done": done}))
