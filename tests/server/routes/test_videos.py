"""`/v1/videos`: a job from its start to its end, and how it ends before."""

import csv
import io
import json
import time

import pytest
from tests.fixtures.served import approx_rows

from mien.analyzer import Analyzer
from mien.server.jobs import State


def start(http, data: bytes, name: str = "clip.mp4", **options) -> dict:
    answer = http.post("/v1/videos", files={"video": (name, data)}, data=options)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/videos/{answer.json()['id']}"
    return answer.json()


def end(http, number: str) -> dict:
    for _ in range(1200):
        state = http.get(f"/v1/videos/{number}").json()
        if state["state"] in ("done", "error", "stopped"):
            return state
        time.sleep(0.1)
    raise AssertionError(state)


@pytest.fixture
def job(http, clip):
    state = start(http, clip.read_bytes(), every="2", heads="expression")
    yield end(http, state["id"])
    http.delete(f"/v1/videos/{state['id']}")


def test_a_job_gives_what_the_analyzer_gives(http, clip, job):
    path = f"/v1/videos/{job['id']}"
    assert (job["state"], job["frames"], job["progress"]) == ("done", 3, 1.0)
    frames = Analyzer(["expression"]).video(clip, every=2)
    expected = [row | {"source": "clip.mp4"} for frame in frames for row in frame.to_dicts()]
    approx_rows(http.get(f"{path}/rows").json(), json.loads(json.dumps(expected)))
    table = list(csv.DictReader(io.StringIO(http.get(f"{path}/rows?format=csv").text)))
    assert [row["frame"] for row in table] == ["0", "2", "4"]
    events = http.get(f"{path}/events").json()
    assert {event["source"] for event in events} <= {"clip.mp4"}
    lines = http.get(f"{path}/timeline").json()
    assert [track["time_s"] for track in lines["tracks"]] == [pytest.approx([0.0, 0.08, 0.16])]
    assert lines["events"] == events
    assert http.get(f"{path}/timeline?format=png").content[:4] == b"\x89PNG"
    assert b"ftyp" in http.get(f"{path}/annotated").content[:12]
    assert http.get(f"{path}/source").content == clip.read_bytes()
    part = http.get(f"{path}/source", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_progress_tells_the_way_to_the_end(http, clip):
    number = start(http, clip.read_bytes(), annotate="false", heads="expression")["id"]
    with http.stream("GET", f"/v1/videos/{number}/progress") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    events = [part.split("\n") for part in text.strip().split("\n\n")]
    states = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert {lines[0] for lines in events[:-1]} == {"event: state"}
    assert events[-1][0] == "event: end"
    assert [state["frames"] for state in states] == sorted(state["frames"] for state in states)
    assert states[-1]["state"] == "done"
    assert http.get(f"/v1/videos/{number}/annotated").status_code == 409
    http.delete(f"/v1/videos/{number}")


def test_a_raw_body_and_a_cut_video(http, clip):
    data = clip.read_bytes()
    cut = http.post("/v1/videos?name=cut.mp4", content=data[: len(data) // 2], headers={"content-type": "video/mp4"})
    state = end(http, cut.json()["id"])
    assert (state["name"], state["state"]) == ("cut.mp4", "error")
    assert state["reason"].startswith("'cut.mp4'")
    assert "/" not in state["reason"]
    http.delete(f"/v1/videos/{state['id']}")


def test_delete_stops_and_removes(server, http, clip):
    number = start(http, clip.read_bytes())["id"]
    assert http.delete(f"/v1/videos/{number}").status_code == 204
    assert http.get(f"/v1/videos/{number}").status_code == 404
    for _ in range(100):
        if not (server.folder / number).exists():
            break
        time.sleep(0.1)
    assert not (server.folder / number).exists()


@pytest.mark.parametrize("number", ["x", "..", "%2e%2e", "A" * 22, "a/../b"])
@pytest.mark.parametrize("rest", ["", "/rows", "/source"])
def test_unknown_jobs(http, number, rest):
    assert http.get(f"/v1/videos/{number}{rest}").status_code in (404, 405)


def test_no_playlist_is_opened(http):
    answer = http.post("/v1/videos", files={"f": ("a.mp4", b"#EXTM3U\nfile:///etc/passwd\n")})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


def test_too_many_jobs(http, clip, server, monkeypatch):
    monkeypatch.setattr(server.app.state.worker.jobs, "_ids", lambda: ["A" * 22] * 4)
    answer = http.post("/v1/videos", files={"f": ("a.mp4", clip.read_bytes())})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_job_whose_worker_was_killed_is_told(server, http):
    """A process of this number does not exist."""
    jobs = server.app.state.worker.jobs
    state, _ = jobs.new("clip.mp4", ".mp4")
    jobs._write(State(state.id, "clip.mp4", "running", pid=2**22 + 1))
    told = http.get(f"/v1/videos/{state.id}").json()
    assert told["state"] == "error"
    assert "process" in told["reason"]
    http.delete(f"/v1/videos/{state.id}")


def test_a_job_goes_when_its_time_is_over(server, http):
    jobs = server.app.state.worker.jobs
    state, _ = jobs.new("clip.mp4", ".mp4")
    jobs._write(State(state.id, "clip.mp4", "done", expires="2020-01-01T00:00:00+00:00"))
    jobs.sweep()
    assert http.get(f"/v1/videos/{state.id}").status_code == 404
