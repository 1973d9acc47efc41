"""Where one large kernel takes the place of two small ones: for which width it is smaller, by formula and counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isqrt

from mien.studies.convolutions.designs import COUNTED, Design, by_profiler, square, strips, two_threes

SHIFT = {
    ("parameters", False): 0,
    ("parameters", True): 1,
    ("multiplications", False): 0,
    ("multiplications", True): 0,
    ("additions", False): -1,
    ("additions", True): 0,
}
"""s of K C_in C_out < M (K1 C_in + K2 C_out + s), by what is counted and whether there are biases."""
Case = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Contest:
    """One kernel against two, by C_in and one free width x.

    smaller: whether theory says that the one kernel counts less, by C_in, x and the shift s.
    """

    claim: str
    designs: Callable[[int, int], tuple[Design, Design]]
    smaller: Callable[[int, int, int], bool]


CONTESTS = {
    "5x5 / two 3x3, middle = C_out": Contest(
        "C_out > (16 C_in - s) / 9",
        lambda a, x: (square(5, a, x), two_threes(a, x, x)),
        lambda a, x, s: 9 * x > 16 * a - s,
    ),
    "5x5 / two 3x3, middle = C_in": Contest(
        "C_out < (9 C_in + s) / 16",
        lambda a, x: (square(5, a, x), two_threes(a, a, x)),
        lambda a, x, s: 16 * x < 9 * a + s,
    ),
    "5x5 / two 3x3, middle = root(C_in C_out)": Contest(
        "C_out < 0.18 C_in or > 5.54 C_in, about",
        lambda a, x: (square(5, a, x), two_threes(a, isqrt(a * x), x)),
        lambda a, x, s: 25 * a * x < isqrt(a * x) * (9 * (a + x) + s),
    ),
    "5x5 / two 3x3, C_out = C_in": Contest(
        "middle > 25 C_in^2 / (18 C_in + s)",
        lambda a, x: (square(5, a, a), two_threes(a, x, a)),
        lambda a, x, s: x * (18 * a + s) > 25 * a * a,
    ),
    "3x3 / 1x3 and 3x1, middle = C_out": Contest(
        "C_out > 2 C_in - s / 3",
        lambda a, x: (square(3, a, x), strips(3, a, x, x)),
        lambda a, x, s: 3 * x > 6 * a - s,
    ),
    "7x7 / 1x7 and 7x1, middle = C_out": Contest(
        "C_out > 6 C_in - s / 7",
        lambda a, x: (square(7, a, x), strips(7, a, x, x)),
        lambda a, x, s: 7 * x > 42 * a - s,
    ),
}


@dataclass(frozen=True, slots=True)
class Turned:
    """less: for x = 1, 2, ... whether the profiler counts less for the one kernel; wrong: where theory says else."""

    less: dict[Case, list[bool]]
    wrong: int

    @property
    def made(self) -> int:
        """Number of comparisons."""
        return sum(map(len, self.less.values()))


def hold(contest: Contest, inputs: int, reach: int) -> Turned:
    """The profiler against theory for x = 1 .. reach C_in.

    >>> found = hold(CONTESTS["5x5 / two 3x3, middle = C_out"], 5, 3)
    >>> intervals(found.less["parameters", False]), intervals(found.less["additions", False]), found.wrong
    ('from 9', 'from 10', 0)
    """
    less: dict[Case, list[bool]] = {case: [] for case in SHIFT}
    wrong = 0
    for x in range(1, reach * inputs + 1):
        for bias in (False, True):
            first, second = (by_profiler(design, bias, 8) for design in contest.designs(inputs, x))
            for name in COUNTED:
                fewer = getattr(first, name) < getattr(second, name)
                less[name, bias].append(fewer)
                wrong += fewer != contest.smaller(inputs, x, SHIFT[name, bias])
    return Turned(less, wrong)


def intervals(less: Sequence[bool]) -> str:
    """Where it is true, counted from 1; what is true at the end goes on.

    >>> intervals([True, False, False, True]), intervals([False, True, False])
    ('to 1, from 4', '2 to 2')
    """
    texts, at = [], 1
    for value, run in groupby(less):
        end = at + len(list(run)) - 1
        if value:
            first = "" if at == 1 else f"from {at}" if end == len(less) else f"{at} "
            texts.append(first if end == len(less) else f"{first}to {end}")
        at = end + 1
    return ", ".join(text or "all" for text in texts) or "never"
