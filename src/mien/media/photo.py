"""Photos: any file that Pillow decodes, or an array, becomes RGB uint8 (H, W, 3)."""

import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, JpegImagePlugin

from mien.errors import InputError, MediaError, UnknownFormatError, expect
from mien.media.color import to_srgb
from mien.media.deep import to_8_bits
from mien.media.files import MAX_MEGAPIXELS as MAX_MEGAPIXELS
from mien.media.files import check_file, check_size, describe, display_name
from mien.media.pixel_aspect import note_aspect
from mien.media.tiff import read_deep

_GREY = 128
_ORIENTATION_TAG = 0x0112
_COMMON = ("JPEG", "PNG", "GIF", "BMP", "DIB", "PPM")
_OTHERS = ("WEBP", "TIFF", "AVIF", "JPEG2000", "QOI")
_warnings_lock = threading.Lock()


def read_photo(source: str | os.PathLike[str] | NDArray[np.generic]) -> NDArray[np.uint8]:
    """Read a photo as RGB uint8 (H, W, 3) in sRGB, contiguous, turned upright by its EXIF orientation.

    source is a path or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, uint16 or floats in 0..1. What is
    transparent is laid on neutral gray, deep values are scaled to 8 bits (see `to_8_bits`), color profiles are applied
    (see `to_srgb`), of an animation the first frame is taken. Pixels are taken as square: the logger tells of photos
    that state another resolution along than across (see `note_aspect`).
    An array that needs no change is returned as it is. Raises MediaError for a file that cannot be read and
    InputError for an array of another kind.

    >>> read_photo(np.ones((2, 3))).shape
    (2, 3, 3)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if not isinstance(source, (str, os.PathLike)):
        raise InputError(f"'source' must be a path or an array (H, W, 3). Got {type(source).__name__}.")
    path = Path(source)
    check_file(path)
    with _media_errors(display_name(path)), path.open("rb") as file:
        return np.ascontiguousarray(_decode(file, display_name(path)))


def decode_photo(data: bytes, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> NDArray[np.uint8]:
    """`read_photo` of what a file holds; its size is checked before a pixel is decoded.

    name: what messages call it. Raises MediaError, TooLargeError above `max_megapixels`.
    """
    with _media_errors(name):
        if not data:
            raise MediaError(f"{name!r} is empty (0 bytes). Copy it again from where it came.")
        return np.ascontiguousarray(_decode(BytesIO(data), name, max_megapixels))


def megapixels(data: bytes, name: str, most: float = MAX_MEGAPIXELS) -> float:
    """Megapixels of a photo by its header; nothing is decoded. Raises MediaError, TooLargeError above `most`."""
    with _media_errors(name):
        if not data:
            raise MediaError(f"{name!r} is empty (0 bytes). Copy it again from where it came.")
        with _quiet_warnings():
            image = _open(BytesIO(data), name)
        check_size(image.width, image.height, name, most)
        return image.width * image.height / 1e6


def check_photo(path: Path) -> None:
    """Raise MediaError unless the file begins like a photo; nothing is decoded."""
    check_file(path)
    with _media_errors(display_name(path)), path.open("rb") as file, _quiet_warnings():
        _open(file, display_name(path))


@contextmanager
def _media_errors(name: str) -> Iterator[None]:
    """Make every error a MediaError: a decoder may raise anything on damaged bytes."""
    try:
        yield
    except MediaError:
        raise
    except Exception as error:
        raise MediaError(_why_broken(name, error)) from error


def _decode(file: BinaryIO, name: str, most: float = MAX_MEGAPIXELS) -> NDArray[np.uint8]:
    with _quiet_warnings():
        image = read_deep(file, name, most)
    image = image or _load(file, name, most)
    note_aspect(image, name)
    with _quiet_warnings():
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    return _upright(_to_rgb(image, name), orientation)


def _load(file: BinaryIO, name: str, most: float) -> Image.Image:
    with _quiet_warnings():
        image = _open(file, name)
    check_size(image.width, image.height, name, most)
    if image.format == "TIFF":
        # Pillow checks the size of a TIFF again while it loads, and warns again.
        with _quiet_warnings():
            image.load()
    image.load()
    return image


def _open(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    """Read the header. `Image.open` would refuse large images unless a global limit were changed."""
    file.seek(0)
    head = file.read(512)
    Image.preinit()
    damaged = None
    for format_name in _COMMON + _OTHERS:
        if format_name not in Image.OPEN:
            Image.init()
        factory, accept = Image.OPEN.get(format_name, (None, None))
        # Some tests of a format read beyond the end of a file of less than 4 bytes.
        if factory is None or accept is None or accept(head[:16].ljust(16, b"\0")) is not True:
            continue
        # The registered JPEG factory goes on to the further pictures of a multi-picture file.
        factory = JpegImagePlugin.JpegImageFile if format_name == "JPEG" else factory
        try:
            file.seek(0)
            return factory(file, name)
        except (SyntaxError, IndexError, TypeError, ValueError, struct.error):
            damaged = format_name
    kind = UnknownFormatError if damaged is None else MediaError
    raise kind(_why_unknown(name, head, damaged))


def _why_unknown(name: str, head: bytes, damaged: str | None) -> str:
    if damaged is not None:
        return (
            f"{name!r} begins like {damaged}, but its header is damaged, gives a size of 0 pixels or a kind of pixels "
            "that mien does not read. Export it again with 8 bits a color."
        )
    kind = describe(head)
    advice = (
        "Convert it to JPEG or PNG." if "picture" in kind else "Name a JPEG, PNG, WebP, TIFF, GIF, BMP or AVIF file."
    )
    if "video" in kind:
        advice = "Give it the suffix of a video (such as .mp4)."
    return f"{name!r} is not a photo that mien reads: it holds {kind}. {advice}"


def _why_broken(name: str, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"{name!r} does not fit into memory. Shrink it first."
    text = str(error) or type(error).__name__
    if "truncated" in text.lower() or "premature" in text.lower() or isinstance(error, EOFError):
        return f"{name!r} is cut off ({text}). Copy it again from where it came."
    return f"{name!r} is damaged ({text}). Copy it again from where it came, or export it again."


@contextmanager
def _quiet_warnings() -> Iterator[None]:
    """Keep Pillow's warnings in; the lock keeps two threads from restoring each other's filters."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _to_rgb(image: Image.Image, name: str) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):
        image = _like(image, to_8_bits(np.asarray(image)))
    if not image.has_transparency_data:
        return np.array(to_srgb(image, name), np.uint8)
    opacity = image.convert("RGBA").getchannel("A")
    ground = Image.new("RGB", image.size, (_GREY, _GREY, _GREY))
    ground.paste(to_srgb(image.convert("L" if image.mode in ("L", "LA") else "RGB"), name), mask=opacity)
    return np.array(ground, np.uint8)


def _like(image: Image.Image, pixels: NDArray[np.uint8]) -> Image.Image:
    """An image with other pixels, and what is known of the colors."""
    other = Image.fromarray(pixels)
    other.info = dict(image.info)
    return other


def _as_three(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(gray[:, :, None], 3, axis=2)


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo one of the eight EXIF orientations."""
    if orientation in (5, 6, 7, 8):
        image = image.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return image


def _from_array(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    expect(shaped and array.size > 0, "source", "a non-empty array (H, W), (H, W, 3) or (H, W, 4)", array.shape)
    image = _array_8_bits(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)
    if image.ndim == 2:
        return _as_three(image)
    return np.ascontiguousarray(image if image.shape[2] == 3 else _on_grey(image))


def _array_8_bits(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    kinds = "an array of uint8, uint16 or floats"
    expect(
        array.dtype.kind == "f" or (array.dtype.kind, array.dtype.itemsize) == ("u", 2), "source", kinds, array.dtype
    )
    if array.dtype.kind == "f":
        ends = (float(np.min(array.astype(np.float64))), float(np.max(array.astype(np.float64))))
        expect(ends[0] >= 0 and ends[1] <= 1, "source", "floats in 0..1 without NaN", ends)
    return to_8_bits(array)


def _on_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = image[:, :, 3:].astype(np.float32) / 255
    mixed = image[:, :, :3] * alpha + _GREY * (1 - alpha)
    return np.rint(mixed).astype(np.uint8)
