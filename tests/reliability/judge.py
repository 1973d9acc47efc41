"""Whether a command behaved: its exit code, what it wrote, and what it said."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.reliability.case import Case

_RAW = re.compile(r"^(\w+\.)*[A-Z]\w*(Error|Exception|Warning|Interrupt)\b|bad_alloc|std::", re.ASCII)
_NOISE = re.compile(
    r"\w+Warning: |^\[ ?(WARN|ERROR|INFO)|^\[\w[\w,]* @ 0x|^NaN or Inf found|onnxruntime::", re.MULTILINE
)
"""What libraries write that mien can keep in; libtiff writes its remarks past Pillow, and stays."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did. code: its exit code, None where an exception came through, told in `error`."""

    code: int | None
    stdout: str
    stderr: str
    error: str = ""


def judge(case: Case, outcome: Outcome) -> list[str]:
    """Faults, each as KIND: what was seen."""
    return list(_faults(case, outcome))


def _faults(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.code is None:
        yield f"traceback: {outcome.error}"
        return
    if "Traceback (most recent call last)" in outcome.stderr + outcome.stdout:
        yield f"traceback: {outcome.stderr[-300:]}"
    if outcome.code not in case.codes:
        yield f"status: exit {outcome.code}, where {sorted(case.codes)} is right. {outcome.stderr[-200:]}"
    said = [line for line in outcome.stderr.splitlines() if line.strip()]
    if outcome.code in (1, 2) and not said and "check" not in case.command:
        yield f"silence: exit {outcome.code} without a word"
    if outcome.code in (1, 2) and said and _RAW.match(said[-1].removeprefix("mien: ")):
        yield f"raw: {said[-1][:200]}"
    if noise := _NOISE.search(outcome.stderr):
        yield f"noise: {outcome.stderr[noise.start() :].partition(chr(10))[0][:200]}"
    if case.command[0] == "analyze" and "-" in case.command[case.command.index("--out") :]:
        yield from _rows(outcome)


def _rows(outcome: Outcome) -> Iterator[str]:
    try:
        rows = [json.loads(line, parse_constant=_refuse) for line in outcome.stdout.splitlines()]
    except ValueError as error:
        yield f"output: {error}"
        return
    if outcome.code in (0, 3) and not rows:
        yield f"status: exit {outcome.code} without a row"
    errors = [row for row in rows if row.get("status") == "error"]
    if outcome.code in (0, 3) and bool(errors) != (outcome.code == 3):
        yield f"status: exit {outcome.code} with {len(errors)} errors"
    for row in errors:
        if not row.get("reason") or _RAW.match(row["reason"]):
            yield f"raw: {row.get('reason')!r:.200}"
    for row in rows:
        for fault in _numbers(row):
            yield f"output: {fault}"


def _refuse(name: str) -> None:
    raise ValueError(f"{name} in JSON")


def _numbers(row: dict[str, Any]) -> Iterator[str]:
    """What no face can have."""
    if row.get("status") != "ok":
        return
    x1, y1, x2, y2 = row["box"]
    if not (x1 < x2 and y1 < y2):
        yield f"box {row['box']}"
    if not 0 <= row["score"] <= 1:
        yield f"score {row['score']}"
    age = row.get("age")
    if age and not (0 <= age["low"] <= age["value"] <= age["high"] < math.inf):
        yield f"age {age}"
    emotion = row.get("emotion")
    if emotion and abs(sum(emotion[name] for name in ("positive", "neutral", "negative")) - 1) > 1e-3:
        yield f"emotion {emotion}"
