"""Counts, shapes and fields in words."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from mien.profile.receptive_field import Receptive

UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(number: float) -> str:
    """A count with three or four digits and a unit.

    >>> short(23_834_568), short(5_712_904_608), short(512)
    ('23.83 M', '5.713 G', '512')
    """
    for size, unit in UNITS:
        if number >= size:
            return f"{number / size:.4g} {unit}"
    return f"{number:.4g}"


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape without brackets.

    >>> shape_text((1, 3, 224, 224))
    '1x3x224x224'
    """
    return "" if shape is None else "x".join(map(str, shape))


def pair(numbers: Sequence[int | Fraction]) -> str:
    """Equal numbers once, others with x between.

    >>> pair((3, 3)), pair((1, 7))
    ('3', '1x7')
    """
    texts = [f"{float(n):.4g}" if n.denominator != 1 else str(n) for n in numbers]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)


def calls_text(calls: Mapping[str, int]) -> str:
    """Operators with the number of their calls.

    >>> calls_text({"linalg_inv_ex": 2, "_fft_r2c": 1})
    'linalg_inv_ex (2 calls), _fft_r2c (1 call)'
    """
    return ", ".join(f"{name} ({number} call{'s' * (number != 1)})" for name, number in calls.items())


def field_text(receptive: Receptive | None) -> str:
    """The local field, with a mark where the whole picture is seen besides."""
    if receptive is None:
        return ""
    if not any(receptive.size):
        return "global"
    return pair(receptive.size) + (" +global" if any(receptive.whole) else "")
