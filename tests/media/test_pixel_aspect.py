"""Photos are taken as they are, and one with unequal resolutions is told of."""

import numpy as np
import pytest
from PIL import Image

from mien.media import read_photo

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize(("dpi", "told"), [((72, 72), False), ((72, 73), False), ((204, 98), True), ((72, 300), True)])
def test_unequal_resolutions_change_nothing_and_are_told(tmp_path, caplog, suffix, dpi, told):
    Image.fromarray(PIXELS).save(tmp_path / f"a{suffix}", dpi=dpi)
    assert read_photo(tmp_path / f"a{suffix}").shape == PIXELS.shape
    assert ("Its pixels are taken as square" in caplog.text) == told


def test_an_aspect_without_unit_is_told(tmp_path, caplog):
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg")
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    content[13:18] = b"\0\0\x40\0\x2d"  # JFIF: unit 0, 64 x 45
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_photo(tmp_path / "a.jpg").shape == PIXELS.shape
    assert "64 x 45" in caplog.text
