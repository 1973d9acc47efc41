"""Static 8 bit quantization of an exported network, and what it costs and gains."""

import io
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from mien.geometry import Array
from mien.ort.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    add_pre_process_metadata,
    quantize_static,
)
from mien.runtime.session import open_session
from mien.train.model import MEAN, STD
from mien.train.tasks import Task
from mien.train.tasks.multi import MultiTask

CALIBRATION_FACES = 256
BOUND = 0.02
"""Part of a main measure that may be lost."""
_BATCH = 16
_CLEAR = 0.9
_METHODS: tuple[tuple[str, CalibrationMethod, dict[str, Any]], ...] = (
    ("min-max", CalibrationMethod.MinMax, {}),
    ("percentile 99.999", CalibrationMethod.Percentile, {"CalibPercentile": 99.999}),
)


@dataclass(frozen=True, slots=True)
class Method:
    """How a network was quantized: the range of activations, layers left in float, distance to the float network.

    distance: root mean square difference of the outputs on validation faces, in standard deviations of the output.
    """

    name: str
    float_layers: tuple[str, ...]
    calibration_faces: int
    distance: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The float network (first of each pair) and the 8 bit one on the validation faces.

    main: metrics that show the loss, and whether more is better. milliseconds: of one face, by size of the batch.
    """

    method: Method
    faces: int
    measures: dict[str, tuple[float, float]]
    main: dict[str, str]
    size_bytes: tuple[int, int]
    milliseconds: dict[int, tuple[float, float]]
    threads: int

    @property
    def losses(self) -> dict[str, float]:
        """Part of each main metric that is lost; below 0 where the 8 bit network is better."""
        parts = {}
        for name, direction in self.main.items():
            before, after = self.measures.get(name, (np.nan, np.nan))
            if np.isfinite([before, after]).all() and before:
                parts[name] = float((after - before) / abs(before)) * (1 if direction == "min" else -1)
        return parts

    @property
    def time_ratio(self) -> float:
        """Time of the 8 bit network as a part of the float one's, the slowest batch size."""
        return max(after / before for before, after in self.milliseconds.values())

    @property
    def is_gain(self) -> bool:
        """Whether the 8 bit network is faster, and its measured loss lies within the bound."""
        return bool(self.losses) and max(self.losses.values()) <= BOUND and self.time_ratio < 1

    @property
    def verdict(self) -> str:
        """In words: is it faster, and does it keep what the float network can."""
        ratio = self.time_ratio
        speed = f"takes {ratio:.2f} of the time" if ratio < 1 else f"is not faster here ({ratio:.2f} of the time)"
        if not self.losses:
            return f"int8 {speed}; what it loses could not be measured: the validation faces have no labels for it."
        name, loss = max(self.losses.items(), key=lambda pair: pair[1])
        change = f"loses {loss:.1%} of {name}" if loss > 0 else f"loses nothing of {name}"
        within = loss <= BOUND
        advice = "" if within and ratio < 1 else " Keep the float model" + ("." if within else ", or train longer.")
        return f"int8 {speed} and {change}, {'within' if within else 'MORE than'} the bound of {BOUND:.0%}.{advice}"

    def to_dict(self) -> dict[str, Any]:
        """As a card holds it."""
        method = asdict(self.method)
        return {
            "method": method.pop("name"),
            **method,
            "validation_faces": self.faces,
            "measures": {name: _pair(pair) for name, pair in self.measures.items()},
            "bytes": _pair(self.size_bytes),
            "milliseconds_a_face": {f"{batch} at a time": _pair(pair) for batch, pair in self.milliseconds.items()},
            "threads": self.threads,
            "verdict": self.verdict,
        }


def _pair(values: tuple[float, float]) -> dict[str, float | None]:
    before, after = (value if np.isfinite(value) else None for value in values)
    return {"fp32": before, "int8": after}


class _Crops(CalibrationDataReader):  # type: ignore[misc]
    """Batches of crops; onnxruntime asks for a few at a time, so that memory does not grow with their number."""

    def __init__(self, crops: NDArray[np.uint8]) -> None:
        self.batches = [crops[at : at + _BATCH] for at in range(0, len(crops), _BATCH)]
        self._waiting: Iterator[NDArray[np.uint8]] = iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Called by onnxruntime."""
        self._waiting = iter(self.batches[start_index:end_index])

    def get_next(self) -> dict[str, Array] | None:
        """Called by onnxruntime."""
        crops = next(self._waiting, None)
        return None if crops is None else {"image": to_blob(crops)}


def to_blob(crops: NDArray[np.uint8]) -> Array:
    """Crops (N, S, S, 3) as the network takes them, (N, 3, S, S)."""
    return np.ascontiguousarray((crops.transpose(0, 3, 1, 2).astype(np.float32) - MEAN) / STD)


def quantise(source: Path, target: Path, training: NDArray[np.uint8], validation: NDArray[np.uint8]) -> Method:
    """Write `target`, the network of `source` (float32) with weights and activations of 8 bits.

    The ranges of activations are measured on training crops (N, S, S, 3). Of the ways to do so, each with all layers
    in 8 bits and with the first and the last in float, the one is kept whose outputs on validation crops lie nearest
    to the float network's; a later one must be clearly nearer. Weights have a scale for each channel, and 7 bits: a sum
    of two products then fits 16 bits, where processors without VNNI would cut it off.
    Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018, sections 2 and 3.
    """
    model = onnx.load(source)
    add_pre_process_metadata(model)  # shapes are known and nothing is left to fold: no advice is needed
    prepared, trial = target.with_suffix(".prepared"), target.with_suffix(".trial")
    onnx.save(model, prepared)
    expected = _outputs(source, validation)
    best: Method | None = None
    for name, method, options in _METHODS:
        for layers in ((), end_layers(model)):
            _quantise(prepared, trial, training, method, layers, options)
            candidate = Method(name, layers, len(training), _distance(expected, _outputs(trial, validation)))
            if best is None or candidate.distance < _CLEAR * best.distance:
                best = candidate
                trial.replace(target)
    prepared.unlink()
    trial.unlink(missing_ok=True)
    assert best is not None
    return best


def end_layers(model: Any) -> tuple[str, ...]:
    """Names of the first layer with weights, and of those that give the outputs."""
    ends = {output.name for output in model.graph.output}
    layers = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    last = [node.name for node in layers if ends & set(node.output)] or [node.name for node in layers[-1:]]
    return tuple(dict.fromkeys([*(node.name for node in layers[:1]), *last]))


def _quantise(
    source: Path,
    target: Path,
    crops: NDArray[np.uint8],
    method: CalibrationMethod,
    excluded: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    with redirect_stdout(io.StringIO()):  # it prints its progress
        quantize_static(
            str(source),
            str(target),
            _Crops(crops),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
            nodes_to_exclude=list(excluded),
            extra_options={**options, "CalibStridedMinMax": 1},
        )


def _outputs(path: Path, crops: NDArray[np.uint8]) -> list[Array]:
    session = open_session(path.read_bytes())
    parts = [session.run(None, {"image": to_blob(crops[at : at + _BATCH])}) for at in range(0, len(crops), _BATCH)]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _distance(expected: list[Array], actual: list[Array]) -> float:
    """Root mean square difference in standard deviations, the largest of all outputs."""
    spread = [max(float(e.var(0).mean()), 1e-12) for e in expected]
    parts = zip(expected, actual, spread, strict=True)
    return max(float(np.sqrt(((e - f) ** 2).mean() / s)) for e, f, s in parts)


def main_measures(task: Task) -> dict[str, str]:
    """The metric that matters most for each task, and whether less or more of it is better."""
    if not isinstance(task, MultiTask):
        return {task.main[0]: task.main[1]}
    return {f"{part.name}_{part.main[0]}": part.main[1] for part in task.tasks}


def time_both(
    paths: tuple[Path, Path], crops: NDArray[np.uint8], batch: int, threads: int = 1, rounds: int = 40
) -> tuple[float, float]:
    """Milliseconds a face of both networks, the best of some rounds that they run in turns."""
    sessions = [open_session(path.read_bytes(), threads) for path in paths]
    blob = to_blob(np.resize(crops, (batch, *crops.shape[1:])))
    times = np.zeros((rounds, 2))
    for row in times:
        for k, session in enumerate(sessions):
            start = time.perf_counter()
            session.run(None, {"image": blob})
            row[k] = 1000 * (time.perf_counter() - start) / batch
    before, after = times.min(0)  # whatever else runs on the machine only adds
    return float(before), float(after)
