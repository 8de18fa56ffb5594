"""Files of resources to be upserted, read column by column and merged by PostgreSQL."""
