"""What is never right, whatever order things came in: serial outcomes are held to it as well."""

from tests.interleavings.stage import Project, Stage

WRONG = "what is wrong"

_PURGES = "\nUNION ALL ".join(
    f"""SELECT 'a key of {table} that was purged and is still there: ' || resource.{name}
    FROM {table} AS resource JOIN async_actions AS purge USING (project_id)
    WHERE purge.type = '{noun}.METADATA_KEY_PURGE' AND ended_by = 'COMPLETED' AND NOT dry_run
        AND resource.metadata ? (purge.source -> 'parameters' ->> 'key')
        AND coalesce(resource.updated_at, resource.created_at) < %(began)s"""
    for table, name, noun in (("vouchers", "code", "VOUCHERS"), ("customers", "source_id", "CUSTOMERS"))
)
_WRONG = f"""
WITH
vouchers AS (SELECT * FROM vouchers WHERE project_id = %(project)s),
customers AS (SELECT * FROM customers WHERE project_id = %(project)s),
campaigns AS (SELECT * FROM campaigns WHERE project_id = %(project)s),
async_actions AS (SELECT * FROM async_actions WHERE project_id = %(project)s),
batches AS (SELECT * FROM batches WHERE project_id = %(project)s),
live AS (
    SELECT id FROM vouchers
    UNION ALL SELECT id FROM campaigns
    UNION ALL SELECT id FROM products WHERE project_id = %(project)s
    UNION ALL SELECT id FROM skus WHERE project_id = %(project)s
)
SELECT 'a voucher of a campaign that is gone: ' || code AS wrong
FROM vouchers WHERE campaign_id IS NOT NULL AND campaign_id NOT IN (SELECT id FROM campaigns)
UNION ALL
SELECT 'both in the bin and there: ' || resource_name
FROM bin_entries WHERE project_id = %(project)s AND resource_id IN (SELECT id FROM live)
UNION ALL
SELECT 'twice in the bin: ' || min(resource_name)
FROM bin_entries WHERE project_id = %(project)s GROUP BY resource_id HAVING count(*) > 1
UNION ALL
SELECT 'an action that has not ended: ' || type
FROM async_actions WHERE status IN ('ENQUEUED', 'IN_PROGRESS')
UNION ALL
SELECT 'an open batch of an action that is done: ' || type
FROM batches JOIN async_actions ON action_id = id WHERE async_actions.status = 'DONE' AND batches.status = 'OPEN'
UNION ALL
SELECT 'an action that does not count its batches: ' || type
FROM async_actions
JOIN (
    SELECT action_id AS id, sum(row_count) AS rows, sum(done_count) AS done, sum(failed_count) AS failed
    FROM batches GROUP BY action_id
) AS counted USING (id)
WHERE status = 'DONE' AND (total_count, done_count, failed_count) <> (rows, done, failed)
UNION ALL
SELECT 'an action that does not count its failures: ' || type
FROM async_actions
WHERE failures_kept AND failed_count <> (
    SELECT count(*) FROM failures WHERE project_id = %(project)s AND action_id = async_actions.id
)
UNION ALL
SELECT 'an action whose counts by reason are not those of its failures: ' || type
FROM async_actions
WHERE failures_kept AND failed_count <> (
    SELECT coalesce(sum(count), 0) FROM reason_counts WHERE project_id = %(project)s AND action_id = async_actions.id
)
UNION ALL
SELECT 'numbers of actions that are not those of their acceptance: ' || count(*)
FROM async_actions HAVING count(*) <> count(DISTINCT number)
UNION ALL {_PURGES}
ORDER BY 1
"""


def wrongs(stage: Stage, project: Project, began: object) -> list[str]:
    """What is wrong in the project; `began` is when the actors did."""
    return [row["wrong"] for row in stage.query_named(_WRONG, project=project.number, began=began)]
