"""Action Units by yaw: the mean of single AUCs, on the same people for every angle."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.routes.units import judge_units, unit_auc, unit_rows, units_by_yaw

PEOPLE, SCENES, UNITS = 5, 40, 3


def rendered(noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that tell the intensities but for noise, and people; the last unit is never there."""
    rng = np.random.default_rng(seed)
    intensity = rng.uniform(0, 1, (PEOPLE * SCENES, UNITS)).astype(np.float32)
    intensity[:, -1] = 0
    probability = intensity + noise * rng.normal(size=intensity.shape)
    return probability, intensity, np.repeat(np.arange(PEOPLE), SCENES)


def test_mean_is_that_of_the_units_that_can_be_measured() -> None:
    probability, intensity, person = rendered(0.5)
    single = []
    for k in range(2):
        there, away = (probability[(intensity[:, k] >= 0.5) == present, k] for present in (True, False))
        single.append((there[:, None] > away).mean())
    found = unit_auc(probability, intensity, person, 50)
    assert found.value == pytest.approx(np.mean(single))
    assert found.low < found.value < found.high


def test_a_turn_that_costs_is_told_and_one_that_costs_nothing_is_not() -> None:
    frontal, worse = rendered(0.2), rendered(1.0)
    parts = [np.concatenate(pair) for pair in zip(frontal, frontal, worse, strict=True)]
    yaw = np.repeat([0, 15, 45], PEOPLE * SCENES)
    found = units_by_yaw(parts[0], parts[1], yaw, parts[2], 60)
    assert found[0].draws.tolist() == found[15].draws.tolist()
    assert (found[0] - found[45]).low > 0.05
    same, lost = judge_units(found)
    assert "0.000 lost (0.000 to 0.000)" in same
    assert f"{found[0].value:.3f} to {found[45].value:.3f}" in lost
    assert [row[2] for row in unit_rows(found)] == list(found.values())
