"""Photos: mutated files of every format, and odd ones made on purpose."""

import os
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from tests.reliability.case import ANY, Case, encoded, pick, portrait
from tests.reliability.mutation import Rng, mutate

READ, REFUSED = frozenset((0,)), frozenset((3,))


def _saved(mode: str, format_name: str, **options: object) -> Callable[[], bytes]:
    def save() -> bytes:
        buffer = BytesIO()
        face = Image.fromarray(portrait())
        pages = {"append_images": [face.convert(mode).rotate(9)]} if options.get("save_all") else {}
        face.convert(mode).save(buffer, format_name, **pages, **options)
        return buffer.getvalue()

    return save


def _tiff(dtype: type, scale: float) -> Callable[[], bytes]:
    def save() -> bytes:
        buffer = BytesIO()
        Image.fromarray((portrait()[..., 1] * np.float32(scale)).astype(dtype)).save(buffer, "TIFF")
        return buffer.getvalue()

    return save


FORMATS: dict[str, Callable[[], bytes]] = {
    "plain.jpg": _saved("RGB", "JPEG"),
    "progressive.jpg": _saved("RGB", "JPEG", progressive=True),
    "gray.jpg": _saved("L", "JPEG"),
    "cmyk.jpg": _saved("CMYK", "JPEG"),
    "exif.jpg": _saved("RGB", "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
    "pages.mpo": _saved("RGB", "MPO", save_all=True),
    "plain.png": _saved("RGB", "PNG"),
    "alpha.png": _saved("RGBA", "PNG"),
    "palette.png": _saved("P", "PNG", transparency=3),
    "bits.png": _saved("1", "PNG"),
    "deep.png": _saved("I;16", "PNG"),
    "moving.png": _saved("RGB", "PNG", save_all=True),
    "moving.gif": _saved("P", "GIF", save_all=True),
    "lossy.webp": _saved("RGB", "WEBP"),
    "lossless.webp": _saved("RGBA", "WEBP", lossless=True),
    "moving.webp": _saved("RGB", "WEBP", save_all=True),
    "plain.tiff": _saved("RGB", "TIFF"),
    "lzw.tif": _saved("RGB", "TIFF", compression="tiff_lzw"),
    "deflate.tif": _saved("CMYK", "TIFF", compression="tiff_deflate"),
    "jpeg.tif": _saved("RGB", "TIFF", compression="jpeg"),
    "fax.tif": _saved("1", "TIFF", compression="group4"),
    "pages.tif": _saved("RGB", "TIFF", save_all=True),
    "lab.tif": _saved("LAB", "TIFF"),
    "deep.tif": _tiff(np.uint16, 257),
    "float.tif": _tiff(np.float32, 1 / 255),
    "plain.bmp": _saved("RGB", "BMP"),
    "palette.bmp": _saved("P", "BMP"),
    "plain.dib": _saved("RGB", "DIB"),
    "plain.ppm": _saved("RGB", "PPM"),
    "gray.pgm": _saved("L", "PPM"),
    "bits.pbm": _saved("1", "PPM"),
    "plain.qoi": _saved("RGB", "QOI"),
    "plain.jp2": _saved("RGB", "JPEG2000"),
    "plain.avif": _saved("RGB", "AVIF"),
}


@lru_cache
def whole(name: str) -> bytes:
    """A whole file of one of the formats."""
    return FORMATS[name]()


def _png(width: int, height: int, depth: int = 8, color: int = 2, rows: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _shape(height: int, width: int) -> bytes:
    return encoded(np.full((height, width, 3), 120, np.uint8), ".png")


def _jpeg_size(width: int, height: int) -> bytes:
    content = bytearray(whole("plain.jpg"))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def _jpeg_with(marker: int, block: bytes) -> bytes:
    """A whole JPEG with a block of its own behind the first marker."""
    jpeg = whole("plain.jpg")
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def _exif(tag: int, kind: int, count: int, value: int) -> bytes:
    entry = struct.pack(">HHII", tag, kind, count, value)
    return _jpeg_with(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1" + entry + b"\0\0\0\0")


def _odd_floats() -> bytes:
    values = portrait()[..., 1] / np.float32(255)
    values[::3], values[1::3] = np.nan, np.inf
    buffer = BytesIO()
    Image.fromarray(values).save(buffer, "TIFF")
    return buffer.getvalue()


ODD: dict[str, tuple[str, Callable[[], bytes], frozenset[int]]] = {
    "no bytes": ("a.jpg", bytes, REFUSED),
    "one byte": ("a.png", lambda: b"\x89", REFUSED),
    "text": ("a.jpg", lambda: b"no picture\n", REFUSED),
    "HTML": ("a.png", lambda: b"<!doctype html><title>404</title>", REFUSED),
    "zeros": ("a.jpg", lambda: bytes(5000), REFUSED),
    "an archive": ("a.jpg", lambda: b"PK\3\4" + bytes(99), REFUSED),
    "no suffix": ("photo", lambda: whole("plain.jpg"), READ),
    "another suffix": ("a.png", lambda: whole("plain.jpg"), READ),
    "large letters": ("A.JPG", lambda: whole("plain.jpg"), READ),
    "suffix of a video": ("a.mp4", lambda: whole("plain.jpg"), ANY),
    "one pixel": ("a.png", lambda: _shape(1, 1), READ),
    "a line of pixels": ("a.png", lambda: _shape(1, 6000), READ),
    "a column of pixels": ("a.png", lambda: _shape(6000, 1), READ),
    "a long strip": ("a.png", lambda: _shape(16, 20000), READ),
    "size of 0": ("a.png", lambda: _png(0, 9), REFUSED),
    "a negative size": ("a.png", lambda: _png(2**31 + 5, 9), REFUSED),
    "a bomb": ("a.png", lambda: _png(30000, 30000, 1, 0, bytes(3751 * 30000)), REFUSED),
    "a bomb without rows": ("a.png", lambda: _png(17000, 17000), REFUSED),
    "a huge JPEG without rows": ("a.jpg", lambda: _jpeg_size(16000, 16000), ANY),
    "a JPEG of no lines": ("a.jpg", lambda: _jpeg_size(100, 0), ANY),
    "pictures one after the other": ("a.jpg", lambda: whole("plain.jpg") * 3, READ),
    "rubbish at the end": ("a.jpg", lambda: whole("plain.jpg") + bytes(9999), READ),
    "orientation 0": ("a.jpg", lambda: _exif(0x112, 3, 1, 0), READ),
    "orientation 9": ("a.jpg", lambda: _exif(0x112, 3, 1, 9 << 16), READ),
    "orientation as text": ("a.jpg", lambda: _exif(0x112, 2, 4, 0x61626300), READ),
    "orientations without end": ("a.jpg", lambda: _exif(0x112, 3, 2**32 - 1, 7), READ),
    "EXIF that points at itself": ("a.jpg", lambda: _exif(0x8769, 4, 1, 8), READ),
    "a profile of noise": ("a.jpg", lambda: _jpeg_with(0xE2, b"ICC_PROFILE\0\1\1" + bytes(range(99))), READ),
    "a comment of 60 kB": ("a.jpg", lambda: _jpeg_with(0xFE, b"x" * 60000), READ),
    "floats that are none": ("a.tif", _odd_floats, ANY),
    "PPM with comments": ("a.ppm", lambda: b"P6 # a\n#b\n2 2\n255\n" + bytes(12), READ),
    "PPM of huge size": ("a.ppm", lambda: b"P6\n99999999 99999999\n255\n" + bytes(12), REFUSED),
    "PPM of negative size": ("a.ppm", lambda: b"P6\n-4 4\n255\n" + bytes(48), REFUSED),
    "GIF without a frame": ("a.gif", lambda: b"GIF89a\4\0\4\0\0\0\0;", REFUSED),
    "name with a line break": ("a\nb.jpg", lambda: whole("plain.jpg"), READ),
    "name in many scripts": ("写真 é ש 😀.jpg", lambda: whole("plain.jpg"), READ),
    "name that is no UTF-8": (os.fsdecode(b"\xff\xfe.jpg"), lambda: whole("plain.jpg"), READ),
    "name with brackets": ("a[1]*.jpg", lambda: whole("plain.jpg"), READ),
    "name of a camera": ("./webcam:0.jpg", lambda: whole("plain.jpg"), READ),
    "long name": ("a" * 250 + ".jpg", lambda: whole("plain.jpg"), READ),
    "colon": ("./http:a.jpg", lambda: whole("plain.jpg"), READ),
    "markup": ("[bold]a[", lambda: whole("plain.jpg"), READ),
}
PLACES: dict[str, Callable[[Path], None]] = {
    "a folder": lambda path: path.mkdir(),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "nothing at all": lambda path: None,
}
"""What is no file."""
_OUTPUTS = (["--out", "-"], ["--out", "out.csv"], ["--out", "out.parquet"], ["--out", "-", "--displays"])


def make_photo(rng: Rng, number: int, folder: Path) -> Case:
    """One photo for `mien analyze`, `compare`, `rank` or `clean`."""
    odd, places = list(ODD), list(PLACES)
    if number < len(odd):
        name, content, codes = ODD[odd[number]]
        (folder / name).write_bytes(content())
        return Case(odd[number], ["analyze", name, "--out", "-", "-q", "--heads", "age"], codes)
    if number < len(odd) + len(places):
        what = places[number - len(odd)]
        PLACES[what](folder / "a.jpg")
        codes = ANY if what == "a folder" else REFUSED
        return Case(what, ["analyze", "a.jpg", "--out", "-", "-q", "--heads", "age"], codes)
    return _mutated(rng, number, folder)


def _mutated(rng: Rng, number: int, folder: Path) -> Case:
    name = list(FORMATS)[number % len(FORMATS)]
    content, how = mutate(whole(name), rng)
    (folder / name).write_bytes(content)
    what = f"{name}: {how}"
    way = rng.random()
    if way < 0.8:
        heads = ["--heads", pick(["age", "expression", "expression,age,attractiveness"], rng)]
        draw = ["--draw", "drawn"] if rng.random() < 0.2 else []
        return Case(what, ["analyze", name, "-q", *pick(_OUTPUTS, rng), *heads, *draw])
    (folder / "other.jpg").write_bytes(whole("plain.jpg"))
    if way < 0.88:
        return Case(what, ["compare", name, "other.jpg", "--json"])
    if way < 0.94:
        return Case(what, ["rank", ".", "-q", "--out", "out.json", "--sheet", "sheet.png"])
    return Case(what, ["clean", ".", "-q", "--out", "out.csv", "--sheet", "sheet.png"])
