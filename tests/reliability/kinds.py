"""All kinds of cases. A case is made anew from the seed, its kind and its number, and from nothing else."""

from pathlib import Path
from zlib import crc32

import numpy as np
from tests.reliability.case import Case, Kind
from tests.reliability.networks import make_card, make_network
from tests.reliability.pictures import make_photo
from tests.reliability.tables import make_csv, make_parquet
from tests.reliability.texts import make_evidence, make_list, make_result, make_taste
from tests.reliability.training import make_checkpoint, make_recipe
from tests.reliability.videos import make_video

KINDS: dict[str, Kind] = {
    "photo": Kind(make_photo, 280),
    "video": Kind(make_video, 130),
    "csv": Kind(make_csv, 140),
    "parquet": Kind(make_parquet, 170),
    "card": Kind(make_card, 120),
    "network": Kind(make_network, 130, heavy=True),
    "evidence": Kind(make_evidence, 70),
    "list": Kind(make_list, 50),
    "taste": Kind(make_taste, 60),
    "result": Kind(make_result, 60),
    "recipe": Kind(make_recipe, 100, heavy=True),
    "checkpoint": Kind(make_checkpoint, 60, heavy=True),
}


def names(share: float = 1.0, kinds: tuple[str, ...] = ()) -> list[str]:
    """Names of the cases, such as `photo-7`; of each kind a share, spread over all its numbers."""
    found = []
    for name, kind in KINDS.items():
        if not kinds or name in kinds:
            step = max(round(1 / share), 1)
            found += [f"{name}-{number}" for number in range(0, kind.count, step)]
    return found


def make_case(name: str, seed: int, folder: Path) -> Case:
    """The case of a name, its files written into an empty folder."""
    kind, _, number = name.rpartition("-")
    rng = np.random.default_rng([seed, crc32(kind.encode()), int(number)])
    return KINDS[kind].make(rng, int(number), folder)
