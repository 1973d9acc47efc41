"""Weights and their cards: an ONNX file with a JSON file of the same name beside it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, ModelError, short_text
from mien.geometry import Array, CropTemplate
from mien.runtime.card_values import KINDS
from mien.runtime.quality import detail
from mien.runtime.session import open_session

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
_MOST_CROPS = 64


@dataclass(frozen=True, slots=True)
class Card:
    """What a model is: preprocessing and decoding are read from here and written nowhere else."""

    name: str
    task: str
    crop: dict[str, Any]
    mean: float
    std: float
    outputs: tuple[str, ...]
    decoding: dict[str, Any]
    values: dict[str, Any]

    @property
    def size(self) -> int:
        """Side of the input crop in pixels."""
        return int(self.crop["size"])

    @property
    def template(self) -> CropTemplate:
        """Where an aligned face lies in the crop."""
        return CropTemplate(self.size, float(self.crop["scale"]))


class Model:
    """A network with its card, or the twin that the card names for the device.

    Raises ModelError when either is missing or they do not belong together.
    """

    def __init__(self, path: Path, threads: int | None = None, device: str = "cpu") -> None:
        path = twin_of(path, device)
        for needed in (path, path.with_suffix(".json")):
            if not needed.is_file():
                raise ModelError(
                    f"A model must have its ONNX file and its card side by side. {str(needed)!r} is missing."
                )
        self.card = read_card(path)
        weights = path.read_bytes()
        digest = hashlib.sha256(weights).hexdigest()
        if digest != self.card.values["sha256"]:
            raise ModelError(
                f"{str(path)!r} must have the sha256 of its card, {self.card.values['sha256']}. Got {digest}. "
                "The file is damaged or from another version: install mien again."
            )
        self._session = open_session(weights, threads, device)
        names = {output.name for output in self._session.get_outputs()}
        if not names.issuperset(self.card.outputs):
            raise ModelError(f"{str(path)!r} must have the outputs {self.card.outputs}. Got {sorted(names)}.")

    def __call__(self, crops: NDArray[np.uint8]) -> dict[str, Array]:
        """Outputs by name, each (N, width), of RGB crops (N, S, S, 3).

        A card with `flip` asks for the mean over each crop and its mirror image, at twice the time; one with `detail`
        for the crops' own `detail` (N, 1) beside the outputs.
        """
        outputs = self._both_ways(crops) if self.card.values.get("flip") else self._run(crops)
        if self.card.values.get("detail"):
            outputs["detail"] = detail(crops)[:, None]
        return outputs

    def _both_ways(self, crops: NDArray[np.uint8]) -> dict[str, Array]:
        both = self._run(np.concatenate([crops, crops[:, :, ::-1]]))
        return {name: value.reshape(2, len(crops), -1).mean(0) for name, value in both.items()}

    def _run(self, crops: NDArray[np.uint8]) -> dict[str, Array]:
        """In batches of bounded memory: an image of a crowd holds thousands of faces."""
        parts = [self._run_batch(crops[i : i + _MOST_CROPS]) for i in range(0, max(1, len(crops)), _MOST_CROPS)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.card.outputs}

    def _run_batch(self, crops: NDArray[np.uint8]) -> dict[str, Array]:
        blob = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
        blob -= self.card.mean
        blob /= self.card.std
        return dict(zip(self.card.outputs, self._session.run(list(self.card.outputs), {"image": blob}), strict=True))


def twin_of(path: Path, device: str) -> Path:
    """The ONNX file that runs on a device: a smaller twin where the card names one for it, else the file itself.

    A card names its twins as `"twins": [{"file": "age.int8.onnx", "devices": ["cpu"], "loss": {"age_mae": 0.004}}]`: a
    file beside it with a card of its own, the devices that take it, and the part of each main metric that is lost.
    Raises ModelError for an entry of another form: a twin without its measured loss is none.
    """
    if not path.with_suffix(".json").is_file():
        return path
    for twin in read_card(path).values.get("twins", []):
        if not isinstance(twin, dict) or not {"file", "devices", "loss"} <= set(twin) or not twin["loss"]:
            raise ModelError(
                f"Each of 'twins' of the card {str(path.with_suffix('.json'))!r} must have 'file', 'devices' and the "
                f"measured 'loss'. Got {short_text(twin)}."
            )
        if device in twin["devices"]:
            return path.with_name(Path(str(twin["file"])).name)
    return path


def read_card(model: Path) -> Card:
    """The card of an ONNX file, without its network. Raises ModelError for one that is no card."""
    path = model.with_suffix(".json")
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"The card {str(path)!r} must be JSON. {error}") from error
    missing = [key for key in KINDS if not isinstance(values, dict) or key not in values]
    if missing:
        raise ModelError(
            f"The card {str(path)!r} must have the keys {', '.join(KINDS)}. Missing: {', '.join(missing)}."
        )
    for key, (fits, expected) in KINDS.items():
        if not fits(values[key]):
            raise ModelError(f"{key!r} of the card {str(path)!r} must be {expected}. Got {short_text(values[key])}.")
    return Card(
        name=values["name"],
        task=values["task"],
        crop=values["crop"],
        mean=float(values["mean"]),
        std=float(values["std"]),
        outputs=tuple(values["outputs"]),
        decoding=values["decoding"],
        values=values,
    )


def find_model(name: str | Path) -> Path:
    """Path of an embedded model by name, or of an ONNX file. Raises InputError when there is none."""
    path = Path(name)
    if path.suffix == ".onnx":
        return path
    path = WEIGHTS / f"{name}.onnx"
    if not path.is_file():
        raise InputError(
            f"'model' must be one of {', '.join(embedded_models())}, or a path to an .onnx file. Got {name!r}."
        )
    return path


def is_embedded(path: Path) -> bool:
    """Whether a model is one of those inside the package."""
    return path.parent == WEIGHTS


def embedded_models() -> list[str]:
    """Names of the models that travel inside the package."""
    return sorted(path.stem for path in WEIGHTS.glob("*.onnx"))


def embedded_cards() -> list[Card]:
    """Cards of the models that travel inside the package."""
    return [read_card(WEIGHTS / f"{name}.onnx") for name in embedded_models()]
