"""Pairs are asked where an answer tells most, and no face is asked too often."""

import numpy as np
import pytest

from mien.errors import InputError
from mien.preference import Taste, informative_pairs
from mien.preference.active import MOST_FACES, _information

RNG = np.random.default_rng(0)
FACES = RNG.normal(0, 1, (30, 4))
PRIOR = Taste(np.zeros(4), np.eye(4))


def test_the_information_is_that_of_the_definition() -> None:
    mean, variance = np.array([0.0, 0.5, 2.0, -1.0]), np.array([1.0, 4.0, 0.5, 2.0])
    f = mean + np.sqrt(variance) * np.random.default_rng(1).normal(0, 1, (400_000, 4))
    p = 1 / (1 + np.exp(-f))

    def entropy(q: np.ndarray) -> np.ndarray:
        return -q * np.log2(q) - (1 - q) * np.log2(1 - q)

    assert _information(mean, variance) == pytest.approx(entropy(p.mean(0)) - entropy(p).mean(0), abs=0.015)
    assert _information(np.zeros(1), np.zeros(1)) == pytest.approx([0], abs=1e-3)


def test_pairs_are_different_and_spread_over_faces() -> None:
    pairs = informative_pairs(PRIOR, FACES, 40)
    assert pairs.shape == (40, 2)
    assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) == 40
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert np.bincount(pairs.ravel()).max() <= 4
    assert 0 < (pairs[:, 0] < pairs[:, 1]).mean() < 1


def test_what_the_answers_leave_unknown_is_less_than_after_random_pairs() -> None:
    def left(pairs: np.ndarray) -> float:
        fitted = PRIOR.fit(FACES[pairs[:, 0]], FACES[pairs[:, 1]], np.full(len(pairs), 0.5))
        return float(np.linalg.slogdet(fitted.covariance)[1])

    chosen = left(informative_pairs(PRIOR, FACES, 12))
    drawn = [left(np.array([RNG.choice(30, 2, replace=False) for _ in range(12)])) for _ in range(20)]
    assert chosen < min(drawn)


def test_settled_pairs_and_known_directions_are_not_asked() -> None:
    taste = Taste(np.array([0.0, 0.0]), np.diag([1.0, 1e-6]))
    assert sorted(informative_pairs(taste, [[0.0, 9.0], [0.0, 0.0], [1.0, 0.0]], 1)[0].tolist()) in ([0, 2], [1, 2])
    settled = Taste(np.array([5.0, 0.0]), 0.5 * np.eye(2))
    assert sorted(informative_pairs(settled, [[0.0, 0.0], [2.0, 0.0], [0.0, 1.5]], 1)[0].tolist()) == [0, 2]


def test_nearly_the_same_face_is_used_once() -> None:
    twice = np.concatenate([FACES, FACES + 1e-3])
    pairs = informative_pairs(PRIOR, twice, 60)
    assert pairs.max() < 30


def test_few_faces_are_asked_more_often_and_give_what_they_can() -> None:
    pairs = informative_pairs(PRIOR, FACES[:4], 50)
    assert len(pairs) == 6


def test_many_faces_are_drawn_from() -> None:
    many = np.random.default_rng(2).normal(0, 1, (MOST_FACES + 50, 2))
    one, again, other = (informative_pairs(Taste(np.zeros(2), np.eye(2)), many, 3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("faces", "count", "said"),
    [
        (FACES[:1], 3, "at least two different faces"),
        (np.ones((5, 4)), 3, "at least two different faces"),
        (FACES, 0, "'count' must be a whole number of at least 1"),
        (FACES[:, :2], 3, "'z' must be embeddings"),
        (FACES * np.nan, 3, "'z' must be finite"),
    ],
)
def test_what_cannot_be_asked(faces: np.ndarray, count: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        informative_pairs(PRIOR, faces, count)
