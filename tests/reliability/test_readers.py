"""Whatever a file holds, its reader gives a value or an error that mien raises on purpose."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis", reason="comes with mien[dev]")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.reliability.mutation import ODD_VALUES

from mien.cli.taste import read_answers
from mien.errors import MienError
from mien.expression.emotion import load_evidence
from mien.media import find_sources, read_photo
from mien.preference import Taste
from mien.runtime.models import read_card
from mien.runtime.session import free_shapes
from mien.sinks.lines import parse

KEYS = ("name", "task", "crop", "mean", "std", "outputs", "decoding", "sha256", "bias", "AU12", "positive", "negative")
KEYS += ("neutral", "format", "version", "model", "comparisons", "covariance", "kind", "size", "scale", "source")

scalars = st.sampled_from([value for value in ODD_VALUES if not isinstance(value, list | dict)])
values = st.recursive(
    scalars, lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inside, max_size=12)
)
whole_card = st.fixed_dictionaries({key: values for key in KEYS[:8]})
whole_taste = st.fixed_dictionaries(
    {"format": st.just("mien taste"), "version": st.just(1)} | dict.fromkeys(("mean", "covariance", "model"), values)
    | dict.fromkeys(("comparisons", "sha256"), values)
)  # fmt: skip
own = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def survives(read: Callable[[], Any]) -> None:
    """It returns, or raises what mien raises on purpose."""
    with suppress(MienError):
        read()


def put(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


FORMATS = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"P6\n",
    b"II*\0",
    b"RIFF\0\0\0\0WEBPVP8 ",
    b"qoif",
)


@own
@given(st.sampled_from(FORMATS), st.binary(max_size=300))
def test_photos(tmp_path: Path, magic: bytes, content: bytes) -> None:
    survives(lambda: read_photo(put(tmp_path, "a.jpg", magic + content)))


@own
@given(values | st.dictionaries(st.sampled_from(KEYS), values), st.sampled_from(["a.json", "a.yaml"]))
def test_evidence(tmp_path: Path, content: Any, name: str) -> None:
    survives(lambda: load_evidence(put(tmp_path, name, json.dumps(content).encode())))


@own
@given(st.text(max_size=60) | st.text("abAU12:{}[]-,&*!#'\"|>?% \n0.~", max_size=60))
def test_evidence_of_any_text(tmp_path: Path, text: str) -> None:
    survives(lambda: load_evidence(put(tmp_path, "a.yaml", text.encode("utf-8", "surrogatepass"))))


@own
@given(values | whole_card)
def test_cards(tmp_path: Path, content: Any) -> None:
    survives(lambda: read_card(put(tmp_path, "a.json", json.dumps(content).encode())))


@own
@given(values | whole_taste)
def test_tastes(tmp_path: Path, content: Any) -> None:
    survives(lambda: Taste.load(put(tmp_path, "a.json", json.dumps(content).encode())))


@own
@given(st.binary(max_size=200))
def test_cards_and_tastes_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path, "a.json", content)
    survives(lambda: read_card(path))
    survives(lambda: Taste.load(path))


@own
@given(st.lists(st.lists(st.sampled_from(["a.jpg", "b.jpg", "first", "tie", "", '"', "\0", "\r", " "]), max_size=5)))
def test_answers(tmp_path: Path, rows: list[list[str]]) -> None:
    text = "\n".join(["first,second,preferred", *(",".join(row) for row in rows)])
    survives(lambda: read_answers(put(tmp_path, "a.csv", text.encode())))


@own
@given(st.binary(max_size=200))
def test_networks(content: bytes) -> None:
    survives(lambda: free_shapes(content))


@own
@given(st.binary(max_size=80) | st.builds(lambda value: json.dumps(value).encode() + b"\n", values))
def test_rows_of_an_earlier_run(line: bytes) -> None:
    row = parse(line)
    assert row is None or "source" in row


@own
@given(st.binary(max_size=80))
def test_lists_of_paths(tmp_path: Path, content: bytes) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(content.replace(b"/", b"").replace(b".", b"")))
    survives(lambda: list(find_sources("-", stdin=stdin)))


@own
@given(st.text("na:meotsk{}[]-,&*!#'\" \n01.", max_size=80) | values.map(json.dumps))
def test_recipes(tmp_path: Path, text: str) -> None:
    pytest.importorskip("pydantic")
    from mien.train.recipe import load_recipe

    survives(lambda: load_recipe(put(tmp_path, "a.yaml", text.encode("utf-8", "surrogatepass"))))


@own
@given(st.text('image,age;\t\n\r"0123é\0', max_size=80))
def test_manifests(tmp_path: Path, text: str) -> None:
    pytest.importorskip("pyarrow")
    from mien.datasets.folders import read_manifest

    survives(lambda: read_manifest(put(tmp_path, "a.csv", text.encode())))
