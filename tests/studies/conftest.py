"""A few gray pictures with labels that a network can read off them, as if they were faces."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def faces():
    torch = pytest.importorskip("torch", reason="studies need mien[train]")
    from mien.studies.core.faces import FaceSample

    stream = torch.Generator().manual_seed(0)
    level = torch.rand(240, generator=stream)
    image = level[:, None, None, None] * 4 - 2 + 0.1 * torch.randn(240, 1, 16, 16, generator=stream)
    columns = {"age": (level * 80).numpy(), "class": np.array(["dark", "middle", "light"])[(level * 3).long().numpy()]}
    return FaceSample("shades", image, columns, 2)
