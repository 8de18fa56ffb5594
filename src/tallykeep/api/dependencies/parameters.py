"""Query parameters that several routes share, and those of lists as their declarations have them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BeforeValidator

from tallykeep.api.openapi import Schema
from tallykeep.api.schemas.values import FieldFilter
from tallykeep.formats.csv.formulas import spreadsheet_lines
from tallykeep.formats.csv.writer import CsvLines, csv_lines
from tallykeep.resources.lists.conditions import read_timestamp
from tallykeep.resources.lists.spec import ListSpec


def _timestamp(value: Any) -> Any:
    return read_timestamp(value) if isinstance(value, str) else value


Limit = Annotated[int, Query(ge=1, le=100, description="How many at most, 1 to 100.")]
Page = Annotated[int, Query(ge=1, le=99, description="Which page, 1 to 99.")]
LongPage = Annotated[int, Query(ge=1, le=100, description="Which page, 1 to 100.")]
Timestamp = Annotated[datetime, BeforeValidator(_timestamp), Query(description="2016-11-16T14:14:31Z or 2016-11-16")]


async def _csv_lines_for(
    reader: Annotated[
        Literal["spreadsheet"] | None,
        Query(
            alias="for",
            description="With `spreadsheet`, cells that a spreadsheet would run as formulas begin with an apostrophe,"
            " and all are in quotes: to be read by people. Left out, cells are exact, to be imported again.",
        ),
    ] = None,
) -> CsvLines:
    return spreadsheet_lines if reader else csv_lines


FromReader = Annotated[CsvLines, Depends(_csv_lines_for)]


def parameters_of(list_spec: ListSpec) -> dict[str, Any]:
    """Return a list's parameters for the OpenAPI document, besides `limit` and `page`."""
    order = {"type": "string", "enum": list_spec.order_names, "default": list_spec.default_order}
    cursor = {"type": "string", "format": "date-time"}
    described = [
        _parameter("order", order, "A dash in front turns the order round."),
        *(_shortcut(name, *shortcut) for name, shortcut in list_spec.shortcuts.items()),
        *([_parameter(list_spec.cursor, cursor, "Goes on behind this moment.")] if list_spec.cursor else []),
        _filters(list_spec),
    ]
    return {"parameters": described}


def _shortcut(name: str, field: str, condition: str) -> dict[str, Any]:
    description = f"The same as filters[{field}][conditions][{condition}]."
    if condition == "$in":
        return _parameter(name, {"type": "array", "items": {"type": "string"}}, description)
    return _parameter(name, {"type": "string"}, description)


def _filters(list_spec: ListSpec) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: Schema(FieldFilter, description=", ".join(field.conditions)) for name, field in list_spec.fields.items()
    }
    junction = {"type": "string", "enum": ["and", "or"], "default": "and"}
    description = "filters[field][conditions][condition]=value; the fields, and the conditions of each:"
    filters = _parameter("filters", {"type": "object", "properties": {**fields, "junction": junction}}, description)
    return filters | {"style": "deepObject", "explode": True}


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
