"""The declaration of a submission option: what requests, documentation, storage and flags are derived from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

_T = TypeVar("_T")
_KEY = "option"


class Scope(StrEnum):
    """The submissions that an option applies to."""

    EVERY = "every submission"
    FILE = "rows of a file of columns"
    ENDS = "rows that have an end which may be a day alone"


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A submission option, as it is declared once.

    `parse` takes the option's name and its text, and raises InvalidQueryError; `restore` takes what JSON holds of a
    value that was stored. `in_front`: it is needed before the rows, so a form says it in front of its file. `carried`:
    a retry that leaves it out takes the value of the action before it. `may_be_blank`: a blank text is as good as none.
    `only_with` names an option, and the value of it, without which this one means nothing. `flag_help` is what the
    command line says of its flag; None where it has flags of its own for it, or none.
    """

    name: str
    parse: Callable[[str, str], Any]
    schema: Mapping[str, Any]
    description: str
    scope: Scope = Scope.EVERY
    in_front: bool = False
    carried: bool = False
    may_be_blank: bool = True
    only_with: tuple[str, str] | None = None
    flag_help: str | None = None
    restore: Callable[[Any], Any] = _as_it_is
    default: Any = None

    def read(self, text: str | None) -> Any:
        """Parse this text, the default where there is none; raise InvalidQueryError."""
        if text is None or (self.may_be_blank and not text):
            return self.default
        return self.parse(self.name, text)


def option(
    default: _T, parse: Callable[[str, str], _T], *, schema: Mapping[str, Any], description: str, **declared: Any
) -> _T:
    """Declare a field of SubmissionOptions with what Option says; its name is the field's.

    Returns what dataclasses take for a field, typed as the field's value.
    """
    about = {"parse": parse, "schema": schema, "description": description, **declared}
    kept: Any = (
        field(default_factory=default.copy, metadata={_KEY: about})
        if isinstance(default, dict)
        else field(default=default, metadata={_KEY: about})
    )
    typed: _T = kept
    return typed


def options_of(declaring: type[Any]) -> dict[str, Option]:
    """Return the options that the fields of this dataclass declare, by name, in their order."""
    blank = declaring()
    return {
        each.name: Option(name=each.name, default=getattr(blank, each.name), **each.metadata[_KEY])
        for each in fields(declaring)
    }
