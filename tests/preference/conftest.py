"""An analyzer with a network whose scores are known."""

from pathlib import Path

import pytest
from tests.fixtures.tiny_scores import score_model

from mien.analyzer import Analyzer


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lighter faces score higher."""
    return score_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def analyzer(model: Path) -> Analyzer:
    return Analyzer(["expression", "age", model], threads=1)
