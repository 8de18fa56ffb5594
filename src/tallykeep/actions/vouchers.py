"""Actions on vouchers."""

from tallykeep.engine.finish import import_result
from tallykeep.engine.kinds import ActionType
from tallykeep.resources.vouchers.imports import import_vouchers

TYPES = (
    ActionType(
        name="VOUCHERS.IMPORT",
        path="/v1/vouchers/import",
        summary="Import vouchers",
        status_code=202,
        source="json",
        noun="voucher",
        failure_fields=("code", "reason"),
        result=import_result,
        begin=import_vouchers,
    ),
    ActionType(
        name="VOUCHERS.IMPORT_CSV",
        path="/v1/vouchers/importCSV",
        summary="Import vouchers using CSV",
        status_code=202,
        source="csv",
        noun="voucher",
        failure_fields=("code", "row", "reason"),
        result=import_result,
        begin=import_vouchers,
    ),
)
