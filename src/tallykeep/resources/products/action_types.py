"""Actions on products and SKUs."""

from tallykeep.core.action_type import ActionType
from tallykeep.core.results import bulk_result, count_result, import_result
from tallykeep.db.gates import PROJECT
from tallykeep.resources.fields.numerals import decimal_marks
from tallykeep.resources.metadata.purge import purge_batch, purge_plan
from tallykeep.resources.products.spec import PRODUCT, PRODUCT_PURGE, upsert_products
from tallykeep.resources.skus.spec import SKU, upsert_skus

TYPES = (
    ActionType(
        name="PRODUCTS.IMPORT_CSV",
        path="/v1/products/importCSV",
        summary="Import products using CSV",
        status_code=200,
        source="csv",
        noun="product",
        depends_on=PRODUCT.depends_on,
        failure_fields=("row", "source_id", "reason"),
        keyless="",
        required_columns=(("name", "source_id", "id"),),
        columns=PRODUCT.columns,
        decimal_marks=decimal_marks,
        key_columns=("source_id", "id"),
        result=import_result,
        begin=upsert_products,
    ),
    ActionType(
        name="PRODUCTS.BULK_UPDATE",
        path="/v1/products/bulk/async",
        summary="Update products in bulk",
        source="json",
        may_be_empty=True,
        noun="product",
        depends_on=PRODUCT.depends_on,
        failure_fields=("message", "details", "key", "source_id"),
        key_columns=("source_id",),
        report_header=("source_id", "found", "updated", "error"),
        sequence="products",
        result=bulk_result,
        begin=upsert_products,
    ),
    ActionType(
        name="PRODUCTS.METADATA_UPDATE",
        path="/v1/products/metadata/async",
        summary="Update products' metadata in bulk",
        may_be_empty=True,
        source="ids",
        ids=("source_ids", "product_ids"),
        noun="product",
        depends_on=PRODUCT.depends_on,
        failure_fields=("message", "details", "key"),
        report_header=("source_id", "found", "updated", "error"),
        sequence="products",
        result=bulk_result,
        begin=upsert_products,
    ),
    ActionType(
        name="PRODUCTS.METADATA_KEY_PURGE",
        path="/v1/metadata-schemas/product/definitions/{key}/purge",
        summary="Purge a metadata key off all products",
        source="planned",
        noun="product",
        depends_on=(PROJECT,),
        verb="Updated",
        result=count_result,
        begin=purge_batch(PRODUCT_PURGE),
        plan=purge_plan(PRODUCT_PURGE),
    ),
    ActionType(
        name="SKUS.IMPORT_CSV",
        path="/v1/skus/importCSV",
        summary="Import SKUs using CSV",
        status_code=200,
        source="csv",
        noun="sku",
        depends_on=SKU.depends_on,
        failure_fields=("row", "reason"),
        required_columns=(("source_id", "id"),),
        columns=SKU.columns,
        decimal_marks=decimal_marks,
        key_columns=("source_id", "id"),
        result=import_result,
        begin=upsert_skus,
    ),
)
