"""Schemas of upserted nouns in bodies and answers, built from the declarations of their fields."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field as Described
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Metadata, Time
from tallykeep.resources.fields.field import Field
from tallykeep.resources.upserts.spec import UpsertSpec

_Types = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NounSchemas:
    """The types of a noun: one as it is shown, a page of them, and what bodies give of one."""

    shown: type
    page: type
    update: type
    new: type
    row: type

    @property
    def rows(self) -> tuple[type, ...]:
        """Those that rows of JSON may have."""
        return (self.new, self.row)


@cache
def schemas_of(spec: UpsertSpec) -> NounSchemas:
    """Return the types of a noun; they are made once."""
    name, one = spec.noun.capitalize(), spec.one
    holders = _holders(spec)
    shown = _typed(name, f"{one[0].upper()}{one[1:]}.", _shown(spec, holders))
    changes = {**_changes(spec, holders), "metadata": NotRequired[Metadata | None]}
    id_type = NotRequired[str | None]
    source_id_type = str if spec.source_id.required else NotRequired[str | None]
    return NounSchemas(
        shown=shown,
        page=_typed(f"{name}List", f"One page of {spec.people_call_them}.", _page(spec, shown)),
        update=_typed(
            f"{name}Update", f"What is to change of {one}: {spec.update_rule}.",
            changes,
        ),
        new=_typed(
            f"New{name}", f"{one[0].upper()}{one[1:]} to be created, or updated where one has this id or source_id.",
            {**changes, "id": id_type, "source_id": source_id_type},
        ),
        row=_typed(
            f"{name}Row",
            f"One row of a bulk update: the {spec.name} with this source_id is updated, or else created.",
            {**changes, "source_id": str},
        ),
    )  # fmt: skip


def _shown(spec: UpsertSpec, holders: _Types) -> _Types:
    own = {field.inside or field.name: holders.get(field.inside or "") or _answered(field)
           for field in spec.fields if field.stored}  # fmt: skip
    computed = {each.name: NotRequired[each.json_type] if each.optional else each.json_type for each in spec.computed}
    return {
        "id": str,
        "source_id": str | None,
        **own,
        **computed,
        "metadata": Metadata,
        "created_at": Time,
        "updated_at": Time | None,
        "object": Literal[spec.noun],
    }


def _changes(spec: UpsertSpec, holders: _Types) -> _Types:
    changes: _Types = {}
    for field in spec.fields:
        if field.is_parent:
            continue
        json_type = holders.get(field.inside or "") or _described(field, field.json_type | None)
        changes[field.inside or field.name] = NotRequired[json_type]
        if field.older_name:
            changes[field.older_name] = NotRequired[field.json_type | None]
    return changes


def _page(spec: UpsertSpec, shown: type) -> _Types:
    page: _Types = {
        "object": ListObject,
        "data_ref": Literal[spec.plural],
        spec.plural: list[shown],  # type: ignore[valid-type]
        "total": int,
    }
    return page if spec.list_declaration.cursor is None else {**page, "has_more": NotRequired[bool]}


def _holders(spec: UpsertSpec) -> _Types:
    """The objects that hold fields, each of which may be null."""
    names = dict.fromkeys(field.inside for field in spec.fields if field.inside is not None)
    return {name: _holder(spec, name) | None for name in names}


def _holder(spec: UpsertSpec, name: str) -> Any:
    inside = [field for field in spec.fields if field.inside == name]
    types = {field.name: NotRequired[_described(field, field.json_type | None)] for field in inside}
    return _typed(name.capitalize(), f"The {name} of {spec.one}.", types)


def _answered(field: Field) -> Any:
    """Return the type of a field in answers: one with a default is never null."""
    return _described(
        field, field.json_type if field.default is not None or field.is_parent else field.json_type | None
    )


def _described(field: Field, json_type: Any) -> Any:
    return Annotated[json_type, Described(description=field.description)] if field.description else json_type


def _typed(name: str, description: str, types: _Types) -> Any:
    make: Callable[[str, _Types], Any] = TypedDict  # type: ignore[assignment]
    made = make(name, types)
    made.__doc__ = description
    return made
