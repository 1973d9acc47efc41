"""The lines as one Markdown table; a cell is blank where a peer has no such head."""

from collections.abc import Iterable, Sequence

from peers.scores import Line, Score

HEADER = (
    "data", "peer", "faces found", "age MAE", "age bias", "age MAE, common", "macro-F1", "macro-F1, common",
    "smile AUC", "smile AUC, common", "ms",
)  # fmt: skip


def markdown(lines: Iterable[Line]) -> str:
    """One row a line, one block of rows a group."""
    rows = [HEADER, tuple("---" for _ in HEADER), *(_row(line) for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(line: Line) -> Sequence[str]:
    scores, common = line.scores, line.common
    return (
        f"{line.data}, {line.group}" if line.group else line.data,
        line.peer,
        "" if line.cpu_ms is None else f"{line.found} of {line.read}",
        cell(scores.get("age MAE"), 2),
        cell(scores.get("age bias"), 1, sign=True, whole=False),
        cell(common.get("age MAE"), 2),
        cell(scores.get("macro-F1"), 3),
        cell(common.get("macro-F1"), 3),
        cell(scores.get("smile AUC"), 3),
        cell(common.get("smile AUC"), 3),
        "" if line.cpu_ms is None else f"{line.cpu_ms:.0f}",
    )


def cell(score: Score | None, digits: int, *, sign: bool = False, whole: bool = True) -> str:
    """Value, interval and n of a score; blank where there is none.

    >>> cell(Score(3.912, 3.5, 4.3, 507), 2), cell(Score(-1.46, -2.0, -1.0, 507), 1, sign=True, whole=False), cell(None, 2)
    ('3.91 (3.50-4.30, n 507)', '-1.5', '')
    """
    if score is None or score.value is None:
        return ""
    value = f"{score.value:{'+' if sign else ''}.{digits}f}"
    return f"{value} ({score.low:.{digits}f}-{score.high:.{digits}f}, n {score.n})" if whole else value
