"""Alembic's entry: every revision is plain SQL, applied on the connection that migrate.py hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
