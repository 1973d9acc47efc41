"""Studies are found by name, explain themselves, and refuse what they cannot use."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import mien.studies
from mien.errors import InputError
from mien.studies import registry


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_study_has_a_question_a_method_and_a_source(name: str) -> None:
    study = registry.find_study(name)
    assert study.question.endswith("?")
    assert {"Method.", "Source.", "Derivation."} <= set(re.findall(r"\*\*(\w+\.)\*\*", study.text or ""))
    assert study.full != study.quick


def test_nearest_name() -> None:
    with pytest.raises(InputError, match="Did you mean 'penalties'"):
        registry.find_study("penalty")


def test_no_seeds() -> None:
    with pytest.raises(InputError, match=r"'seeds' must be a whole number of at least 1. Got 0"):
        registry.run_study("penalties", seeds=0)


def test_faces_where_they_make_no_sense() -> None:
    with pytest.raises(InputError, match="it is taken by label-smoothing, regression-losses"):
        registry.run_study("penalties", data=Path("faces.parquet"))


def test_a_run_keeps_the_number_of_threads_and_the_random_state() -> None:
    import torch

    before = torch.get_num_threads(), torch.get_rng_state()
    finding = registry.run_study("cross-entropy-gradients", quick=True, seeds=1)
    assert finding.settings["batch"] == 16
    assert before[0] == torch.get_num_threads()
    assert torch.equal(before[1], torch.get_rng_state())


FOLDER = Path(mien.studies.__file__).parent
EXAMPLES = [path for path in sorted(FOLDER.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_examples_in_docstrings(path: Path) -> None:
    name = ".".join(("mien.studies", *path.relative_to(FOLDER).with_suffix("").parts))
    results = doctest.testmod(import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
