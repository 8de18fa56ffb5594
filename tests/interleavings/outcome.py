"""Outcomes: everything there is of a project at the end, but for ids and times."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.interleavings.stage import Project, Stage

Outcome = dict[str, Any]

_ID = re.compile(r"\b(?:v|camp|cat|prod|sku|cust|ord|aa|ms|tbe|proj)_[0-9A-Za-z]{8,}\b")
_CHANCE = re.compile(r"log id [0-9a-f]+|with the key [0-9a-f-]+|log tells more under \S+")
_KEYS = {  # table: what a row goes by
    "campaigns": "name",
    "categories": "name",
    "customers": "source_id",
    "metadata_schemas": "related_object",
    "orders": "source_id",
    "products": "source_id",
    "skus": "source_id",
    "vouchers": "code",
}
_LEFT_OUT = ["project_id", "id", "created_at", "updated_at"]
_OTHERS = {
    "actions": "SELECT id, type, status, ended_by, reason, total_count, done_count, failed_count, unprocessed_count,"
    " created_count, open_batches FROM async_actions WHERE project_id = %(project)s ORDER BY created_at, id",
    "failures": 'SELECT action_id, "row", key, reason, error_key FROM failures WHERE project_id = %(project)s'
    ' ORDER BY action_id, "row"',
    "batches": "SELECT action_id, first_row, row_count, status, done_count, failed_count, unprocessed_count"
    " FROM batches WHERE project_id = %(project)s ORDER BY action_id, first_row",
    "labels": "SELECT label, coalesce(categories.name, category_labels.name, '(no category)') AS shown"
    " FROM category_labels LEFT JOIN categories ON categories.project_id = category_labels.project_id"
    " AND categories.id = category_id WHERE category_labels.project_id = %(project)s",
    "bin": "SELECT resource_type, resource_name, content FROM bin_entries WHERE project_id = %(project)s"
    " ORDER BY 1, 2, content ->> 'source_id'",
}
_ROWS = {
    table: f"SELECT * FROM {table} WHERE project_id = %(project)s ORDER BY {key}, id" for table, key in _KEYS.items()
}
_CONTENT = "SELECT jsonb_build_object({}) AS content".format(
    ", ".join(
        f"'{name}', (SELECT coalesce(jsonb_agg(to_jsonb(found)), '[]') FROM ({sql}) AS found)"
        for name, sql in (_ROWS | _OTHERS).items()
    )
)


def audit(
    stage: Stage, project: Project, accepted: Sequence[str], rescued: bool, answers: Mapping[str, Any], *, drawn: bool
) -> Outcome:
    """What there is; ids in it by the names of what they belong to, `(nobody)` where there is no such thing."""
    content = stage.query_named(_CONTENT, project=project.number)[0]["content"]
    names = {row["id"]: f"{table} {row[key]}" for table, key in _KEYS.items() for row in content[table]}
    names |= {action_id: f"action {number}" for number, action_id in enumerate(accepted, 1)}
    labels = {row["label"]: row["shown"] for row in content["labels"]}
    for entry in content["bin"]:
        entry["content"] = _without(entry["content"], *_LEFT_OUT)
    for row in (*content["vouchers"], *content["campaigns"], *(entry["content"] for entry in content["bin"])):
        row["category"] = labels.get(row.get("category"), row.get("category"))
    if drawn:
        _forget_codes(content)
    shown: Outcome = {
        **{table: [_without(row, *_LEFT_OUT) for row in content[table]] for table in _KEYS if content[table]},
        "actions": _actions(content, accepted),
        "bin": content["bin"],
        "answers": {letter: _answer(answer) for letter, answer in answers.items()},
        "an action was left without a job": rescued,
    }
    text = _CHANCE.sub("(by chance)", json.dumps(shown, sort_keys=True, default=str))
    outcome: Outcome = json.loads(_ID.sub(lambda match: names.get(match[0], "(nobody)"), text))
    return outcome


def _forget_codes(content: dict[str, Any]) -> None:
    for voucher in content["vouchers"]:
        voucher["code"] = "(drawn)"
    for entry in content["bin"]:
        entry["resource_name"] = "(drawn)"
        entry["content"].pop("code", None)
    content["vouchers"].sort(key=lambda row: json.dumps(_without(row, *_LEFT_OUT), sort_keys=True))
    content["bin"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))


def _actions(content: dict[str, Any], accepted: Sequence[str]) -> dict[str, Any]:
    """Those that were accepted beforehand by their place, the others by what they are."""
    parts: dict[str, dict[str, list[Any]]] = {}
    for name in ("failures", "batches"):
        for row in content[name]:
            parts.setdefault(row["action_id"], {}).setdefault(name, []).append(_without(row, "action_id"))
    actions = {row["id"]: {**_without(row, "id"), **parts.get(row["id"], {})} for row in content["actions"]}
    own = {f"action {number}": actions.pop(action_id) for number, action_id in enumerate(accepted, 1)}
    return {**own, "others": sorted(actions.values(), key=lambda action: json.dumps(action, sort_keys=True))}


def _answer(answer: Any) -> Any:
    if not isinstance(answer, httpx.Response):
        return answer
    if answer.status_code < 400 or answer.status_code == 404:  # which may name what is missing by its key or its id
        return answer.status_code
    body = answer.json()
    return [answer.status_code, body.get("key"), body.get("details")]


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
