"""The figure of the solvers shows those that ran."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core.finding import Measured
from mien.studies.rpca import figure as study
from mien.studies.rpca import verdicts
from mien.studies.rpca.traces import Trace


@pytest.mark.parametrize("interior", [None, 10, 20])
def test_panels(interior: int | None) -> None:
    cases = [(n, name) for n in (10, 20) for name in (verdicts.PLAIN, verdicts.SGD)]
    cases += [(interior, verdicts.INTERIOR)] if interior else []
    trace = Trace((1, 2), (0.1, 0.2), (0.5, 0.1), np.eye(3), np.eye(3))
    found = {case: {verdicts.STEP: Measured((1.0, 2.0))} for case in cases}
    figure = study.draw(found, dict.fromkeys(cases, trace))
    by_step, _, growth, values = figure.axes
    assert len(by_step.lines) == (3 if interior else 2)
    assert by_step.get_title() == "gap by steps, n = 20, first seed"
    assert len(growth.lines) == (3 if interior else 2)
    assert len(values.lines) == (3 if interior == 20 else 2)
