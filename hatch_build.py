"""The readme as a package index shows it: it has neither our images nor our pages, so relative links become text."""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

RULES = (
    (r"!\[[^\]]*\]\((?![a-z]+:)[^)]*\)\n*", ""),
    (r"\[([^\]]+)\]\(\1\)", r"`\1`"),
    (r"\[([^\]]+)\]\((?![a-z]+:|#)([^)]+)\)", r"\1 (`\2`)"),
)


def published_readme(text: str) -> str:
    """Images go; a link to a file becomes its text and the file's name."""
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text


class ReadmeHook(MetadataHookInterface):
    """Sets the readme of the package."""

    def update(self, metadata: dict) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": published_readme(text)}
