"""What is published: one version, a readme without dead links, an sdist with its tests and nothing else, terms."""

import importlib.util
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import mien

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HATCH = PROJECT["tool"]["hatch"]
LINK = re.compile(r"\]\((?![a-z]+://|#)[^)]*\)")


def published_readme(text: str) -> str:
    """The readme as hatch_build.py publishes it."""
    pytest.importorskip("hatchling", reason="the package is built with hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.published_readme(text))


def test_the_version_stands_once() -> None:
    assert "version" not in PROJECT["project"]
    assert HATCH["version"]["path"] == "src/mien/__init__.py"
    assert version("mien") == mien.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changes, re.M).group(1) == mien.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == mien.__version__


def test_the_published_readme_has_no_link_that_leads_nowhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(LINK.findall(text)) > 5
    assert not LINK.findall(published_readme(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![a picture](docs/a.png)\n\nText", "Text"),
        ("see [docs/a.md](docs/a.md).", "see `docs/a.md`."),
        ("see [the page](docs/a.md#part).", "see the page (`docs/a.md#part`)."),
        ("[a site](https://example.org/a)", "[a site](https://example.org/a)"),
        ("[below](#terms)", "[below](#terms)"),
    ],
)
def test_relative_links_become_text(text: str, expected: str) -> None:
    assert published_readme(text) == expected


def test_code_and_weights_have_their_own_terms() -> None:
    assert PROJECT["project"]["license"] == "MIT AND LicenseRef-mien-weights"
    assert "LicenseRef-mien-weights" in (ROOT / "WEIGHTS_TERMS.md").read_text(encoding="utf-8")
    assert set(PROJECT["project"]["license-files"]) == {"LICENSE", "WEIGHTS_TERMS.md"}


def test_tools_of_developers_are_no_extra_and_no_address_is_made_up() -> None:
    assert not {"dev", "test", "docs"} & set(PROJECT["project"]["optional-dependencies"])
    assert {"dev", "test", "docs"} <= set(PROJECT["dependency-groups"])
    assert "urls" not in PROJECT["project"]


def test_hooks_before_a_commit_download_nothing() -> None:
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    assert {hook["language"] for hook in repos[0]["hooks"]} == {"system"}


def test_the_sdist_has_what_its_tests_need_and_no_strays(monkeypatch: pytest.MonkeyPatch) -> None:
    sdist = pytest.importorskip("hatchling.builders.sdist")
    monkeypatch.chdir(ROOT)
    files = {Path(file.distribution_path) for file in sdist.SdistBuilder(str(ROOT)).recurse_included_files()}
    assert {path.parts[0] for path in files if len(path.parts) > 1} == {
        "src", "tests", "scripts", "recipes", "docs", "benchmarks",
    }  # fmt: skip
    here = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")}
    assert here <= files
    assert not [path for path in files if {"__pycache__", "runs", "cache", "environments", "site"} & set(path.parts)]
    assert not [path for path in files if path.suffix in (".pyc", ".pt", ".parquet", ".tmp", ".partial")]
