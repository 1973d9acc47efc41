"""The Chinese page says what the English one says: the same headings, figures, numbers, code and links."""

import re

import pytest
from handbook_pages.pages import COMMENT, PARTS, Page, pages
from handbook_pages.quotes import quotes

PAIRS = list(zip(pages("en"), pages("zh"), strict=False))
IDS = [english.name for english, _ in PAIRS]
every_pair = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=IDS)
NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:[.,]\d+)*")


def numbers(text: str) -> set[str]:
    """Numbers of two digits or a decimal point; small whole numbers may be words in either language."""
    return {number for number in NUMBER.findall(COMMENT.sub("", text)) if len(number) > 1}


def test_every_page_is_there_in_both_languages() -> None:
    assert [page.name for page in pages("en")] == [page.name for page in pages("zh")]


@every_pair
def test_headings(english: Page, chinese: Page) -> None:
    levels = [re.findall(r"^(#+) ", page.text, re.M) for page in (english, chinese)]
    assert levels[0] == levels[1]


@every_pair
def test_figures(english: Page, chinese: Page) -> None:
    assert [path for _, path in english.images] == [path for _, path in chinese.images]


@every_pair
@pytest.mark.parametrize("part", range(1, len(PARTS["en"])), ids=PARTS["en"][1:])
def test_numbers(english: Page, chinese: Page, part: int) -> None:
    assert numbers(english.part(part)) == numbers(chinese.part(part))


@every_pair
def test_quoted_numbers(english: Page, chinese: Page) -> None:
    assert quotes(english.text) == quotes(chinese.text)


@every_pair
def test_rows_of_tables(english: Page, chinese: Page) -> None:
    rows = [len(re.findall(r"^\|", page.text, re.M)) for page in (english, chinese)]
    assert rows[0] == rows[1]


@every_pair
def test_verdicts(english: Page, chinese: Page) -> None:
    given = [
        [row.split("|")[2].strip() for row in page.part(5).splitlines() if row.startswith("|")]
        for page in (english, chinese)
    ]
    assert [{"right": "对", "unsure": "存疑", "wrong": "错"}.get(word) for word in given[0][2:]] == given[1][2:]


@every_pair
def test_chinese_is_chinese(english: Page, chinese: Page) -> None:
    assert len(re.findall(r"[\u4e00-\u9fff]", chinese.text)) > 1000
