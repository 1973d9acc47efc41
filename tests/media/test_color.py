"""Colors arrive as sRGB, whatever space they were stored in; what is broken is ignored, and said."""

import logging

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin
from tests.media.small_media import gray_profile, rgb_profile

from mien.media import read_photo


def encode(light):
    """Light of 0..1 as sRGB of 0..255 (IEC 61966-2-1)."""
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def pixels(seed=0, low=40):
    return np.random.default_rng(seed).integers(low, 256, (24, 32, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_a_profile_is_applied_in_every_format(tmp_path, suffix, gamma):
    stored = np.repeat(np.repeat(pixels()[:3, :4], 8, 0), 8, 1)
    options = {".webp": {"lossless": True}, ".jpg": {"quality": 100, "subsampling": 0}}.get(suffix, {})
    Image.fromarray(stored).save(tmp_path / f"a{suffix}", icc_profile=rgb_profile(gamma), **options)
    expected = encode((stored / 255) ** gamma)
    assert np.abs(read_photo(tmp_path / f"a{suffix}") - expected).max() < (5 if suffix == ".jpg" else 2)


def test_wide_colors_become_more_saturated_and_gray_stays(tmp_path):
    stored = np.array([[[200, 90, 90], [120, 120, 120]]], np.uint8)
    Image.fromarray(stored).save(tmp_path / "a.png", icc_profile=rgb_profile(2.2, "wide"))
    red, gray = read_photo(tmp_path / "a.png")[0].astype(int)
    assert red[0] > 220
    assert red[1] < 90
    assert np.abs(gray - 120).max() <= 3


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P"])
def test_modes_of_other_kinds_have_their_profile_applied(tmp_path, mode):
    color = Image.fromarray(pixels()).quantize(16) if mode == "P" else Image.fromarray(pixels()).convert(mode)
    if mode == "RGBA":
        color.putalpha(128)
    profile = gray_profile(1.0) if mode in ("L", "LA") else rgb_profile(1.0)
    color.save(tmp_path / "a.png", icc_profile=profile)
    expected = encode(np.asarray(color.convert("RGB")) / 255)
    if mode == "RGBA":
        expected = expected * 128 / 255 + 128 * (1 - 128 / 255)
    assert np.abs(read_photo(tmp_path / "a.png") - expected).max() < 2


def test_deep_gray_has_its_profile_applied(tmp_path):
    deep = (np.arange(4096, 65536, 97)[:600].reshape(20, 30)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.tif", icc_profile=gray_profile(1.0))
    assert np.abs(read_photo(tmp_path / "a.tif")[..., 0] - encode(deep / 65535)).max() < 4


def test_a_gray_picture_with_a_profile_of_colors(tmp_path):
    stored = Image.fromarray(pixels()[..., 0])
    stored.save(tmp_path / "a.png", icc_profile=rgb_profile(1.0))
    assert np.abs(read_photo(tmp_path / "a.png")[..., 1] - encode(np.asarray(stored) / 255)).max() < 2


def test_srgb_under_another_name_changes_no_pixel(tmp_path, caplog):
    Image.fromarray(pixels()).save(
        tmp_path / "a.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    assert np.array_equal(read_photo(tmp_path / "a.png"), pixels())
    assert not caplog.records


def broken():
    whole = rgb_profile(1.0)
    return {
        "empty": b"\0" * 10,
        "cut": whole[:200],
        "other kind": gray_profile(1.0),
        "no signature": whole[:36] + b"none" + whole[40:],
        "noise": np.random.default_rng(0).bytes(600),
    }


@pytest.mark.parametrize("kind", broken())
def test_a_broken_profile_is_ignored_and_said(tmp_path, caplog, kind):
    Image.fromarray(pixels()).save(tmp_path / "a.png", icc_profile=broken()[kind])
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(read_photo(tmp_path / "a.png"), pixels())
    (record,) = caplog.records
    assert record.name == "mien.media.color"
    assert "a.png' is ignored" in record.getMessage()


def test_ink_with_a_profile_of_light_is_read_without_it(tmp_path, caplog):
    ink = Image.fromarray(np.zeros((32, 32, 4), np.uint8), "CMYK")
    ink.save(tmp_path / "a.jpg", icc_profile=rgb_profile(1.0))
    assert (read_photo(tmp_path / "a.jpg") > 250).all()
    assert "made for RGB, the picture is CMYK" in caplog.text


@pytest.mark.parametrize(("gamma", "srgb"), [(1.0, False), (0.55, False), (0.45455, False), (1.0, True)])
def test_the_gamma_of_png(tmp_path, gamma, srgb):
    chunks = PngImagePlugin.PngInfo()
    if srgb:
        chunks.add(b"sRGB", b"\0")
    chunks.add(b"gAMA", round(gamma * 100000).to_bytes(4, "big"))
    Image.fromarray(pixels()).save(tmp_path / "a.png", pnginfo=chunks)
    plain = srgb or gamma == 0.45455
    expected = pixels() if plain else encode((pixels() / 255) ** (1 / gamma))
    assert np.abs(read_photo(tmp_path / "a.png") - expected).max() <= (0 if plain else 0.51)
