"""Examples and bodies of the OpenAPI description, which a test sends and compares."""

from typing import Any

ROWS = [
    {"source": "group.jpg", "status": "no_face", "frame": None, "time_s": None, "face": None},
    {
        "source": "cut.jpg",
        "status": "error",
        "frame": None,
        "time_s": None,
        "reason": "'cut.jpg' is empty (0 bytes). Copy it again from where it came.",
        "face": None,
    },
]
JOB = {
    "id": "AAAAAAAAAAAAAAAAAAAAAA",
    "name": "clip.mp4",
    "state": "done",
    "frames": 100,
    "time_s": 4.0,
    "progress": 1.0,
    "faces": 100,
    "reason": None,
    "created": "2026-11-29T18:00:00.000+00:00",
    "expires": "2026-11-29T19:00:05.000+00:00",
    "results": ["rows", "events", "annotated", "timeline.png"],
}
EXAMPLES: dict[tuple[str, str, str], Any] = {
    ("/v1/analyze", "post", "200"): ROWS,
    ("/v1/videos", "post", "202"): JOB | {"state": "waiting", "results": []},
    ("/v1/videos/{number}", "get", "200"): JOB,
}
"""By path, method and status of the answer."""
_BINARY = {"type": "string", "format": "binary"}


def form_body(name: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    """A form with files and text fields."""
    texts = {field: {"type": "string", "description": description} for field, description in (fields or {}).items()}
    schema = {"type": "object", "properties": {name: {"type": "array", "items": _BINARY}, **texts}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def photo_body(name: str) -> dict[str, Any]:
    """A form with files, or one file as the raw body."""
    body = form_body(name)
    body["requestBody"]["content"]["application/octet-stream"] = {"schema": _BINARY}
    return body
