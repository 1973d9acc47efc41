"""The table of pages in docs/handbook/README.md, in both languages."""

from handbook_pages.pages import FOLDER, Page, pages

PATH = FOLDER / "README.md"
HEAD = "| | English | 中文 | right 对 | unsure 存疑 | wrong 错 |\n|---|---|---|---|---|---|\n"
VERDICTS = ("right", "unsure", "wrong")


def _link(page: Page) -> str:
    place = f"zh/{page.path.name}" if page.language == "zh" else page.path.name
    return f"[{page.title.partition('. ')[2]}]({place})"


def _verdicts(page: Page) -> str:
    """How many claims of the notes are right, unsure and wrong; empty cells for none."""
    given = [row.split("|")[2].strip() for row in page.part(5).splitlines() if row.startswith("|")]
    return " | ".join(str(given.count(verdict) or "") for verdict in VERDICTS)


def index() -> str:
    """README.md with a row a page: all from the head of its table on is written anew."""
    chinese = {page.name: page for page in pages("zh")}
    rows = [
        f"| {int(page.name[:2])} | {_link(page)} | {_link(chinese[page.name]) if page.name in chinese else ''} "
        f"| {_verdicts(page)} |\n"
        for page in pages("en")
    ]
    return PATH.read_text(encoding="utf-8").partition(HEAD)[0] + HEAD + "".join(rows)
