"""Actions on customers."""

from tallykeep.resources.customers.people import people_of_customers
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.upserts.declaring.action_types import bulk_update, import_csv, metadata_purge, metadata_update

TYPES = (
    import_csv(
        CUSTOMER,
        summary="Import and update customers using CSV",
        failure_fields=("source_id", "row", "reason"),
        keyless="",
        required_columns=(CUSTOMER.titles,),
        people=people_of_customers,
    ),
    bulk_update(CUSTOMER, people=people_of_customers),
    metadata_update(CUSTOMER, people=people_of_customers),
    metadata_purge(CUSTOMER),
)
