"""Actions on customers."""

from tallykeep.core.action_type import ActionType
from tallykeep.core.results import bulk_result, count_result, import_result
from tallykeep.db.gates import PROJECT
from tallykeep.resources.customers.spec import CUSTOMER, CUSTOMER_PURGE, upsert_customers
from tallykeep.resources.fields.numerals import decimal_marks
from tallykeep.resources.metadata.purge import purge_batch, purge_plan

TYPES = (
    ActionType(
        name="CUSTOMERS.IMPORT_CSV",
        path="/v1/customers/importCSV",
        summary="Import and update customers using CSV",
        source="csv",
        noun="customer",
        depends_on=CUSTOMER.depends_on,
        failure_fields=("source_id", "row", "reason"),
        keyless="",
        required_columns=(CUSTOMER.titles,),
        columns=CUSTOMER.columns,
        decimal_marks=decimal_marks,
        key_columns=("source_id", "id"),
        result=import_result,
        begin=upsert_customers,
    ),
    ActionType(
        name="CUSTOMERS.BULK_UPDATE",
        path="/v1/customers/bulk/async",
        summary="Update customers in bulk",
        source="json",
        may_be_empty=True,
        noun="customer",
        depends_on=CUSTOMER.depends_on,
        failure_fields=("message", "details", "key", "source_id"),
        key_columns=("source_id",),
        report_header=("source_id", "found", "updated", "error"),
        sequence="customers",
        result=bulk_result,
        begin=upsert_customers,
    ),
    ActionType(
        name="CUSTOMERS.METADATA_UPDATE",
        path="/v1/customers/metadata/async",
        summary="Update customers' metadata in bulk",
        may_be_empty=True,
        source="ids",
        ids=("source_ids",),
        noun="customer",
        depends_on=CUSTOMER.depends_on,
        failure_fields=("message", "details", "key"),
        report_header=("source_id", "found", "updated", "error"),
        sequence="customers",
        result=bulk_result,
        begin=upsert_customers,
    ),
    ActionType(
        name="CUSTOMERS.METADATA_KEY_PURGE",
        path="/v1/metadata-schemas/customer/definitions/{key}/purge",
        summary="Purge a metadata key off all customers",
        source="planned",
        noun="customer",
        depends_on=(PROJECT,),
        verb="Updated",
        result=count_result,
        begin=purge_batch(CUSTOMER_PURGE),
        plan=purge_plan(CUSTOMER_PURGE),
    ),
)
