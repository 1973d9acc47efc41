"""Checks hold for the norm, and fail where they must."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.nuclear_norm import envelope_checks as study
from mien.studies.nuclear_norm.envelopes import MATRICES, VECTORS, Kind


@pytest.mark.parametrize("kind", [MATRICES, VECTORS], ids=lambda kind: kind.cost)
def test_all_hold_on_the_ball(kind: Kind) -> None:
    rng = np.random.default_rng(0)
    found = study.checks(kind, [kind.sample(rng, 4) for _ in range(20)], rng)
    assert set(found) == set(study.CHECKS)
    assert [name for name, value in found.items() if not study.holds(name, [value])] == []


@pytest.mark.parametrize("kind", [MATRICES, VECTORS], ids=lambda kind: kind.cost)
def test_they_fail_outside(kind: Kind) -> None:
    rng = np.random.default_rng(0)
    found = study.checks(kind, [3 * kind.sample(rng, 4) for _ in range(20)], rng)
    wrong = {name for name, value in found.items() if not study.holds(name, [value])}
    assert {study.BELOW, study.TWICE} <= wrong
    assert study.SCALED not in wrong
