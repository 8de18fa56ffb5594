"""The permanent deletion of a customer: the request's part of it, and the action that goes through what is stored."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tallykeep.core.action import Action
from tallykeep.core.action_type import ActionType, Report
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PROJECT
from tallykeep.engine.erasing.erasure import Known, begin_erasure
from tallykeep.engine.erasing.planning import plan_erasure
from tallykeep.formats.people.person import Person
from tallykeep.resources.customers.people import MAX_NAMED, delete_customers, ids_named, ids_of, person_of
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.orders.of_customer import delete_orders_of, unlink_referrer
from tallykeep.resources.upserts.read import delete_one

PERMANENT_DELETION = "CUSTOMERS.PERMANENT_DELETION"

_ORDERS_AT_A_TIME = 1_000


class Deleted(NamedTuple):
    """What a request has deleted: the customer, how many of its orders, and whether these were all."""

    customer: dict[str, Any]
    orders: int
    all_orders: bool


async def delete_customer(connection: Connection, project_id: int, key: str) -> Deleted:
    """Delete the customer with this id or source_id, and its orders, though not more than a request has time for.

    Raises NotFoundError.
    """
    customer = await delete_one(connection, project_id, CUSTOMER, key)
    orders = await delete_orders_of(connection, project_id, [customer["id"]], limit=_ORDERS_AT_A_TIME)
    return Deleted(customer, orders, orders < _ORDERS_AT_A_TIME)


async def _delete_resources(connection: Connection, project_id: int, person: Person) -> tuple[int, Person]:
    """Delete the person's customers, whoever made them anew, with their orders; returns how many, and who they were."""
    customers = await delete_customers(connection, project_id, person)
    known = person.joined(map(person_of, customers))
    total, deleted = len(customers), _ORDERS_AT_A_TIME
    while deleted == _ORDERS_AT_A_TIME:
        deleted = await delete_orders_of(connection, project_id, ids_of(known), limit=_ORDERS_AT_A_TIME)
        total += deleted
    await unlink_referrer(connection, project_id, ids_of(known))
    return total, known


async def _why_not_gone(connection: Connection, project_id: int, person: Person) -> str | None:
    """Say which customers have the person's address, those with its source_ids being deleted; None where none has."""
    there = [id for key in sorted(person.keys) for id in await ids_named(connection, project_id, key)]
    if not there:
        return None
    more = " and others" if len(there) > MAX_NAMED else ""
    return (
        f"Not gone: {', '.join(there[:MAX_NAMED])}{more} came to have this e-mail address before the erasure could"
        " begin. Erase them by id, then ask for the address again"
    )


def _result(_: ActionType, action: Action, __: list[Failure], ___: Report | None) -> dict[str, Any]:
    if not action.has_outcomes:
        return {}
    not_all = " Not all could be erased: the action's failures say why." * bool(action.failed_count)
    message = f"Erased {action.done_count} record(s) of a customer.{not_all}"
    return {"message": message, "done_count": action.done_count}


def permanent_deletion(others: Iterable[ActionType]) -> ActionType:
    """Declare the action type; `others` are all other types, whose rows it goes through."""
    people = {each.name: each.people for each in others if each.people is not None}
    return ActionType(
        name=PERMANENT_DELETION,
        path="/v1/customers/{customer_id}/permanent-deletion",
        summary="Delete a customer permanently",
        label="Customer permanent deletion",
        source="planned",
        noun=CUSTOMER.noun,
        depends_on=(PROJECT,),
        deletes=True,
        erases=True,
        result=_result,
        begin=begin_erasure(Known(people, _delete_resources, _why_not_gone)),
        plan=plan_erasure,
    )
