"""`mien data check` and `mien data align` from the command line."""

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="mien data needs mien[train]")
pytest.importorskip("pyarrow")

from PIL import Image as PillowImage

from mien.cli import app
from mien.errors import InputError, MissingDependencyError
from mien.geometry import Image


@pytest.fixture
def faces(tmp_path: Path, astronaut: Image) -> Path:
    """A manifest of three pictures with a face, a blank one, one that is no picture and one that is not there."""
    (tmp_path / "photos").mkdir()
    for name in "abc":
        PillowImage.fromarray(astronaut[:300, 80:380]).save(tmp_path / "photos" / f"{name}.jpg")
    PillowImage.fromarray(np.full((90, 90, 3), 90, np.uint8)).save(tmp_path / "photos" / "blank.png")
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    lines = ["image,age,person,split", "a.jpg,40,ann,train", "blank.png,3,bob,train", "broken.jpg,4,cid,val"]
    lines += ["b.jpg,41,ann,train", "gone.jpg,5,dan,val", "c.jpg,42,eve,val"]
    (tmp_path / "faces.csv").write_text("\n".join(lines))
    return tmp_path


def run(*words: str | Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(app, ["data", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_check_prints_what_a_set_holds(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (faces / "faces.csv", "--images", faces / "photos", "--group", "person")
    code, said = run("check", *words, monkeypatch=monkeypatch)
    assert code == 0
    assert "manifest" in said
    for line in ("rows: 6", "labels: age (6)", "splits: train (3), val (3)"):
        assert line in said
    assert "FAULT" not in said


def test_check_ends_with_2_for_faults_and_for_leaks(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (faces / "faces.csv").read_text()
    (faces / "faces.csv").write_text(text.replace(",42,eve", ",420,ann"))
    words = ("check", faces / "faces.csv", "--images", faces / "photos")
    code, said = run(*words, monkeypatch=monkeypatch)
    assert code == 2
    assert "FAULT 'age' must be a number from 0 to 120. Got 420 in faces.csv, row 5 (c.jpg)." in said
    code, said = run(*words, "--group", "person", monkeypatch=monkeypatch)
    assert code == 2
    assert "LEAK 'ann' is in train and val" in said


def test_align_writes_a_folder_and_reports_what_it_dropped(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (faces / "faces.csv", faces / "out", "--images", faces / "photos", "--kind", "square", "--size", "64")
    code, said = run("align", *words, monkeypatch=monkeypatch)
    assert code == 0
    found = [line.rsplit(maxsplit=2) for line in said.splitlines() if line.rstrip().endswith("%")]
    counts = {name.strip(): count for name, count, _ in found}
    assert counts == {"faces": "3", "dropped: unreadable": "2", "dropped: no face": "1"}
    assert (faces / "out" / "dropped.csv").read_text().splitlines()[1:] == [
        "1,blank.png,no face", "2,broken.jpg,unreadable", "4,gone.jpg,unreadable",
    ]  # fmt: skip
    assert np.load(faces / "out" / "crops.npy", mmap_mode="r").shape[1:] == (80, 80, 3)
    code, said = run("check", faces / "out", monkeypatch=monkeypatch)
    assert code == 0
    assert "aligned crops" in said
    assert "rows: 3" in said


def test_align_looks_at_labels_before_pictures(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (faces / "faces.csv").read_text()
    (faces / "faces.csv").write_text(text.replace(",41,ann", ",-1,ann"))
    with pytest.raises(InputError, match=r"'age' must be .* Got -1 in faces\.csv, row 3 \(b\.jpg\)"):
        run("align", faces / "faces.csv", faces / "out", "--images", faces / "photos", monkeypatch=monkeypatch)
    assert not list(faces.glob("out*"))


@pytest.mark.parametrize(("option", "value"), [("--scale", "2"), ("--margin", "0.5")])
def test_align_refuses_a_crop_that_is_none(
    faces: Path, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    with pytest.raises(InputError, match=rf"'{option[2:]}' is wrong: .* Got {value}"):
        run("align", faces / "faces.csv", faces / "out", option, value, monkeypatch=monkeypatch)


def test_what_is_missing_is_said_with_the_way_to_install_it(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mien.datasets.check", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mien\[data\]'"):
        run("check", faces / "faces.csv", monkeypatch=monkeypatch)
