"""Rows in the form that was asked for: JSON, JSON Lines, CSV; pictures as PNG."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi import Request, Response

from mien.drawing import draw
from mien.faces import Frame
from mien.opencv import cv2
from mien.server.problems import Problem
from mien.sinks import csv_lines
from mien.sinks.lines import json_line

TYPES = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv", "png": "image/png"}
_Row = dict[str, Any]


def form_of(request: Request, asked: str | None, forms: Sequence[str] = ("json", "ndjson", "csv")) -> str:
    """Which of some forms to answer in: the one asked for by name, else the first that `Accept` likes best.

    Raises Problem 406 where there is none.
    """
    if asked is not None:
        if asked not in forms:
            raise Problem(406, f"'format' must be one of {', '.join(forms)} here. Got {asked!r}.")
        return asked
    for kind in _accepted(request.headers.get("accept", "*/*")):
        for form in forms:
            if kind in (TYPES[form], "*/*", f"{TYPES[form].partition('/')[0]}/*"):
                return form
    raise Problem(406, f"'Accept' must allow one of {', '.join(TYPES[form] for form in forms)}.")


def _accepted(header: str) -> list[str]:
    """Kinds of an Accept header, best first."""
    kinds = []
    for part in header.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [piece[2:] for piece in parameters if piece.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            kinds.append((-weight, kind))
    return [kind for _, kind in sorted(kinds, key=lambda pair: pair[0])]


def text_of(rows: Iterable[_Row], form: str) -> Iterator[str]:
    """Parts of the text of rows in a form."""
    if form == "csv":
        yield from csv_lines(rows)
    elif form == "ndjson":
        yield from map(json_line, rows)
    else:
        yield "["
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}\n{json.dumps(row, ensure_ascii=False)}"
        yield "\n]\n"


def rows_response(rows: Iterable[_Row], form: str) -> Response:
    """Rows that are all there."""
    return Response("".join(text_of(rows, form)), media_type=TYPES[form])


def picture_response(frame: Frame) -> Response:
    """The annotated picture of a photo."""
    assert frame.image is not None
    drawing = draw(frame.faces, on=frame.image)
    return Response(png(drawing.image), media_type=TYPES["png"])


def png(image: Any) -> bytes:
    """RGB (H, W, 3) as a file."""
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1])
