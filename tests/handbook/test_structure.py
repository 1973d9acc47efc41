"""Every page of the handbook has the same parts, and each part holds what it promises."""

import re

import pytest
from handbook_pages import index
from handbook_pages.pages import CODE, COMMENT, FOLDER, PARTS, Page, pages

ALL = [*pages("en"), *pages("zh")]
IDS = [f"{page.language}-{page.name}" for page in ALL]
VERDICTS = {"en": {"right", "unsure", "wrong"}, "zh": {"对", "存疑", "错"}}
CHECKED = {"en": ("verified against the paper", "from memory"), "zh": ("已核对原文", "凭记忆")}
every_page = pytest.mark.parametrize("page", ALL, ids=IDS)


@every_page
def test_parts(page: Page) -> None:
    assert tuple(page.parts) == PARTS[page.language]
    assert all(page.parts.values())


@every_page
def test_title_has_the_number_of_the_page(page: Page) -> None:
    assert page.title.startswith(f"{int(page.name[:2])}. ")


@every_page
def test_question_is_quoted(page: Page) -> None:
    assert page.part(0).startswith("> ")


@every_page
def test_answer_has_three_sentences(page: Page) -> None:
    text = COMMENT.sub("", CODE.sub("code", page.part(1)))
    ends = r"[。！？]" if page.language == "zh" else r"[.!?](?=\s+[A-Z\"'*`(]|\s*$)"
    assert len(re.findall(ends, text)) == 3


@every_page
def test_idea_names_the_test_that_checks_it(page: Page) -> None:
    names = re.findall(r"`(tests/handbook/formulas/test_\w+\.py)`", page.part(2))
    assert names
    assert all((FOLDER.parents[1] / name).is_file() for name in names)


@every_page
def test_figure_has_a_file_and_a_text(page: Page) -> None:
    assert len(page.images) == 1
    assert "](" in page.part(3)
    [(text, path)] = page.images
    assert path == FOLDER / "images" / f"{page.name}.svg"
    assert path.stat().st_size < 80_000
    assert len(text) >= (30 if page.language == "zh" else 80)


@every_page
def test_measured_names_a_command(page: Page) -> None:
    assert re.search(r"^ {4}(mien|scripts/)", page.part(4), re.M)


@every_page
def test_notes_are_judged(page: Page) -> None:
    rows = [row for row in page.part(5).splitlines() if row.startswith("|")][2:]
    assert len(rows) >= 2
    verdicts = {row.split("|")[2].strip() for row in rows}
    assert verdicts <= VERDICTS[page.language]


@every_page
def test_three_questions_are_answered(page: Page) -> None:
    questions = re.findall(r"^### (.+)$", page.part(7), re.M)
    assert len(questions) == 3
    assert all(question.endswith(("?", "？")) for question in questions)


@every_page
def test_sources_say_how_they_were_checked(page: Page) -> None:
    sources = re.findall(r"^- (.+(?:\n  .+)*)", page.part(8), re.M)
    assert sources
    assert all(any(word in " ".join(source.split()) for word in CHECKED[page.language]) for source in sources)


@every_page
def test_links_inside_the_repository_lead_somewhere(page: Page) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.text)
    assert [target for target in targets if not (page.path.parent / target).exists()] == []


def test_the_index_lists_every_page() -> None:
    assert index.PATH.read_text(encoding="utf-8") == index.index()
