"""Devices: the provider that was asked for, or a sentence that says what to install."""

import json
import logging
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.tiny_models import save

from mien.analyzer import Analyzer
from mien.errors import BrokenDependencyError, InputError, MissingDependencyError, ModelError
from mien.geometry import Image
from mien.runtime import devices
from mien.runtime.devices import choose_device
from mien.runtime.models import WEIGHTS, Model
from mien.runtime.session import open_session


@pytest.fixture
def cuda_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with onnxruntime-gpu, whose driver is another matter."""
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(devices.ort, "get_available_providers", lambda: listed)


def test_a_provider_that_is_missing_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(MissingDependencyError, match=r"'cuda' needs.*pip install 'onnxruntime-gpu") as caught:
        choose_device("cuda")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(InputError, match="'device' must be one of auto, cpu, cuda"):
        Analyzer([], device="gpu")


@pytest.mark.usefixtures("cuda_is_listed")
def test_a_provider_that_fails_says_why(caplog: pytest.LogCaptureFixture) -> None:
    if (
        "CUDAExecutionProvider"
        in subprocess.run(
            [sys.executable, "-c", "from mien.ort import onnxruntime as o; print(o.get_available_providers())"],
            capture_output=True,
            text=True,
        ).stdout
    ):
        pytest.skip("CUDA may work here")
    with pytest.raises(BrokenDependencyError, match=r"CUDAExecutionProvider fails: .*nvidia-smi"):
        choose_device("cuda")
    with caplog.at_level(logging.WARNING):
        assert choose_device("auto") == "cpu"
    assert "Another device is taken" in caplog.text


@pytest.mark.usefixtures("cuda_is_listed")
def test_a_driver_that_takes_its_process_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        devices.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, -11, "", "")
    )
    with pytest.raises(BrokenDependencyError, match="ended with code -11"):
        choose_device("cuda")


def test_a_session_never_falls_back_unsaid() -> None:
    if "CUDAExecutionProvider" in devices.ort.get_available_providers():
        pytest.skip("CUDA may work here")
    with pytest.raises(BrokenDependencyError, match="'cuda' must run a network"):
        open_session((WEIGHTS / "landmarks.onnx").read_bytes(), 1, "cuda")


def test_a_card_chooses_a_twin_by_device(tmp_path: Path) -> None:
    exact = save(tmp_path, "age", {"age": [30.0, 1.0]})
    for part in (exact, exact.with_suffix(".json")):
        shutil.copy(part, exact.with_name(f"twin{part.suffix}"))
    small = json.loads(exact.with_suffix(".json").read_text()) | {"name": "small"}
    exact.with_name("twin.json").write_text(json.dumps(small))
    card = json.loads(exact.with_suffix(".json").read_text())
    twin = {"file": "twin.onnx", "devices": ["cpu"], "loss": {"age_mae": 0.01}}
    exact.with_suffix(".json").write_text(json.dumps({**card, "twins": [{**twin, "devices": ["cuda"]}]}))
    assert Model(exact).card.name == card["name"]
    exact.with_suffix(".json").write_text(json.dumps({**card, "twins": [twin]}))
    assert Model(exact).card.name == "small"
    exact.with_suffix(".json").write_text(json.dumps({**card, "twins": [{**twin, "loss": {}}]}))
    with pytest.raises(ModelError, match="the measured 'loss'"):
        Model(exact)


@pytest.mark.slow
@pytest.mark.skipif(
    "OpenVINOExecutionProvider" not in devices.ort.get_available_providers(), reason="needs onnxruntime-openvino"
)
def test_openvino_reads_what_the_processor_reads(astronaut: Image) -> None:
    faces, other = (Analyzer(threads=1, device=device).photo(astronaut) for device in ("cpu", "openvino"))
    np.testing.assert_allclose(other.box, faces.box, atol=0.5)
    np.testing.assert_allclose(other.landmarks_68, faces.landmarks_68, atol=0.5)
    np.testing.assert_allclose(other.age.value, faces.age.value, atol=0.5)
