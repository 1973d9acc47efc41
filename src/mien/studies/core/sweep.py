"""All cases of a study for all seeds, with a bar for who watches."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from mien.files import progress_bar

Case = TypeVar("Case")
Outcome = TypeVar("Outcome")


def sweep(
    label: str, cases: Sequence[Case], seeds: Sequence[int], run: Callable[[Case, int], Outcome]
) -> dict[Case, list[Outcome]]:
    """What `run` gave for each case, one entry a seed."""
    outcomes: dict[Case, list[Outcome]] = {}
    with progress_bar(label, len(cases) * len(seeds)) as advance:
        for case in cases:
            outcomes[case] = []
            for seed in seeds:
                outcomes[case].append(run(case, seed))
                advance()
    return outcomes
