"""Solvers of robust PCA side by side: all cases run, exactness is told apart, equal seeds give equal counts."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.rpca import study, verdicts

TINY = study.Settings(sizes=(10, 20), steps=20, interior_limit=10, newton_limit=10, descent_limit=20)


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def cell(found, n, solver, name):
    return next(row[found.table.columns.index(name)] for row in found.table.rows if row[:2] == (str(n), solver))


def test_each_solver_has_its_row(found) -> None:
    rows = [row[:2] for row in found.table.rows]
    assert ("20", verdicts.SGD) in rows
    assert ("20", verdicts.NEWTON) not in rows
    assert cell(found, 10, verdicts.NEWTON, verdicts.GAP) == "-"


def test_exact_and_not_exact(found) -> None:
    assert cell(found, 20, verdicts.PLAIN, verdicts.RANK).values == (0, 0)
    assert cell(found, 20, verdicts.PLAIN, verdicts.SUPPORT).values == (0, 0)
    assert cell(found, 20, verdicts.POLYAK, verdicts.RANK).mean > 5
    assert cell(found, 20, verdicts.POLYAK, verdicts.SUPPORT).mean > 300


def test_without_cvxpy_a_row_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "has_cvxpy", lambda: False)
    less = study.Settings(sizes=(20,), steps=2, newton_limit=0)
    rows = study.run(less, (0,)).table.rows
    assert rows[-1][1:3] == (verdicts.INTERIOR, "cvxpy is not installed")
    assert len({len(row) for row in rows}) == 1


def test_exactness_by_hand() -> None:
    instance = study.make_instance(20, 0.05, 0)
    off = study.Trace((1,), (1.0,), (0.1,), instance.low_rank + np.eye(20), instance.sparse + 1e-4)
    counts = study.exactness(instance, off)
    assert counts[verdicts.RANK] == 19
    assert counts[verdicts.SUPPORT] == (instance.sparse == 0).sum()
    assert counts[verdicts.CUT] == 0
    assert counts[verdicts.ERROR] == pytest.approx(20**0.5 / np.linalg.norm(instance.low_rank))


def test_equal_seeds_give_equal_counts() -> None:
    case = (10, verdicts.SGD)
    (a, _), (b, _) = (study.measure(TINY, case, 0) for _ in range(2))
    timed = {verdicts.STEP, verdicts.ENTIRE, verdicts.TO_LEVEL}
    assert {k: v for k, v in a.items() if k not in timed} == pytest.approx(
        {k: v for k, v in b.items() if k not in timed}, nan_ok=True
    )
