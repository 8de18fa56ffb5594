"""Types that JSON is decoded into, made of the fields of upserted nouns.

What decodes into them is what the careful way takes, but for what sure_values looks at.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, defstruct

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.array_cells import text_array
from tallykeep.resources.fields.cleaning import Cleaner
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.json_columns import Integer

Member = tuple[str, Any, Any]  # of a type: its name, its own type, and what it is where it is left out

REQUIRED = ...
_FURTHER = "further_"
# What values decode into, by the cleaner of their field; all others are texts.
_DECODED: dict[Cleaner, Any] = {cleaning.integer: Integer, text_array: list[str]}


def may_be(name: str, taken: Any) -> Member:
    """Return a member that may be null, or left out."""
    return name, taken | None | UnsetType, UNSET


def raw(name: str) -> Member:
    """Return a member that is kept as it is."""
    return name, Raw, UNSET


def is_none(name: str) -> Member:
    """Return a member that is nothing but null: with an id, a row goes the careful way."""
    return name, None | UnsetType, UNSET


def members_of(fields: Iterable[Field]) -> list[Member]:
    """Return the members of a resource, but for its keys, and that of what it is below.

    Fields that are inside an object are inside one here.
    """
    members: list[Member] = []
    inside: dict[str, list[Member]] = {}
    for field in fields:
        if field.is_parent:
            continue
        if field.inside is not None:
            inside.setdefault(field.inside, []).append(_member(field))
        else:
            members.append(_member(field))
            members += [may_be(field.older_name, str)] if field.older_name is not None else []
    holders = [may_be(name, made_of(f"_{name}", parts)) for name, parts in inside.items()]
    return [*members, *holders, raw("metadata")]


def _member(field: Field) -> Member:
    if field.clean is cleaning.json_object:
        return raw(field.name)
    return may_be(field.name, _DECODED.get(field.clean, str))


def made_of(name: str, members: Iterable[Member], further: Iterable[str] = (), *, strict: bool = True) -> type[Struct]:
    """Make a type; `further` are names, none of which has to be escaped, of what else is kept as it is.

    It is `strict` where it has no other names.
    """
    renamed = {f"{_FURTHER}{number}": further_name for number, further_name in enumerate(further)}
    fields = [(name, taken) if default is REQUIRED else (name, taken, default)
              for name, taken, default in [*members, *map(raw, renamed)]]  # fmt: skip
    return defstruct(name, fields, gc=False, forbid_unknown_fields=strict, rename=renamed)


def further_names(made: type[Struct]) -> list[str]:
    """Return under which attributes a type has what stands under further names."""
    return [name for name in made.__struct_fields__ if name.startswith(_FURTHER)]


def declared_names(made: type[Struct]) -> list[str]:
    """Return the others."""
    return [name for name in made.__struct_fields__ if not name.startswith(_FURTHER)]
