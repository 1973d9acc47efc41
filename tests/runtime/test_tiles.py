"""Small faces in huge and elongated pictures are found, each once."""

import cv2
import numpy as np
import pytest

from mien.faces import Faces
from mien.geometry import Image, box_iou
from mien.runtime.detector import Detector
from mien.runtime.tiles import Tile, largest_face, tile_scales, tiles

BOX = np.array([[178.0, 62.0, 269.0, 176.0]], np.float32)  # in the photo of 512 x 512


def pasted(photo: Image, height: int, width: int, places: list[tuple[int, int, int]]) -> tuple[Image, np.ndarray]:
    """A plain picture with the photo at (x, y, side), and the boxes of its faces."""
    canvas = np.full((height, width, 3), 110, np.uint8)
    for x, y, side in places:
        canvas[y : y + side, x : x + side] = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    return canvas, np.concatenate([BOX * side / 512 + [x, y, x, y] for x, y, side in places])


def check(detector: Detector, image: Image, boxes: np.ndarray) -> None:
    faces = detector(image)
    assert len(faces) == len(boxes)
    overlap = box_iou(boxes, faces.box)
    assert (overlap.max(1) > 0.6).all()
    assert (overlap.max(0) > 0.6).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ((15000, 1080), [(200, 7000, 512), (300, 14000, 200)]),
        ((1200, 12000), [(200, 400, 300), (6000, 500, 300), (11500, 300, 300)]),
        ((10000, 10000), [(x, y, 220) for x in range(300, 9700, 1570) for y in range(400, 9700, 1830)]),
    ],
)
def test_faces_in_huge_pictures(astronaut: Image, shape: tuple[int, int], places: list[tuple[int, int, int]]) -> None:
    check(Detector(), *pasted(astronaut, *shape, places))


@pytest.mark.parametrize(("shape", "turned"), [((3000, 280), False), ((300, 3000), False), ((2000, 1500), True)])
def test_small_faces_of_a_picture_that_is_shrunk_much(astronaut: Image, shape: tuple[int, int], turned: bool) -> None:
    height, width = shape
    places = [(int(width * a), int(height * b), 140) for a, b in ((0.02, 0.02), (0.45, 0.5), (0.5, 0.94))]
    places = [(min(x, width - 140), min(y, height - 140), side) for x, y, side in places]
    check(Detector(threads=1, max_side=256), *pasted(astronaut, height, width, places))


def test_no_size_falls_between_the_looks(astronaut: Image) -> None:
    sides = [100, 150, 220, 330, 500, 700]
    lefts = np.cumsum([20, *sides[:-1]]) + 40 * np.arange(len(sides))
    places = [(int(x), 10, side) for x, side in zip(lefts, sides, strict=True)]
    check(Detector(threads=1, max_side=256), *pasted(astronaut, 720, 2400, places))


def test_a_crowd_is_counted_once(astronaut: Image) -> None:
    places = [(x, y, 160) for x in range(0, 3000, 160) for y in range(0, 800, 160)]
    detector = Detector(threads=1, max_side=320)
    check(detector, *pasted(astronaut, 800, 3100, places))
    assert len(tiles_of(3100, 800, 320 / 3100)) > 1


def tiles_of(width: int, height: int, coarse: float, scale: float = 1.0) -> list[Tile]:
    return [tile for batch in tiles((width, height), scale, coarse) for tile in batch]


@pytest.mark.parametrize("size", [(12000, 1200), (1080, 15000), (10000, 10000), (90000, 700), (20000, 13000)])
def test_every_face_lies_whole_in_a_tile_that_is_not_too_large(size: tuple[int, int]) -> None:
    coarse = 1280 / max(size)
    for scale in tile_scales(size, coarse, 1.0):
        grid, side = tiles_of(*size, coarse, scale), min(largest_face(scale, coarse) - 1, *size)
        rng = np.random.default_rng(0)
        corner = rng.uniform(0, np.array(size) - side, (500, 2))
        low = np.array([[tile.x, tile.y] for tile in grid])
        high = low + [grid[0].width, grid[0].height]
        whole = (corner[:, None] >= low) & (corner[:, None] + side <= high)
        assert whole.all(-1).any(1).all()
        assert (high.max(0) == size).all()
        assert max(grid[0].width, grid[0].height) * scale <= 2561
        assert sum(tile.width * tile.height for tile in grid) < 1.7 * size[0] * size[1]


def test_a_batch_is_bounded() -> None:
    for size in ((90000, 700), (12000, 9000)):
        for batch in tiles(size, 1.0, 1280 / max(size)):
            assert len(batch) * batch[0].width * batch[0].height <= 2560**2
    assert max(len(batch) for batch in tiles((90000, 700), 1.0, 1280 / 90000)) > 1


def test_what_an_inner_edge_cuts_and_what_is_large_is_left_to_other_looks() -> None:
    box = np.array([[-5, 10, 40, 50], [10, 10, 50, 50], [70, 10, 105, 50], [10, 10, 99, 99]], np.float32)
    faces = Faces(box, np.linspace(0.9, 0.6, 4, dtype=np.float32), np.zeros((4, 5, 2), np.float32))
    placed = Tile(200, 0, 100, 100).place(faces, (400, 100), 60)
    assert placed.box.tolist() == [[210, 10, 250, 50]]
    assert placed.landmarks[0, 0].tolist() == [200, 0]
    assert len(Tile(0, 0, 100, 100).place(faces, (100, 100), 60)) == 3  # edges of the picture cut nothing away


def test_ordinary_pictures_are_not_tiled(astronaut: Image) -> None:
    detector, shapes = Detector(threads=1, max_side=256), []
    look = detector._look
    detector._look = lambda images, *how: shapes.append(images[0].shape) or look(images, *how)  # type: ignore[method-assign]
    large = np.asarray(cv2.resize(astronaut, (1200, 800)), np.uint8)
    assert len(detector(large)) == 1
    assert shapes == [large.shape]
