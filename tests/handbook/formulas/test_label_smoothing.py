"""Formulas of 03-label-smoothing."""

import math

import pytest
import sympy as sp

K = 4
z = sp.symbols(f"z:{K}", real=True)
eps = sp.symbols("epsilon", positive=True)
TOTAL = sum(sp.exp(value) for value in z)
P = [sp.exp(value) / TOTAL for value in z]
SMOOTHED = [1 - eps + eps / K, *[eps / K] * (K - 1)]


def cross_entropy(target: list[sp.Expr]) -> sp.Expr:
    return -sum(share * (value - sp.log(TOTAL)) for share, value in zip(target, z, strict=True))


def soft_targets() -> list[sp.Expr]:
    free = list(sp.symbols(f"y:{K - 1}", real=True))
    return [*free, 1 - sum(free)]


@pytest.mark.parametrize("target", [SMOOTHED, soft_targets(), [1, 0, 0, 0]], ids=["smoothed", "soft", "one-hot"])
def test_gradient_is_p_minus_target(target: list[sp.Expr]) -> None:
    for i in range(K):
        assert sp.simplify(sp.diff(cross_entropy(target), z[i]) - (P[i] - target[i])) == 0


def test_gap_of_the_minimum() -> None:
    gap = sp.log(1 + K * (1 - eps) / eps)
    at_minimum = {z[0]: gap, **dict.fromkeys(z[1:], 0)}
    for i in range(K):
        assert sp.simplify(sp.diff(cross_entropy(SMOOTHED), z[i]).subs(at_minimum)) == 0
    assert sp.simplify(sp.exp(gap) - SMOOTHED[0] / SMOOTHED[1]) == 0
    assert round(math.log(1 + 6 * 0.9 / 0.1), 2) == round(math.log(55), 2) == 4.01


def test_it_is_a_penalty_on_the_distance_from_uniform() -> None:
    hard, uniform = cross_entropy([1, 0, 0, 0]), cross_entropy([sp.Rational(1, K)] * K)
    divergence = sum(sp.Rational(1, K) * (-sp.log(K) - (value - sp.log(TOTAL))) for value in z)
    assert sp.simplify(cross_entropy(SMOOTHED) - (1 - eps) * hard - eps * uniform) == 0
    assert sp.simplify(uniform - divergence - sp.log(K)) == 0


def test_expected_target_of_random_labels_is_the_smoothed_one() -> None:
    kept, drawn = 1 - eps, eps * sp.Rational(1, K)
    assert sp.simplify(kept + drawn - SMOOTHED[0]) == 0
    assert sp.simplify(drawn - SMOOTHED[1]) == 0


def test_sigmoid_has_its_minimum_at_a_finite_logit() -> None:
    logit, target = sp.symbols("z"), 1 - eps / 2
    p = 1 / (1 + sp.exp(-logit))
    slope = sp.diff(-target * sp.log(p) - (1 - target) * sp.log(1 - p), logit)
    assert sp.simplify(slope - (p - target)) == 0
    assert sp.simplify((p - target).subs(logit, sp.log((2 - eps) / eps))) == 0


def test_largest_probability() -> None:
    assert round(1 - 0.1 + 0.1 / 6, 3) == 0.917
    assert round(1 - 0.9 + 0.9 / 2, 2) == 0.55
