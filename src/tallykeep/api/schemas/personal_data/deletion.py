"""The answer to the permanent deletion of a customer."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import Time


class DeletedCounts(TypedDict):
    """How much was deleted at once; of what Tallykeep does not have, none."""

    events: int
    customer_events: int
    daily_events: int
    segments: int
    orders: int
    order_events: int
    customer: Annotated[int, Field(description="0 where the customer was gone already.")]


class PermanentDeletion(TypedDict):
    """A permanent deletion: the customer is gone, and an action erases what is stored of the rows about them."""

    id: str
    created_at: Time
    related_object_id: Annotated[str, Field(description="The customer's id; what was asked for, if they were gone.")]
    related_object: Literal["customer"]
    status: Annotated[
        Literal["DONE", "IN_PROGRESS"],
        Field(description="IN_PROGRESS where the action has to delete further orders of this customer."),
    ]
    data_json: DeletedCounts
    object: Annotated[Literal["pernament_deletion"], Field(description="Spelled as the reference API spells it.")]
    async_action_id: Annotated[str, Field(description="The action that erases the rest; the erasure ends with it.")]
