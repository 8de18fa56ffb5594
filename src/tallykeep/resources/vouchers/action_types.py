"""Actions on vouchers."""

from tallykeep.core.action_type import ActionType, ImpliedBySymbol
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.results import bulk_result, count_result, import_result
from tallykeep.db.gates import CATEGORIES, PROJECT, SCHEMAS
from tallykeep.resources.fields.numerals import decimal_marks, symbol_of
from tallykeep.resources.metadata.purge import purge_batch, purge_plan
from tallykeep.resources.vouchers.domain import EXTRA_NAMES, LOYALTY
from tallykeep.resources.vouchers.fields import IN_FILES
from tallykeep.resources.vouchers.importing.import_operation import import_vouchers
from tallykeep.resources.vouchers.importing.joint_import import import_vouchers_jointly
from tallykeep.resources.vouchers.updating.update_operation import VOUCHER_PURGE, update_vouchers
from tallykeep.resources.vouchers.writing.store import already_exists

TYPES = (
    ActionType(
        name="VOUCHERS.IMPORT",
        path="/v1/vouchers/import",
        summary="Import vouchers",
        label="Voucher import (JSON)",
        row_schema="VoucherRow",
        status_code=202,
        source="json",
        noun="voucher",
        depends_on=(PROJECT, SCHEMAS, CATEGORIES),
        failure_fields=("code", "reason"),
        key_columns=("code",),
        refuses_existing=already_exists("{key}"),
        has_ends=True,
        result=import_result,
        begin=import_vouchers,
        begin_jointly=import_vouchers_jointly,
    ),
    ActionType(
        name="VOUCHERS.IMPORT_CSV",
        path="/v1/vouchers/importCSV",
        summary="Import vouchers using CSV",
        label="Voucher import (file)",
        status_code=202,
        source="csv",
        noun="voucher",
        depends_on=(PROJECT, SCHEMAS, CATEGORIES),
        failure_fields=("code", "row", "reason"),
        keyless="",
        required_columns=(("Code",),),
        columns=tuple(field.titles for field in IN_FILES),
        decimal_marks=decimal_marks,
        key_columns=("Code",),
        implied_by_symbol={"Discount Type": ImpliedBySymbol("Value", symbol_of)},
        has_ends=True,
        result=import_result,
        begin=import_vouchers,
        begin_jointly=import_vouchers_jointly,
    ),
    ActionType(
        name="VOUCHERS.BULK_UPDATE",
        path="/v1/vouchers/bulk/async",
        summary="Update vouchers in bulk",
        label="Voucher update",
        row_schema="VoucherMetadataRow",
        may_be_empty=True,
        source="json",
        noun="voucher",
        depends_on=(PROJECT, SCHEMAS),
        failure_fields=("message", "details", "key", "code"),
        key_columns=("code",),
        report_header=("code", "found", "updated", "error"),
        sequence="vouchers",
        result=bulk_result,
        begin=update_vouchers,
    ),
    ActionType(
        name="VOUCHERS.METADATA_UPDATE",
        path="/v1/vouchers/metadata/async",
        summary="Update vouchers' metadata in bulk",
        label="Voucher metadata update",
        may_be_empty=True,
        source="ids",
        ids=("codes",),
        noun="voucher",
        depends_on=(PROJECT, SCHEMAS),
        failure_fields=("message", "details", "key", "code"),
        report_header=("code", "found", "updated", "error"),
        sequence="vouchers",
        result=bulk_result,
        begin=update_vouchers,
    ),
    ActionType(
        name="VOUCHERS.METADATA_KEY_PURGE",
        path="/v1/metadata-schemas/voucher/definitions/{key}/purge",
        summary="Purge a metadata key off all vouchers",
        label="Voucher metadata purge",
        source="planned",
        noun="voucher",
        depends_on=(PROJECT,),
        verb="Updated",
        result=count_result,
        begin=purge_batch(VOUCHER_PURGE),
        plan=purge_plan(VOUCHER_PURGE),
    ),
)

COMPATIBILITY = {
    "VOUCHERS.IMPORT": Compatibility(kept=EXTRA_NAMES, adds=(f"vouchers of the type {LOYALTY}",)),
    "VOUCHERS.IMPORT_CSV": Compatibility(kept=("Validation rule ID",)),
}
