"""Conjugate, biconjugate and mixtures, of matrices and of vectors."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.nuclear_norm import envelopes as study

KINDS = pytest.mark.parametrize("kind", [study.MATRICES, study.VECTORS], ids=lambda kind: kind.cost)


@KINDS
def test_samples_are_on_the_ball_and_have_all_costs(kind: study.Kind) -> None:
    rng = np.random.default_rng(0)
    spectra = [kind.values(kind.sample(rng, 4)) for _ in range(60)]
    assert max(s.max() for s in spectra) <= 1
    assert {study.cost(s) for s in spectra} == {1, 2, 3, 4}


@KINDS
def test_split_gives_back(kind: study.Kind) -> None:
    X = kind.sample(np.random.default_rng(1), 5)
    values, rebuild = kind.split(X)
    np.testing.assert_allclose(rebuild(values), X, atol=1e-12)
    np.testing.assert_allclose(kind.values(rebuild(2 * values)), 2 * kind.values(X), atol=1e-12)


def test_conjugate_by_hand() -> None:
    assert study.conjugate(np.array([3.0, 1.0, 0.5])) == 2


@KINDS
def test_biconjugate_by_hand(kind: study.Kind) -> None:
    """Values 0.5 and 0.25: the norm; a value of 2: one more for each unit of reach."""
    start = np.random.default_rng(2).standard_normal((2, 2) if kind is study.MATRICES else 2)
    make = np.diag if kind is study.MATRICES else np.array
    assert study.biconjugate(kind, make([0.5, -0.25]), start) == pytest.approx(0.75)
    assert study.biconjugate(kind, make([2.0, 0.0]), start, reach=10) == pytest.approx(11)


def test_vectors_are_diagonal_matrices() -> None:
    x = np.array([0.3, -0.9, 0.0])
    found = [study.biconjugate(kind, one, 0 * one) for kind, one in ((study.VECTORS, x), (study.MATRICES, np.diag(x)))]
    assert found == pytest.approx([1.2, 1.2])


def test_mixture_by_hand() -> None:
    weights, points = study.mixture(study.VECTORS, np.array([0.25, -1.0, 0.5]))
    assert weights == [0, 0.5, 0.25, 0.25]
    assert [point.tolist() for point in points] == [[0, 0, 0], [0, -1, 0], [0, -1, 1], [1, -1, 1]]


@KINDS
@pytest.mark.parametrize(
    ("name", "above_norm", "broken"),
    [
        ("the norm", False, None),
        ("1.05 times the norm", True, "above the cost"),
        ("norm + 0.05 sum of squares", True, "above the cost"),
        ("largest of norm and 1.2 size", True, "above the cost"),
        ("sum of squares", False, None),
        ("size", False, None),
        ("sum of square roots", True, "not convex"),
    ],
)
def test_rivals(kind: study.Kind, name: str, above_norm: bool, broken: str | None) -> None:
    rng = np.random.default_rng(3)
    found = study.rivalry(kind, [kind.sample(rng, 4) for _ in range(30)], name)
    assert (found["above the norm"] > 0) == above_norm
    assert {what for what in ("above the cost", "not convex") if found[what] > 0} == ({broken} if broken else set())
