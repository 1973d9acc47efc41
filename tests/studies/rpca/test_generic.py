"""General convex solvers: the interior-point method finds the optimum that ADMM finds; sizes of a Newton step."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.rpca import generic as study
from mien.studies.rpca.traces import make_instance, objective


@pytest.mark.parametrize("share", [0.05, 0.4])
def test_the_interior_point_method_confirms_the_optimum(share: float) -> None:
    pytest.importorskip("cvxpy", reason="the interior-point method comes with cvxpy")
    instance = make_instance(12, share, 0)
    found = study.interior_point(instance)
    assert objective(instance.X, found.low_rank) == pytest.approx(instance.optimum, rel=1e-6)
    assert list(found.steps) == sorted(found.steps)


def test_newton() -> None:
    assert study.newton_bytes(10) == 8 * 100**2
    assert study.newton_seconds(4, 0) > 0
