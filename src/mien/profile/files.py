"""Reports as files: JSON with everything, CSV with a row a module, HTML for reading."""

import csv
import json
from io import StringIO
from pathlib import Path

from mien.errors import expect
from mien.files import whole_file
from mien.profile.html import html_text
from mien.profile.report import Report
from mien.profile.tree import counts


def write_report(report: Report, path: Path) -> Path:
    """Write .html, .json or .csv by the ending of the name, and return the path.

    Raises InputError for another ending, SinkError where the file cannot be written.
    """
    expect(path.suffix in WRITERS, "path", f"a name that ends in {', '.join(WRITERS)}", str(path))
    with whole_file(path) as temporary:
        temporary.write_text(WRITERS[path.suffix](report), encoding="utf-8")
    return path


def json_text(report: Report) -> str:
    """All figures, with their conventions."""
    return json.dumps(report.to_dict(), indent=1, allow_nan=False)


def csv_text(report: Report) -> str:
    """A row a module, parents before children; empty where a module has no field or was not called."""
    buffer = StringIO()
    names = (
        "path",
        "kind",
        "parameters",
        *counts(report.cost),
        "calls",
        "output",
        "receptive_field",
        "stride",
        "global",
    )
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for _, module in report.modules.walk():
        receptive = module.receptive
        field = (
            ["x".join(map(str, receptive.size)), "x".join(map(str, receptive.stride)), any(receptive.whole)]
            if receptive
            else [""] * 3
        )
        output = "x".join(map(str, module.output or ()))
        numbers = counts(module.cost).values()
        writer.writerow([module.path, module.kind, module.parameters, *numbers, module.calls, output, *field])
    return buffer.getvalue()


WRITERS = {".html": html_text, ".json": json_text, ".csv": csv_text}
