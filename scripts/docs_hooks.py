"""Hooks of mkdocs: README.md is the first page, public rooms have a page each, links out of docs/ become text."""

import ast
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


def public_rooms() -> list[str]:
    """Modules with `__all__` in their `__init__.py`, which is what is meant for users."""
    folder = ROOT / "src"
    return sorted(
        ".".join(path.parent.relative_to(folder).parts)
        for path in (folder / "mien").rglob("__init__.py")
        if any(
            isinstance(n, ast.Assign) and "__all__" in ast.unparse(n.targets[0])
            for n in ast.parse(path.read_text("utf-8")).body
        )
    )


def on_files(files: Files, config: Any) -> Files:
    """Add the first page and the reference."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {"index.md": re.sub(r"\]\(docs/", "](", readme)}
    pages |= {f"reference/{room}.md": f"# {room}\n\n::: {room}\n" for room in public_rooms()}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links to what is no page of the site (sources, recipes) become text; an image must be there."""
    place = posixpath.dirname(page.file.src_uri)

    def shown(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(place, link[3].split("#")[0]))
        outside = target.startswith("..") or (page.file.src_uri == "index.md" and (ROOT / target).exists())
        return f"{link[2]}" if outside and not files.get_file_from_path(target) else link[0]

    return LINK.sub(shown, markdown)
