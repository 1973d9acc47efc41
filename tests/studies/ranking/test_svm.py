"""A ranking SVM by its dual is the one that the primal gives; raters drawn from a line are learned."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("sklearn")

from sklearn.svm import LinearSVC

from mien.errors import InputError
from mien.studies.core.finding import Measured
from mien.studies.ranking import svm
from mien.studies.ranking.svm import LINEAR, LOGISTIC, POOL, RBF, Settings, judge, learn_all, pursue, rbf, report, right
from mien.studies.taste.raters import Comparisons, Pool

SMALL = Settings(counts=(5, 40), penalties=(0.01, 1.0))


def pool(faces: int = 40, raters: int = 3) -> Pool:
    """Raters who order faces by the second coordinate, which the pool's score, the first, knows nothing of."""
    z = np.random.default_rng(1).normal(0, 1, (faces, 3))
    return Pool(z, np.tile(z[:, 1:2], (1, raters)), np.array(["female"] * faces))


@pytest.mark.parametrize("penalty", [0.02, 1.0])
def test_dual_gives_the_weights_of_the_primal(penalty: float) -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(0, 1, (30, 3))
    pairs = rng.permutation(np.stack([rng.permutation(30), rng.permutation(30)], 1))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    scores, counts = pursue(z @ z.T, pairs, penalty)
    x = z[pairs[:, 0]] - z[pairs[:, 1]]
    machine = LinearSVC(C=penalty / 2, loss="hinge", fit_intercept=False, tol=1e-8, max_iter=1_000_000)
    machine.fit(np.concatenate([x, -x]), np.repeat([1, -1], len(x)))
    np.testing.assert_allclose(scores, z @ machine.coef_[0], atol=1e-4)
    assert abs(counts["duality gap"]) < 1e-5
    assert counts["at the bound (share)"] <= counts["support vectors (share)"] <= 1


def test_rbf_of_equal_faces_is_one() -> None:
    z = np.array([[0.0, 1.0], [0.0, 1.0], [3.0, 1.0]])
    np.testing.assert_allclose(rbf(z), [[1, 1, np.exp(-9 / 4)], [1, 1, np.exp(-9 / 4)], [np.exp(-9 / 4)] * 2 + [1]])


def test_equal_scores_count_half() -> None:
    pairs = Comparisons(np.array([[0, 1], [1, 2], [2, 0]]), np.array([1.0, 1.0, 0.0]))
    assert right(np.array([2.0, 1.0, 1.0]), pairs) == pytest.approx((1 + 0.5 + 1) / 3)


def test_a_line_is_learned_by_all_machines_and_unknown_to_the_pool() -> None:
    found = learn_all(SMALL, pool(), 0)
    assert found["raters"] == 3
    assert found[f"{LINEAR}|40|pairs in order"] > 0.9
    assert found[f"{LOGISTIC}|40|pairs in order"] > 0.9
    assert found[f"{RBF}|40|pairs in order"] > 0.8
    assert found[f"{POOL}|40|pairs in order"] < 0.75
    assert found[f"{LINEAR}|40|C"] in SMALL.penalties
    assert f"{RBF}|40|duality gap" not in found


def test_report_has_a_row_for_each_machine_and_count() -> None:
    finding = report(SMALL, [learn_all(SMALL, pool(), seed) for seed in range(2)], "made", pool())
    assert [row[:2] for row in finding.table.rows] == [
        (n, c) for c in ("5", "40") for n in (LINEAR, RBF, LOGISTIC, POOL)
    ]
    assert finding.data == "made: 40 test faces, 3 raters, embedding of 3 numbers"
    assert "pairs in order, 40 comparisons" in finding.verdict


def test_verdict_tells_which_is_higher() -> None:
    names = (LINEAR, RBF, LOGISTIC, POOL)
    found = {f"{name}|40|pairs in order": Measured((0.6 + k / 10, 0.61 + k / 10)) for k, name in enumerate(names)}
    found[f"{LINEAR}|40|support vectors (share)"] = Measured((0.5, 0.5))
    lines = judge(found, SMALL).splitlines()
    assert [("lower with linear" in line) for line in lines[:3]] == [True, True, True]
    assert lines[3] == "Support vectors of the linear machine: 50% of 40 comparisons."


def test_raters_of_too_few_faces() -> None:
    with pytest.raises(InputError, match="a rater with more than 40 comparisons"):
        learn_all(SMALL, pool(faces=8), 0)


def test_quick_settings_are_smaller() -> None:
    assert max(svm.QUICK.counts) < max(Settings().counts)
