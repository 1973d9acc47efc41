"""What the values of a model card may be."""

import math
from collections.abc import Callable
from typing import Any

MAX_SIZE = 1024


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    # float(10**400) would raise, hence the range before the conversion.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < 1e30 and not math.isnan(value)


def _is_crop(value: Any) -> bool:
    kind = value.get("kind", "aligned") if isinstance(value, dict) else None
    if kind not in ("aligned", "square"):
        return False
    size = value.get("size")
    whole = isinstance(size, int) and not isinstance(size, bool) and 8 <= size <= MAX_SIZE
    part, low, high = ("scale", 0, 1) if kind == "aligned" else ("margin", 1, 10)
    return whole and _is_number(value.get(part)) and low < value[part] < high


def _is_outputs(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_text, "a text"),
    "task": (_is_text, "a text"),
    "crop": (
        _is_crop,
        f"a mapping with a whole 'size' of 8 to {MAX_SIZE} and the 'kind' 'aligned', with a 'scale' between 0 and 1, "
        "or 'square', with a 'margin' above 1",
    ),
    "mean": (_is_number, "a finite number"),
    "std": (lambda value: _is_number(value) and value > 0, "a finite number above 0"),
    "outputs": (_is_outputs, "a list of names"),
    "decoding": (lambda value: isinstance(value, dict), "a mapping"),
    "sha256": (_is_text, "a text"),
}
"""The keys that a card needs: whether a value will do, and what is expected in words."""
