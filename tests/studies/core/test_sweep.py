"""Every case is run once for each seed, in order."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core.sweep import sweep


def test_all_cases_for_all_seeds() -> None:
    assert sweep("x", ["a", "b"], (3, 5), lambda case, seed: f"{case}{seed}") == {"a": ["a3", "a5"], "b": ["b3", "b5"]}
