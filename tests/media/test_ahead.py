"""Work ahead in another thread: order, errors, an early end, an iterator that hangs."""

import threading
import time

import pytest

from mien.errors import InputError, MediaError
from mien.media import read_ahead


def numbers(n, closed=None, error=None):
    try:
        yield from range(n)
        if error is not None:
            raise error
    finally:
        if closed is not None:
            closed.set()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_order_is_kept(n):
    assert list(read_ahead(numbers(20), n)) == list(range(20))


def test_items_are_made_in_another_thread_and_only_a_few_ahead():
    made = []

    def items():
        for i in range(100):
            made.append(threading.get_ident())
            yield i

    ahead = read_ahead(items(), 2)
    assert next(ahead) == 0
    time.sleep(0.2)
    assert len(made) <= 4
    assert set(made) != {threading.get_ident()}
    ahead.close()


def test_an_error_comes_after_the_items_before_it():
    ahead = read_ahead(numbers(3, error=MediaError("cut off")))
    assert [next(ahead) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(MediaError, match="cut off"):
        next(ahead)


def test_closing_ends_the_thread_and_closes_the_other_iterator():
    closed = threading.Event()
    ahead = read_ahead(numbers(1000, closed))
    next(ahead)
    ahead.close()
    assert closed.is_set()
    assert not any(thread.name == "mien-read-ahead" for thread in threading.enumerate())


def test_one_inside_another_is_closed_too():
    closed = threading.Event()
    inner = read_ahead(numbers(1000, closed))
    outer = read_ahead(i + 1 for i in inner)
    assert next(outer) == 1
    outer.close()
    del inner
    assert closed.wait(2)


def test_an_iterator_that_hangs_is_told():
    release = threading.Event()

    def hanging():
        yield 0
        release.wait(10)

    ahead = read_ahead(hanging(), stall_s=0.2)
    assert next(ahead) == 0
    with pytest.raises(MediaError, match="No frame came"):
        next(ahead)
    release.set()


def test_n_must_be_a_number():
    with pytest.raises(InputError, match="'n' must be"):
        read_ahead(iter([]), 0)
