"""JSON objects made of several columns of cells, in COPY's text format."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from tallykeep.core import exact_json
from tallykeep.db.copy_format import copy_text
from tallykeep.resources.fields.columns.cell_column import CellColumn
from tallykeep.resources.fields.columns.row_texts import Part


class MemberTexts(NamedTuple):
    """The texts of one member of the objects, empty where an object does not have it.

    They are what stands between quotes if they are `quoted`, else JSON; `complete` if every object has it.
    """

    texts: Sequence[str]
    quoted: bool
    complete: bool


class MemberReader(Protocol):
    """Makes the texts of a member of a column of cells; a Flaw or NEEDS_CARE stands for those that are not taken."""

    def __call__(self, column: CellColumn) -> MemberTexts:
        """Return the texts of these cells."""


class ObjectTexts:
    """Makes objects of several columns, of which each is a member, by its name; an empty object is `absent`."""

    def __init__(self, members: Iterable[tuple[str, MemberReader]], absent: str) -> None:
        self._members = [(copy_text(exact_json.dumps(name).decode()), read) for name, read in members]
        self._absent = absent

    def read(self, columns: Sequence[CellColumn]) -> list[MemberTexts]:
        """Return the texts of each member; there is a column for each."""
        return [read(column) for (_, read), column in zip(self._members, columns, strict=True)]

    def parts(self, texts: Sequence[MemberTexts]) -> list[Part]:
        """Return the parts of the objects' texts, of the texts of each member."""
        if not self._members:
            return [self._absent]
        members = [(name, member) for (name, _), member in zip(self._members, texts, strict=True)]
        if all(member.complete for member in texts):
            return _complete(members)
        fragments = [_fragments(name, member) for name, member in members]
        joined = map("".join, zip(*fragments, strict=True))
        return [[f"{{{text[:-1]}}}" if text else self._absent for text in joined]]


def _complete(members: list[tuple[str, MemberTexts]]) -> list[Part]:
    parts: list[Part] = []
    for name, member in members:
        quote = '"' if member.quoted else ""
        parts += [f"{',' if parts else '{'}{name}:{quote}", member.texts, quote]
    return [*parts, "}"]


def _fragments(name: str, member: MemberTexts) -> list[str]:
    quote = '"' if member.quoted else ""
    before, behind = f"{name}:{quote}", f"{quote},"
    return [f"{before}{text}{behind}" if text else "" for text in member.texts]
