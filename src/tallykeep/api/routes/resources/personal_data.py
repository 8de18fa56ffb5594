"""Personal data of one customer: their permanent deletion, and their export."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.downloads import FromDownloading
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.requests.submission_options import read_submission_options
from tallykeep.api.requests.upload import submission
from tallykeep.api.responses.answers import Json
from tallykeep.api.responses.download import Download
from tallykeep.api.schemas.personal_data.deletion import PermanentDeletion
from tallykeep.api.schemas.personal_data.export import PersonalData
from tallykeep.catalog.personal_data.erasure import PERMANENT_DELETION, delete_customer
from tallykeep.catalog.personal_data.export import Subject, personal_data
from tallykeep.core.compatibility import OURS, Compatibility
from tallykeep.core.errors import ConflictError, InvalidQueryError, NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.db.connections.pool import Connection
from tallykeep.engine.erasing.reading import get_erasure
from tallykeep.engine.intake.idempotency import Accepted
from tallykeep.resources.customers.people import MAX_NAMED, ids_named, person_named, person_of
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.upserts.read import get_one
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/customers", tags=["Customers"], default_response_class=Json)

Gone = Annotated[
    bool,
    Query(
        description="The customer is gone already: what is stored of rows about this id, source_id or e-mail address is"
        " meant. While a stored customer has it, that is a 409 which names them."
    ),
]

_DELETION = Compatibility(
    added=("async_action_id",),
    adds=("an action erases what is stored of rows about the customer", "`gone`"),
    differs=("counts of events and segments are 0",),
)
_NOTHING = ("events", "customer_events", "daily_events", "segments", "order_events")
_GONE = "if they are gone, gone=true asks for what is stored of rows about them"


@router.post(
    "/{customer_id:key}/permanent-deletion",
    summary="Delete customer permanently",
    openapi_extra=needs(Permission.CUSTOMERS_ERASE) | _DELETION.extra | answers(PermanentDeletion),
)
async def delete_permanently(
    request: Request, context: FromContext, caller: FromCaller, customer_id: str, gone: Gone = False
) -> Json:
    """Delete a customer for good, by id or source_id, with all orders. An action erases the rest in the background.

    The rest are rows about the customer as they were sent, failed ones included, and what is told of them.
    """
    submission_options = _options(request)
    await context.open_actions.admit(caller)
    submitted = submission(request, caller, context.action_types[PERMANENT_DELETION], {}, body=gone)

    async def write(connection: Connection) -> Json:
        accepted = await context.acceptance.replayed(connection, submitted, submission_options)
        attempt_of(request).is_done = accepted is None
        if accepted is None:
            parameters = await _deleted(connection, caller.project_id, customer_id, gone=gone)
            planned = replace(submitted, parameters=parameters)
            accepted = await context.acceptance.accept_planned(connection, planned, submission_options)
            _note(request, parameters, accepted)
        kept = await get_erasure(connection, caller.project_id, accepted.action_id)
        return _answer(accepted, kept, customer_id)

    return await context.transact(request, caller, write)


def _note(request: Request, parameters: dict[str, Any], accepted: Accepted) -> None:
    """Note for the audit log what was deleted, and which action erases the rest."""
    facts = {"orders": parameters["orders"], "gone": parameters["customer_id"] is None}
    attempt_of(request).about(parameters["customer_id"], action_id=accepted.action_id, **facts)


async def _deleted(connection: Connection, project_id: int, key: str, *, gone: bool) -> dict[str, Any]:
    """Delete the customer; return the parameters of the action, which tell what was deleted and who that was."""
    if gone:
        await _require_gone(connection, project_id, key)
        return {"person": person_named(key).to_json(), "customer_id": None, "orders": 0, "all_orders": True}
    try:
        deleted = await delete_customer(connection, project_id, key)
    except NotFoundError as error:
        raise await _not_found(connection, project_id, key, error) from None
    return {
        "person": person_of(deleted.customer).to_json(),
        "customer_id": deleted.customer["id"],
        "orders": deleted.orders,
        "all_orders": deleted.all_orders,
    }


def _answer(accepted: Accepted, kept: dict[str, Any], key: str) -> Json:
    """Answer in wire format (reference: the official SDKs' CustomersPermanentDeletionCreateResponseBody)."""
    parameters = kept["parameters"]
    content = {
        "id": f"del_{accepted.action_id.removeprefix('aa_')}",
        "created_at": wire_time(kept["created_at"]),
        "related_object_id": parameters["customer_id"] or key,
        "related_object": CUSTOMER.noun,
        "status": "DONE" if parameters["all_orders"] else "IN_PROGRESS",
        "data_json": {
            **dict.fromkeys(_NOTHING, 0),
            "orders": parameters["orders"],
            "customer": int(parameters["customer_id"] is not None),
        },
        "object": "pernament_deletion",
        "async_action_id": accepted.action_id,
    }
    return Json(content, headers={"Idempotent-Replayed": "true"} if accepted.replayed else None)


@router.get(
    "/{customer_id:key}/personal-data",
    summary="Export a customer's personal data",
    response_class=Download,
    openapi_extra=needs(Permission.CUSTOMERS_EXPORT) | OURS | answers(PersonalData),
)
async def export(
    request: Request,
    context: FromContext,
    caller: FromCaller,
    downloading: FromDownloading,
    customer_id: str,
    gone: Gone = False,
) -> Download:
    """Return one document with a customer, by id or source_id, their orders, and rows about them as they were sent.

    Failed rows are among them. All that is stored of the project's actions is searched, which takes its time.
    """
    async with context.changing(request, caller) as connection:  # its entry in the audit log
        subject = await _subject(connection, caller, customer_id, gone=gone)
        if subject.customer is not None:
            attempt_of(request).about(subject.customer["id"])
    body = personal_data(context.downloading(caller), caller, subject)
    return Download(body, downloading, "application/json", "personal-data.json")


async def _subject(connection: Connection, caller: Caller, key: str, *, gone: bool) -> Subject:
    if gone:
        await _require_gone(connection, caller.project_id, key)
        return Subject(None, person_named(key))
    try:
        customer = await get_one(connection, caller.project_id, CUSTOMER, key)
    except NotFoundError as error:
        raise await _not_found(connection, caller.project_id, key, error) from None
    return Subject(customer, person_of(customer))


async def _require_gone(connection: Connection, project_id: int, key: str) -> None:
    """Raise ConflictError where a customer has this id, source_id or address: what is theirs would be left out."""
    if there := await ids_named(connection, project_id, key):
        raise ConflictError(
            f"Not gone: {_joined(there)} {_has(there)} this id, source_id or e-mail address, and nothing was done. Ask"
            f" without gone=true, by id: POST /v1/customers/{there[0]}/permanent-deletion, or"
            f" `tallykeep customers erase {there[0]}`. Then ask with gone=true for the rest",
            resource_id=there[0], resource_type=CUSTOMER.noun,
        )  # fmt: skip


async def _not_found(connection: Connection, project_id: int, key: str, error: NotFoundError) -> NotFoundError:
    """Return the error with what to ask for instead: the customers with this address, or rows alone."""
    there = await ids_named(connection, project_id, key)
    hint = f"{_joined(there)} {_has(there)} this e-mail address: ask by id" if there else _GONE
    return NotFoundError(f"{error.details}; {hint}", resource_id=error.resource_id, resource_type=error.resource_type)


def _joined(ids: list[str]) -> str:
    return ", ".join(ids[:MAX_NAMED]) + (" and others" if len(ids) > MAX_NAMED else "")


def _has(ids: list[str]) -> str:
    return "has" if len(ids) == 1 else "have"


def _options(request: Request) -> SubmissionOptions:
    """Read the options of the action; raise InvalidQueryError for a dry run: the customer is deleted at once."""
    submission_options = read_submission_options(request.query_params)
    if submission_options.dry_run:
        raise InvalidQueryError("Property .dry_run: the customer is deleted at once; nothing was done")
    return submission_options
