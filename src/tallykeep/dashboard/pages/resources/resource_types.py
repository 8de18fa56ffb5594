"""The types of resources that have pages: how each is found, and what its list shows in which column."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tallykeep.dashboard.kit.catalog import Catalog
from tallykeep.dashboard.kit.labels import amount, constant, since, until, worth
from tallykeep.dashboard.kit.labels import field as field_label

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One type of resource on pages: how it is called and found, and what its list shows in which column."""

    title: str
    noun: str
    key: str
    searched: tuple[str, ...]
    hint: str
    columns: dict[str, Callable[[Resource], Any]]
    numbers: tuple[str, ...] = ()
    filters: dict[str, str] = field(default_factory=dict)  # query parameters of pages that are the API's too
    briefly: dict[str, str] = field(default_factory=dict)  # what is said before values where titles have no room
    has_file: bool = True


def _shown(name: str) -> Callable[[Resource], Any]:
    return lambda resource: resource.get(name)


VOUCHERS = ResourceType(
    title="Vouchers",
    noun="voucher",
    key="code",
    searched=("code",),
    hint="part of a code",
    columns={
        "Type": lambda voucher: constant(voucher["type"]),
        "Worth": worth,
        "Campaign": _shown("campaign"),
        "Category": _shown("category"),
        "Valid until": lambda voucher: until(voucher["expiration_date"]),
        "Active": lambda voucher: "yes" if voucher["active"] else "no",
    },
    filters={"campaign": "Campaign", "category": "Category"},
    briefly={"Valid until": "until ", "Active": "active: "},
)


def resource_types(catalog: Catalog) -> dict[str, ResourceType]:
    """Return the types of resources that have pages, by the name that is part of their paths."""
    return {"vouchers": VOUCHERS, **{name: _of_catalog(each) for name, each in catalog.resource_types.items()}}


def _of_catalog(described: dict[str, Any]) -> ResourceType:
    columns = {_title_of(column): column for column in described["columns"]}
    return ResourceType(
        title=described["label"],
        noun=described["noun"],
        key="source_id",
        searched=tuple(described["searched"]),
        hint=f"part of a {_or([field_label(name) for name in described['searched']])}",
        columns={title: _shower(column) for title, column in columns.items()},
        numbers=tuple(title for title, column in columns.items() if column["value_type"] in _NUMBERS),
        briefly={title: f"{title.lower()}: " for title, column in columns.items() if _is_brief(column)},
        has_file=described["has_file"],
    )


def _title_of(column: dict[str, Any]) -> str:
    return field_label(column["path"][-1]).capitalize()


def _is_brief(column: dict[str, Any]) -> bool:
    """Whether a value by itself would not tell what it is of."""
    return column["value_type"] in ("list", "number", "time") or column["path"][-1].endswith("_id")


def _shower(column: dict[str, Any]) -> Callable[[Resource], Any]:
    """Return what shows the column's value of a resource."""
    *holders, name = column["path"]
    show = _SHOWERS.get(column["value_type"], as_is)

    def shown(resource: Resource) -> Any:
        for holder in holders:
            resource = resource.get(holder) or {}
        return show(resource.get(name))

    return shown


def as_is(value: Any) -> Any:
    """Return the value unchanged."""
    return value


_SHOWERS: dict[str, Callable[[Any], Any]] = {
    "amount": amount,
    "list": lambda values: len(values or []),
    "time": since,
}
_NUMBERS = ("amount", "number", "list")


def _or(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
