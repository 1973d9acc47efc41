"""What is no photo, or a photo no more, is refused with its name and the reason, and with no other error."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mien.errors import MediaError
from mien.media.photo import MAX_MEGAPIXELS, check_photo, read_photo


def noise(height=20, width=30):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def encoded(suffix, image):
    return cv2.imencode(suffix, image)[1].tobytes()


def png_bytes(width, height):
    """A PNG of this size whose rows are missing."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg_of_size(width, height):
    """A whole JPEG whose header gives another size."""
    content = bytearray(encoded(".jpg", noise()))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(content)


BROKEN = {
    "text.jpg": (b"this is no picture", "it holds text"),
    "one_byte": (b"P", "it holds text"),
    "three.bmp": (b"BM\0", "begins like BMP"),
    "page.png": (b"%PDF-1.4", "a PDF document. Name a JPEG"),
    "movie.jpg": (b"\0\0\0\x18ftypmp42" + b"\0" * 40, "an MP4 or MOV video. Give it the suffix of a video"),
    "phone.jpg": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "a HEIC picture. Convert it to JPEG or PNG"),
    "bytes.jpg": (bytes(range(200, 256)) * 9, "an unknown format"),
    "zero.png": (png_bytes(0, 0), "size of 0 pixels"),
    "flat.png": (png_bytes(7, 0), "size of 0 pixels"),
    "zero.jpg": (jpeg_of_size(0, 0), "size of 0 pixels"),
    "flat.jpg": (jpeg_of_size(0, 9), "size of 0 pixels"),
    "zero.gif": (b"GIF89a" + bytes(7) + b";", "begins like GIF"),
    "zero.ppm": (b"P6\n0 0\n255\n", "begins like PPM"),
    "words.ppm": (b"P6 is where we met\n", "begins like PPM"),
    "chunk.png": (png_bytes(5, 5).replace(b"IDAT", b"\0DAT"), "damaged"),
    "header_only.png": (png_bytes(50, 50)[:33], "its header is damaged"),
    "no_rows.png": (png_bytes(50, 50), "is cut off"),
    "header_only.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "is cut off"),
    "empty.jpg": (b"", "is empty"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_by_name_with_a_reason(tmp_path, name):
    content, reason = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=reason) as caught:
        read_photo(tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp"])
def test_a_picture_that_is_cut_off_is_refused(tmp_path, suffix, part):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise(120, 160)).save(path)
    content = path.read_bytes()
    assert read_photo(path).shape == (120, 160, 3)
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(MediaError, match=r"cut off|damaged"):
        read_photo(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp", ".gif", ".bmp", ".ppm"])
def test_damaged_bytes_raise_nothing_but_media_errors(tmp_path, suffix):
    rng, path, refused = np.random.default_rng(0), tmp_path / "a", 0
    whole = encoded(suffix, noise(40, 40))
    for _ in range(60):
        content = bytearray(whole)
        for place in rng.integers(0, min(len(content), 300), 6):
            content[place] = rng.integers(0, 256)
        path.write_bytes(content)
        for read in (read_photo, check_photo):
            try:
                read(path)
            except MediaError:
                refused += 1
    assert refused > 0


def test_missing_and_folder(tmp_path):
    with pytest.raises(MediaError, match="does not exist"):
        read_photo(tmp_path / "a.jpg")
    with pytest.raises(MediaError, match="is a folder"):
        read_photo(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_photo_without_permission(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(".jpg", noise()))
    (tmp_path / "a.jpg").chmod(0)
    with pytest.raises(MediaError, match="permission denied"):
        read_photo(tmp_path / "a.jpg")


def test_a_check_reads_the_header_alone(tmp_path):
    (tmp_path / "cut.jpg").write_bytes(encoded(".jpg", noise(200, 200))[:3000])
    assert check_photo(tmp_path / "cut.jpg") is None
    (tmp_path / "text.jpg").write_text("no")
    with pytest.raises(MediaError, match="it holds text"):
        check_photo(tmp_path / "text.jpg")


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path):
    limit = Image.MAX_IMAGE_PIXELS
    (tmp_path / "bomb.png").write_bytes(png_bytes(60000, 60000))
    with pytest.raises(MediaError, match=f"3600 megapixels; at most {MAX_MEGAPIXELS}"):
        read_photo(tmp_path / "bomb.png")
    assert limit == Image.MAX_IMAGE_PIXELS
