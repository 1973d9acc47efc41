"""Colors of a photo as sRGB: embedded profiles and the gamma of PNG."""

import io
import logging
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

logger = logging.getLogger(__name__)
_SPACES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
_UNSEEN = 2
"""Levels of 255: a profile that changes less is sRGB under another name, and pixels stay as they are."""
_GAMMA_TOLERANCE = 0.05


def to_srgb(image: Image.Image, name: str) -> Image.Image:
    """An opaque image (L, RGB, CMYK, ...) as RGB in sRGB.

    An embedded ICC profile is applied, with relative colorimetric intent and black point compensation; of a PNG without
    one the gamma. A profile that is damaged, or made for another kind of image, is ignored as in browsers, and the
    logger of this module says so. Where nothing is told, the values are taken as sRGB.
    """
    profile, gamma = image.info.get("icc_profile"), image.info.get("gamma")
    if profile and image.mode != "LAB":
        return _by_profile(image, profile, name)
    rgb = image.convert("RGB")
    if gamma and "srgb" not in image.info and abs(gamma * 2.2 - 1) > _GAMMA_TOLERANCE:
        return rgb.point(_gamma_table(gamma) * 3)
    return rgb


def _by_profile(image: Image.Image, profile: bytes, name: str) -> Image.Image:
    mode = image.mode if image.mode in ("L", "CMYK") else "RGB"
    try:
        space, transform = _transform(profile, mode)
    except Exception as error:  # the library may raise anything on damaged bytes
        logger.warning("The color profile of %r is ignored (%s). Its colors are read as sRGB.", name, error)
        return image.convert("RGB")
    image = image.convert(space)
    if transform is None:
        return image.convert("RGB")
    return ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> tuple[str, Any]:
    """The mode that the profile is for, and the transform to sRGB; None where it changes nothing that can be seen."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = _SPACES.get(source.profile.xcolor_space.strip())
    if space is None or (space != mode and (space, mode) != ("RGB", "L")):
        raise ValueError(f"it is made for {source.profile.xcolor_space.strip()}, the picture is {mode}")
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        space,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return space, None if space != "CMYK" and _changes_nothing(transform, space) else transform


def _changes_nothing(transform: Any, space: str) -> bool:
    sample = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    picture = Image.fromarray(sample).convert(space)
    after = ImageCms.applyTransform(picture, transform)
    change = np.asarray(after, np.int16) - np.asarray(picture.convert("RGB"), np.int16)
    return bool(np.abs(change).max() <= _UNSEEN)


def _gamma_table(gamma: float) -> list[int]:
    """Stored value = light ** gamma; sRGB = 12.92 light, above .0031308 1.055 light ** (1 / 2.4) - .055."""
    light = (np.arange(256) / 255) ** (1 / gamma)
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return [int(level) for level in np.rint(255 * value)]
