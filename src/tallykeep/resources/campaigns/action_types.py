"""Actions on campaigns and their vouchers."""

from collections.abc import Mapping
from typing import Any

from tallykeep.core.action_type import ActionType
from tallykeep.core.results import count_result, import_result
from tallykeep.db.gates import CATEGORIES, PROJECT, SCHEMAS, campaign_gate
from tallykeep.resources.campaigns.csv_rows import FIELDS
from tallykeep.resources.campaigns.import_operation import begin_import
from tallykeep.resources.campaigns.operations import (
    CAMPAIGN_PURGE,
    begin_deletion,
    begin_generation,
    begin_update,
    plan_deletion,
    plan_generation,
    plan_update,
)
from tallykeep.resources.campaigns.store import campaign_parameters
from tallykeep.resources.fields.numerals import decimal_marks
from tallykeep.resources.metadata.purge import purge_batch, purge_plan


def _own_campaign(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the gate of the campaign that the action is about."""
    return (campaign_gate(parameters.get("campaign_id", "")),)


TYPES = (
    ActionType(
        name="CAMPAIGN.VOUCHERS_IMPORT",
        path="/v1/campaigns/{target}/import",
        summary="Import vouchers to campaign",
        label="Campaign import (JSON)",
        row_schema="CampaignVoucherRow",
        source="json",
        unique_key="code",
        noun="voucher",
        depends_on=(PROJECT, SCHEMAS, CATEGORIES),
        depends_on_own=_own_campaign,
        failure_fields=("code", "reason"),
        keyless="",
        key_columns=("code",),
        target=campaign_parameters,
        has_ends=True,
        result=import_result,
        begin=begin_import,
    ),
    ActionType(
        name="CAMPAIGN.VOUCHERS_IMPORT_CSV",
        path="/v1/campaigns/{target}/importCSV",
        summary="Import vouchers to campaign by CSV",
        label="Campaign import (file)",
        status_code=200,
        source="csv",
        noun="voucher",
        depends_on=(PROJECT, SCHEMAS, CATEGORIES),
        depends_on_own=_own_campaign,
        failure_fields=("code", "row", "reason"),
        keyless="",
        required_columns=(("Code",),),
        columns=tuple(field.titles for field in FIELDS),
        decimal_marks=decimal_marks,
        key_columns=("Code",),
        target=campaign_parameters,
        has_ends=True,
        result=import_result,
        begin=begin_import,
    ),
    ActionType(
        name="CAMPAIGN.VOUCHERS_GENERATE",
        path="/v1/campaigns/{campaign_id}/vouchers",
        summary="Add vouchers to campaign",
        label="Code generation",
        source="planned",
        noun="voucher",
        depends_on=(PROJECT, CATEGORIES),
        depends_on_own=_own_campaign,
        verb="Generated",
        result=count_result,
        begin=begin_generation,
        plan=plan_generation,
    ),
    ActionType(
        name="CAMPAIGN.VOUCHERS_UPDATE",
        path="/v1/campaigns/{campaign_id}",
        summary="Update campaign",
        label="Campaign update",
        source="planned",
        noun="voucher",
        depends_on=(PROJECT,),
        depends_on_own=_own_campaign,
        verb="Updated",
        sequence="campaigns",
        result=count_result,
        begin=begin_update,
        plan=plan_update,
    ),
    ActionType(
        name="CAMPAIGN.VOUCHERS_DELETE",
        path="/v1/campaigns/{campaign_id}",
        summary="Delete campaign",
        label="Campaign deletion",
        source="planned",
        noun="voucher",
        depends_on=(PROJECT,),
        depends_on_own=_own_campaign,
        verb="Deleted",
        deletes=True,
        batch_times=5,
        result=count_result,
        begin=begin_deletion,
        plan=plan_deletion,
    ),
    ActionType(
        name="CAMPAIGNS.METADATA_KEY_PURGE",
        path="/v1/metadata-schemas/campaign/definitions/{key}/purge",
        summary="Purge a metadata key off all campaigns",
        label="Campaign metadata purge",
        source="planned",
        noun="campaign",
        depends_on=(PROJECT,),
        verb="Updated",
        result=count_result,
        begin=purge_batch(CAMPAIGN_PURGE),
        plan=purge_plan(CAMPAIGN_PURGE),
    ),
)
