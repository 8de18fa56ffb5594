"""Actions on orders."""

from tallykeep.core.action_type import ActionType
from tallykeep.core.results import count_result, import_result
from tallykeep.db.gates import PROJECT
from tallykeep.resources.metadata.purge import purge_batch, purge_plan
from tallykeep.resources.orders.spec import ORDER, ORDER_PURGE, upsert_orders

TYPES = (
    ActionType(
        name="ORDERS.IMPORT",
        path="/v1/orders/import",
        summary="Import orders",
        status_code=200,
        source="json",
        noun="order",
        depends_on=ORDER.depends_on,
        failure_fields=("source_id", "reason"),
        key_columns=("source_id",),
        sequence="orders",
        result=import_result,
        begin=upsert_orders,
    ),
    ActionType(
        name="ORDERS.METADATA_KEY_PURGE",
        path="/v1/metadata-schemas/order/definitions/{key}/purge",
        summary="Purge a metadata key off all orders",
        source="planned",
        noun="order",
        depends_on=(PROJECT,),
        verb="Updated",
        result=count_result,
        begin=purge_batch(ORDER_PURGE),
        plan=purge_plan(ORDER_PURGE),
    ),
)
