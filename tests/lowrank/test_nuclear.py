"""The norms, and thresholds as proximal steps."""

import numpy as np
import pytest

from mien.errors import InputError
from mien.lowrank import nuclear_norm, singular_value_threshold, soft_threshold, spectral_norm

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (5, 7), (300, 280)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norms_are_those_of_the_singular_values(shape: tuple[int, int], dtype: type) -> None:
    X = RNG.standard_normal(shape).astype(dtype)
    values = np.linalg.svd(X.astype(np.float64), compute_uv=False)
    assert nuclear_norm(X) == pytest.approx(values.sum(), rel=1e-5)
    assert spectral_norm(X) == pytest.approx(values[0], rel=1e-4)


def test_nuclear_norm_is_the_envelope_of_the_rank_on_the_unit_ball() -> None:
    for _ in range(20):
        X = RNG.standard_normal((6, 4))
        X /= spectral_norm(X)
        assert nuclear_norm(X) <= np.linalg.matrix_rank(X)
    assert nuclear_norm(np.eye(6)[:, :4]) == pytest.approx(4)
    assert nuclear_norm(9 * np.eye(6)[:, :4]) > 4


@pytest.mark.parametrize(("step", "norm"), [(soft_threshold, None), (singular_value_threshold, nuclear_norm)])
def test_thresholds_are_proximal_steps(step: object, norm: object) -> None:
    def cost(Z: object) -> float:
        return float(((X - Z) ** 2).sum() / 2 + 0.7 * (norm(Z) if norm else np.abs(Z).sum()))  # type: ignore[operator]

    X = RNG.standard_normal((6, 5))
    best = step(X, 0.7)  # type: ignore[operator]
    for scale in (1e-4, 1e-2, 1):
        assert all(cost(best) < cost(best + scale * RNG.standard_normal(X.shape)) for _ in range(20))
    assert step(X, 0.0) == pytest.approx(X)  # type: ignore[operator]
    assert not step(X, 100.0).any()  # type: ignore[operator]


def test_soft_threshold_of_any_shape_and_by_entry() -> None:
    assert soft_threshold(np.float32([[-3, 1], [0.5, 2]]), [[1, 2], [0.25, 0]]).tolist() == [[-2, 0], [0.25, 2]]
    assert soft_threshold(np.float32([1]), 0.5).dtype == np.float32
    assert np.isnan(soft_threshold([np.nan], 1.0)).all()


@pytest.mark.parametrize("call", [nuclear_norm, spectral_norm, lambda X: singular_value_threshold(X, 1.0)])
@pytest.mark.parametrize("X", [np.zeros((0, 2)), np.ones(3), np.array([[np.nan]]), np.array([[1j]])])
def test_refused(call: object, X: object) -> None:
    with pytest.raises(InputError, match="'X' must be"):
        call(X)  # type: ignore[operator]


@pytest.mark.parametrize("step", [soft_threshold, singular_value_threshold])
def test_thresholds_are_not_negative(step: object) -> None:
    with pytest.raises(InputError, match=r"'threshold' must be (a number of )?at least 0"):
        step(np.ones((2, 2)), -1.0)  # type: ignore[operator]
