"""Two 3x3 or one 5x5, separable, strips, dilated, narrow: what does a convolution cost, and what did networks gain?

**Method.** Designs of one and two convolutions are counted twice: by formula, and by `mien.profile`, which sees nothing
but the operators. Widths and sides are drawn anew for each seed; with and without biases, parameters, multiplications,
additions and field must agree exactly, and so must the share that one design has of the other, as a fraction. Then one
width grows from 1 on, and at each the profiler says which design is smaller: theory must say the same. Last, every
Inception and MobileNet of `mien.train.backbones` is counted at the input of its paper with 1000 classes, and timed: one
picture, one thread, fresh weights with their norms folded away, by onnxruntime and by torch. Each pass stands beside
one of MobileNet v2 that ran just before it, each after a pass that is not timed: medians.

**Derivation.** *One convolution* of kernel k_h x k_w: an output sums K = k_h k_w C_in / groups products. So it has
K C_out weights and C_out biases, and on a map of H x W outputs H W C_out K multiplications and H W C_out (K - 1)
additions, H W C_out K with biases.

*Two for one.* Let K1 and K2 be the areas of two kernels with M channels between, K that of the one kernel with the same
field: 9 + 9 for 25, n + n for n^2. Less the terms that both have, the one kernel counts less where

    K C_in C_out < M (K1 C_in + K2 C_out + s),

with s = 1 for parameters with biases, s = -1 for additions without, and s = 0 for weights, multiplications and
additions with biases. For two 3x3 and s = 0: with the middle as wide as the output, where C_out > 16/9 C_in; with the
middle as wide as the input, where C_out < 9/16 C_in; with the root of C_in C_out between, where one width is 5.54 times
the other (9 t^2 - 25 t + 9 > 0, t^2 = C_out / C_in). In all cases it is where the middle is wider than 25/18 of the
harmonic mean of both widths. With equal channels the pair has 18 C^2 weights against 25 C^2: the notes have it the
wrong way round. Strips of n: where C_out > (n - 1) C_in. With a stride of 2 the first of the pair still works on the
large map: 4 * 9 + 9 = 45 C^2 multiplications at each output, against 25 C^2.

*Separable:* k^2 C_in + C_in C_out of k^2 C_in C_out, a share of 1 / C_out + 1 / k^2: for 3x3 never less than a ninth.
With one output channel it is more than the whole. *Dilation d* costs nothing, and stretches the field to (k - 1) d + 1;
but a stack with one common factor never looks between its grid lines. *Width alpha:* pointwise weights fall with
alpha^2, everything with one free width with alpha; MACs of maps also with the square of the side.

*Time* is not MACs: a depthwise convolution does few operations on each value that it moves.

**Source.** Simonyan & Zisserman, ICLR 2015, section 2.3 (two 3x3); Szegedy et al., CVPR 2016, section 3 (strips);
Sifre & Mallat, CVPR 2013, Howard et al., 2017, section 3 (separable, multipliers); Yu & Koltun, ICLR 2016 (dilation);
Ma et al., ECCV 2018 (time is not MACs). Papers of the networks: docs/backbones.md.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from mien.studies.convolutions.figure import draw
from mien.studies.convolutions.latency import ENGINES, Times, time_all
from mien.studies.convolutions.rules import RULES, check
from mien.studies.convolutions.scales import reach, scale
from mien.studies.convolutions.series import SHORT, Network, count
from mien.studies.convolutions.tables import NOTE, further
from mien.studies.convolutions.turns import CONTESTS, hold
from mien.studies.convolutions.verdicts import Checked, judge
from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Study, Table
from mien.studies.core.sweep import sweep


@dataclass(frozen=True, slots=True)
class Settings:
    """trials: random designs of each rule. inputs: C_in of the contests, whose other width goes to reach C_in.

    dilations: stacks of 3x3. widths, sides: of MobileNet v1 and v2. networks: counted. timed: those also timed, with so
    many rounds a seed.
    """

    trials: int = 20
    inputs: tuple[int, ...] = (5, 9, 64)
    reach: int = 7
    dilations: tuple[tuple[int, ...], ...] = ((1, 1, 1), (2, 2, 2), (1, 2, 3), (1, 2, 4))
    widths: tuple[float, ...] = (0.25, 0.5, 0.75)
    sides: tuple[int, ...] = (224, 128)
    networks: tuple[str, ...] = tuple(SHORT)
    timed: tuple[str, ...] = tuple(SHORT)
    rounds: int = 15


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Hold formulas against the profiler, count the series and time it."""
    checked = hold_all(settings, seeds)
    networks = {name: count(name) for name in settings.networks}
    times = time_all(settings.timed, seeds, settings.rounds) if settings.timed else {}
    return Finding(
        _table(networks, times),
        draw(networks, times),
        judge(checked, networks, times),
        asdict(settings),
        "none: designs and networks with fresh weights",
        NOTE,
        further(checked, networks, times),
    )


def hold_all(settings: Settings, seeds: tuple[int, ...]) -> Checked:
    """Every formula against the profiler; random widths anew for each seed, all else once."""
    cases = [(name, a) for name in CONTESTS for a in settings.inputs]
    turned = sweep("contests", cases, (0,), lambda case, _: hold(CONTESTS[case[0]], case[1], settings.reach))
    scaled = [
        scale(name, width, side)
        for name in ("mobilenet_v1", "mobilenet_v2")
        for width in settings.widths
        for side in settings.sides
    ]
    return Checked(
        sweep("rules", tuple(RULES), seeds, lambda name, seed: check(RULES[name], settings.trials, seed)),
        {case: outcomes[0] for case, outcomes in turned.items()},
        {dilations: reach(dilations) for dilations in settings.dilations},
        scaled,
    )


def _table(networks: Mapping[str, Network], times: Times) -> Table:
    """Counts of the series and, where they were timed, their times."""
    timing = [f"{engine}, {what}" for engine in ENGINES for what in ("ms", "times v2")]
    columns = ("network", "input, px", "parameters, M", "MACs, M", "values, M", "moved, MB", "field, px", *timing)
    rows: list[tuple[Cell, ...]] = []
    for name, network in networks.items():
        report = network.report
        counts = (report.parameters, report.macs, report.activations, report.cost.bytes)
        known = [times.get((name, engine)) for engine in ENGINES]
        cells: list[Cell] = [
            cell for timed in known for cell in ((timed.milliseconds, timed.ratio) if timed else ("-", "-"))
        ]
        field = str((report.receptive_field or (0,))[0]) + " +global" * report.is_global
        size = str(report.input_shapes[0][-1])
        rows.append((name, size, *(number / 1e6 for number in counts), field, *cells))
    return Table(columns, tuple(rows))


QUICK = Settings(
    trials=3, inputs=(5,), widths=(0.5,), timed=("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small"), rounds=3
)
STUDY = Study(__doc__, run, Settings(), QUICK)
