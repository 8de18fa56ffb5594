"""A mutant: one change of one file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """The text from `start` to `end` of the file, replaced."""

    file: str
    start: int
    end: int
    replacement: str
    unit: str  # the query or function
    line: int
    change: str  # in words that stay the same when lines move
    which: int = 1  # of those that read the same

    @property
    def name(self) -> str:
        """What it is known by."""
        again = f" ({self.which})" if self.which > 1 else ""
        return f"{self.file.removeprefix('src/tallykeep/')} {self.unit}: {self.change}{again}"

    def of(self, text: str) -> str:
        """The file's text as it reads then."""
        return text[: self.start] + self.replacement + text[self.end :]


def shown(text: str, maximum: int = 60) -> str:
    """A piece of code on one line."""
    line = " ".join(text.split())
    return line if len(line) <= maximum else f"{line[: maximum - 1]}…"
