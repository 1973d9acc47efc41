"""A report as one HTML page that needs no network: figures, and the module tree with bars."""

from html import escape

from mien.profile.cost import CONVENTION
from mien.profile.report import Report
from mien.profile.text import field_text, shape_text, short
from mien.profile.tree import Module

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .7rem; text-align: left; vertical-align: top; }
details { margin-left: 1.1rem; } .leaf { margin-left: 2.2rem; } .row { display: inline-grid; width: calc(100% - 2rem);
grid-template-columns: 2fr 1.2fr 1.2fr 1.2fr 1fr; gap: .6rem; } .bar { background: #d5e3f5; white-space: nowrap; }
.bar.p { background: #f3dfc3; } .kind, .how { opacity: .65; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e4e4e4; } .bar { background: #2c4a73; }
.bar.p { background: #6b4d1f; } }
"""


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
        f"<table>{figures}</table>{notes}<h2>Modules</h2><p class=how>MACs, parameters, output, receptive field</p>"
        f"{_tree(report.modules, report)}<h2>Operators</h2>{_operators(report)}"
        f"<h2>Conventions</h2><table>{terms}</table>"
    )


def _tree(module: Module, report: Report, level: int = 0) -> str:
    row = _row(module, report)
    if not module.children:
        return f"<div class=leaf>{row}</div>"
    inner = "".join(_tree(child, report, level + 1) for child in module.children)
    return f"<details{' open' if level < 2 else ''}><summary>{row}</summary>{inner}</details>"


def _row(module: Module, report: Report) -> str:
    name = f"{escape(module.name or report.name)} <span class=kind>{escape(module.kind)}</span>"
    macs = _bar(module.cost.macs, report.macs, "")
    weights = _bar(module.parameters, report.parameters, " p")
    field = escape(field_text(module.receptive))
    rest = f"<span>{shape_text(module.output)}</span><span>{field}</span>"
    return f"<span class=row><span>{name}</span>{macs}{weights}{rest}</span>"


def _bar(part: int, total: int, kind: str) -> str:
    share = 100 * part / total if total else 0.0
    return f'<span><span class="bar{kind}" style="display:block;width:{share:.1f}%">{short(part)}</span></span>'


def _operators(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{short(cost.macs)}</td><td>{short(cost.elementwise)}</td>"
        f"<td>{short(cost.bytes)}B</td></tr>"
        for name, cost in report.by_operator.items()
        if cost.macs or cost.elementwise
    )
    return f"<table><tr><th>operator</th><th>MACs</th><th>elementwise</th><th>bytes</th></tr>{rows}</table>"
