"""Labels: the texts that vouchers and campaigns carry for a category.

As a rule a label is the category's name, and imports write it as it came. What a label stands for is looked up when it
is shown, so a category is renamed, made or deleted without touching what carries it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from tallykeep.core.ids import new_id, wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem, actual

_sql = queries(__package__, "labels.sql")

FIELDS = ("category", "category_id")  # in requests: by name or by id


@dataclass(frozen=True, slots=True)
class CategoryLabels:
    """The labels to write now, by one snapshot: for ids, and for names whose label is not the name itself."""

    by_name: dict[str, str] = field(default_factory=dict)
    by_id: dict[str, str] = field(default_factory=dict)

    def named(self, name: Any) -> str:
        """Return the label for a name, whether there is a category of that name or not."""
        cleaned = cleaning.label_text(name)
        return self.by_name.get(cleaned, cleaned)

    def identified(self, category_id: Any) -> str:
        """Return the label for a category's id. Raises Problem for an id of no category."""
        cleaned = cleaning.trimmed(category_id)
        if cleaned not in self.by_id:
            raise Problem(f"no category of this project has this id {actual(cleaned)}")
        return self.by_id[cleaned]

    def label_in(self, body: dict[str, Any], problems: list[str]) -> str | None:
        """Return the label for an object's `category` or `category_id`; None without either. Problems are added."""
        named = _read(body, "category", self.named, problems)
        identified = _read(body, "category_id", self.identified, problems)
        if named is None or identified is None:
            return named if identified is None else identified
        if named != identified:
            shown_id = actual(body["category_id"])
            problems.append(f"category_id: is not the category that category names, give only one of them {shown_id}")
        return identified


def _read(body: dict[str, Any], name: str, clean: Cleaner, problems: list[str]) -> str | None:
    if body.get(name) is None:
        return None
    try:
        return str(clean(body[name]))
    except Problem as problem:
        problems.append(f"{name}: {problem}")
        return None


async def labels_for(connection: Connection, project_id: int) -> CategoryLabels:
    """Read the labels that are written now."""
    return (await labels_of_projects(connection, [project_id]))[project_id]


async def labels_of_projects(connection: Connection, project_ids: Collection[int]) -> dict[int, CategoryLabels]:
    """Read the labels that are written now in each of these projects."""
    rows: dict[int, list[dict[str, Any]]] = {project_id: [] for project_id in project_ids}
    for row in await (await connection.execute(_sql.labels_in_force, {"project_ids": list(project_ids)})).fetchall():
        rows[row["project_id"]].append(row)
    return {project_id: _labels(own) for project_id, own in rows.items()}


def _labels(rows: list[dict[str, Any]]) -> CategoryLabels:
    return CategoryLabels(
        by_name={row["name"]: row["label"] for row in rows if row["name"] != row["label"]},
        by_id={row["category_id"]: row["label"] for row in rows if row["category_id"] is not None},
    )


async def category_fields(
    connection: Connection, project_id: int, rows: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return for each row its `category`, `category_id` and `categories` in wire format, from its label."""
    labels = [row["category"] for row in rows]
    wanted = {"project_id": project_id, "labels": list(set(labels) - {None})}
    rows = await (await connection.execute(_sql.meanings, wanted)).fetchall() if wanted["labels"] else []
    meanings = {row["label"]: row for row in rows}
    return [_fields(label, meanings.get(label)) for label in labels]


def _fields(label: str | None, meaning: dict[str, Any] | None) -> dict[str, Any]:
    if meaning is None or meaning["id"] is None:
        return {"category": meaning["free_name"] if meaning else label, "category_id": None, "categories": []}
    return {"category": meaning["name"], "category_id": meaning["id"], "categories": [shown(meaning)]}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Show a category's row in wire format (public API documentation, schema Category)."""
    updated = {} if row["updated_at"] is None else {"updated_at": wire_time(row["updated_at"])}
    return {
        "id": row["id"],
        "name": row["name"],
        "hierarchy": row["hierarchy"],
        "created_at": wire_time(row["created_at"]),
        **updated,
        "object": "category",
    }


async def labels_of(connection: Connection, project_id: int, category_id: str) -> list[str]:
    """Return every label that stands for this category."""
    params = {"project_id": project_id, "category_id": category_id}
    return [row["label"] for row in await (await connection.execute(_sql.labels_of_category, params)).fetchall()]


async def take_name(connection: Connection, project_id: int, category_id: str, name: str) -> None:
    """Let the name stand for the category, in the caller's transaction: with all that carries it as a free name."""
    await connection.execute(_sql.take_name, {"project_id": project_id, "category_id": category_id, "name": name})


async def give_up_name(connection: Connection, project_id: int, name: str) -> None:
    """Leave what carries the name as it is, and make the name a free one for what comes."""
    await connection.execute(_sql.retire_label, {"project_id": project_id, "name": name})
    free = {"project_id": project_id, "label": new_id("label_"), "name": name}
    await connection.execute(_sql.add_free_label, free)


async def forget_category(connection: Connection, project_id: int, category_id: str, name: str, *, used: bool) -> None:
    """Let nothing stand for the category any more; what carried it, if anything did, has no category then."""
    params = {"project_id": project_id, "category_id": category_id}
    if used:
        await give_up_name(connection, project_id, name)
    else:
        await connection.execute(_sql.forget_own_name, params)
    await connection.execute(_sql.forget_category, params)
