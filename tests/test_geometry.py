"""Transforms are the least-squares ones, crops show what stands in the picture, boxes overlap as counted."""

import cv2
import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry import (
    MIRROR_68,
    CropTemplate,
    align,
    apply_affine,
    box_iou,
    face_square,
    five_points,
    invert_affine,
    non_maximum_suppression,
    outer_eye_distance,
    rotation_angle,
    similarity,
    wrap_degrees,
)

FACE = CropTemplate(100).points.astype(np.float64)
MIRROR_5 = [1, 0, 2, 4, 3]


def turned(points, degrees, center=(0.0, 0.0), scale=1.0):
    """Points turned counter-clockwise as seen, by OpenCV's own matrix."""
    matrix = cv2.getRotationMatrix2D(center, degrees, scale)
    return points @ matrix[:, :2].T + matrix[:, 2]


def lstsq_similarity(source, target):
    """The four numbers a, b, tx, ty that least squares finds for one set of points."""
    rows = [row for x, y in source for row in ([x, -y, 1, 0], [y, x, 0, 1])]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), target.ravel(), rcond=None)[0]
    return np.array([[a, -b, tx], [b, a, ty]])


def procrustes(source, target):
    """Source points laid on the target by Umeyama's closed form with singular values."""
    x, y = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(y.T @ x)
    sign = np.array([1, np.sign(np.linalg.det(u @ vt))])
    return x @ (u * sign @ vt).T * (s * sign).sum() / (x**2).sum() + target.mean(0)


def wave(x, y):
    """A smooth picture, defined everywhere."""
    return 128 + 60 * np.sin(x / 17) + 50 * np.cos(y / 23 + 0.5)


def picture_of(function, height, width):
    y, x = np.mgrid[:height, :width]
    return np.repeat(np.rint(function(x, y)).astype(np.uint8)[..., None], 3, -1)


def symmetric_68():
    """Right half drawn at random, left half its mirror image about x = 0, by the places named in Multi-PIE."""
    rng = np.random.default_rng(5)
    points = np.full((68, 2), np.nan)
    pairs = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)] + [(31, 35), (32, 34)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    pairs += [(48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)]
    for right, left in pairs:
        x, y = rng.uniform(1, 9), rng.uniform(-9, 9)
        points[right], points[left] = (-x, y), (x, y)
    middle = np.flatnonzero(np.isnan(points[:, 0]))
    points[middle] = np.stack([np.zeros(len(middle)), rng.uniform(-9, 9, len(middle))], 1)
    return points


def test_similarity_is_what_least_squares_finds():
    rng = np.random.default_rng(0)
    source, target = rng.normal(0, 50, (200, 5, 2)), rng.normal(0, 50, (5, 2))
    found = similarity(source, target)
    assert found.dtype == np.float32
    for matrix, points in zip(found, source, strict=True):
        assert matrix == pytest.approx(lstsq_similarity(points, target), rel=1e-4, abs=1e-3)


def test_similarity_agrees_with_procrustes_on_faces():
    rng = np.random.default_rng(1)
    for _ in range(50):
        source = turned(FACE, rng.uniform(-180, 180), scale=rng.uniform(0.1, 9)) + rng.uniform(-500, 500, 2)
        source += rng.normal(0, 0.02 * np.ptp(source), source.shape)
        laid = apply_affine(similarity(source[None], FACE)[0], source)
        assert laid == pytest.approx(procrustes(source, FACE), abs=0.01)


def test_similarity_never_mirrors():
    linear = similarity((FACE * [-1, 1])[None], FACE)[0, :, :2].astype(float)
    assert np.linalg.det(linear) > 0
    assert linear @ linear.T == pytest.approx(np.eye(2) * np.linalg.det(linear), abs=1e-5)


def test_affine_matrices_apply_and_invert():
    rng = np.random.default_rng(2)
    matrix, points = rng.normal(0, 2, (9, 2, 3)).astype(np.float32), rng.normal(0, 20, (9, 7, 2)).astype(np.float32)
    moved = apply_affine(matrix, points)
    for m, before, after in zip(matrix, points, moved, strict=True):
        assert after == pytest.approx(cv2.transform(before[None], m)[0], abs=1e-3)
        assert invert_affine(m) == pytest.approx(cv2.invertAffineTransform(m), rel=1e-3, abs=1e-3)
    assert apply_affine(invert_affine(matrix), moved) == pytest.approx(points, abs=0.05)


def test_template_is_symmetric_and_grows_with_the_crop():
    for template in (CropTemplate(64), CropTemplate(112, 0.3, 0.5, 0.6)):
        points = template.points
        assert points[MIRROR_5] * [-1, 1] + [template.size, 0] == pytest.approx(points, abs=1e-3)
        assert points[3, 1] - points[0, 1] == pytest.approx(template.scale * template.size, abs=1e-3)
        assert CropTemplate(**template.to_dict()) == template
    assert CropTemplate(128).points == pytest.approx(2 * CropTemplate(64).points, rel=1e-6)


@pytest.mark.parametrize("degrees", [0, 30, -100, 180])
@pytest.mark.parametrize("face_size", [40, 90, 250, 420, 700])
def test_a_crop_shows_the_picture_at_every_scale_and_angle(face_size, degrees):
    """The crop of a formula is the formula at the places that the crop's pixels come from."""
    template, image = CropTemplate(96), picture_of(wave, 800, 900)
    landmarks = turned((FACE - FACE.mean(0)) * face_size / 100, degrees) + [450, 400]
    crop = align(image, landmarks[None].astype(np.float32), template)[0, ..., 0]
    matrix = np.vstack([lstsq_similarity(landmarks, template.points), [0, 0, 1]])
    v, u = np.mgrid[:96, :96]
    x, y, _ = np.linalg.inv(matrix) @ np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    edge = 8 + face_size / 40  # nearer to the edge the area of a pixel reaches beyond the picture
    inside = (x > edge) & (x < 899 - edge) & (y > edge) & (y < 799 - edge)
    inside &= (np.minimum(u, v) > 0).ravel() & (np.maximum(u, v) < 95).ravel()
    assert inside.mean() > 0.5
    assert np.abs(crop.ravel() - wave(x, y))[inside].max() < 2.5


@pytest.mark.parametrize("shrink", [3, 5.5, 9])
def test_a_shrunken_crop_does_not_alias(shrink):
    """Stripes finer than the crop's pixels become even grey; a plain warp makes broad stripes of them."""
    template = CropTemplate(64)
    image = picture_of(lambda x, y: 127.5 + 127.5 * np.cos(2 * np.pi * x / 2.6) + 0 * y, 900, 900)
    landmarks = (template.points * shrink + 100).astype(np.float32)[None]
    crop = align(image, landmarks, template)[0]
    naive = cv2.warpAffine(image, similarity(landmarks, template.points)[0], (64, 64), flags=cv2.INTER_LINEAR)
    assert naive.std() > 25
    assert crop.std() < 0.3 * naive.std()
    assert crop.mean() == pytest.approx(image.mean(), abs=3)


def test_beyond_the_edge_the_edge_is_repeated():
    image = np.full((60, 80, 3), 90, np.uint8)
    image[:, 0] = 200
    for shift, expected in ((-500, 200), (500, 90)):
        assert (align(image, CropTemplate(32).points[None] + [shift, 5], CropTemplate(32)) == expected).all()


@pytest.mark.parametrize("scale", [0.01, 1, 3000])
def test_faces_of_any_size_give_a_crop(scale):
    image, template = np.full((40, 30, 3), 77, np.uint8), CropTemplate(24)
    crops = align(image, np.stack([template.points * scale, template.points * scale - 4000]), template)
    assert crops.shape == (2, 24, 24, 3)
    assert (crops == 77).all()


def test_landmarks_on_the_template_give_the_picture_itself():
    image, template = np.random.default_rng(4).integers(0, 255, (72, 72, 3), np.uint8), CropTemplate(72)
    assert np.array_equal(align(image, template.points[None], template)[0], image)


def test_align_takes_no_face_and_refuses_other_shapes():
    image = np.zeros((9, 9, 3), np.uint8)
    assert align(image, np.zeros((0, 5, 2), np.float32), CropTemplate(16)).shape == (0, 16, 16, 3)
    for shape in ((5, 2), (1, 68, 2), (1, 5, 3)):
        with pytest.raises(InputError, match=r"'landmarks' must be an array \(N, 5, 2\)"):
            align(image, np.zeros(shape, np.float32), CropTemplate(16))


def test_mirror_68_is_an_involution_and_mirrors_a_symmetric_shape():
    assert np.array_equal(MIRROR_68[MIRROR_68], np.arange(68))
    shape = symmetric_68()
    assert np.array_equal((shape * [-1, 1])[MIRROR_68], shape)


def test_five_points_of_a_mirrored_face_are_the_mirrored_five_points():
    dense = np.random.default_rng(6).normal(0, 30, (4, 68, 2))
    five = five_points(dense)
    assert five[2] == pytest.approx(
        np.array([dense[2, 36:42].mean(0), dense[2, 42:48].mean(0), dense[2, 30], dense[2, 48], dense[2, 54]]), abs=1e-4
    )
    assert five_points((dense * [-1, 1])[:, MIRROR_68]) == pytest.approx((five * [-1, 1])[:, MIRROR_5], abs=1e-4)
    assert outer_eye_distance(dense) == pytest.approx([np.hypot(*(f[36] - f[45])) for f in dense], rel=1e-5)


@pytest.mark.parametrize("degrees", [-170, -90, -20, 0, 45, 120, 180])
def test_face_square_turns_every_face_upright(degrees):
    center, box = np.array([300.0, 200.0]), np.array([[240.0, 150, 360, 250]])
    upright, rolled = (turned(FACE - FACE.mean(0), angle) + center for angle in (0, degrees))
    straight, matrix = (face_square(box, points[None], 128, 1.4) for points in (upright, rolled))
    assert apply_affine(matrix, rolled[None]) == pytest.approx(apply_affine(straight, upright[None]), abs=0.02)
    assert wrap_degrees(rotation_angle(matrix) + degrees) == pytest.approx(0, abs=0.01) or abs(degrees) == 180
    assert np.hypot(matrix[0, 0, 0], matrix[0, 1, 0]) == pytest.approx(128 / (1.4 * 120), rel=1e-4)
    assert apply_affine(matrix, center[None, None])[0, 0] == pytest.approx([64, 64], abs=1e-3)


def test_face_square_withstands_empty_boxes_and_no_faces():
    assert np.isfinite(face_square(np.full((1, 4), 7.0), FACE[None], 64, 1.2)).all()
    assert face_square(np.zeros((0, 4)), np.zeros((0, 5, 2)), 64, 1.2).shape == (0, 2, 3)


@pytest.mark.parametrize("degrees", [-179, -90, -1, 0, 33, 90, 179])
def test_rotation_angle_is_counter_clockwise_as_seen(degrees):
    matrix = cv2.getRotationMatrix2D((40, 70), degrees, 2.5)
    assert rotation_angle(matrix[None]) == pytest.approx([degrees], abs=1e-3)


def test_wrapped_angles_point_the_same_way():
    angle = np.linspace(-1000, 1000, 4001)
    wrapped = wrap_degrees(angle)
    assert np.exp(1j * np.radians(wrapped)) == pytest.approx(np.exp(1j * np.radians(angle)), abs=1e-5)
    assert -180 == wrapped.min() <= wrapped.max() < 180


def cells(box):
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


def test_box_iou_is_the_count_of_shared_cells():
    corner, side = np.random.default_rng(7).integers(0, 9, (2, 40, 2))
    boxes = np.concatenate([corner, corner + side], 1)
    found = box_iou(boxes[:25].astype(float), boxes[25:].astype(float))
    for (i, j), value in np.ndenumerate(found):
        a, b = cells(boxes[i]), cells(boxes[25 + j])
        assert value == pytest.approx(len(a & b) / max(len(a | b), 1))


def naive_suppression(box, score, threshold):
    left, keep = sorted(range(len(score)), key=lambda i: (-score[i], i)), []
    while left:
        keep.append(left.pop(0))
        best = box[keep[-1]]
        part = 0.8 if threshold < 1 else 1.0  # at 1 nothing goes
        left = [i for i in left if box_iou(best[None], box[[i]])[0, 0] <= threshold and inside(box[i], best) <= part]
    return keep


def inside(box, other):
    """Share of the area of a box that lies in the other one."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0) * max(height, 0) / ((box[2] - box[0]) * (box[3] - box[1]))


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("count", [0, 1, 60])
def test_suppression_keeps_what_a_plain_loop_keeps(count, threshold):
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 50, (count, 2))
    box = np.concatenate([corner, corner + rng.uniform(1, 30, (count, 2))], 1)
    score = rng.integers(0, 8, count) / 8  # ties are many
    keep = non_maximum_suppression(box, score, threshold)
    assert keep.dtype == np.int64
    assert keep.tolist() == naive_suppression(box, score, threshold)
