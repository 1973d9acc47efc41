"""One block of every Inception, read from our tables."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.blocks import Fork, block, chain, draw_chain, height, legend, width
from handbook_pages.style import GRAY, INK

BLOCKS = (
    ("v1: GoogLeNet, 3a", "googlenet", 7),
    ("v2: BN-Inception, 3a", "bn_inception", 5),
    ("v3: 35x35", "inception_v3", 7),
    ("v3: 17x17", "inception_v3", 11),
    ("v3: 8x8", "inception_v3", 16),
    ("v4: 17x17", "inception_v4", 11),
    ("Inception-ResNet v1: 17x17", "inception_resnet_v1", 13),
    ("Inception-ResNet v2: 17x17", "inception_resnet_v2", 20),
    ("Xception: middle", "xception", 5),
)


def draw() -> Figure:
    """Nine blocks, the input above, the output below."""
    figure = Figure(figsize=(10, 10.4))
    grid = figure.add_gridspec(4, 3, height_ratios=(1, 1, 1, 0.1))
    for place, (title, network, row) in enumerate(BLOCKS):
        _draw_block(figure.add_subplot(grid[place // 3, place % 3]), title, network, row)
    legend(figure.add_subplot(grid[3, :]))
    return figure


def _draw_block(axes: Axes, title: str, network: str, row: int) -> None:
    module, inputs, outputs = block(network, row)
    parts = chain(module, inputs)
    rows, columns = height(parts), width(parts)
    joined = "Residual" in type(module).__name__
    draw_chain(axes, parts, 0, 0, columns, -rows - 0.3)
    if not (parts and isinstance(parts[0], Fork)):
        axes.plot([columns / 2] * 2, [0, 0.3], color=GRAY, lw=1)
    weights = sum(parameter.numel() for parameter in module.parameters())
    axes.annotate(f"{inputs} channels", (columns / 2, 0.42), ha="center", fontsize=8)
    words = f"{'added: ' if joined else ''}{outputs} channels"
    axes.annotate(words, (columns / 2, -rows - 0.78), ha="center", fontsize=8)
    if joined:
        side = columns + 0.12
        path = [(columns / 2, 0.22), (side, 0.22), (side, -rows - 0.3), (columns / 2, -rows - 0.3)]
        axes.plot(*zip(*path, strict=True), color=INK, lw=1.2, ls="--")
    axes.set_title(f"{title}\n{weights / 1e3:,.0f} k parameters", fontsize=9)
    room = max(columns, 3.2)
    axes.set(xlim=(columns / 2 - room / 2 - 0.15, columns / 2 + room / 2 + 0.2), ylim=(-rows - 1.2, 1.1))
    axes.set_axis_off()
