"""A function over many items on Ray, in their order: what cleaning, evaluation, alignment and synthesis share."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from mien.cluster.session import actors, connect
from mien.parallel import Mapped

T = TypeVar("T")
R = TypeVar("R")


def ray_map(address: str | None = None, most_actors: int | None = None) -> Mapped:
    """A map that runs on a Ray cluster: `mapped(make, items)` gives `make()(item)` for each item, in order.

    make is called once in each actor, and may load networks. Errors that mien raises on purpose come through. An actor
    or machine that dies costs time; what it had is done again elsewhere.
    """

    def mapped(make: Callable[[], Callable[[T], R]], items: Iterable[T]) -> Iterator[R]:
        ray = connect(address)
        rows = [{"item": pickle.dumps(item)} for item in items]
        if not rows:
            return
        dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            _Apply,
            fn_constructor_args=(ray.cloudpickle.dumps(make),),
            compute=actors(min(most_actors or len(rows), len(rows))),
            num_cpus=1,
        )
        dataset.context.execution_options.preserve_order = True
        for row in dataset.iter_rows():
            result = pickle.loads(row["result"])
            if isinstance(result, Exception):
                raise result
            yield result

    return mapped


class _Apply:
    def __init__(self, make: bytes) -> None:
        self._function = pickle.loads(make)()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        from mien.errors import MienError

        try:
            return {"result": pickle.dumps(self._function(pickle.loads(row["item"])))}
        except MienError as error:
            return {"result": pickle.dumps(error)}
