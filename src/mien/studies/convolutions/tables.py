"""Tables of the study of convolutions: rules, turning points, dilations, widths, and the story of each version."""

from collections.abc import Mapping

from mien.studies.convolutions.latency import ENGINES, Times
from mien.studies.convolutions.rules import RULES, counted_shares
from mien.studies.convolutions.series import CHANGES, Network, effect
from mien.studies.convolutions.turns import CONTESTS, SHIFT, intervals
from mien.studies.convolutions.verdicts import WIDTH, Checked
from mien.studies.core.finding import Cell, Measured, Table

NOTE = (
    "1000 classes, no auxiliary heads, the input of the paper. values: what convolutions and matrix products give; "
    "moved: bytes that each operator reads and writes. Times: one picture, one thread; mean ± standard deviation of "
    "the medians over the seeds."
)
COUNTED = tuple(case for case in SHIFT if case != ("multiplications", True))


def further(checked: Checked, networks: Mapping[str, Network], times: Times) -> dict[str, Table]:
    """Tables by their titles."""
    return {
        "What each version changed": stories(networks, times),
        f"Shares at {WIDTH} channels": rules(checked),
        "Where one kernel counts less than two": turns(checked),
        "Dilated 3x3 in a stack": reaches(checked),
        "Width multipliers": widths(checked),
    }


def stories(networks: Mapping[str, Network], times: Times) -> Table:
    """What a network changed, and what that did to its counts."""
    known = {name: timed.milliseconds.mean for (name, engine), timed in times.items() if engine == ENGINES[0]}
    rows = [(name, CHANGES[name][0] or "-", CHANGES[name][1], effect(name, networks, known)) for name in networks]
    return Table(("network", "against", "changed", "which made, at the input of the one before"), tuple(rows))


def rules(checked: Checked) -> Table:
    """Each rule with the shares that the profiler counts, and how often it differed from the formula."""
    columns = ("designs", "share by theory", *map(_named, COUNTED), "fields", "differences in comparisons")
    rows: list[tuple[Cell, ...]] = []
    for name, outcomes in checked.rules.items():
        shares, fields = counted_shares(RULES[name], WIDTH, 8)
        cells = [shares[case] for case in COUNTED]
        failed = Measured(tuple(float(agreement.failed) for agreement in outcomes))
        compared = f"{failed} in {sum(agreement.made for agreement in outcomes)}"
        rows.append((name, RULES[name].text, *cells, f"{fields[0]} / {fields[1]}", compared))
    return Table(columns, tuple(rows))


def turns(checked: Checked) -> Table:
    """For which width the profiler counts less for one kernel."""
    columns = ("one / two", "C_in", "theory", *map(_named, COUNTED), "differences in comparisons")
    rows: list[tuple[Cell, ...]] = []
    for (name, a), turn in checked.turned.items():
        cells = [intervals(turn.less[case]) for case in COUNTED]
        rows.append((name, str(a), CONTESTS[name].claim, *cells, f"{turn.wrong} in {turn.made}"))
    return Table(columns, tuple(rows))


def _named(case: tuple[str, bool]) -> str:
    what, bias = case
    return what if what == "multiplications" else f"{what}, {'biases' if bias else 'no biases'}"


def reaches(checked: Checked) -> Table:
    """Field and pixels of stacks of dilated kernels."""
    rows = [
        (", ".join(map(str, dilations)), str(reach.weights), *map(str, (*reach.field, *reach.pixels)))
        for dilations, reach in checked.reaches.items()
    ]
    columns = ("dilations", "weights", "field by theory", "field counted", "pixels by theory", "pixels with a gradient")
    return Table(columns, tuple(rows))


def widths(checked: Checked) -> Table:
    """Parameters and MACs at other widths and sides."""
    rows: list[tuple[Cell, ...]] = [
        (
            network.name,
            str(network.width),
            str(network.side),
            *(number / 1e6 for number in (*network.parameters, *network.macs)),
        )
        for network in checked.scaled
    ]
    predicted = ("parameters by theory, M", "parameters, M", "MACs by theory, M", "MACs, M")
    return Table(("network", "width", "side, px", *predicted), tuple(rows))
