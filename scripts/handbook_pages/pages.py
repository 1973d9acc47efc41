"""Pages of the handbook, taken apart by their headings."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "handbook"
PARTS = {
    "en": (
        "The question",
        "The answer",
        "The idea",
        "The figure",
        "What was measured",
        "What the notes say",
        "In practice",
        "Three questions that follow",
        "Sources",
    ),
    "zh": ("问题", "结论", "原理与推导", "图", "实验", "原笔记的对与错", "实践建议", "追问三则", "参考文献"),
}
COMMENT = re.compile(r"<!--.*?-->", re.S)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one language: `en` in docs/handbook, `zh` in docs/handbook/zh under the same name."""

    path: Path

    @property
    def name(self) -> str:
        """Such as 03-label-smoothing."""
        return self.path.stem

    @property
    def language(self) -> str:
        """The key of PARTS."""
        return "zh" if self.path.parent.name == "zh" else "en"

    @property
    def text(self) -> str:
        """The file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """The first line without its mark."""
        return self.text.partition("\n")[0].removeprefix("# ")

    @property
    def parts(self) -> dict[str, str]:
        """Heading of the second level -> what stands below it."""
        pieces = re.split(r"^## (.+)$", self.text, flags=re.M)
        return {head.strip(): body.strip() for head, body in zip(pieces[1::2], pieces[2::2], strict=True)}

    def part(self, number: int) -> str:
        """Text of a part by its place in PARTS."""
        return self.parts[PARTS[self.language][number]]

    @property
    def images(self) -> list[tuple[str, Path]]:
        """Alternative text and file of each image."""
        return [(alt, (self.path.parent / target).resolve()) for alt, target in IMAGE.findall(self.text)]


def pages(language: str) -> list[Page]:
    """All pages of a language in the order of their numbers."""
    folder = FOLDER / "zh" if language == "zh" else FOLDER
    return [Page(path) for path in sorted(folder.glob("[0-9]*.md"))]
