"""Deep TIFFs keep their values, however they are laid out."""

import numpy as np
import pytest

from mien.errors import MediaError
from mien.media import read_photo

tifffile = pytest.importorskip("tifffile")

RGB = np.random.default_rng(0).integers(0, 256, (20, 32, 3), np.uint8)
GRAY = RGB[..., 1]
DTYPES = ["uint16", "int16", "uint32", "float16", "float32", "float64"]


def deep(levels, dtype):
    """Levels of 0..255 in another type."""
    tops = {"uint16": 65535, "int16": 32767, "uint32": 2**32 - 1}
    values = levels.astype(np.float64) / 255 * tops.get(dtype, 1)
    return (np.rint(values) if dtype in tops else values).astype(dtype)


def write(folder, values, **options):
    tifffile.imwrite(folder / "a.tif", values, **options)
    return folder / "a.tif"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"byteorder": ">"}, {"bigtiff": True}])
def test_deep_gray(tmp_path, dtype, photometric, options):
    path = write(
        tmp_path, deep(255 - GRAY if photometric == "miniswhite" else GRAY, dtype), photometric=photometric, **options
    )
    assert np.abs(read_photo(path).astype(int) - np.dstack([GRAY] * 3)).max() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["contig", "separate"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"rowsperstrip": 7}, {"tile": (16, 16)}])
def test_deep_colors(tmp_path, dtype, layout, options):
    values = deep(RGB if layout == "contig" else np.moveaxis(RGB, -1, 0), dtype)
    path = write(tmp_path, values, photometric="rgb", planarconfig=layout, **options)
    assert np.abs(read_photo(path).astype(int) - RGB).max() <= 1


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("layout", ["contig", "separate"])
def test_deep_opacity(tmp_path, dtype, layout):
    rgba = np.dstack([RGB, np.where(GRAY > 127, 255, 0).astype(np.uint8)])
    values = deep(rgba if layout == "contig" else np.moveaxis(rgba, -1, 0), dtype)
    path = write(tmp_path, values, photometric="rgb", planarconfig=layout, extrasamples=["unassalpha"])
    expected = np.where(rgba[..., 3:] > 0, RGB, 128)
    assert np.abs(read_photo(path).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_infinity_is_the_brightest_and_nan_is_black(tmp_path, dtype):
    values = deep(GRAY, dtype)
    values[0, :3] = np.inf, -np.inf, np.nan
    image = read_photo(write(tmp_path, values, photometric="minisblack"))[..., 0]
    assert image[0, :3].tolist() == [255, 0, 0]
    assert np.abs(image.astype(int) - GRAY)[1:].max() <= 1


def test_values_beyond_one_are_scaled_by_the_largest_that_is_finite(tmp_path):
    values = deep(GRAY, "float64") * 50
    values[0, 0], values[0, 1] = np.inf, 50
    image = read_photo(write(tmp_path, values, photometric="minisblack"))[..., 0]
    assert np.abs(image.astype(int) - GRAY)[1:].max() <= 1


def test_orientation_is_undone(tmp_path):
    path = write(tmp_path, deep(RGB, "float32"), photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    assert np.array_equal(read_photo(path), np.rot90(RGB, -1))


@pytest.mark.parametrize("dtype", ["uint64", "int64", "int8"])
def test_other_kinds_are_refused_with_the_kind(tmp_path, dtype):
    path = write(tmp_path, RGB.astype(dtype), photometric="rgb")
    with pytest.raises(MediaError, match=r"(of 64 bits|kind of pixels).* Export it again with 8"):
        read_photo(path)
    path = write(tmp_path, np.dstack([GRAY, GRAY]).astype(np.uint16), photometric="minisblack", planarconfig="contig")
    with pytest.raises(MediaError, match="Got 2 of 16 bits"):
        read_photo(path)


@pytest.mark.parametrize("layout", ["contig", "separate"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_a_cut_file_is_refused(tmp_path, layout, part):
    values = deep(RGB if layout == "contig" else np.moveaxis(RGB, -1, 0), "float32")
    path = write(tmp_path, values, photometric="rgb", planarconfig=layout)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(MediaError, match="cut off or damaged"):
        read_photo(path)
