"""Every photo becomes the same RGB array, however it was written."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError
from mien.media.photo import read_photo

# Where the first row and the first column of the stored picture are seen: EXIF 2.3, tag 0x0112.
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def noise(height=20, width=30, channels=3, seed=0):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def smooth(height=48, width=64):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, 255 - x * 255 // width], -1).astype(np.uint8)


def seen_upright(stored, first_row, first_column):
    """Put each stored pixel where its orientation says that it is seen."""
    height, width = stored.shape[:2]
    sideways = first_row in ("left", "right")
    upright = np.zeros((width, height, 3) if sideways else (height, width, 3), np.uint8)
    for r in range(height):
        for c in range(width):
            along = {"top": r, "bottom": height - 1 - r, "left": r, "right": height - 1 - r}[first_row]
            across = {"left": c, "right": width - 1 - c, "top": c, "bottom": width - 1 - c}[first_column]
            upright[(across, along) if sideways else (along, across)] = stored[r, c]
    return upright


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_exif_orientation_is_undone(tmp_path, suffix, orientation):
    stored, path = smooth(), tmp_path / f"a{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    image = read_photo(path)
    expected = seen_upright(stored, *ORIENTATIONS[orientation])
    assert image.shape == expected.shape
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - expected).max() <= (20 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_changes_nothing(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise()).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "a.png"), noise())


@pytest.mark.parametrize(
    "name", ["a.png", "a.bmp", "a.ppm", "a.tif", "照片/一.png", "a.qoi", "wrong_suffix.jpg", "none"]
)
def test_lossless_formats_keep_every_pixel(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    known = path.suffix in (".bmp", ".ppm", ".tif", ".qoi")
    Image.fromarray(noise()).save(path, None if known else "PNG")
    for source in (path, str(path)):
        image = read_photo(source)
        assert (image.dtype, image.flags.c_contiguous, image.flags.writeable) == (np.uint8, True, True)
        assert np.array_equal(image, noise())


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_the_smallest_pictures(tmp_path, size):
    Image.fromarray(noise(*size)).save(tmp_path / "a.png")
    assert np.array_equal(read_photo(tmp_path / "a.png"), noise(*size))


@pytest.mark.parametrize(("suffix", "channels"), [(".png", 1), (".png", 3), (".tif", 1), (".tif", 3)])
def test_16_bits_are_scaled_to_8(tmp_path, suffix, channels):
    deep = np.random.default_rng(1).integers(0, 65536, (20, 30, channels), np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), deep[..., ::-1])
    image = read_photo(tmp_path / f"a{suffix}")
    assert np.abs(image.astype(float) - deep / 257).max() <= (0.51 if channels == 1 else 1.0)


def test_a_float_tiff_is_scaled_by_its_maximum(tmp_path):
    values = np.linspace(0, 50, 600, dtype=np.float32).reshape(20, 30)
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.abs(read_photo(tmp_path / "a.tif")[..., 0] - values * 5.1).max() <= 0.51


def test_gray_and_bilevel_become_three_equal_channels(tmp_path):
    gray = noise(channels=1)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    Image.fromarray(gray > 127).save(tmp_path / "bits.png")
    assert np.array_equal(read_photo(tmp_path / "gray.png"), np.dstack([gray] * 3))
    assert np.array_equal(read_photo(tmp_path / "bits.png"), np.dstack([np.where(gray > 127, 255, 0)] * 3))


@pytest.mark.parametrize("kind", ["rgba.png", "la.png", "rgba.webp", "array"])
def test_what_is_transparent_lies_on_neutral_grey(tmp_path, kind):
    rgba = noise(channels=4)
    if kind.startswith("la"):
        rgba[..., 1] = rgba[..., 2] = rgba[..., 0]
    path = tmp_path / kind
    if kind == "array":
        image = read_photo(rgba)
    else:
        picture = Image.fromarray(rgba if "rgba" in kind else rgba[..., [0, 3]])
        picture.save(path, **({"lossless": True, "exact": True} if kind.endswith("webp") else {}))
        image = read_photo(path)
    for found, (*color, alpha) in zip(image.reshape(-1, 3), rgba.reshape(-1, 4).tolist(), strict=True):
        assert found == pytest.approx([c * alpha / 255 + 128 * (1 - alpha / 255) for c in color], abs=1)


def test_a_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putdata([0, 1])
    picture.save(tmp_path / "a.gif", transparency=1)
    assert read_photo(tmp_path / "a.gif").tolist() == [[[10, 20, 30], [128, 128, 128]]]


def test_cmyk_jpeg(tmp_path):
    ink = np.zeros((32, 64, 4), np.uint8)
    ink[:, :32], ink[:, 32:] = (200, 30, 60, 20), (0, 180, 220, 0)
    Image.fromarray(ink, "CMYK").save(tmp_path / "a.jpg", quality=98)
    image = read_photo(tmp_path / "a.jpg").astype(int)
    expected = (255 - ink[..., :3].astype(int)) * (255 - ink[..., 3:].astype(int)) / 255
    assert np.abs(image - expected)[:, [8, 16, 48, 56]].max() < 6


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("RGB", (16, 12), color) for color in ((250, 10, 10), (10, 250, 10), (10, 10, 250))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=50)
    image = read_photo(tmp_path / "a.gif")
    assert image.shape == (12, 16, 3)
    assert (image == [250, 10, 10]).all()


@pytest.mark.parametrize("source", [None, 5, b"a.jpg", [[1, 2]]])
def test_sources_of_another_type_are_refused(source):
    with pytest.raises(InputError, match="'source' must be a path or an array"):
        read_photo(source)


def test_arrays_pass_or_are_scaled():
    image = noise()
    assert read_photo(image) is image
    assert np.array_equal(read_photo(image[:, ::-1]), image[:, ::-1])
    assert np.array_equal(read_photo(image[..., 0]), np.dstack([image[..., 0]] * 3))
    for scaled in (image / 255, (image / 255).astype(np.float32), image.astype(np.uint16) * 257):
        assert np.array_equal(read_photo(scaled), image)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 2)),
        np.zeros(4),
        np.zeros((0, 4, 3)),
        np.zeros((2, 4, 4, 3)),
        np.full((4, 4), 1.5),
        np.full((4, 4), -0.1),
        np.full((4, 4), np.nan),
        np.zeros((4, 4), int),
        np.zeros((4, 4), bool),
        np.zeros((4, 4), complex),
    ],
)
def test_arrays_of_another_kind_are_refused(array):
    with pytest.raises(InputError, match="'source' must be"):
        read_photo(array)


@pytest.mark.slow
def test_a_picture_of_100_megapixels(tmp_path):
    gray = np.zeros((10000, 10000), np.uint8)
    gray[7000:, 9000:] = 200
    cv2.imwrite(str(tmp_path / "a.png"), gray)
    image = read_photo(tmp_path / "a.png")
    assert image.shape == (10000, 10000, 3)
    assert np.array_equal(image[::50, ::50, 1], gray[::50, ::50])


def test_threads_read_alike_and_leave_the_warning_filters(tmp_path):
    for i in range(8):
        Image.fromarray(noise(seed=i)).save(tmp_path / f"{i}.png")
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda i: read_photo(tmp_path / f"{i % 8}.png"), range(64)))
    assert all(np.array_equal(image, noise(seed=i % 8)) for i, image in enumerate(images))
    assert warnings.filters == before
