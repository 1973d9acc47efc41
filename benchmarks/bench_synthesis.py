"""Synthetic heads: pictures a second that `mien data synthesize` draws with one process and with two, and its start.

Needs the head model and its people, whose folder is named by the variable HEADS_ASSETS or is `data`:
HEADS_ASSETS=DATA scripts/bench synthesis. Without them nothing is measured.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from common import arguments, finish, print_table, spread

from mien.synthesis.dataset import MODEL, PEOPLE, render_dataset
from mien.synthesis.recipe import HeadsRecipe, Occluders

BATCH = 100
WORKERS = (1, 2)


def seconds(recipe: HeadsRecipe, parts: int) -> float:
    """To write so many parts for each process, from start to end."""
    begin = time.perf_counter()
    render_dataset(recipe.model_copy(update={"n": parts * recipe.workers * BATCH}))
    return time.perf_counter() - begin


def measure(recipe: HeadsRecipe, parts: int) -> tuple[float, float]:
    """Pictures a second once the drawing has begun, and the seconds before it."""
    short, long = seconds(recipe, 1), seconds(recipe, 1 + parts)
    rate = parts * recipe.workers * BATCH / (long - short)
    return rate, short - recipe.workers * BATCH / rate


def main() -> None:
    """Time the recipe with something before some of the faces, one process and two in turn."""
    given = arguments(__doc__)
    assets = Path(os.environ.get("HEADS_ASSETS", "data"))
    missing = [name for name in (MODEL, PEOPLE) if not (assets / name).is_file()]
    if missing:
        print(f"Skipped: {missing[0]} is not in {str(assets)!r}; name its folder in HEADS_ASSETS.", file=sys.stderr)
        return
    with TemporaryDirectory() as folder:
        recipe = HeadsRecipe(
            assets=assets, out=Path(folder) / "heads.parquet", batch=BATCH, occluders=Occluders(share=0.08)
        )
        found: dict[int, list[tuple[float, float]]] = {workers: [] for workers in WORKERS}
        for _ in range(2 if given.quick else 3):
            for workers in WORKERS:
                parts = 2 if given.quick else 4
                found[workers].append(measure(recipe.model_copy(update={"workers": workers}), parts))
    rates = {workers: spread(rate for rate, _ in pairs) for workers, pairs in found.items()}
    starts = {workers: spread(start for _, start in pairs) for workers, pairs in found.items()}
    print_table(
        ["processes", "pictures / s", "slowest", "fastest", "start, s"],
        [(w, *(rates[w][key] for key in ("median", "min", "max")), starts[w]["median"]) for w in WORKERS],
    )
    results = {"size": recipe.size, "pictures_per_second": rates, "seconds_to_start": starts}
    headlines = {
        f"synthetic heads of {recipe.size} px, processes: {w}": f"{rates[w]['median']:.0f} pictures/s" for w in WORKERS
    }
    finish("heads", given, results, headlines, threads=WORKERS)


if __name__ == "__main__":
    main()
