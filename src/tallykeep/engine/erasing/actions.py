"""Actions whose own fields do not hold a person: names of files, columns, parameters, reasons of their end."""

import asyncio
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.db.queries import queries
from tallykeep.engine.erasing.steps import Step
from tallykeep.formats.people.person import Person

_sql = queries(__package__, "erasing.sql")

_AT_A_TIME = 500
_JSON, _TEXTS = ("source", "submission_options"), ("reason", "retry_reason")


async def erase_from_actions(step: Step, person: Person) -> None:
    """Erase the person from the fields of a step's actions, and from what webhooks are told of these."""
    behind = step.start
    while actions := await step.fetch(_sql.next_actions, behind, limit=_AT_A_TIME):
        behind = actions[-1]["id"], 0
        for action_id, fields in await asyncio.to_thread(_changed, actions, person):
            await step.write(_sql.rewrite_action, action_id, **fields)
            await step.write(_sql.rewrite_deliveries, action_id)


def _changed(actions: list[dict[str, Any]], person: Person) -> list[tuple[str, dict[str, Any]]]:
    """Return the actions that hold the person, with what their fields are without."""
    changed: list[tuple[str, dict[str, Any]]] = []
    for action in actions:
        fields = {name: person.without_in(_forgetting(action[name], person)) for name in _JSON}
        fields |= {name: action[name] and person.without(action[name]) for name in _TEXTS}
        fields |= {"file_name": action["file_name"] and person.without_in_name(action["file_name"])}
        if any(fields[name] != action[name] for name in fields):
            changed.append((action["id"], fields | {name: Jsonb(fields[name]) for name in _JSON}))
    return changed


def _forgetting(stored: dict[str, Any], person: Person) -> dict[str, Any]:
    """Return what is stored without this very person: an earlier erasure that did not come to its end kept it."""
    parameters = stored.get("parameters", {})
    if not person.shares(Person.from_json(parameters.get("person", {}))):
        return stored
    return {**stored, "parameters": {**parameters, "person": {}}}
