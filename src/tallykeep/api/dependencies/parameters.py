"""Query parameters that several routes share, and those of lists as their declarations have them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator

from tallykeep.resources.lists.conditions import read_moment
from tallykeep.resources.lists.spec import Listed


def _moment(value: Any) -> Any:
    return read_moment(value) if isinstance(value, str) else value


Limit = Annotated[int, Query(ge=1, le=100, description="How many at most, 1 to 100.")]
Page = Annotated[int, Query(ge=1, le=99, description="Which page, 1 to 99.")]
LongPage = Annotated[int, Query(ge=1, le=100, description="Which page, 1 to 100.")]
Moment = Annotated[datetime, BeforeValidator(_moment), Query(description="2016-11-16T14:14:31Z or 2016-11-16")]


def parameters_of(listed: Listed) -> dict[str, Any]:
    """A list's parameters for the OpenAPI document, besides `limit` and `page`."""
    order = {"type": "string", "enum": listed.order_names, "default": listed.default_order}
    cursor = {"type": "string", "format": "date-time"}
    described = [
        _parameter("order", order, "A dash in front turns the order round."),
        *(_shortcut(name, *asked) for name, asked in listed.shortcuts.items()),
        *([_parameter(listed.cursor, cursor, "Goes on behind this moment.")] if listed.cursor else []),
        _filters(listed),
    ]
    return {"parameters": described}


def _shortcut(name: str, field: str, condition: str) -> dict[str, Any]:
    asked = f"The same as filters[{field}][conditions][{condition}]."
    if condition == "$in":
        return _parameter(name, {"type": "array", "items": {"type": "string"}}, asked)
    return _parameter(name, {"type": "string"}, asked)


def _filters(listed: Listed) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: {"type": "object", "description": ", ".join(field.conditions)} for name, field in listed.fields.items()
    }
    junction = {"type": "string", "enum": ["and", "or"], "default": "and"}
    asked = "filters[field][conditions][condition]=value; the fields, and the conditions of each:"
    filters = _parameter("filters", {"type": "object", "properties": {**fields, "junction": junction}}, asked)
    return filters | {"style": "deepObject", "explode": True}


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
