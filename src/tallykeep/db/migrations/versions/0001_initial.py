"""Projects, keys, the engine's tables, metadata schemas, vouchers, and the queue's own schema."""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    connection.execute(SchemaManager.get_schema())
    connection.execute(Path(__file__).with_suffix(".sql").read_text())
