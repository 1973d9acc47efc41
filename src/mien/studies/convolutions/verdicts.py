"""Words for what was found of convolutions: rules, turning points, dilation, widths, and what time follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mien.profile import Report
from mien.studies.convolutions.latency import BASE, ENGINES, Times
from mien.studies.convolutions.rules import RULES, Agreement, counted_shares
from mien.studies.convolutions.scales import Reach, Scaled
from mien.studies.convolutions.series import Network
from mien.studies.convolutions.turns import Turned, intervals
from mien.studies.core.finding import short

WIDTH = 64
"""C_in and C_out at which shares are told."""
WEIGHTS, PRODUCTS = ("parameters", False), ("multiplications", False)
PAIR, STRIDED = "two 3x3 / one 5x5, middle = C_out", "two 3x3 / one 5x5, stride 2, middle = C_out"
SEPARABLE, STRIPS = "separable / standard 3x3", "1x7 and 7x1 / one 7x7, middle = C_out"
BY_OUT, BY_IN, BY_MIDDLE = (
    f"5x5 / two 3x3, {middle}" for middle in ("middle = C_out", "middle = C_in", "C_out = C_in")
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was held against the profiler: rules, one entry a seed; contests by C_in; stacks by dilations; widths."""

    rules: Mapping[str, Sequence[Agreement]]
    turned: Mapping[tuple[str, int], Turned]
    reaches: Mapping[tuple[int, ...], Reach]
    scaled: Sequence[Scaled]

    @property
    def promised(self) -> list[Scaled]:
        """Those of MobileNet v1; v2 rounds its widths and keeps its last one."""
        return [network for network in self.scaled if network.name == "mobilenet_v1"]

    @property
    def made(self) -> int:
        """Number of comparisons."""
        rules = sum(agreement.made for agreements in self.rules.values() for agreement in agreements)
        return rules + sum(turn.made for turn in self.turned.values()) + 2 * len(self.reaches) + 2 * len(self.promised)

    @property
    def failures(self) -> list[str]:
        """What did not agree, by name."""
        return [
            *(name for name, agreements in self.rules.items() if any(agreement.failed for agreement in agreements)),
            *(f"{name}, C_in = {a}" for (name, a), turn in self.turned.items() if turn.wrong),
            *(f"dilations {dilations}" for dilations, reach in self.reaches.items() if not reach.agrees),
            *(f"{network.name}, width {network.width}" for network in self.promised if not network.is_exact),
        ]


def judge(checked: Checked, networks: Mapping[str, Network], times: Times) -> str:
    """One line a question; the first stands alone."""
    lines = [_headline(checked), _middles(checked), _shares(), _reaches(checked), _widths(checked)]
    return "\n".join([*lines, *(_time(networks, times, engine) for engine in ENGINES if len(_names(times)) > 2)])


def _share(name: str, counted: tuple[str, bool] = WEIGHTS) -> str:
    return f"{counted_shares(RULES[name], WIDTH, 8)[0][counted]:.1%}"


def _headline(checked: Checked) -> str:
    a = max(inputs for _, inputs in checked.turned)
    outputs = intervals(checked.turned[BY_OUT, a].less[WEIGHTS])
    agree = f"Formulas and profiler agree in all {checked.made} comparisons."
    if checked.failures:
        agree = f"Formulas and profiler do NOT agree in: {'; '.join(checked.failures)}."
    return (
        f"Two 3x3 have {_share(PAIR)} of the weights of one 5x5 with the same field where channels are equal; the 5x5 "
        f"has fewer for C_out {outputs} where C_in = {a} and the middle is as "
        f"wide as the output (theory: above 16/9 C_in = {16 * a / 9:.1f}). {agree}"
    )


def _middles(checked: Checked) -> str:
    a = max(inputs for _, inputs in checked.turned)
    inside, middle = (intervals(checked.turned[name, a].less[WEIGHTS]) for name in (BY_IN, BY_MIDDLE))
    return (
        f"C_in = {a}, middle as wide as the input: the 5x5 has fewer weights for C_out {inside} (theory: below 9/16 "
        f"C_in = {9 * a / 16:.1f}); C_out = C_in: for a middle {middle} (theory: above 25/18 C_in = {25 * a / 18:.1f})."
        f" With stride 2 two 3x3 take {_share(STRIDED, PRODUCTS)} of the multiplications of one 5x5."
    )


def _shares() -> str:
    return (
        f"At {WIDTH} channels a separable 3x3 has {_share(SEPARABLE)} of the weights of a whole one, 1x7 and 7x1 have "
        f"{_share(STRIPS)} of one 7x7."
    )


def _reaches(checked: Checked) -> str:
    cells = [
        f"{', '.join(map(str, dilations))}: field {reach.field[1]}, {reach.pixels[1]} of {reach.field[1] ** 2} pixels"
        for dilations, reach in checked.reaches.items()
    ]
    return f"Dilations of 3x3 at the same weights: {'; '.join(cells)}."


def _widths(checked: Checked) -> str:
    off = [
        max(abs(p / c - 1) for p, c in (network.parameters, network.macs))
        for network in checked.scaled
        if network.name == BASE
    ]
    exact = "to the last one" if all(network.is_exact for network in checked.promised) else "NOT exactly"
    return (
        f"Width multipliers and sides of MobileNet v1 are predicted {exact}; v2, which rounds its widths and keeps its "
        f"last one, is up to {max(off, default=0):.0%} off."
    )


def sizes(report: Report) -> dict[str, float]:
    """The counts that a time may follow."""
    return {
        "parameters": report.parameters,
        "MACs": report.macs,
        "values": report.activations,
        "bytes moved": report.cost.bytes,
    }


def _names(times: Times) -> list[str]:
    return list(dict.fromkeys(name for name, _ in times))


def correlations(networks: Mapping[str, Network], times: Times, engine: str) -> dict[str, float]:
    """Correlation of log time with the log of each count over all networks that were timed."""
    names = _names(times)
    logs = np.log([times[name, engine].milliseconds.mean for name in names])
    counts = [sizes(networks[name].report) for name in names]
    return {what: float(np.corrcoef(np.log([count[what] for count in counts]), logs)[0, 1]) for what in counts[0]}


def _time(networks: Mapping[str, Network], times: Times, engine: str) -> str:
    order = sorted(correlations(networks, times, engine).items(), key=lambda pair: -pair[1])
    rates = {n: networks[n].report.macs / 1e6 / times[n, engine].milliseconds.mean for n in _names(times)}
    most, least = max(rates, key=lambda n: rates[n]), min(rates, key=lambda n: rates[n])
    return (
        f"{engine}: the logarithm of the time goes with that of {', '.join(f'{what} ({r:.2f})' for what, r in order)}; "
        f"MACs a second: most {most} ({short(rates[most])} G), least {least} ({short(rates[least])} G)."
    )
