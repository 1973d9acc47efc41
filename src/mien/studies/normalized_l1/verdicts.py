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


def order(found: Mapping[int, Measured]) -> Measured:
    """Order q of values that fall as n^-q, for each seed: the slope of logarithms over the finer half of the n.

    >>> print(order({n: Measured((8 / n**2, 3 / n**2)) for n in (1, 2, 4, 8)}))
    2 ± 0
    """
    counts = list(found)[len(found) // 2 :]
    values = np.log([found[count].values for count in counts])
    return Measured(tuple(-float(slope) for slope in np.polyfit(np.log(counts), values, 1)[0]))


def judge(found: Results, kinds: tuple[str, ...]) -> str:
    """The verdict; the first line stands alone."""
    lines = [_headline(found, kinds), _orders(found), _answers(found)]
    for kind in kinds:
        own = {method: cells for (data, method), cells in found.errors.items() if data == kind}
        for measure in (RELATIVE, OLD, MAE, BIAS):
            lines += [compare(f"{measure}, {kind}", (a, own[a][measure]), (b, own[b][measure])) for a, b in PAIRS]
        young, old = (short(own[LEARNT][name].mean) for name in (SCALE_YOUNG, SCALE_OLD))
        errors = " and ".join(short(own[LEARNT][name].mean) for name in (YOUNG, OLD))
        lines.append(f"Learnt scale, {kind}: {young} years below 20, {old} from 60 on; errors held out: {errors}.")
    return "\n".join(lines)


def _headline(found: Results, kinds: tuple[str, ...]) -> str:
    becomes = "becomes" if _converges(found) else "does NOT become"
    trained = [name for name in found.apart if name not in (NUDGED, OTHER)]
    coarse, fine = trained[0], trained[-1]
    nearer = difference(found.apart[fine], found.apart[coarse]).sign < 0
    numbers = [f"{short(found.apart[name].mean, 2)} years ({name})" for name in (coarse, fine, NUDGED, OTHER)]
    return (
        f"The piecewise loss {becomes} the normalised loss as its pieces shrink, and the answers of networks "
        f"{'come' if nearer else 'do not surely come'} nearer: from {numbers[0]} to {numbers[1]}, against "
        f"{numbers[2]} and {numbers[3]}. Normalising, against L1: {'; '.join(_effect(found, kind) for kind in kinds)}."
    )


def _effect(found: Results, kind: str) -> str:
    """What the formula does to the errors of one kind of data."""
    words = {-1: "lowers", 0: "does not surely change", 1: "raises"}
    own, plain = found.errors[kind, FORMULA], found.errors[kind, L1]
    young, old, all_ages = (words[difference(own[name], plain[name]).sign] for name in (RELATIVE, OLD, MAE))
    bias = short(own[BIAS].mean - plain[BIAS].mean, 2)
    return (
        f"{kind} - it {young} the relative error below 20, {old} the error from 60 on, {all_ages} the MAE, and moves "
        f"the bias by {bias} years"
    )


def _converges(found: Results) -> bool:
    """Orders 1 and 2 as derived, and no deviation above its bound."""
    gradient, mean = (order({n: one[name] for n, one in found.losses.items()}).mean for name in (GRADIENT, MEAN))
    within = all(max(one[GRADIENT].values) <= bound(n) for n, one in found.losses.items())
    return bool(within and gradient > 0.8 and mean > 1.6)


def _orders(found: Results) -> str:
    told = [f"{name}: {order({n: one[name] for n, one in found.losses.items()})}" for name in found.losses[1]]
    worst = max(max(one[GRADIENT].values) / bound(n) for n, one in found.losses.items())
    return f"Order of convergence - {'; '.join(told)}. The gradient's deviation is at most {worst:.2f} of its bound."


def _answers(found: Results) -> str:
    each = ", ".join(f"{name} {short(cell.mean, 2)}" for name, cell in found.apart.items())
    return f"Years between the answers and those of the normalised loss: {each}."
