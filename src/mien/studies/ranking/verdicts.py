"""What the measures of `ranking-losses` say, in words that follow the numbers."""

from collections.abc import Mapping, Sequence

import numpy as np

from mien.studies.age_heads.measures import leaders
from mien.studies.core.finding import Measured, compare, difference, short
from mien.studies.ranking.linear import RIDGE, SVM
from mien.studies.ranking.measures import CONSTANT, ORDER, PLCC, ROUNDED, SPREAD, SRCC
from mien.studies.ranking.runs import COMP, GAP, HARD, HINGE, L2, MARGIN, METHODS, RANKNET, SHARE, TIES, Method

Results = Mapping[str, Mapping[str, Measured]]
"""Measures by name of the method."""
LOSS_PAIRS = ((RANKNET, L2), (HINGE, L2), (MARGIN, L2), (TIES, RANKNET), (MARGIN, COMP), (L2, RIDGE), (SVM, RIDGE))
TARGETS = (GAP, SHARE)


def sets_of(results: Results) -> list[str]:
    """The sets that were measured."""
    names = next(iter(results.values()))
    return [name.removesuffix(f" {ORDER}") for name in names if name.endswith(f" {ORDER}")]


def judge(results: Results) -> str:
    """The verdict from the measures."""
    sets = sets_of(results)
    lines = [_headline(results), *_collapse(results)]
    for name in sets:
        lines += [f"Highest {measure}, {name}: {_best(results, f'{name} {measure}')}." for measure in (PLCC, SRCC)]
    for name in sets:
        metric = f"{name} {ORDER}"
        lines += [compare(metric, (a, results[a][metric]), (b, results[b][metric])) for a, b in LOSS_PAIRS]
    pairs = [(Method(loss, target).name, loss) for loss in (MARGIN, HINGE, RANKNET) for target in TARGETS]
    lines += [
        f"Gap and share against hard targets, {name} {measure}: {_signs(results, f'{name} {measure}', pairs)}."
        for name in sets
        for measure in (ORDER, PLCC)
    ]
    return "\n".join(lines)


def _headline(results: Results) -> str:
    best = "; ".join(f"{name} {_best(results, f'{name} {ORDER}')}" for name in sets_of(results))
    fallen = [m.target for m in METHODS if m.loss == COMP and results[m.name][CONSTANT].mean > 0]
    others = [m.name for m in METHODS if m.loss != COMP and results[m.name][CONSTANT].mean > 0]
    return (
        f"Most pairs in order: {best}. Softmax-comp without a margin ends in a constant score in some run with these "
        f"targets: {_listed(fallen)}; of the other losses: {_listed(others)}."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _best(results: Results, measure: str) -> str:
    """The name of the highest, its number, and those that are not surely below it; of those defined with every seed."""
    known = {name: metrics[measure] for name, metrics in results.items() if not np.isnan(metrics[measure].values).any()}
    best, *rivals = leaders({name: Measured(tuple(-v for v in cell.values)) for name, cell in known.items()}) or [
        "none"
    ]
    named = ", ".join(rivals) if len(rivals) < 6 else f"{len(rivals)} of {len(known) - 1} others"
    tail = f"; not surely apart: {named}" if rivals else ""
    return f"{best} ({short(known[best].mean)}{tail})" if known else best


def _collapse(results: Results) -> list[str]:
    """How far apart the scores are without and with a margin, and what that does to the order."""
    pairs = [(Method(COMP, target).name, Method(MARGIN, target).name) for target in (HARD, *TARGETS)]
    spreads = "; ".join(f"{name}: {results[name][SPREAD]}" for pair in pairs for name in pair)
    measures = (ROUNDED, *(f"{name} {ORDER}" for name in sets_of(results)))
    return [
        f"Spread of the sigmoid scores: {spreads}.",
        *(f"Margin 0 against a margin, {measure}: {_signs(results, measure, pairs)}." for measure in measures),
    ]


def _signs(results: Results, measure: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Which of the first methods are surely above or below the second ones, with the differences."""
    gaps = {a: difference(results[a][measure], results[b][measure]) for a, b in pairs}

    def those(sign: int) -> str:
        return "; ".join(f"{name} ({gap.mean:+.3f})" for name, gap in gaps.items() if gap.sign == sign) or "none"

    return f"higher {those(1)}, lower {those(-1)}, not surely apart {those(0)}"
