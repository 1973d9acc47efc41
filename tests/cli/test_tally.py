"""What is counted and told of a run, and what is known before it."""

from pathlib import Path

import pytest

from mien.cli.tally import Tally, look_ahead, with_rate
from mien.faces import Faces, Frame


def frames(*told: tuple[str, str]) -> list[Frame]:
    return [Frame(source, Faces.empty(), status, f"{source} is broken") for source, status in told]


def test_sources_are_counted_and_the_first_reasons_told() -> None:
    tally = Tally()
    video = [("v", "ok"), ("v", "no_face"), ("v", "error")]
    for frame in frames(("a", "ok"), *video, *((name, "error") for name in "bcd")):
        tally.add(frame)
    *reasons, total = str(tally).splitlines()
    assert reasons == [f"mien: {name} is broken" for name in "vbc"]
    assert total == "mien: 4 of 5 sources could not be read; their rows say why."


def test_earlier_parts_count() -> None:
    tally = Tally({"a", "b"}, {"b"})
    assert tally.errors == 1
    for frame in frames(("c", "ok")):
        tally.add(frame)
    told = "mien: 1 of 3 sources could not be read, 1 of them in earlier parts of the run; their rows say why."
    assert str(tally) == told


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.jpg", "b.jpg", "v.mp4"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_photos_are_counted_beforehand_and_found_once(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, total = look_ahead(["a.jpg", "b.jpg"], {"b.jpg"}, True, None)
    assert total == 1
    assert [getattr(source, "name", None) for source in found] == ["a.jpg", "b.jpg"]
    assert look_ahead(["."], (), True, None)[1] is None  # nobody knows how many frames a video has
    assert look_ahead(["a.jpg", "-"], (), True, None) == (["a.jpg", "-"], None)
    monkeypatch.setattr("mien.cli.tally._MOST_AHEAD", 2)
    found, total = look_ahead(["."], (), True, "*.jpg")
    assert total is None
    assert len(list(found)) == 2


def test_frames_pass_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    given = frames(("a", "ok"), ("b", "error"))
    assert list(with_rate(iter(given), 2)) == given
    assert capsys.readouterr().out == ""
