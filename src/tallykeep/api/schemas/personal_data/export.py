"""The document with all that is stored about a customer."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.nouns import schemas_of
from tallykeep.api.schemas.values import Time
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.orders.spec import ORDER

_CUSTOMER, _ORDER = schemas_of(CUSTOMER).shown, schemas_of(ORDER).shown


class StoredRow(TypedDict):
    """A row that was sent, as it was sent."""

    action_id: str
    type: Annotated[str, Field(description="The action's type.")]
    row: Annotated[int, Field(description="Its number among the rows that were sent, from 1.")]
    line: Annotated[
        int | None, Field(description="Its line in the file; null for rows that came as JSON, and for a damaged batch.")
    ]
    content: Annotated[
        Any,
        Field(description="Cells by title, or the JSON that was sent; an unreadable line; null for a damaged batch."),
    ]
    failed: bool
    reason: Annotated[str | None, Field(description="Why it failed, or that its batch is damaged.")]


class CustomerEvent(TypedDict):
    """What happened to a customer; who did it is in the audit log."""

    id: Annotated[str, Field(description="Of its entry in the audit log.")]
    event: str
    outcome: Literal["success", "failed", "refused"]
    created_at: Time
    action_id: str | None


class PersonalData(TypedDict):
    """All that is stored about one customer."""

    object: Literal["personal_data"]
    exported_at: Time
    identifiers: Annotated[
        list[str], Field(description="The ids, source_ids and e-mail addresses by which rows were searched.")
    ]
    customer: Annotated[
        _CUSTOMER | None,  # type: ignore[valid-type]
        Field(description="Null where there is no such customer any more."),
    ]
    orders: list[_ORDER]  # type: ignore[valid-type]
    rows: list[StoredRow]
    events: list[CustomerEvent]
