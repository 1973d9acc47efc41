"""Deep TIFFs: values that Pillow does not read, or reads wrongly, decoded by OpenCV."""

import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from mien.errors import MediaError
from mien.media.deep import to_8_bits
from mien.media.files import MAX_MEGAPIXELS, check_size
from mien.media.quiet import quiet_opencv
from mien.opencv import cv2

_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _PLANAR, _FORMAT = 258, 262, 274, 277, 284, 339
_STRIPS = (273, 279, 324, 325)  # offsets and byte counts of strips and of tiles
_KEPT = (256, 257, 259, 278, 317, 322, 323, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANAR, _FORMAT, *_STRIPS)
_WHITE_IS_ZERO, _RGB = 0, 2
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_ICC_PROFILE, _PREDICTOR = 34675, 317
# What OpenCV refuses is decoded as another kind of the same size, and its bytes are seen as what they are.
_TAKEN_AS = {(_UNSIGNED, 32): (_SIGNED, np.uint32), (_FLOAT, 16): (_UNSIGNED, np.float16)}


def read_deep(file: BinaryIO, name: str, most: float = MAX_MEGAPIXELS) -> Image.Image | None:
    """The image of a TIFF with deep values, 8 bits a color, orientation and color profile kept; None for others.

    Deep are 32 bits and more, floats and signed numbers, and 16 bits of gray or in planes. Raises MediaError for what
    OpenCV does not decode either, such as 64-bit whole numbers.
    """
    tags = _tags(file)
    if tags is None or not _is_deep(tags):
        return None
    check_size(tags.get(256, 0), tags.get(257, 0), name, most)
    file.seek(0)
    values = _values(file.read(), tags, name)
    image = Image.fromarray(to_8_bits(values, white_is_zero=tags[_PHOTOMETRIC] == _WHITE_IS_ZERO))
    image.getexif()[_ORIENTATION] = tags.get(_ORIENTATION, 1)
    if _ICC_PROFILE in tags:
        image.info["icc_profile"] = tags[_ICC_PROFILE]
    return image


def _tags(file: BinaryIO) -> Mapping[int, Any] | None:
    """The first directory; None where there is none, or a damaged one, of which Pillow tells more."""
    file.seek(0)
    head = file.read(8)
    if head[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None
    tags = TiffImagePlugin.ImageFileDirectory_v2(head + (file.read(8) if 43 in head[2:4] else b""))
    try:
        file.seek(tags.next)
        tags.load(file)
    except Exception:
        return None
    return tags


def _is_deep(tags: Mapping[int, Any]) -> bool:
    bits, form = tags.get(_BITS, (1,))[0], tags.get(_FORMAT, (_UNSIGNED,))[0]
    special = form != _UNSIGNED or tags.get(_PLANAR) == 2 or tags.get(_PHOTOMETRIC) in (0, 1)
    return bits in (16, 32, 64) and tags.get(_PHOTOMETRIC) in (0, 1, 2) and (bits > 16 or special)


def _values(content: bytes, tags: Mapping[int, Any], name: str) -> NDArray[np.generic]:
    bits, form, samples = tags[_BITS][0], tags.get(_FORMAT, (_UNSIGNED,))[0], tags.get(_SAMPLES, 1)
    _check_kind(tags, name)
    taken, kind = _TAKEN_AS.get((form, bits), (form, None))
    changes: dict[int, Any] = {_FORMAT: (taken,) * samples}
    if tags.get(_PLANAR) == 2 and samples > 1:
        values = np.stack([_decode(_plane(content, tags, changes, i), name) for i in range(samples)], -1)
    else:
        values = _decode(_rewritten(content, tags, changes), name)
        values = values if values.ndim == 2 else np.ascontiguousarray(values[..., [2, 1, 0, 3][: values.shape[2]]])
    return values.view(kind) if kind else values


def _check_kind(tags: Mapping[int, Any], name: str) -> None:
    bits, form, samples = tags[_BITS][0], tags.get(_FORMAT, (_UNSIGNED,))[0], tags.get(_SAMPLES, 1)
    read = {_UNSIGNED: (16, 32), _SIGNED: (16, 32), _FLOAT: (16, 32, 64)}.get(form, ())
    predicted = (bits, tags.get(_PREDICTOR)) == (16, 3)
    if bits not in read or predicted or samples not in ((3, 4) if tags[_PHOTOMETRIC] == _RGB else (1,)):
        kind = {_UNSIGNED: "whole numbers", _SIGNED: "signed numbers", _FLOAT: "floats"}.get(form, "another kind")
        raise MediaError(
            f"{name!r} must have 1, 3 or 4 values a pixel: whole numbers of 8, 16 or 32 bits, or floats. "
            f"Got {samples} of {bits} bits ({kind}). Export it again with 8 or 16 bits a color."
        )


def _plane(content: bytes, tags: Mapping[int, Any], changes: dict[int, Any], index: int) -> bytes:
    """A TIFF of one color alone: the strips of a planar TIFF are listed plane by plane."""
    samples = tags[_SAMPLES]
    fields = {key: changes.get(key, tags.get(key, (_UNSIGNED,)))[:1] for key in (_BITS, _FORMAT)}
    for key in _STRIPS:
        if key in tags:
            count = len(tags[key]) // samples
            fields[key] = tags[key][index * count : (index + 1) * count]
    return _rewritten(content, tags, {**fields, _SAMPLES: 1, _PLANAR: 1, _PHOTOMETRIC: 1})


def _rewritten(content: bytes, tags: Mapping[int, Any], changes: dict[int, Any]) -> bytes:
    """The file with another directory of tags, put at its end; what needs no decoding is left out."""
    kept = {key: changes.get(key, tags.get(key)) for key in _KEPT if key in tags or key in changes}
    content += bytes(len(content) % 2)
    order = "<" if content[:2] == b"II" else ">"
    head = content[:2] + struct.pack(f"{order}HI", 42, len(content))
    return head + content[8:] + _directory(kept, len(content), order)


def _directory(tags: dict[int, Any], at: int, order: str) -> bytes:
    """Tags of whole numbers (type 4), by number; several values of a tag stand behind the directory."""
    entries, values = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        numbers = value if isinstance(value, tuple) else (value,)
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        entries += struct.pack(f"{order}HHI", tag, 4, len(numbers))
        entries += packed if len(numbers) == 1 else struct.pack(f"{order}I", behind + len(values))
        values += packed if len(numbers) > 1 else b""
    return struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + values


def _decode(content: bytes, name: str) -> NDArray[np.generic]:
    with quiet_opencv():
        values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise MediaError(f"{name!r} is cut off or damaged. Copy it again from where it came, or export it again.")
    return values
