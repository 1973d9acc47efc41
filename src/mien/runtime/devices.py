"""Where networks run: one of onnxruntime's providers by a short name, tried before it is trusted."""

import logging
import subprocess
import sys
from dataclasses import dataclass

from mien.errors import BrokenDependencyError, InputError, MissingDependencyError
from mien.ort import onnxruntime as ort

logger = logging.getLogger(__name__)
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of onnxruntime: its name, the package that has it, and what else it needs."""

    name: str
    package: str
    needs: str = "that the package fits this system"


PROVIDERS = {
    "cpu": Provider("CPUExecutionProvider", "onnxruntime"),
    "cuda": Provider(
        "CUDAExecutionProvider", "onnxruntime-gpu[cuda,cudnn]", "an NVIDIA driver; `nvidia-smi` must list the card"
    ),
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu", "TensorRT and an NVIDIA driver"),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime", "macOS"),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino", "a processor or card of Intel"),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml", "Windows"),
}
DEVICES = ("auto", *PROVIDERS)
_FASTEST_FIRST = ("cuda", "coreml", "directml", "openvino")


def choose_device(device: str) -> str:
    """The device itself once it has run a network, or for 'auto' the first that can; 'cpu' always can.

    A device is tried in a process of its own, since a driver may take its process down. Raises InputError for another
    name, MissingDependencyError where this onnxruntime lacks the provider, BrokenDependencyError where it fails.

    >>> choose_device("cpu")
    'cpu'
    """
    if device not in DEVICES:
        raise InputError(f"'device' must be one of {', '.join(DEVICES)}. Got {device!r}.")
    if device != "auto":
        _check(device)
        return device
    for name in (name for name in _FASTEST_FIRST if PROVIDERS[name].name in ort.get_available_providers()):
        try:
            _check(name)
            return name
        except BrokenDependencyError as error:
            logger.warning("%s Another device is taken.", error)
    return "cpu"


def providers_of(device: str) -> list[str]:
    """Providers as onnxruntime takes them; what the first cannot do, the processor does.

    >>> providers_of("cuda")
    ['CUDAExecutionProvider', 'CPUExecutionProvider']
    """
    return list(dict.fromkeys((PROVIDERS[device].name, PROVIDERS["cpu"].name)))


def failure(device: str, reason: object) -> BrokenDependencyError:
    """The error of a provider that is there and does not work."""
    provider = PROVIDERS[device]
    return BrokenDependencyError(
        f"The device {device!r} must run a network. {provider.name} fails: {reason}. It needs {provider.needs}; "
        f"install it again with: pip install --force-reinstall '{provider.package}', or take device='cpu'."
    )


def _check(device: str) -> None:
    if device == "cpu":
        return
    provider = PROVIDERS[device]
    if provider.name not in ort.get_available_providers():
        raise MissingProviderError(device)
    code = f"from mien.runtime.trial import run_trial; run_trial({device!r})"
    try:
        trial = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise failure(device, error) from error
    if trial.returncode:
        lines = trial.stderr.strip().splitlines()
        raise failure(device, lines[-1] if lines else f"its process ended with code {trial.returncode}")


class MissingProviderError(MissingDependencyError):
    """This onnxruntime lacks a provider; the message names the package that has it."""

    def __init__(self, device: str) -> None:
        provider = PROVIDERS[device]
        ImportError.__init__(
            self,
            f"The device {device!r} needs {provider.name}, which this onnxruntime lacks. Install the package that has "
            f"it, in place of the other: pip uninstall onnxruntime && pip install '{provider.package}'. "
            f"It needs {provider.needs}.",
        )
        self._device = device

    def __reduce__(self) -> tuple[type["MissingProviderError"], tuple[str]]:  # type: ignore[override]
        return type(self), (self._device,)
