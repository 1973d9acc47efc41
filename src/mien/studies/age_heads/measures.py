"""How well a head tells ages, and how well it knows how well."""

from collections.abc import Mapping

import numpy as np

from mien.estimates import DISTRIBUTIONS, age_estimate, age_value
from mien.geometry import Array
from mien.metrics import cumulative_score, mean_absolute_error
from mien.studies.core.finding import Measured, difference
from mien.tasks.calibration import COVERAGE, age_decoding

MAE, CS5, BIAS = "MAE (years)", "CS@5", "bias (years)"
OWN, CONFORMAL, WIDTH = "own 90 % interval covers", "conformal covers", "conformal width (years)"
DECADES = tuple(range(0, 90, 10))
NORMAL, LAPLACE = 1.6449, float(np.log(10))
"""Half of the interval that holds 90 %, in deviations of a normal, in scales of a Laplace distribution."""
SPREADS = {"gaussian": NORMAL, "laplace": LAPLACE, "coral": NORMAL, **dict.fromkeys(DISTRIBUTIONS, NORMAL)}
Labelled = tuple[Array, Array]
"""Outputs (N, width) of a head, and ages (N,)."""


def decade_name(start: int) -> str:
    """The measure of one decade; the last is open.

    >>> decade_name(20), decade_name(80)
    ('MAE 20-29', 'MAE 80+')
    """
    return f"MAE {start}-{start + 9}" if start < DECADES[-1] else f"MAE {start}+"


def measures(head: str, test: Labelled, held_out: Labelled) -> dict[str, float]:
    """Errors of the decoded age on test; its conformal interval is fitted on the outputs held out.

    A head without a spread has no interval of its own: NaN, as where a decade has no face.
    """
    output, age = test
    value, _ = age_value(output, head)
    decade = np.clip(age // 10, 0, len(DECADES) - 1).astype(int)
    by_decade = {decade_name(10 * k): mean_absolute_error(value[decade == k], age[decade == k]) for k in range(9)}
    return {
        MAE: mean_absolute_error(value, age),
        CS5: cumulative_score(value, age),
        BIAS: float((value - age).mean()),
        OWN: own_coverage(head, output, age),
        **conformal(head, test, held_out),
        **by_decade,
    }


def own_coverage(head: str, output: Array, age: Array) -> float:
    """Share of ages (N,) within the 90 % interval that the head's own spread tells, NaN where it has none.

    A bin distribution and CORAL tell a deviation, as the product decodes them: value ± 1.645 deviations.
    """
    if head not in SPREADS:
        return float("nan")
    value, scale = age_value(output, head)
    return float((np.abs(value - age) <= SPREADS[head] * scale).mean())


def conformal(head: str, test: Labelled, held_out: Labelled) -> dict[str, float]:
    """Coverage and mean width of the product's conformal 90 % interval."""
    ages = np.stack([held_out[1], held_out[1]], 1)
    estimate = age_estimate(test[0], {"head": head, **age_decoding(held_out[0], ages, head)})
    inside = (estimate.low <= test[1]) & (test[1] <= estimate.high)
    return {CONFORMAL: float(inside.mean()), WIDTH: float((estimate.high - estimate.low).mean())}


def off_target(covered: Measured) -> Measured:
    """How far a coverage is from the 90 % that it was meant to be."""
    return Measured(tuple(abs(share - COVERAGE) for share in covered.values))


def leaders(cells: Mapping[str, Measured]) -> list[str]:
    """The name of the least number, then those that are not surely above it; none that is undefined.

    >>> near, far = Measured((1.0, 1.1, 1.2)), Measured((5.0, 5.1, 5.2))
    >>> leaders({"far": far, "best": near, "equal": Measured((1.1, 1.2, 1.0))})
    ['best', 'equal']
    """
    known = {name: cell for name, cell in cells.items() if not np.isnan(cell.mean)}
    if not known:
        return []
    best = min(known, key=lambda name: known[name].mean)
    return [best, *(n for n in known if n != best and difference(known[n], known[best]).sign <= 0)]
