"""One block of every MobileNet, read from our tables; as wide as its channels."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.blocks import block, chain, draw_hourglass, legend

BLOCKS = (
    ("v1: separable", "mobilenet_v1", 8),
    ("v2: inverted residual", "mobilenet_v2", 8),
    ("v3 large: with squeeze-excite", "mobilenet_v3_large", 12),
    ("v3 small", "mobilenet_v3_small", 8),
    ("v4: extra depthwise", "mobilenet_v4_conv_small", 12),
    ("v4: inverted bottleneck", "mobilenet_v4_conv_small", 13),
    ("v4: ConvNext-like", "mobilenet_v4_conv_small", 10),
    ("v4: feed-forward", "mobilenet_v4_conv_medium", 10),
    ("v4: fused, first block", "mobilenet_v4_conv_medium", 1),
)


def draw() -> Figure:
    """Nine blocks, the input above, the output below."""
    figure = Figure(figsize=(10, 8.6))
    grid = figure.add_gridspec(4, 3, height_ratios=(1, 1, 1, 0.1))
    for place, (title, network, row) in enumerate(BLOCKS):
        _draw_block(figure.add_subplot(grid[place // 3, place % 3]), title, network, row)
    legend(figure.add_subplot(grid[3, :]))
    return figure


def _draw_block(axes: Axes, title: str, network: str, row: int) -> None:
    module, inputs, _ = block(network, row)
    joined = bool(getattr(module, "residual", False))
    draw_hourglass(axes, chain(module, inputs), inputs, joined)
    weights = sum(parameter.numel() for parameter in module.parameters())
    axes.set_title(f"{title}\n{weights / 1e3:,.0f} k parameters", fontsize=9)
    axes.set_axis_off()
