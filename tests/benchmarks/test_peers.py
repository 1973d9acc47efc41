"""mien beside peers: folding, scores, table, and the contract of the runners, with a peer made up here."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq
from peers import command
from peers.catalog import Peer, peers, read_peer
from peers.environments import command_of
from peers.folding import class_of, fold, smile_of
from peers.pictures import Change, Sample, draw_sample, write_pictures
from peers.reading import Answers, answers_of, largest, read_rows, run_peer
from peers.scores import lines_of
from peers.table import markdown

VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
FAKE = '''"""A peer that takes a picture's red for the age, and its green for happiness; it dies of blue pictures."""

# /// script
# dependencies = []
# [tool.peer]
# heads = ["age", "emotion", "smile"]
# ///

import os

from contract import serve


def load():
    def read(image):
        red, green, blue = (float(value) for value in image[0, 0])
        if blue == 255:
            os._exit(9)
        if blue == 200:
            raise ValueError("too blue")
        if blue == 100:
            return []
        small = {"box": [0, 0, 1, 1], "age": 99, "emotions": {"sad": 1.0}}
        rest = (1 - green / 255) / 2
        return [small, {"box": [0, 0, 8, 8], "age": red, "emotions": {"happy": green / 255, "sad": rest, "fear": rest}}]

    return read


if __name__ == "__main__":
    serve(load, ("numpy",))
'''


@pytest.fixture
def fake(tmp_path: Path) -> Peer:
    file = tmp_path / "peer_fake.py"
    file.write_text(FAKE)
    peer = read_peer(file)
    return Peer(peer.name, file, peer.heads, here=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ages 20 to 27 in red, one year more than the label; even rows smile, odd ones are sad; three are special."""
    rows = []
    for k in range(8):
        blue = {5: 100, 6: 200, 7: 255}.get(k, 0)
        image = np.full((8, 8, 3), (blue, 250 * (k % 2 == 0), 20 + k), np.uint8)
        votes = dict.fromkeys(VOTES, 0) | {"happiness" if k % 2 == 0 else "sadness": 1}
        cell = cv2.imencode(".png", image)[1].tobytes()
        rows.append({"id": str(k), "image": cell, "age": 19.0 + k, "split": "test", "set": "ab"[k > 3], **votes})
    path = tmp_path / "faces.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("negative", ["angry", "disgusted", "fear", "sadness", "contempt"])
def test_folding_sums_the_negative_and_leaves_surprise_out(negative: str) -> None:
    assert fold({negative: 0.3, "sad": 0.2, "neutral": 0.4, "surprised": 0.9})["negative"] == pytest.approx(0.5)
    assert class_of({negative: 0.3, "sad": 0.2, "neutral": 0.4, "surprised": 0.9}) == 2


def test_folding_keeps_three_classes() -> None:
    assert fold({"positive": 0.1, "neutral": 0.7, "negative": 0.2}) == {
        "positive": 0.1,
        "neutral": 0.7,
        "negative": 0.2,
    }


def test_unknown_emotion_is_refused() -> None:
    with pytest.raises(ValueError, match="Got 'bored'"):
        fold({"bored": 1.0})


def test_smile_is_told_or_happiness() -> None:
    assert smile_of({"smile": 0.2, "emotions": {"happy": 0.9}}) == 0.2
    assert smile_of({"emotions": {"happy": 0.9}}) == 0.9
    assert smile_of({"age": 3}) is None


def test_largest_face() -> None:
    assert largest([{"box": [0, 0, 4, 4]}, {"box": [0, 0, 9, 2]}, {"box": [5, 5, 1, 1]}]) == {"box": [0, 0, 9, 2]}
    assert largest([]) is None


def test_every_runner_tells_what_it_needs() -> None:
    catalog = peers()
    assert next(iter(catalog)) == "mien"
    assert all(peer.dependencies for peer in catalog.values() if not peer.here)
    assert all("==" in package for peer in catalog.values() for package in peer.bare)
    assert len({peer.digest() for peer in catalog.values()}) == len(catalog)


def test_head_of_a_runner_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "peer_x.py"
    file.write_text(FAKE.replace('"smile"]', '"hair"]'))
    with pytest.raises(ValueError, match="hair"):
        read_peer(file)
    file.write_text("print()")
    with pytest.raises(ValueError, match="/// script"):
        read_peer(file)


def test_change_enlarges_and_adds_gray() -> None:
    image = Change(least_side=16, margin=0.25)(np.zeros((8, 12, 3), np.uint8))
    assert image.shape == (16 + 12, 24 + 12, 3)
    assert (image[:6] == 127).all()
    assert (image[6:-6, 6:-6] == 0).all()
    assert Change(least_side=8)(image) is image


def read(peer: Peer, data: Path, tmp_path: Path) -> tuple[Sample, Path, list[Path]]:
    sample = draw_sample(data)
    pictures = write_pictures(sample, tmp_path / "pictures")
    file = tmp_path / "rows" / "fake.jsonl"
    run_peer(peer, command_of(peer), pictures, file)
    return sample, file, pictures


def test_contract(fake: Peer, data: Path, tmp_path: Path) -> None:
    """A miss, an error and the death of the process are rows; the others go on, and what is told is scored."""
    sample, file, pictures = read(fake, data, tmp_path)
    rows, versions = read_rows(file)
    assert versions == {"numpy": np.__version__}
    assert len(rows) == 8
    assert rows["000005"]["faces"] == []
    assert rows["000006"]["error"] == "ValueError: too blue"
    assert "exit code 9" in rows["000007"]["error"]

    answers = answers_of(fake, file, pictures)
    whole = next(line for line in lines_of(sample, [answers]) if not line.group)
    assert (whole.read, whole.found, whole.errors) == (8, 5, 2)
    assert whole.scores["age MAE"].value == pytest.approx(1.0)
    assert whole.scores["age bias"].value == pytest.approx(1.0)
    assert whole.scores["macro-F1"].value == pytest.approx(1.0)
    assert whole.scores["smile AUC"].value == pytest.approx(1.0)
    assert whole.scores["smile AUC"].n == 5


def test_run_is_resumed(fake: Peer, data: Path, tmp_path: Path) -> None:
    """Rows that stand are kept, a line cut short is read again, and nothing is read twice."""
    _, file, pictures = read(fake, data, tmp_path)
    kept = [line for line in file.read_text().splitlines(keepends=True) if '"picture"' in line][:3]
    file.write_text("".join(kept) + '{"picture": "0000')
    run_peer(fake, command_of(fake), pictures, file)
    names = [row["picture"] for line in file.read_text().splitlines() if "picture" in (row := json.loads(line))]
    assert sorted(names) == sorted(picture.stem for picture in pictures)


def test_runner_that_does_not_start_is_told(fake: Peer, data: Path, tmp_path: Path) -> None:
    pictures = write_pictures(draw_sample(data), tmp_path / "pictures")
    broken = ([sys.executable, "-c", "raise SystemExit('no weights')"], {})
    with pytest.raises(RuntimeError, match=r"fake did not start.*no weights"):
        run_peer(fake, broken, pictures, tmp_path / "rows.jsonl")


def answers(name: str, heads: tuple[str, ...], found: list[bool], age: list[float], read: bool = True) -> Answers:
    blank, five = np.full(len(age), np.nan), np.full(len(age), 5.0)
    told = np.where(found, age, np.nan)
    seen = np.array([True] * (len(age) - 1) + [read])
    return Answers(name, heads, {}, seen, np.array(found), 0, told, blank, blank, five, five)


def test_common_faces_and_blanks(data: Path) -> None:
    """Misses shrink what is common; who has not read everything neither shrinks it nor has scores there."""
    sample = draw_sample(data)
    truth = sample.age
    ours = answers("ours", ("age",), [True] * 8, list(truth + 2))
    other = answers("other", ("age",), [True] * 6 + [False] * 2, list(truth - 4))
    partial = answers("partial", ("age",), [True] + [False] * 7, list(truth), read=False)
    smiling = answers("smiling", ("smile",), [False] * 8, list(truth))
    lines = {line.peer: line for line in lines_of(sample, [ours, other, partial, smiling]) if not line.group}
    assert lines["ours"].scores["age MAE"].n == 8
    assert lines["ours"].common["age MAE"].n == lines["other"].common["age MAE"].n == 6
    assert lines["other"].scores["age bias"].value == pytest.approx(-4)
    assert lines["partial"].common == {}
    assert lines["partial"].read == 7
    assert "age MAE" not in lines["smiling"].scores
    assert lines["smiling"].scores["smile AUC"].value is None
    assert lines["constant guess"].scores["age MAE"].value == pytest.approx(2.0)

    table = markdown(lines.values()).splitlines()
    assert len({row.count("|") for row in table}) == 1
    assert table[2].startswith("| faces | ours | 8 of 8 | 2.00 (2.00 to 2.00) | +2.0 (+2.0 to +2.0) | 2.00 (n 6) |  |")


def test_groups_are_told_apart(data: Path) -> None:
    sample = draw_sample(data)
    lines = list(lines_of(sample, [answers("ours", ("age",), [True] * 8, list(sample.age))]))
    assert [line.group for line in lines if line.peer == "ours"] == ["", "a", "b"]
    assert [line.labelled for line in lines if line.peer == "ours"] == [8, 4, 4]


def test_sample_is_drawn_alike(data: Path) -> None:
    """A smaller limit takes the first rows of a larger one, so that rows that were read count in both."""
    assert draw_sample(data, limit=3).rows.tolist() == draw_sample(data).rows[:3].tolist()


def test_table_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"image": [b""], "split": ["test"]}), path)
    with pytest.raises(ValueError, match="'age' or votes"):
        draw_sample(path)


def test_command_writes_the_table(
    fake: Peer, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "peers", lambda: {"fake": fake})
    monkeypatch.setattr(command, "CACHE", tmp_path / "cache")
    command.main(["--data", str(data), "--out", str(tmp_path / "out"), "--name", "made-up"])
    record = json.loads((tmp_path / "out" / "made-up.json").read_text())
    assert record["command"] == "scripts/bench peers --data faces.parquet --name made-up"
    assert record["lines"][0]["scores"]["age MAE"]["n"] == 5
    text = (tmp_path / "out" / "made-up.md").read_text()
    assert text.endswith(capsys.readouterr().out.rstrip() + "\n")
    assert str(tmp_path) not in text + json.dumps(record)
