"""The posterior of a taste is that of its definition; files are whole; wrong input is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError, ModelError, SinkError
from mien.estimates import moderated
from mien.preference import Taste

RNG = np.random.default_rng(0)
WIDTH = 3


def prior(scale: float = 1.0) -> Taste:
    root = np.random.default_rng(1).normal(0, 1, (WIDTH, WIDTH))
    return Taste(np.array([1.0, -0.5, 0.0]), scale * root @ root.T, 0, "attractiveness", "ab" * 32)


def comparisons(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0, 1, (2, count, WIDTH))
    return first, second, rng.choice([0, 0.5, 1], count)


def test_the_posterior_has_no_slope_at_its_mean_and_the_curvature_of_the_log_posterior() -> None:
    start, (first, second, target) = prior(), comparisons(25)
    found = start.fit(first, second, target)
    x = first - second

    def height(w: np.ndarray) -> float:
        f, d = x @ w, w - start.mean
        return float(target @ f - np.logaddexp(0, f).sum() - d @ np.linalg.solve(start.covariance, d) / 2)

    step = 1e-4
    moves = np.eye(WIDTH) * step
    slope = [(height(found.mean + one) - height(found.mean - one)) / (2 * step) for one in moves]
    assert np.abs(slope).max() < 1e-5

    def curve_along(a: np.ndarray, b: np.ndarray) -> float:
        ends = (height(found.mean + s * a + t * b) * s * t for s in (1, -1) for t in (1, -1))
        return sum(ends)

    curve = [[curve_along(a, b) for b in moves] for a in moves]
    assert np.linalg.inv(-np.array(curve) / (4 * step**2)) == pytest.approx(found.covariance, rel=1e-3, abs=1e-3)
    assert found.comparisons == 25


def test_a_true_taste_is_found_from_many_comparisons() -> None:
    truth, rng = np.array([1.5, -1.0, 0.5]), np.random.default_rng(2)
    first, second = rng.normal(0, 1, (2, 4000, WIDTH))
    target = (rng.random(4000) < 1 / (1 + np.exp(-(first - second) @ truth))).astype(float)
    found = Taste(np.zeros(WIDTH), 9 * np.eye(WIDTH)).fit(first, second, target)
    error = found.mean - truth
    assert np.abs(error).max() < 0.2
    assert error @ np.linalg.solve(found.covariance, error) < 16.3  # 99.9 % of chi squared with 3 degrees of freedom


def test_a_tie_counts_as_half_a_win_of_each() -> None:
    first, second, _ = comparisons(6)
    once = prior().fit(first, second, np.full(6, 0.5))
    twice = prior().fit(np.tile(first, (2, 1)), np.tile(second, (2, 1)), np.repeat([1, 0], 6))
    halved = prior().fit(np.tile(first, (2, 1)), np.tile(second, (2, 1)), np.full(12, 0.5))
    assert twice.mean == pytest.approx(halved.mean, abs=1e-7)
    assert np.linalg.det(once.covariance) < np.linalg.det(prior().covariance)


@pytest.mark.parametrize("target", [1, 0, 0.5])
def test_who_stands_first_does_not_matter(target: float) -> None:
    first, second, _ = comparisons(5)
    one = prior().fit(first, second, np.full(5, target))
    other = prior().fit(second, first, np.full(5, 1 - target))
    assert one.mean == pytest.approx(other.mean, abs=1e-9)
    assert one.covariance == pytest.approx(other.covariance, abs=1e-9)


def test_no_comparisons_leave_the_prior_and_one_face_tells_nothing() -> None:
    assert prior().fit([], [], []).mean == pytest.approx(prior().mean)
    same = prior().fit(np.ones((4, WIDTH)), np.ones((4, WIDTH)), [1, 1, 0, 1])
    assert same.mean == pytest.approx(prior().mean)
    assert same.covariance == pytest.approx(prior().covariance)


def test_contradictions_cancel_and_unanimity_stays_finite() -> None:
    flat = Taste(np.zeros(WIDTH), 100 * np.eye(WIDTH))
    first, second = np.eye(WIDTH)[[0] * 50], np.zeros((50, WIDTH))
    assert flat.fit(first, second, np.arange(50) % 2).mean == pytest.approx(np.zeros(WIDTH), abs=1e-9)
    sure = flat.fit(1e3 * first, second, np.ones(50))
    assert np.isfinite(sure.mean).all()
    assert sure.preference(first[0], second[0]).sign > 0.5


def test_many_answers_on_two_faces_tell_less_than_on_many_faces() -> None:
    flat, pair = Taste(np.zeros(1), 4 * np.eye(1)), ([[0.5]], [[-0.5]])
    jitter = 1e-6 * np.arange(60)[:, None]
    few = flat.fit(np.repeat(pair[0], 60, 0), np.repeat(pair[1], 60, 0), np.arange(60) % 2)
    many = flat.fit(np.add(pair[0], jitter), np.subtract(pair[1], jitter), np.arange(60) % 2)
    assert many.covariance[0, 0] == pytest.approx(1 / (1 / 4 + 60 / 4), rel=1e-3)
    # f = k w + d_1 - d_2, known to 4 / 60; var(w) is what Gauss leaves of 4 beside it, k^2 = 1 + pi / 4.
    k = 1 + np.pi / 4
    assert few.covariance[0, 0] == pytest.approx(4 - 16 * k / (4 * k + 2 + 4 / 60), rel=1e-6)
    assert few.covariance[0, 0] > 8 * many.covariance[0, 0]


def test_a_prior_without_variance_in_a_direction_does_not_move_there() -> None:
    flat = Taste(np.array([1.0, 2.0, 3.0]), np.diag([1.0, 1.0, 0.0]))
    first, second, target = comparisons(40)
    found = flat.fit(first, second, target)
    assert found.mean[2] == pytest.approx(3.0)
    assert found.covariance[2] == pytest.approx(np.zeros(3), abs=1e-12)


def test_probabilities_are_means_over_the_posterior() -> None:
    taste, z = prior(0.3), RNG.normal(0, 1, (5, WIDTH))
    found = taste.preference(z, np.zeros(WIDTH))
    draws = np.random.default_rng(3).multivariate_normal(taste.mean, taste.covariance, 200_000) @ z.T
    shares = 1 / (1 + np.exp(-draws))
    assert found.probability == pytest.approx(shares.mean(0), abs=0.01)
    assert found.low == pytest.approx(np.quantile(shares, 0.05, axis=0), abs=0.01)
    assert found.high == pytest.approx(np.quantile(shares, 0.95, axis=0), abs=0.01)
    assert found.sign == pytest.approx((draws > 0).mean(0), abs=0.01)
    value, spread = taste.score(z)
    assert value == pytest.approx(draws.mean(0), abs=0.05)
    assert spread == pytest.approx(draws.std(0), rel=0.02)
    assert moderated(np.zeros(1), np.ones(1)) == pytest.approx([0.5])


def test_a_face_against_itself_is_even_and_shapes_broadcast() -> None:
    z = RNG.normal(0, 1, (4, WIDTH))
    even = prior().preference(z[0], z[0])
    assert (even.probability, even.low, even.high, even.sign) == (0.5, 0.5, 0.5, 0.5)
    every = prior().preference(z[:, None], z)
    assert every.probability.shape == (4, 4)
    assert every.probability + every.probability.T == pytest.approx(np.ones((4, 4)))


def test_left_out_is_the_fit_to_the_others() -> None:
    first, second, target = comparisons(5)
    keep = np.arange(5) != 2
    expected = prior().fit(first[keep], second[keep], target[keep]).preference(first[2], second[2]).probability
    assert prior().left_out(first, second, target)[2] == pytest.approx(expected)
    assert prior().left_out([], [], []).shape == (0,)


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    taste = prior().fit(*comparisons(7))
    found = Taste.load(taste.save(tmp_path / "me.taste.json"), "ab" * 32)
    assert np.array_equal(found.mean, taste.mean)
    assert np.array_equal(found.covariance, taste.covariance)
    assert (found.comparisons, found.model, found.sha256) == (7, "attractiveness", "ab" * 32)
    assert [path.name for path in tmp_path.iterdir()] == ["me.taste.json"]
    again = found.fit(*comparisons(3, 1))
    assert again.comparisons == 10


def test_another_network_is_refused(tmp_path: Path) -> None:
    path = prior().save(tmp_path / "me.json")
    with pytest.raises(ModelError, match=r"must be used with the network it was learned on, 'attractiveness'"):
        Taste.load(path, "cd" * 32)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no JSON", "'path' must be a file that 'mien taste fit' wrote"),
        ("[1]", "'path' must be a file that 'mien taste fit' wrote"),
        ('{"format": "mien taste", "version": 9}', "'version' must be 1; update mien. Got 9"),
        ('{"format": "mien taste", "version": 1, "mean": [0]}', "without covariance, comparisons, model, sha256"),
        (None, "No such file"),
    ],
)
def test_files_that_are_no_taste(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=said):
        Taste.load(path)


def test_damaged_numbers_in_a_file_are_refused(tmp_path: Path) -> None:
    values = json.loads(prior().save(tmp_path / "x.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps({**values, "covariance": [[1, "a"], [2, 3]]}))
    with pytest.raises(InputError, match="'covariance' must be an array of numbers"):
        Taste.load(tmp_path / "x.json")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="cannot be written"):
        prior().save(tmp_path / "gone" / "x.json")
    old = prior().save(tmp_path / "x.json").read_bytes()
    broken = prior()
    object.__setattr__(broken, "mean", np.array([np.nan]))
    with pytest.raises(ValueError, match="JSON"):
        broken.save(tmp_path / "x.json")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x.json", old)]


@pytest.mark.parametrize(
    ("mean", "covariance", "said"),
    [
        ([], np.zeros((0, 0)), r"'mean' must be a vector \(D,\)"),
        ([0.0, np.nan], np.eye(2), "'mean' must be finite numbers"),
        ([0.0, 0.0], np.eye(3), r"'covariance' must be \(2, 2\)"),
        ([0.0, 0.0], [[1, 0.5], [0, 1]], "'covariance' must be symmetric"),
        ([0.0, 0.0], [[1, 2], [2, 1]], "'covariance' must be without negative eigenvalues"),
    ],
)
def test_a_prior_that_is_none(mean: object, covariance: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Taste(mean, covariance)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "target", "said"),
    [
        ([[1, 2, np.nan]], [[0, 0, 0]], [1], "'first' must be finite numbers"),
        ([[1, 2]], [[0, 0, 0]], [1], "'first' must be embeddings"),
        ([[1, 2, 3]], [[0, 0, 0]], [1, 0], r"'first' must be an array \(2, 3\)"),
        ([[1, 2, 3]], [[0, 0, 0]] * 2, [1], r"'second' must be an array \(1, 3\)"),
        ([[1, 2, 3]], [[0, 0, 0]], [0.7], "'target' must be 1, 0.5 or 0"),
        ([[1, 2, 3]], [[0, 0, 0]], [np.nan], "'target' must be finite"),
    ],
)
def test_comparisons_that_are_none(first: object, second: object, target: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        prior().fit(first, second, target)  # type: ignore[arg-type]


def test_the_prior_of_a_card() -> None:
    decoding = {"taste": {"mean": [0.0, 1.0], "covariance": [[1.0, 0.0], [0.0, 2.0]]}}
    found = Taste.from_decoding(decoding, "attractiveness", "ab")
    assert (found.width, found.model, found.sha256, found.comparisons) == (2, "attractiveness", "ab", 0)
    with pytest.raises(ModelError, match="'old' must have a prior of personal taste"):
        Taste.from_decoding({}, "old", "ab")


@pytest.mark.parametrize(
    "change",
    [{"comparisons": "many"}, {"comparisons": -1}, {"model": 3}, {"sha256": None}, {"mean": [10**400] * WIDTH}]
    + [{"covariance": (np.eye(WIDTH) * 1e300).tolist()}],
)
def test_values_of_a_file_that_cannot_be(tmp_path: Path, change: dict) -> None:
    path = prior().save(tmp_path / "me.json")
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(InputError, match="must be"):
        Taste.load(path)
