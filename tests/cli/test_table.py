"""Results as a table for a person."""

from dataclasses import replace

import numpy as np
import pytest

from mien.cli.table import TableSink
from mien.faces import ActionUnits, Age, Attractiveness, Displays, Emotion, Faces, Frame, Pose


def one_face(track_id: int | None = None) -> Faces:
    """A smiling face of apparent age 34."""
    units = ActionUnits(np.array([[0.9, 0.1]]), np.array([[4.0, 0.2]]), ("AU12", "AU04"))
    emotion = Emotion(np.array([[0.93, 0.05, 0.02]]), np.array([[2.4, 0.01]]), units.codes)
    return Faces(
        np.array([[1.0, 2, 30, 40]]),
        np.array([0.9]),
        np.zeros((1, 5, 2)),
        track_id=None if track_id is None else np.array([track_id]),
        pose=Pose(np.array([-12.0]), np.array([3.0]), np.array([0.4])),
        action_units=units,
        emotion=emotion,
        age=Age(np.array([34.2]), np.array([27.0]), np.array([41.0])),
        attractiveness=Attractiveness(np.array([0.4]), np.array([61.0]), "a pool"),
    )


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is wide enough for one line a face."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.usefixtures("wide")
def test_what_is_unclear_and_what_was_asked_for_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    one = np.ones(1)
    unclear = replace(one_face().emotion, probability=np.array([[0.4, 0.35, 0.25]]))
    faces = replace(one_face(), emotion=unclear, displays=Displays(one, np.array(["smile"]), one, one))
    with TableSink() as sink:
        sink.write(Frame("a.jpg", faces))
        sink.write(Frame("b.jpg", Faces.empty(), "no_face"))
    head, a, _ = (line.strip() for line in capsys.readouterr().out.splitlines() if line.strip())
    assert head.endswith("smile and pain")
    assert "positive 0.40, unclear" in a
    assert a.endswith("smile, displayed pain expression 1.0 of 16")


@pytest.mark.usefixtures("wide")
def test_rows(capsys: pytest.CaptureFixture[str]) -> None:
    with TableSink() as sink:
        sink.write(Frame("a.jpg", one_face()))
        sink.write(Frame("b.jpg", Faces.empty(), "no_face"))
        sink.write(Frame("c.jpg", Faces.empty(), "error", "it is cut off"))
        sink.write(Frame("d.mp4", one_face(7), index=3, time_s=0.12))
    head, a, b, c, d = (line.strip() for line in capsys.readouterr().out.splitlines() if line.strip())
    assert head.split()[:3] == ["source", "face", "displays"]
    for text in ("a.jpg", "positive 0.93", "AU12 +2.4", "34 (27-41)", "61", "-12 +3 +0"):
        assert text in a
    assert "AU04" not in a
    assert "unclear" not in a
    assert head.endswith("pose (yaw pitch roll)")
    assert "no face" in b
    assert "cut off" in c
    assert d.startswith("d.mp4 0.12 s")
    assert " 7 " in d


@pytest.mark.usefixtures("wide")
def test_the_interval_of_a_percentile_and_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    part = one_face().attractiveness
    told = replace(part, percentile_low=np.array([48.2]), percentile_high=np.array([73.0]))
    with TableSink() as sink:
        sink.write(Frame("a.jpg", replace(one_face(), attractiveness=told)))
        sink.write(Frame("child.jpg", replace(one_face(), attractiveness=replace(part, percentile=np.array([np.nan])))))
    said = capsys.readouterr().out
    assert "61st percentile (48 to 73)" in said
    assert said.count("percentile") == 1


def test_nothing_read_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with TableSink():
        pass
    assert capsys.readouterr().out == ""
