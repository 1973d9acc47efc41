"""What `normalized-l1` measured, in words that follow the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mien.studies.core.finding import Measured, compare, difference, short
from mien.studies.normalized_l1.runs import (
    BIAS,
    FORMULA,
    GRADIENT,
    HAND,
    L1,
    LEARNT,
    MAE,
    MEAN,
    NUDGED,
    OLD,
    OTHER,
    RELATIVE,
    SCALE_OLD,
    SCALE_YOUNG,
    YOUNG,
    bound,
)

PAIRS = ((FORMULA, L1), (HAND, FORMULA), (LEARNT, L1))


@dataclass(frozen=True, slots=True)
class Results:
    """Deviations by number of pieces, answers apart by loss, errors by data and loss."""

    losses: Mapping[int, Mapping[str, Measured]]
    apart: Mapping[str, Measured]
    errors: Mapping[tuple[str, str], Mapping[str, Measured]]


def order(deviations: Mapping[int, Measured]) -> Measured:
    """Order q of values that fall as n^-q, for each seed: the slope of logarithms over the finer half of the n.

    >>> print(order({n: Measured((8 / n**2, 3 / n**2)) for n in (1, 2, 4, 8)}))
    2 ± 0
    """
    counts = list(deviations)[len(deviations) // 2 :]
    values = np.log([deviations[count].values for count in counts])
    return Measured(tuple(-float(slope) for slope in np.polyfit(np.log(counts), values, 1)[0]))


def judge(results: Results, kinds: tuple[str, ...]) -> str:
    """The verdict; the first line stands alone."""
    lines = [_headline(results, kinds), _orders(results), _answers(results)]
    for kind in kinds:
        methods = {method: cells for (data, method), cells in results.errors.items() if data == kind}
        for measure in (RELATIVE, OLD, MAE, BIAS):
            lines += [
                compare(f"{measure}, {kind}", (a, methods[a][measure]), (b, methods[b][measure])) for a, b in PAIRS
            ]
        young, old = (short(methods[LEARNT][name].mean) for name in (SCALE_YOUNG, SCALE_OLD))
        errors = " and ".join(short(methods[LEARNT][name].mean) for name in (YOUNG, OLD))
        lines.append(f"Learnt scale, {kind}: {young} years below 20, {old} from 60 on; errors held out: {errors}.")
    return "\n".join(lines)


def _headline(results: Results, kinds: tuple[str, ...]) -> str:
    becomes = "becomes" if _converges(results) else "does NOT become"
    trained = [name for name in results.apart if name not in (NUDGED, OTHER)]
    coarse, fine = trained[0], trained[-1]
    nearer = difference(results.apart[fine], results.apart[coarse]).sign < 0
    numbers = [f"{short(results.apart[name].mean, 2)} years ({name})" for name in (coarse, fine, NUDGED, OTHER)]
    effects = "; ".join(_effect(results, kind) for kind in kinds)
    return (
        f"The piecewise loss {becomes} the normalised loss as its pieces shrink, and the answers of networks "
        f"{'come' if nearer else 'do not surely come'} nearer: from {numbers[0]} to {numbers[1]}, against "
        f"{numbers[2]} and {numbers[3]}. Normalising, against L1: {effects}."
    )


def _effect(results: Results, kind: str) -> str:
    """What the formula does to the errors of one kind of data."""
    words = {-1: "lowers", 0: "does not surely change", 1: "raises"}
    scaled, plain = results.errors[kind, FORMULA], results.errors[kind, L1]
    young, old, all_ages = (words[difference(scaled[name], plain[name]).sign] for name in (RELATIVE, OLD, MAE))
    bias = short(scaled[BIAS].mean - plain[BIAS].mean, 2)
    return (
        f"{kind} - it {young} the relative error below 20, {old} the error from 60 on, {all_ages} the MAE, and moves "
        f"the bias by {bias} years"
    )


def _converges(results: Results) -> bool:
    """Orders 1 and 2 as derived, and no deviation above its bound."""
    gradient, mean = (order({n: cells[name] for n, cells in results.losses.items()}).mean for name in (GRADIENT, MEAN))
    within = all(max(cells[GRADIENT].values) <= bound(n) for n, cells in results.losses.items())
    return bool(within and gradient > 0.8 and mean > 1.6)


def _orders(results: Results) -> str:
    orders = [f"{name}: {order({n: cells[name] for n, cells in results.losses.items()})}" for name in results.losses[1]]
    worst = max(max(cells[GRADIENT].values) / bound(n) for n, cells in results.losses.items())
    return f"Order of convergence - {'; '.join(orders)}. The gradient's deviation is at most {worst:.2f} of its bound."


def _answers(results: Results) -> str:
    each = ", ".join(f"{name} {short(cell.mean, 2)}" for name, cell in results.apart.items())
    return f"Years between the answers and those of the normalised loss: {each}."
