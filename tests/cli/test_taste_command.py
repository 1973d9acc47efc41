"""`mien taste` from the command line."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.tiny_taste import write_faces, write_network
from typer.testing import CliRunner

from mien.cli import app
from mien.cli.taste import read_answers
from mien.errors import InputError, MienError, ModelError
from mien.geometry import Image
from mien.preference import Taste


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["taste", *map(str, words)])
    if isinstance(result.exception, MienError):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_network(tmp_path)


@pytest.fixture
def faces(tmp_path: Path, astronaut: Image) -> Path:
    return write_faces(tmp_path / "faces", astronaut[:320, 60:400], 6)


def answer(path: Path, out: Path, by: list[str]) -> Path:
    """The pairs with answers put in, in turn."""
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    filled = [rows[0]] + [[*row[:2], by[k % len(by)]] for k, row in enumerate(rows[1:])]
    out.write_text("\n".join(",".join(row) for row in filled), encoding="utf-8")
    return out


def test_from_asking_to_a_taste(faces: Path, network: Path, tmp_path: Path) -> None:
    pairs, page = tmp_path / "pairs.csv", tmp_path / "pairs.html"
    code, said = run("ask", faces, "--count", 8, "--out", pairs, "--sheet", page, "--model", network)
    assert code == 3
    assert "broken.jpg: left out" in said
    assert "8 pairs of 6 faces" in said
    rows = list(csv.DictReader(pairs.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 8
    assert {row["preferred"] for row in rows} == {""}
    assert rows[0]["first"].endswith(".png")
    shown = {name for row in rows for name in (row["first"], row["second"])}
    assert page.read_text(encoding="utf-8").count("data:image/jpeg") == len(shown)
    filled = answer(pairs, tmp_path / "filled.csv", ["first", "second", "tie", ""])
    code, said = run("fit", filled, "--out", tmp_path / "me.json", "--model", network)
    assert code == 0
    assert "6 comparisons, 2 of them ties." in said
    assert "Of 4 answers, each foretold from the others" in said
    mine = Taste.load(tmp_path / "me.json")
    assert (mine.comparisons, mine.model) == (6, "tiny")
    assert not np.allclose(mine.covariance, np.eye(3))
    more = ("--out", tmp_path / "more.csv", "--taste", tmp_path / "me.json", "--model", network)
    assert run("ask", faces, "--count", 2, *more)[0] == 3
    assert (tmp_path / "more.csv").read_text() != "".join(pairs.read_text().splitlines(True)[:3])


def test_a_sheet_of_pictures(faces: Path, network: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "pairs.png"
    run("ask", faces, "--count", 3, "--out", tmp_path / "p.csv", "--sheet", sheet, "--model", network)
    assert sheet.read_bytes()[:4] == b"\x89PNG"


def test_photos_that_are_gone_are_left_out(faces: Path, network: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("first;second;preferred\n0.png;1.png;First\n2.png;gone.png;tie\n")
    words = ("--images", faces, "--out", tmp_path / "me.json", "--model", network)
    code, said = run("fit", tmp_path / "p.csv", *words)
    assert code == 3
    assert "gone.png: left out" in said
    assert "1 comparisons left out." in said
    assert "Too few answers" in said
    assert Taste.load(tmp_path / "me.json").comparisons == 1
    (tmp_path / "p.csv").write_text("first,second,preferred\n0.png,gone.png,first\n")
    with pytest.raises(InputError, match="comparisons of photos with a face"):
        run("fit", tmp_path / "p.csv", *words)


def test_answers_are_kept(faces: Path, network: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("mine")
    with pytest.raises(InputError, match="'out' must be a new file"):
        run("ask", faces, "--out", tmp_path / "p.csv", "--model", network)
    assert (tmp_path / "p.csv").read_text() == "mine"


def test_a_taste_of_another_network(faces: Path, network: Path, tmp_path: Path) -> None:
    other = Taste(np.zeros(3), np.eye(3), 0, "old", "ab").save(tmp_path / "old.json")
    with pytest.raises(ModelError, match="learned on, 'old'"):
        run("ask", faces, "--out", tmp_path / "p.csv", "--taste", other, "--model", network)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the columns first, second, preferred"),
        ("a,b\n1,2", "the columns first, second, preferred"),
        ("first,second,preferred\na,b,\n", "at least one answer"),
        ("first,second,preferred\na,b,left", r"first, second, tie or nothing \(p.csv, line 2\)"),
        ("first,second,preferred\na,a,tie", r"another photo than the first \(p.csv, line 2\)"),
        ("first,second,preferred\n,a,tie", r"two photos \(p.csv, line 2\)"),
    ],
)
def test_files_without_answers(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        read_answers(tmp_path / "p.csv")


def test_answers_as_spreadsheets_write_them(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes('\ufefffirst;second;preferred\r\n"a, b";c; TIE \r\nd;e;\r\n'.encode())
    assert read_answers(tmp_path / "p.csv") == [("a, b", "c", 0.5)]
    (tmp_path / "p.csv").write_bytes(b"first,second,preferred\n\xff,b,tie")
    with pytest.raises(InputError, match="CSV file in UTF-8"):
        read_answers(tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "p.txt"], "'out' must be a file that ends in .csv"),
        (["--out", "gone/p.csv"], "'out' must be a file in a folder that exists"),
        (["--sheet", "p.pdf"], "'sheet' must be a file that ends in .html"),
    ],
)
def test_wrong_calls_end_before_any_picture_is_read(tmp_path: Path, words: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run("ask", tmp_path, *words)
