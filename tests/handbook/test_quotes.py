"""Numbers that pages quote are those of docs/studies/*.json."""

import re

import pytest
from handbook_pages import quotes as quoting
from handbook_pages.pages import CODE, COMMENT, Page, pages
from handbook_pages.quotes import QUOTE, Quote, cell, load, quotes, update

ALL = [*pages("en"), *pages("zh")]
IDS = [f"{page.language}-{page.name}" for page in ALL]
STUDY = {
    "table": {
        "columns": ["loss", "MAE (years)", "share"],
        "rows": [
            ["L1", {"mean": 4.126, "spread": 0.054, "values": [4.1]}, {"value": 0.25, "low": 0.2, "high": 0.3}],
            ["L2", {"mean": -0.5, "spread": 1, "values": [4.1]}, 0.75],
        ],
    }
}


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "load", lambda name: {"made": STUDY}[name])


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_quoted_numbers_are_those_of_the_studies(page: Page) -> None:
    assert [(quote.source, quote.number) for quote in quotes(page.text)] == [
        (quote.source, quote.due) for quote in quotes(page.text)
    ]


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_each_comment_follows_a_number(page: Page) -> None:
    assert len(quotes(page.text)) == page.text.count("<!--")


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_no_decimal_among_the_measurements_is_without_source(page: Page) -> None:
    bare = COMMENT.sub("", CODE.sub("", QUOTE.sub("", page.part(4))))
    bare = re.sub(r"^ {4}.*$", "", bare, flags=re.M)
    assert re.findall(r"\d+\.\d+", bare) == []


@pytest.mark.parametrize("part", [1, 5])
@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_decimals_of_answer_and_judgement_are_derived_or_quoted(page: Page, part: int) -> None:
    known = {f"{abs(quote.truth):.{digits}f}" for quote in quotes(page.text) for digits in range(6)}
    known |= set(re.findall(r"\d+\.\d+", page.part(2)))
    bare = COMMENT.sub("", CODE.sub("", page.part(part)))
    assert [number for number in re.findall(r"\d+\.\d+", bare) if number not in known] == []


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_the_command_of_each_quoted_study_is_given(page: Page) -> None:
    commands = {load(quote.source[0])["command"] for quote in quotes(page.text) if quote.kind == "study"}
    commands |= {"mien evaluate" for quote in quotes(page.text) if quote.kind == "card"}
    assert [command for command in commands if command not in page.part(4)] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("MAE 9.99<!--study: made; L1; MAE (years)-->", "MAE 4.13<!--study: made; L1; MAE (years)-->"),
        ("± 0.1<!--study: made; L1; MAE (years); sd-->", "± 0.1<!--study: made; L1; MAE (years); sd-->"),
        ("**7 %**<!--study: made; L1; share-->", "**25 %**<!--study: made; L1; share-->"),
        ("7%<!--study: made; L1; share; low-->", "20%<!--study: made; L1; share; low-->"),
        ("0.5<!--study: made; L2; MAE (years)-->", "−0.5<!--study: made; L2; MAE (years)-->"),
        ("9.99 and 1.00<!--study: made; L2; share-->", "9.99 and 0.75<!--study: made; L2; share-->"),
    ],
)
def test_update(study: None, before: str, after: str) -> None:
    assert update(before) == after


def test_a_wrong_number_is_told(study: None) -> None:
    assert Quote("4.2", False, ("made", "L1", "MAE (years)")).due == "4.1"


def test_a_number_of_a_card() -> None:
    assert update("0.1<!--card: age; utkface; test; MAE-->") == "4.9<!--card: age; utkface; test; MAE-->"


@pytest.mark.parametrize("names", [("MAE (years)",), ("L3", "MAE (years)"), ("L1", "MSE")])
def test_a_source_must_name_one_cell(study: None, names: tuple[str, ...]) -> None:
    with pytest.raises(LookupError, match="must name one cell"):
        cell("made", *names)
