"""Pictures that were moved by known small transforms are brought together, and their stack becomes low rank."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.cleaning.joint_alignment import JointAlignment, align_jointly, move_onto, moved_by
from mien.errors import InputError
from mien.geometry import Image
from mien.lowrank import principal_component_pursuit

Array = NDArray[np.float64]
MARGIN = 8


@pytest.fixture(scope="module")
def face(astronaut: Image) -> Array:
    grey = cv2.cvtColor(astronaut[60:200, 160:300], cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA), np.float64)


@pytest.fixture(scope="module")
def stack(face: Array) -> tuple[Array, Array]:
    """Eight pictures (8, 64, 64) with the light from elsewhere each, and the moves (8, 4) that were made."""
    rng = np.random.default_rng(0)
    moves = np.concatenate([rng.uniform(-1.5, 1.5, (8, 2)), rng.uniform(-2.5, 2.5, (8, 2))], 1)
    x, y = np.meshgrid(np.linspace(-1, 1, 64), np.linspace(-1, 1, 64))
    light = 1 + np.einsum("nk,kij->nij", rng.uniform(-0.3, 0.3, (8, 2)), [x, y])
    return np.stack([moved_by(face, move) for move in moves]) * light, moves


@pytest.fixture(scope="module")
def found(stack: tuple[Array, Array]) -> JointAlignment:
    return align_jointly(stack[0], margin=MARGIN)


def corners(matrix: Array, moves: Array) -> Array:
    """Where the corners of the aligned picture lie in the face that all pictures were made of."""
    points = np.array([[0.0, 0, 1], [47, 0, 1], [0, 47, 1], [47, 47, 1]]) @ matrix.T
    growth, turn = moves[:2] / 32
    linear = np.array([[1 + growth, -turn], [turn, 1 + growth]])
    return (points - 31.5) @ linear.T + 31.5 + moves[2:]


def spread(points: Array) -> float:
    """Largest distance of a corner to where it lies on the average."""
    return float(np.linalg.norm(points - points.mean(0), axis=2).max())


def test_known_moves_are_undone(stack: tuple[Array, Array], found: JointAlignment) -> None:
    rest = np.array([[1.0, 0, MARGIN], [0, 1, MARGIN]])
    before = spread(np.stack([corners(rest, move) for move in stack[1]]))
    after = spread(np.stack([corners(*pair) for pair in zip(found.matrices, stack[1], strict=True)]))
    assert before > 3
    assert after < 0.25


def test_the_rank_falls_and_the_low_rank_faces_are_sharper(stack: tuple[Array, Array], found: JointAlignment) -> None:
    inner = stack[0][:, MARGIN:-MARGIN, MARGIN:-MARGIN].reshape(8, -1)
    rows = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (inner, found.faces.reshape(8, -1))]
    values = [np.linalg.svd(part, compute_uv=False) for part in rows]
    assert values[1][3:].sum() < 0.15 * values[0][3:].sum()  # light from two sides leaves a rank of three
    before, after = (principal_component_pursuit(part) for part in rows)
    assert after.rank < before.rank
    assert np.abs(after.sparse).sum() < 0.3 * np.abs(before.sparse).sum()
    mean_faces = [part.low_rank.mean(0).reshape(48, 48) for part in (before, after)]
    blurred, sharp = (cv2.Laplacian(face, cv2.CV_64F).std() for face in mean_faces)
    assert sharp > 1.2 * blurred


def test_what_is_returned_fits_together(stack: tuple[Array, Array], found: JointAlignment) -> None:
    assert found.faces.shape == found.low_rank.shape == found.sparse.shape == (8, 48, 48)
    np.testing.assert_allclose(found.low_rank + found.sparse, found.faces, atol=0.01 * found.faces.max())
    np.testing.assert_allclose(found.moves.mean(0), 0, atol=1e-12)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    for picture, matrix, face in zip(stack[0], found.matrices, found.faces, strict=True):
        moved = cv2.warpAffine(picture, matrix, (48, 48), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        np.testing.assert_allclose(moved, face)
    assert found.history[-1] < found.history[0]


def test_something_before_a_face_does_not_move_it(stack: tuple[Array, Array]) -> None:
    pictures = stack[0].copy()
    pictures[2, 30:44, 20:40] = 255
    found = align_jointly(pictures, margin=MARGIN)
    assert spread(np.stack([corners(*pair) for pair in zip(found.matrices, stack[1], strict=True)])) < 0.6
    assert np.abs(found.sparse[2]).sum() > 2 * np.abs(found.sparse[3]).sum()


def test_one_picture_is_moved_onto_a_space(face: Array) -> None:
    move = np.array([1.0, -1.5, 2.0, -1.0])
    bright = face.ravel()[None] / np.linalg.norm(face)
    back = move_onto(moved_by(face, move), np.zeros(face.size), bright)
    middle = np.abs(moved_by(moved_by(face, move), back) - face)[8:-8, 8:-8]
    assert middle.mean() < 0.1 * np.abs(moved_by(face, move) - face)[8:-8, 8:-8].mean()


def test_no_move_leaves_its_bound(stack: tuple[Array, Array]) -> None:
    found = align_jointly(stack[0][:3], margin=MARGIN, max_move=0.5, max_rounds=3)
    assert np.abs(found.moves).max() <= 1


@pytest.mark.parametrize(
    ("faces", "options", "said"),
    [
        (np.zeros((3, 16, 16)), {}, "flat pictures at"),
        (np.eye(16)[None], {}, "2 or more"),
        (np.eye(16), {}, "pictures"),
        (np.full((2, 16, 16), np.nan), {}, "finite"),
        (np.stack([np.eye(16)] * 2), {"margin": 8}, "less than half"),
        (np.stack([np.eye(16)] * 2), {"max_move": 0}, "above 0"),
        (np.array([[["a"]]]), {}, "real numbers"),
    ],
)
def test_refused(faces: object, options: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        align_jointly(faces, **options)  # type: ignore[arg-type]
