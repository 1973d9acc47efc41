"""A report as one HTML page that needs no network: figures, the module tree with bars, the effective field."""

from base64 import b64encode
from html import escape
from io import BytesIO

from mien.profile.cost import CONVENTION
from mien.profile.effective_field import EffectiveField
from mien.profile.effective_figure import draw_effective
from mien.profile.report import Report
from mien.profile.text import field_text, shape_text, short
from mien.profile.tree import Module

STYLE = """
:root { color-scheme: light dark; --macs: #cfe0f6; --weights: #f4dfc0; --line: #8883; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --macs: #27466f; --weights: #67491c; --page: #16181c; } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem;
background: var(--page); }
table { border-collapse: collapse; } td, th { padding: .15rem .9rem .15rem 0; text-align: left; vertical-align: top; }
.numbers td + td, .numbers th + th { text-align: right; } img { max-width: 100%; border-radius: 4px; }
.how, .kind, .share, .idle { opacity: .6; } .scroll { overflow-x: auto; } .tree { min-width: 56rem; }
.row { display: grid; grid-template-columns: minmax(16rem, 2.4fr) 1.3fr 1.3fr 1.1fr .9fr; gap: 0 .7rem;
border-bottom: 1px solid var(--line); } .row > * { padding: .1rem .3rem; white-space: nowrap; }
.row > * { overflow: hidden; text-overflow: ellipsis; } .head { font-weight: 600; }
.name { padding-left: calc(1.2rem * var(--level) + .3rem) !important; }
.name::before { content: ""; display: inline-block; width: 1.2em; } summary { list-style: none; cursor: pointer; }
summary::-webkit-details-marker { display: none; } summary:hover { background: var(--line); }
summary .name::before { content: "\\25b8"; } details[open] > summary .name::before { content: "\\25be"; }
.macs { background: linear-gradient(to right, var(--macs) var(--part), transparent 0); }
.weights { background: linear-gradient(to right, var(--weights) var(--part), transparent 0); }
"""
HEAD = "<div class='row head'><span>module</span><span>MACs</span><span>parameters</span><span>output</span>"
HEAD += "<span>receptive field</span></div>"
BUTTON = "<button onclick=\"document.querySelectorAll('details').forEach(d => d.open = true)\">unfold all</button>"


def html_text(report: Report) -> str:
    """The page; modules fold, the bars show each module's share of MACs and parameters."""
    figures = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td><td class=how>{escape(how)}</td></tr>"
        for name, value, how in report.rows()
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in report.notes)
    terms = "".join(f"<tr><th>{escape(k)}</th><td class=how>{escape(v)}</td></tr>" for k, v in CONVENTION.items())
    return (
        f'<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>{escape(report.name)}: profile</title><style>{STYLE}</style><h1>{escape(report.name)}</h1>"
        f"<table>{figures}</table>{notes}{_picture(report.effective) if report.effective else ''}"
        f"<h2>Modules</h2><p>{BUTTON}</p><div class=scroll><div class=tree>{HEAD}{_tree(report.modules, report, 0)}"
        f"</div></div><h2>Operators</h2>{_operators(report)}<h2>Conventions</h2><table>{terms}</table>"
    )


def _tree(module: Module, report: Report, level: int) -> str:
    row = _row(module, report, level)
    if not module.children:
        return row
    inner = "".join(_tree(child, report, level + 1) for child in module.children)
    return f"<details{' open' if level < 2 else ''}><summary>{row}</summary>{inner}</details>"


def _row(module: Module, report: Report, level: int) -> str:
    name = f"{escape(module.name or report.name)} <span class=kind>{escape(module.kind)}</span>"
    title = escape(f"{module.path or report.name} {module.kind}".strip(), quote=True)
    bars = _bar(module.cost.macs, report.macs, "macs") + _bar(module.parameters, report.parameters, "weights")
    rest = f"<span>{shape_text(module.output)}</span><span>{escape(field_text(module.receptive))}</span>"
    idle = "" if module.cost.macs or module.parameters else " idle"
    first = f'<span class=name style="--level:{level}" title="{title}">{name}</span>'
    return f'<div class="row{idle}">{first}{bars}{rest}</div>'


def _bar(part: int, total: int, kind: str) -> str:
    share = 100 * part / total if total else 0.0
    text = f" <span class=share>{share:.0f}%</span>" if share >= 1 else ""
    return f'<span class={kind} style="--part:{share:.1f}%">{short(part)}{text}</span>'


def _operators(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{short(cost.macs)}</td><td>{short(cost.elementwise)}</td>"
        f"<td>{short(cost.bytes)}B</td></tr>"
        for name, cost in report.by_operator.items()
        if cost.macs or cost.elementwise
    )
    head = "<tr><th>operator</th><th>MACs</th><th>elementwise</th><th>bytes</th></tr>"
    return f"<table class=numbers>{head}{rows}</table>"


def _picture(field: EffectiveField) -> str:
    """The drawing within the page."""
    buffer = BytesIO()
    draw_effective(field).savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    source = f"data:image/png;base64,{b64encode(buffer.getvalue()).decode()}"
    return f'<h2>Effective receptive field</h2><p><img alt="effective receptive field" src="{source}"></p>'
