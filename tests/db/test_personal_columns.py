"""Where personal data can be: every column of the schema that holds texts, and what an erasure does about it.

A new column fails here until somebody has decided; docs/personal-data.md says the same to people.
"""

import re
from pathlib import Path

import psycopg

_COLUMNS = """
SELECT table_name || '.' || column_name
FROM information_schema.columns
WHERE table_schema = 'public'
    AND table_name NOT LIKE 'procrastinate%' AND table_name <> 'alembic_version'
    AND (data_type IN ('text', 'json', 'jsonb', 'bytea', 'date') OR data_type = 'ARRAY' AND udt_name = '_text')
"""
ROOT = Path(__file__).parents[2]

# Of the customer, and erased with it: by deleting the row, or by rewriting what the column holds.
ERASED = """
customers.id customers.source_id customers.name customers.email customers.phone customers.description
customers.birthdate customers.address customers.metadata
orders.id orders.source_id orders.status orders.items orders.customer_id orders.referrer_id orders.metadata
batches.body failures.key failures.reason reason_counts.reason reason_counts.sole_reason report_parts.body
async_actions.source async_actions.submission_options async_actions.file_name async_actions.reason
async_actions.retry_reason webhook_deliveries.data
"""
# What clients have written about other things. It stays, and docs/personal-data.md says so.
OF_OTHER_THINGS = """
vouchers.code vouchers.category vouchers.discount vouchers.gift vouchers.loyalty_card vouchers.extras
vouchers.additional_info vouchers.metadata
campaigns.name campaigns.voucher campaigns.settings campaigns.metadata campaigns.category
categories.name category_labels.label category_labels.name
products.source_id products.name products.attributes products.image_url products.metadata
skus.source_id skus.sku skus.currency skus.attributes skus.image_url skus.metadata
bin_entries.content bin_entries.resource_name metadata_schemas.properties
projects.name projects.description projects.client_settings api_keys.name webhooks.target_url
"""
# Kept for a stated time, and not rewritten: docs/personal-data.md says how long, and why.
UNTIL_IT_IS_OVER = """
audit_log.resource_id audit_log.details audit_log.address audit_pending.resource_id audit_pending.details
audit_pending.address idempotency_keys.key dry_run_keys.key sessions.sealed api_keys.addresses wrong_credentials.digest
"""
# Words of ours, numbers, hashes and ids of what is no person.
NO_PERSON = """
access_tokens.token_hash access_tokens.id access_tokens.key_kind access_tokens.key_id access_tokens.scopes
access_tokens.scope api_keys.key_id api_keys.kind api_keys.token_hash api_keys.role api_keys.scopes
api_keys.previous_token_hash
async_actions.id async_actions.type async_actions.status async_actions.operation_status async_actions.request_id
async_actions.sequence async_actions.ended_by async_actions.parent_id async_actions.requested_by async_actions.on_error
async_actions.log_id attempts.action_id
audit_chains.hash audit_chains.removed_hash audit_log.hash audit_log.id audit_log.event audit_log.outcome audit_log.door
audit_log.key_id audit_log.key_kind audit_log.token_id audit_log.session_id audit_log.request_id audit_log.action_id
audit_log.resource_type audit_pending.id audit_pending.event audit_pending.outcome audit_pending.door
audit_pending.key_id audit_pending.key_kind audit_pending.token_id audit_pending.session_id audit_pending.request_id
audit_pending.action_id audit_pending.resource_type
batches.action_id batches.status bin_entries.id bin_entries.resource_id bin_entries.resource_type
bin_entries.resource_parent_id bin_entries.deleted_by
campaigns.id campaigns.campaign_type campaigns.type categories.id category_labels.category_id
dry_run_keys.action_id failures.action_id failures.error_key idempotency_keys.digest idempotency_keys.action_id
metadata_schemas.related_object metadata_schemas.id products.id projects.id projects.timezone
projects.currency projects.dial_code projects.deletion_id projects.deletion_key_id
reason_counts.action_id reason_counts.digest removals.action_id report_parts.action_id
secrets.name secrets.value sessions.id skus.id skus.product_id uploads.action_id
usage_windows.name vouchers.id vouchers.type vouchers.campaign_id
webhook_deliveries.webhook_id webhook_deliveries.event_id webhook_deliveries.event webhook_deliveries.action_id
webhook_deliveries.status webhook_deliveries.last_error webhook_deliveries.history
webhooks.id webhooks.events webhooks.secret webhooks.previous_secret webhooks.disabled_reason
"""
DECIDED = [column for group in (ERASED, OF_OTHER_THINGS, UNTIL_IT_IS_OVER, NO_PERSON) for column in group.split()]


def test_every_column_that_may_hold_personal_data_is_decided_about(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        columns = {column for (column,) in connection.execute(_COLUMNS).fetchall()}
    assert columns == set(DECIDED)
    assert len(DECIDED) == len(set(DECIDED))


def test_the_documents_name_every_table_that_holds_some() -> None:
    page = (ROOT / "docs/personal-data.md").read_text()
    named = set(re.findall(r"`([a-z_]+)`", page))
    groups = (ERASED, OF_OTHER_THINGS, UNTIL_IT_IS_OVER)
    held = {column.partition(".")[0] for group in groups for column in group.split()}
    assert held - named == set()
