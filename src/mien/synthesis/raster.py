"""z-buffer rasterizer of lit, textured triangles, compiled by numba."""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array, Image

Ints = NDArray[np.int32]

SKIN, TEETH, GUMS, MOUTH, EYE = range(5)
COLORS = np.array([[0, 0, 0], [178, 168, 150], [105, 46, 48], [44, 15, 15], [0, 0, 0]], np.float32)
"""RGB of the materials that take no texture."""

SET_BACK = 0.3  # cm that teeth and gums lie deeper than modelled, so that they do not poke through the lips


def _vertex_normals(vertices: Array, triangles: Ints) -> Array:
    """Unit normals (V, 3) of vertices (V, 3), triangles (T, 3) weighted by their area."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        p, q = vertices[b] - vertices[a], vertices[c] - vertices[a]
        x, y, z = p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]
        for v in (a, b, c):
            normals[v, 0] += x
            normals[v, 1] += y
            normals[v, 2] += z
    for v in range(vertices.shape[0]):
        length = math.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        for k in range(3):
            normals[v, k] /= max(length, 1e-9)
    return normals


def _lookup(texture: Any, u: float, v: float, channel: int) -> Any:
    """Bilinear value of the texture (H, W, C) at u, v in pixels, clamped to its border."""
    u = min(max(u, 0.0), texture.shape[1] - 1.001)
    v = min(max(v, 0.0), texture.shape[0] - 1.001)
    x, y = int(u), int(v)
    fx, fy = u - x, v - y
    top = texture[y, x, channel] * (1 - fx) + texture[y, x + 1, channel] * fx
    bottom = texture[y + 1, x, channel] * (1 - fx) + texture[y + 1, x + 1, channel] * fx
    return top * (1 - fy) + bottom * fy


def _brightness(normal: Any, light: Any, ambient: float, material: int) -> Any:
    """Light reflected by a surface with this normal (3,); eyes are flatter than skin."""
    facing = max(0.0, normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2])
    shade = ambient + (1 - ambient) * 1.25 * facing
    if material == EYE:
        return 0.75 * shade + 0.25
    return shade


def _rasterise(
    points: Array, normals: Array, exposure: Array, uv: Array, triangles: Ints, material: Ints,
    texture: Image, colors: Array, light: Array, tint: Array, ambient: float, image: Array,
) -> None:  # fmt: skip
    """Draw into image (S, S, 3): points (V, 3) = x, y in pixels and depth towards the camera; uv (V, 2) in texels.

    exposure (V,): share of the light that reaches a vertex; light (3,) direction; tint (3,) its color.
    """
    size = image.shape[0]
    depth = np.full((size, size), -1e9, np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area > -1e-9:  # seen from behind: y points down in the image
            continue
        back = SET_BACK if material[t] == TEETH or material[t] == GUMS else 0.0
        for y in range(max(math.ceil(min(ay, by, cy)), 0), min(math.floor(max(ay, by, cy)), size - 1) + 1):
            for x in range(max(math.ceil(min(ax, bx, cx)), 0), min(math.floor(max(ax, bx, cx)), size - 1) + 1):
                wb = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
                wc = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
                wa = 1 - wb - wc
                z = wa * points[a, 2] + wb * points[b, 2] + wc * points[c, 2] - back
                if wa < -1e-4 or wb < -1e-4 or wc < -1e-4 or z <= depth[y, x]:
                    continue
                depth[y, x] = z
                normal = wa * normals[a] + wb * normals[b] + wc * normals[c]
                reached = wa * exposure[a] + wb * exposure[b] + wc * exposure[c]
                shade = reached * brightness(normal, light, ambient, material[t])
                u = wa * uv[a, 0] + wb * uv[b, 0] + wc * uv[c, 0]
                v = wa * uv[a, 1] + wb * uv[b, 1] + wc * uv[c, 1]
                for k in range(3):
                    textured = material[t] == SKIN or material[t] == EYE
                    color = lookup(texture, u, v, k) if textured else colors[material[t], k]
                    image[y, x, k] = color * shade * tint[k]


_compile = numba.njit(cache=True, fastmath=True)
lookup = _compile(_lookup)
brightness = _compile(_brightness)
vertex_normals = _compile(_vertex_normals)
rasterise = _compile(_rasterise)
