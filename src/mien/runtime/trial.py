"""One run of a network on a device, in a process that may die of it."""

import sys

from mien.runtime.models import WEIGHTS
from mien.runtime.session import open_session


def run_trial(device: str) -> None:
    """Run the landmark network on a gray crop. Ends the process with code 1 and the reason where that fails."""
    import numpy as np

    try:
        session = open_session((WEIGHTS / "landmarks.onnx").read_bytes(), 1, device)
        shape = [side if isinstance(side, int) else 1 for side in session.get_inputs()[0].shape]
        session.run(None, {"image": np.zeros(shape, np.float32)})
    except Exception as error:
        sys.exit(" ".join(str(error).split()))
