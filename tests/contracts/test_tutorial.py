"""The tutorial notebook runs, cell by cell, and its last expressions show what a notebook shows."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last expression."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if isinstance(last, ast.Expr) else None


def test_the_tutorial_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = json.loads((DOCS / "tutorial.ipynb").read_text(encoding="utf-8"))
    monkeypatch.chdir(DOCS)
    names: dict[str, Any] = {}
    shown = [run("".join(cell["source"]), names) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert "<svg" in shown[0]._repr_html_()
    assert shown[1][0] == "positive"
    assert shown[2]["label"] == "positive"
    printed = capsys.readouterr().out
    assert "apparent age" in printed
    assert "AU12 lip corner puller: intensity" in printed
