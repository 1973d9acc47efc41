"""Photos that wait go together, at most so many, of the same options; what fails fails alone."""

import asyncio
import threading

import numpy as np
import pytest

from mien.faces import Faces
from mien.server.batches import Batcher


class Reader:
    """Counts its batches; photos of value 255 break it. Waits for `go` in the first."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go = threading.Event()

    def images(self, images):
        if not self.batches:
            self.go.wait(10)
        self.batches.append(len(images))
        if any(image[0, 0, 0] == 255 for image in images):
            raise ValueError("broken")
        return [Faces(*(np.full((1, *shape), image[0, 0, 0]) for shape in ((4,), (), (5, 2)))) for image in images]


def photo(value: int) -> np.ndarray:
    return np.full((2, 2, 3), value, np.uint8)


async def read_all(batcher: Batcher, reader: Reader, values: list[int], keys: list[str]) -> list:
    first = asyncio.create_task(batcher.read(photo(0), keys[0], reader))
    await asyncio.sleep(0.05)
    rest = [asyncio.create_task(batcher.read(photo(v), k, reader)) for v, k in zip(values, keys, strict=True)]
    await asyncio.sleep(0.05)
    reader.go.set()
    return await asyncio.gather(first, *rest, return_exceptions=True)


def test_those_that_wait_go_together():
    reader, sizes = Reader(), []
    batcher = Batcher(4, sizes.append)
    found = asyncio.run(read_all(batcher, reader, list(range(1, 7)), ["a"] * 6))
    batcher.close()
    assert reader.batches == sizes == [1, 4, 2]
    assert [faces.score[0] for faces in found] == list(range(7))


def test_other_options_go_apart():
    reader = Reader()
    batcher = Batcher(8)
    found = asyncio.run(read_all(batcher, reader, [1, 2, 3], ["a", "b", "a"]))
    batcher.close()
    assert reader.batches == [1, 2, 1]
    assert [faces.score[0] for faces in found] == [0, 1, 2, 3]


def test_a_broken_photo_fails_alone():
    reader = Reader()
    batcher = Batcher(8)
    found = asyncio.run(read_all(batcher, reader, [1, 255, 3], ["a"] * 3))
    batcher.close()
    assert [type(part).__name__ for part in found] == ["Faces", "Faces", "ValueError", "Faces"]


def test_a_photo_that_nobody_waits_for_is_not_read():
    reader, batcher = Reader(), Batcher(8)

    async def run() -> None:
        first = asyncio.create_task(batcher.read(photo(0), "a", reader))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(batcher.read(photo(1), "a", reader))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.05)
        reader.go.set()
        await first

    asyncio.run(run())
    batcher.close()
    assert reader.batches == [1]


def test_what_waits_is_read_before_the_end():
    reader, batcher = Reader(), Batcher(8)
    reader.go.set()

    async def run() -> list[Faces]:
        tasks = [asyncio.create_task(batcher.read(photo(v), "a", reader)) for v in range(3)]
        await asyncio.sleep(0)
        await asyncio.to_thread(batcher.close)
        with pytest.raises(RuntimeError, match="closed"):
            await batcher.read(photo(9), "a", reader)
        return await asyncio.gather(*tasks)

    assert [faces.score[0] for faces in asyncio.run(run())] == [0, 1, 2]
