"""A table of each kind to write to."""

from pathlib import Path

import pytest


@pytest.fixture(params=["csv", "parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"t.{request.param}"
