"""A finding on disk: NAME.md for reading, NAME.png, NAME.json for programs; and the index of a folder of them."""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mien.errors import SinkError
from mien.studies.core.bootstrap import Estimate
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table


def write_finding(name: str, study: Study[Any], finding: Finding, command: str, seeds: int, folder: Path) -> list[Path]:
    """Write the three files and return their paths; none replaces an older one before all are written.

    Raises SinkError when the folder cannot be written.
    """
    contents = {
        f"{name}.md": _markdown(name, study, finding, command, seeds).encode(),
        f"{name}.png": _picture(finding),
        f"{name}.json": json.dumps(_plain(name, study, finding, command, seeds), indent=1, allow_nan=False).encode(),
    }
    return _replace_all(folder, contents)


def _replace_all(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".partial-", dir=folder) as partial:
            for name, content in contents.items():
                (Path(partial) / name).write_bytes(content)
            for name in contents:
                (Path(partial) / name).replace(folder / name)
    except OSError as error:
        raise SinkError(f"The study cannot be written to {str(folder)!r}: {error}") from error
    return [folder / name for name in contents]


def _markdown(name: str, study: Study[Any], finding: Finding, command: str, seeds: int) -> str:
    question, _, body = (study.text or "").strip().partition("\n")
    further = "".join(f"\n## {title}\n\n{_rows(table)}\n" for title, table in finding.further.items())
    verdict = "\n".join(f"- {line}" for line in finding.verdict.splitlines())
    spread = "Mean ± standard deviation over {0} seed{1}. A difference counts only where the 95 % t interval of\n"
    spread += "the differences, seed by seed, leaves zero out."
    note = finding.note or spread.format(seeds, "s" * (seeds != 1))
    settings = "\n".join(f"- {key}: {value}" for key, value in finding.settings.items())
    return f"""# {name}

**{question}**
{body}

## Verdict

{verdict}

## Measured

{_rows(finding.table)}

{note}

![{question}]({name}.png)
{further}
## How it was run

    {command}

Data: {finding.data}

{settings}
"""


def _rows(table: Table) -> str:
    header = "| " + " | ".join(table.columns) + " |\n" + "|---" * len(table.columns) + "|"
    return "\n".join([header, *("| " + " | ".join(row) + " |" for row in table.texts())])


def _picture(finding: Finding) -> bytes:
    buffer = BytesIO()
    FigureCanvasAgg(finding.figure).figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _plain(name: str, study: Study[Any], finding: Finding, command: str, seeds: int) -> dict[str, Any]:
    further = {title: _plain_table(table) for title, table in finding.further.items()}
    return {
        "name": name,
        "question": study.question,
        "verdict": finding.verdict.splitlines(),
        "command": command,
        "seeds": seeds,
        "data": finding.data,
        "settings": finding.settings,
        "table": _plain_table(finding.table),
        **({"further": further} if further else {}),
    }


def _plain_table(table: Table) -> dict[str, Any]:
    return {"columns": list(table.columns), "rows": [[_cell(cell) for cell in row] for row in table.rows]}


def _cell(cell: Cell) -> Any:
    """What JSON holds: a Measured is its mean, spread and values, an Estimate has its ends; undefined is null."""
    if isinstance(cell, Estimate):
        return {"value": _number(cell.value), "low": _number(cell.low), "high": _number(cell.high)}
    if isinstance(cell, Measured):
        values = [_number(value) for value in cell.values]
        return {"mean": _number(cell.mean), "spread": _number(cell.spread), "values": values}
    return _number(cell) if isinstance(cell, float) else cell


def _number(value: float) -> float | str | None:
    if np.isnan(value):
        return None
    return value if np.isfinite(value) else str(value)


def index_markdown(folder: Path) -> str:
    """The table of all studies of a folder, from their JSON files: question, first line of the verdict, command."""
    lines = [
        "# Studies",
        "",
        "Design questions and what was measured. This table is written by `mien study --index FOLDER`.",
        "",
        "| study | question | verdict | command |",
        "|---|---|---|---|",
    ]
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        name = path.stem
        lines.append(f"| [{name}]({name}.md) | {entry['question']} | {entry['verdict'][0]} | `{entry['command']}` |")
    return "\n".join(lines) + "\n"


def write_index(folder: Path) -> Path:
    """Write README.md of a folder of studies."""
    return _replace_all(folder, {"README.md": index_markdown(folder).encode()})[0]
