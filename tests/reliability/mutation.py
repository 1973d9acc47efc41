"""How files, texts and values are broken by chance."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

Rng = np.random.Generator

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
_ODD_TEXTS = ("\0", "\ufeff", "\u202e", "😀", '"', "'", "\t", ";", ",", ":", "{", "]", "-", "nan", "1e999", "\x1b[31m")
ODD_VALUES: tuple[Any, ...] = (
    (None, True, False, 0, -1, 3, 0.5, 1e308, -1e-320, float("nan"), float("inf"), 2**63, 10**400)
    + ("", " ", "x", "1", "1e5", "yes", "no", "NaN", "../..", "a\0b", "é\n", "x" * 5000)
    + ([], {}, [None], [[]], [1, 2, 3], ["a"], {"a": {}}, {"": None}, [0.5] * 200, [[1.0] * 3] * 3)
)
"""What stands where another value is expected."""


def mutate(content: bytes, rng: Rng) -> tuple[bytes, str]:
    """One to three changes of a file, and what was done."""
    done = []
    for _ in range(rng.integers(1, 4)):
        change = _CHANGES[rng.integers(len(_CHANGES))]
        content = bytes(change(bytearray(content), rng))
        done.append(change.__name__.strip("_"))
    return content, ", ".join(done)


def _place(content: bytearray, rng: Rng) -> int:
    """A place in the content, as often in its first 200 bytes, where sizes stand, as anywhere."""
    end = min(len(content), 200) if rng.random() < 0.5 else len(content)
    return int(rng.integers(max(end, 1)))


def _piece(content: bytearray, rng: Rng) -> slice:
    start = _place(content, rng)
    return slice(start, start + int(rng.integers(1, max(len(content) // 4, 2))))


def _flip_bits(content: bytearray, rng: Rng) -> bytearray:
    for _ in range(rng.integers(1, 9) if content else 0):
        content[_place(content, rng)] ^= 1 << int(rng.integers(8))
    return content


def _truncate(content: bytearray, rng: Rng) -> bytearray:
    return content[: _place(content, rng)]


def _cut_out(content: bytearray, rng: Rng) -> bytearray:
    del content[_piece(content, rng)]
    return content


def _insert(content: bytearray, rng: Rng) -> bytearray:
    place = _place(content, rng)
    content[place:place] = rng.bytes(int(rng.integers(1, 40)))
    return content


def _set_size(content: bytearray, rng: Rng) -> bytearray:
    """Overwrite what may be the size of something."""
    place, width = _place(content, rng), int(rng.choice([1, 2, 4, 8]))
    value = _EXTREMES[rng.integers(len(_EXTREMES))] % (1 << 8 * width)
    content[place : place + width] = value.to_bytes(width, "little" if rng.random() < 0.5 else "big")
    return content


def _splice(content: bytearray, rng: Rng) -> bytearray:
    place = _place(content, rng)
    content[place:place] = content[_piece(content, rng)]
    return content


def _blank(content: bytearray, rng: Rng) -> bytearray:
    piece = _piece(content, rng)
    content[piece] = bytes(len(content[piece]))
    return content


def _swap(content: bytearray, rng: Rng) -> bytearray:
    place = _place(content, rng)
    return content[place:] + content[:place]


def _append(content: bytearray, rng: Rng) -> bytearray:
    return content + rng.bytes(int(rng.integers(1, 300)))


_CHANGES: tuple[Callable[[bytearray, Rng], bytearray], ...] = (
    (_flip_bits, _flip_bits, _truncate, _truncate, _cut_out, _insert, _set_size, _set_size) + (_splice, _blank)
    + (_swap, _append)
)  # fmt: skip


def mutate_text(text: str, rng: Rng) -> tuple[bytes, str]:
    """A text with odd characters, other lines or in another encoding; or broken as bytes."""
    way = int(rng.integers(6))
    if way == 0:
        return mutate(text.encode(), rng)
    if way == 1:
        encoding = str(rng.choice(["utf-16", "utf-8-sig", "latin-1", "utf-32"]))
        return text.encode(encoding, "replace"), encoding
    if way == 2:
        lines = text.splitlines(True) or [""]
        picked = [lines[i] for i in rng.integers(len(lines), size=len(lines) + 2)]
        return "".join(picked).encode(), "lines shuffled"
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(len(text) + 1))
        odd = _ODD_TEXTS[rng.integers(len(_ODD_TEXTS))]
        text = text[:place] + odd + text[place + int(rng.integers(3)) :]
    return text.encode(), "odd characters"


def odd_value(rng: Rng) -> Any:
    """A value that hardly fits anywhere."""
    return deepcopy(ODD_VALUES[rng.integers(len(ODD_VALUES))])


def alter(values: Any, rng: Rng) -> tuple[Any, str]:
    """Nested lists and mappings with one to three values replaced, left out or added, and what was done."""
    values, done = deepcopy(values), []
    for _ in range(rng.integers(1, 4)):
        done.append(_alter(values, rng))
    return values, "; ".join(done)


def _alter(values: Any, rng: Rng) -> str:
    path, inside = "", values
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        if not keys:
            return f"{path} is empty"
        key = keys[rng.integers(len(keys))]
        path += f".{key}"
        deeper = isinstance(inside[key], dict | list) and inside[key]
        if not deeper or rng.random() < 0.3:
            break
        inside = inside[key]
    way = rng.random()
    if way < 0.2:
        del inside[key]
        return f"without {path}"
    if way < 0.3 and isinstance(inside, dict):
        inside[f"{key}_"] = inside.pop(key)
        return f"{path} misspelled"
    inside[key] = odd_value(rng)
    return f"{path} = {json.dumps(inside[key], default=str)[:40]}"
