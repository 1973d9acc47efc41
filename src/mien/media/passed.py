"""What was passed over in a folder: reported where nothing is left."""

from collections import Counter
from dataclasses import dataclass, field

_MOST = 5


@dataclass
class Passed:
    """Counts by suffix of the files that are no media or do not match; of what is hidden; of folders not entered."""

    suffixes: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    folders: int = 0

    def add(self, name: str) -> None:
        """Count a file by its suffix."""
        dot = name.rfind(".")
        self.suffixes[name[dot:] if dot > 0 else "no suffix"] += 1

    def reason(self, place: str, pattern: str | None) -> str:
        """Why a place gave nothing: what was looked for, what was there, what to do.

        >>> Passed(Counter({".CR2": 3})).reason("the folder 'raw'", None)[:80]
        "No photo or video with a known suffix is in the folder 'raw'; there are .CR2 (3)"
        """
        sought = "with a known suffix" if pattern is None else f"that matches the glob {pattern!r}"
        there = f"there are {self}" if (self.suffixes or self.hidden or self.folders) else "it is empty"
        return f"No photo or video {sought} is in {place}; {there}. {self._advice(pattern)}"

    def _advice(self, pattern: str | None) -> str:
        if pattern is not None and self.suffixes:
            return "Check the glob; upper and lower case count."
        if self.suffixes:
            return "Convert the files, or name them one by one: then their content counts, not their suffix."
        return "Check the path."

    def __str__(self) -> str:
        common = self.suffixes.most_common(_MOST)
        rest = self.suffixes.total() - sum(count for _, count in common)
        parts = [f"{suffix} ({count})" for suffix, count in common]
        others = {"others": rest, "hidden": self.hidden, "folders not entered": self.folders}
        return ", ".join([*parts, *(f"{name} ({count})" for name, count in others.items() if count)])
