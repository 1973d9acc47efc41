"""A program that prints JSON: the registered networks, or the profile of one; for callers that keep torch out.

python -m mien.profile.as_json list
python -m mien.profile.as_json profile NAME|FILE.onnx [SIZE]
"""

import json
import sys
from collections.abc import Sequence

from mien.errors import MienError

_MOST_BYTES = 8 << 30


def answer(words: Sequence[str]) -> object:
    """What the words ask for, as plain values. Raises MienError as `profile` does."""
    if words[0] == "list":
        from mien.train.backbones.registry import NETWORKS

        return [{"name": name, "size": network.size} for name, network in NETWORKS.items()]
    from mien.profile.profiler import profile

    shape = [int(n) for n in words[2].split(",")] if len(words) > 2 else None
    return profile(words[1], shape[0] if shape is not None and len(shape) == 1 else shape).to_dict()


def main() -> int:
    """Exit code 0 with the answer on standard output, 2 with a reason there."""
    _bound_memory()
    try:
        print(json.dumps(answer(sys.argv[1:]), allow_nan=False))
    except MienError as error:
        print(json.dumps({"reason": str(error)}))
        return 2
    return 0


def _bound_memory() -> None:
    """A file that a stranger sent may ask for any amount."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))


if __name__ == "__main__":
    sys.exit(main())
