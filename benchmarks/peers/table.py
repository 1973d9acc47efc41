"""The lines as one Markdown table; a cell is blank where a peer has no such head."""

from collections.abc import Iterable, Sequence

from peers.scores import Line, Score

HEADER = (
    "data", "peer", "faces found", "age MAE", "age bias", "age MAE, common", "macro-F1", "macro-F1, common",
    "smile AUC", "smile AUC, common", "ms",
)  # fmt: skip

NOTES = """\
- The largest face of each picture counts. Faces found: of the pictures read that have a label for the peer's outputs.
- Scores: on the faces that the peer found, with 95 % bootstrap intervals over faces.
- Common: on the n faces that all peers with this output found; blank for a peer that has not read all pictures.
- Macro-F1: three displayed classes. Negative is the sum of the negative emotions; surprise is left out of answers and
  labels. Smile: AU12 of mien, the smile coefficients of mediapipe, happiness of the others.
- ms: median processor time of a picture in one process on one thread, without decoding.
"""


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
        cell(scores.get("age bias"), 1, form="+"),
        common_cell(common.get("age MAE"), 2),
        cell(scores.get("macro-F1"), 3),
        common_cell(common.get("macro-F1"), 3),
        cell(scores.get("smile AUC"), 3),
        common_cell(common.get("smile AUC"), 3),
        "" if line.cpu_ms is None else f"{line.cpu_ms:.0f}",
    )


def cell(score: Score | None, digits: int, form: str = "") -> str:
    """Value and interval of a score, blank where there is none; form '+' shows the sign.

    >>> cell(Score(3.912, 3.5, 4.3, 507), 2), cell(Score(-1.46, -2.0, -1.0, 507), 1, "+"), cell(None, 2)
    ('3.91 (3.50 to 4.30)', '-1.5 (-2.0 to -1.0)', '')
    """
    if score is None or score.value is None:
        return ""
    value, low, high = (format(number, f"{form}.{digits}f") for number in (score.value, score.low, score.high))
    return f"{value} ({low} to {high})"


def common_cell(score: Score | None, digits: int) -> str:
    """Value and n of a score on the common faces.

    >>> common_cell(Score(3.912, 3.5, 4.3, 507), 2)
    '3.91 (n 507)'
    """
    return "" if score is None or score.value is None else f"{score.value:.{digits}f} (n {score.n})"
