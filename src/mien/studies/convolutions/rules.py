"""Rules of thumb for convolutions: the share that one design has of another, by formula and by the profiler."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mien.studies.convolutions.designs import (
    COUNTED,
    Counts,
    Design,
    by_formula,
    by_profiler,
    separable,
    square,
    strips,
    two_threes,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Two designs by (C_in, C_out), the share that the first has of the second's weights and of its multiplications."""

    text: str
    designs: Callable[[int, int], tuple[Design, Design]]
    weights: Callable[[int, int], Fraction]
    products: Callable[[int, int], Fraction]


def _rule(
    text: str,
    designs: Callable[[int, int], tuple[Design, Design]],
    weights: Callable[[int, int], Fraction],
    products: Callable[[int, int], Fraction] | None = None,
) -> Rule:
    return Rule(text, designs, weights, products or weights)


RULES = {
    "two 3x3 / one 5x5, middle = C_out": _rule(
        "9 (C_in + C_out) / (25 C_in)",
        lambda a, b: (two_threes(a, b, b), square(5, a, b)),
        lambda a, b: Fraction(9 * (a + b), 25 * a),
    ),
    "two 3x3 / one 5x5, middle = C_in": _rule(
        "9 (C_in + C_out) / (25 C_out)",
        lambda a, b: (two_threes(a, a, b), square(5, a, b)),
        lambda a, b: Fraction(9 * (a + b), 25 * b),
    ),
    "two 3x3 / one 5x5, stride 2, middle = C_out": _rule(
        "weights as above, multiplications 9 (4 C_in + C_out) / (25 C_in)",
        lambda a, b: (two_threes(a, b, b, stride=2), square(5, a, b, stride=2)),
        lambda a, b: Fraction(9 * (a + b), 25 * a),
        lambda a, b: Fraction(9 * (4 * a + b), 25 * a),
    ),
    "separable / standard 3x3": _rule(
        "1 / C_out + 1 / 9",
        lambda a, b: (separable(3, a, b), square(3, a, b)),
        lambda a, b: Fraction(1, b) + Fraction(1, 9),
    ),
    "separable / standard 5x5": _rule(
        "1 / C_out + 1 / 25",
        lambda a, b: (separable(5, a, b), square(5, a, b)),
        lambda a, b: Fraction(1, b) + Fraction(1, 25),
    ),
    "1x3 and 3x1 / one 3x3, middle = C_out": _rule(
        "(C_in + C_out) / (3 C_in)",
        lambda a, b: (strips(3, a, b, b), square(3, a, b)),
        lambda a, b: Fraction(a + b, 3 * a),
    ),
    "1x7 and 7x1 / one 7x7, middle = C_out": _rule(
        "(C_in + C_out) / (7 C_in)",
        lambda a, b: (strips(7, a, b, b), square(7, a, b)),
        lambda a, b: Fraction(a + b, 7 * a),
    ),
    "3x3 with dilation 2 / one 5x5": _rule(
        "9 / 25",
        lambda a, b: (square(3, a, b, dilation=2), square(5, a, b)),
        lambda a, b: Fraction(9, 25),
    ),
    "separable 3x3, C_in and C_out halved / whole": _rule(
        "(9 + C_out / 2) / (2 (9 + C_out))",
        lambda a, b: (separable(3, a // 2, b // 2), separable(3, a, b)),
        lambda a, b: Fraction(9 * (a // 2) + (a // 2) * (b // 2), 9 * a + a * b),
    ),
}
"""Name -> a rule of thumb, exact for weights without biases and for multiplications."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often formula and profiler were compared, and how often they differed."""

    made: int
    failed: int


def check(rule: Rule, trials: int, seed: int) -> Agreement:
    """All counts, fields and both shares, with and without biases, for random widths and sides.

    >>> check(RULES["separable / standard 3x3"], 2, 0)
    Agreement(made=38, failed=0)
    """
    rng = np.random.default_rng(seed)
    same: list[bool] = []
    for _ in range(trials):
        a, b, side = (2 * int(n) for n in rng.integers((1, 1, 4), (25, 25, 11)))
        for bias in (False, True):
            counted = [by_profiler(design, bias, side) for design in rule.designs(a, b)]
            for counts, design in zip(counted, rule.designs(a, b), strict=True):
                expected = by_formula(design, bias, side)
                same += [getattr(counts, name) == getattr(expected, name) for name in Counts.__slots__]
            if not bias:
                same.append(_share(counted, "parameters") == rule.weights(a, b))
            same.append(_share(counted, "multiplications") == rule.products(a, b))
    return Agreement(len(same), same.count(False))


def counted_shares(rule: Rule, width: int, side: int) -> tuple[dict[tuple[str, bool], float], tuple[int, int]]:
    """Shares by what is counted and whether with biases, and the fields of both designs, C_in = C_out = width.

    >>> found, fields = counted_shares(RULES["two 3x3 / one 5x5, middle = C_out"], 8, 8)
    >>> found["parameters", False], fields
    (0.72, (5, 5))
    """
    shares: dict[tuple[str, bool], float] = {}
    fields = 0, 0
    for bias in (False, True):
        first, second = (by_profiler(design, bias, side) for design in rule.designs(width, width))
        shares |= {(name, bias): float(_share((first, second), name)) for name in COUNTED}
        fields = first.field[0], second.field[0]
    return shares, fields


def _share(counted: Sequence[Counts], name: str) -> Fraction:
    return Fraction(getattr(counted[0], name), getattr(counted[1], name))
