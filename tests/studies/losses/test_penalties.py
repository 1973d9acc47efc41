"""Penalties: closed forms, exact zeros by proximal steps only, a verdict that follows the numbers."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.core.finding import Measured
from mien.studies.losses import penalties as study

TINY = study.Settings(steps=80, lambdas=(0.03, 0.1, 0.3))


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def cell(found, structure, method, name):
    at = found.table.columns.index(name)
    return next(row[at] for row in found.table.rows if row[:2] == (structure, method))


def test_exact_zeros_come_from_proximal_steps_only(found) -> None:
    name = "exact zeros (share)"
    assert cell(found, "sparse", study.L1, name).mean > 0.3
    assert cell(found, "sparse", study.L1_SUB, name).mean == 0
    assert cell(found, "sparse", study.L2, name).mean == 0
    assert cell(found, "sparse", study.L1_SUB, "below 0.01 (share)").mean > 0.3


def test_the_penalty_made_for_a_structure_beats_l2_on_it(found) -> None:
    for structure, own in study.OWN.items():
        errors = [cell(found, structure, method, "relative error").mean for method in (own, study.L2)]
        assert errors[0] < errors[1]


def orthogonal(structure: str = "sparse") -> study.Problem:
    """x with x' x / n = 1: the minimiser is known in closed form."""
    problem = study.make_problem(structure, study.Settings(), 0)
    x = torch.linalg.qr(problem.x).Q * len(problem.x) ** 0.5
    return study.Problem(x, x @ problem.weights, x, x @ problem.weights, problem.weights)


def test_minimisers_in_closed_form() -> None:
    problem, lam = orthogonal(), 0.2
    w = problem.weights
    shrunk = w.sign() * (w.abs() - lam).clamp(min=0)
    torch.testing.assert_close(study.solve(problem, study.L1, lam, 50), shrunk)
    torch.testing.assert_close(study.solve(problem, study.L2, lam, 50), w / (1 + 2 * lam))
    near = study.solve(problem, study.L1_SUB, lam, 3000)
    assert float((near - shrunk).abs().max()) < 0.02
    assert near.count_nonzero() == near.numel()
    u, s, vh = torch.linalg.svd(w, full_matrices=False)
    torch.testing.assert_close(study.solve(problem, study.NUCLEAR, lam, 50), (u * (s - lam).clamp(min=0)) @ vh)


def test_group_penalty_removes_whole_rows() -> None:
    weights = study.solve(orthogonal("few rows"), study.GROUP, 0.1, 50)
    assert (weights != 0).any(1).tolist() == [True] * 5 + [False] * 19


def test_structures_are_what_they_are_called() -> None:
    made = {name: study.make_problem(name, study.Settings(), 0).weights for name in study.STRUCTURES}
    assert 0.05 < float((made["sparse"] != 0).double().mean()) < 0.25
    assert int((made["few rows"] != 0).any(1).sum()) == 5
    assert int(torch.linalg.matrix_rank(made["rank 2"])) == 2


def test_counts_by_hand() -> None:
    found = study.describe(torch.tensor([[1.0, 0.0], [0.005, 0.0]]), torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    assert found["exact zeros (share)"] == 0.5
    assert found["below 0.01 (share)"] == 0.75
    assert found["support F1"] == 0.5
    assert found["rank"] == 1


def test_equal_seeds_give_equal_tables() -> None:
    less = study.Settings(steps=5, lambdas=(0.1,))
    assert study.run(less, (0, 1)).table == study.run(less, (0, 1)).table


def made(best: dict[str, str], zeros: dict[str, float]):
    """Results in which one penalty has half of the error of all others on each structure."""
    found = {}
    for structure in study.STRUCTURES:
        for method in study.METHODS:
            level = 0.5 if best[structure] == method else 1.0
            values = {
                "relative error": level,
                "exact zeros (share)": zeros.get(method, 0.0),
                "support F1": 0.5,
                "rank": 2.0,
            }
            found[structure, method] = {k: Measured((v, v * 1.01, v * 0.99)) for k, v in values.items()}
    return found


def test_verdict_follows_the_numbers() -> None:
    expected = study.judge(made(study.OWN, {study.L1: 0.7})).splitlines()[0]
    assert "L1 with proximal steps 70%" in expected
    assert "best for: sparse, few rows, rank 2." in expected
    flipped = study.judge(made(dict.fromkeys(study.STRUCTURES, study.L2), {study.L2: 0.7})).splitlines()[0]
    assert "L1 with proximal steps 0%" in flipped
    assert "L2 70%" in flipped
    assert "best for: none (least error elsewhere, sparse: L2; few rows: L2; rank 2: L2)" in flipped
