"""What the measures of `age-heads` say, in words that follow the numbers."""

from collections.abc import Mapping

from mien.studies.age_heads.measures import BIAS, DECADES, MAE, OWN, SPREADS, WIDTH, decade_name, leaders, off_target
from mien.studies.age_heads.runs import METHODS, SECONDS, STEPS
from mien.studies.core.finding import Measured, compare, difference, short

Results = Mapping[tuple[float, str], Mapping[str, Measured]]
"""Measures by share of wrong labels and name of the method."""
NAMES = tuple(method.name for method in METHODS)
PAIRS = (
    ("l1", "l2"),
    ("laplace", "l1"),
    ("gaussian", "l2"),
    ("laplace", "gaussian"),
    ("normalized_l1", "l1"),
    ("piecewise_l1", "normalized_l1"),
    ("coral", "dex"),
    ("dldl", "dex"),
    ("mean_variance", "dex"),
    ("l1, mixup", "l1"),
    ("dex, mixup", "dex"),
    ("dex, smoothed", "dex"),
)


def judge(results: Results, levels: tuple[float, ...]) -> str:
    """The verdict from the measures; levels: shares of wrong labels, rising from 0."""
    clean, dirty = levels[0], levels[-1]
    heads = {name: results[clean, name] for name in NAMES}
    lines = [_headline(results, levels), *_intervals(heads), *_ages(heads), *_cost(heads)]
    for share in dict.fromkeys((clean, dirty)):
        what = f"MAE with {share:.0%} wrong labels (years)"
        lines += [compare(what, (a, results[share, a][MAE]), (b, results[share, b][MAE])) for a, b in PAIRS]
    if dirty > clean:
        lines.append(_lost(results, clean, dirty))
    return "\n".join(lines)


def _headline(results: Results, levels: tuple[float, ...]) -> str:
    leads = [
        f"with {share:.0%} wrong labels {_best({name: results[share, name][MAE] for name in NAMES})} has the least MAE"
        for share in dict.fromkeys((levels[0], levels[-1]))
    ]
    narrow = _best({name: results[levels[0], name][WIDTH] for name in NAMES})
    text = f"{'; '.join(leads)}; the narrowest 90 % interval has {narrow}."
    return text[0].upper() + text[1:]


def _best(cells: Mapping[str, Measured]) -> str:
    """The name of the least, and those that are not surely apart from it."""
    best, *rivals = leaders(cells) or ["none"]
    named = ", ".join(rivals) if len(rivals) < 6 else f"{len(rivals)} of {len(cells) - 1} others"
    return f"{best} (not surely apart: {named})" if rivals else best


def _intervals(heads: Mapping[str, Mapping[str, Measured]]) -> list[str]:
    """Which spreads can be believed as they are, and what the conformal step costs."""
    covers = {name: metrics[OWN] for name, metrics in heads.items() if name.split(",")[0] in SPREADS}
    best = _best({name: off_target(cell) for name, cell in covers.items()})
    each = ", ".join(f"{name} {cell.mean:.0%}" for name, cell in covers.items())
    widths = sorted(heads, key=lambda name: heads[name][WIDTH].mean)
    around = ", ".join(f"{name} {short(heads[name][WIDTH].mean)}" for name in widths)
    return [
        f"The head's own 90 % interval covers: {each}; nearest to 90 %: {best}.",
        f"Width of the conformal 90 % interval (years), narrowest first: {around}.",
    ]


def _ages(heads: Mapping[str, Mapping[str, Measured]]) -> list[str]:
    """Who is best at which age, and whose answers are too young or too old."""
    measured = [decade_name(start) for start in DECADES]
    decades = ", ".join(
        f"{name[4:]} {(leaders({n: heads[n][name] for n in heads}) or ['none'])[0]}" for name in measured
    )
    zero = Measured((0.0,) * len(heads["l1"][BIAS].values))
    signs = {name: difference(metrics[BIAS], zero).sign for name, metrics in heads.items()}

    def those(sign: int) -> str:
        return ", ".join(f"{n} {heads[n][BIAS].mean:+.1f}" for n in heads if signs[n] == sign) or "none"

    return [
        f"Least MAE by decade: {decades}.",
        f"Surely too young on average (years): {those(-1)}; surely too old: {those(1)}.",
    ]


def _cost(heads: Mapping[str, Mapping[str, Measured]]) -> list[str]:
    seconds = {name: metrics[SECONDS].mean for name, metrics in heads.items()}
    least, most = min(seconds, key=lambda name: seconds[name]), max(seconds, key=lambda name: seconds[name])
    return [
        f"Training costs {short(seconds[least])} CPU s ({least}) to {short(seconds[most])} CPU s ({most}).",
        f"Fewest steps to the goal: {_best({name: metrics[STEPS] for name, metrics in heads.items()})}.",
    ]


def _lost(results: Results, clean: float, dirty: float) -> str:
    lost = {name: results[dirty, name][MAE].mean - results[clean, name][MAE].mean for name in NAMES}
    each = ", ".join(f"{name} {lost[name]:.2f}" for name in sorted(lost, key=lambda name: lost[name]))
    return f"Years lost to {dirty:.0%} wrong labels: {each}."
