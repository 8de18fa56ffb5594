"""django-import-export as fast as it goes: bulk writes, no diffs, no reports, no look whether a code exists.

Usage: import_export_bulk.py DATABASE_URL FILE; prints the seconds, without Python's and Django's start, as JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import django
import tablib
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict
from voucher_rows import values_of

_url, _path = sys.argv[1:3]
_BATCH = 5_000  # as many rows as our batches have

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": conninfo_to_dict(_url)["host"],
        }
    },
    INSTALLED_APPS=["import_export"],
    USE_TZ=True,
)
django.setup()

from django.db import models  # noqa: E402
from import_export import fields, resources  # noqa: E402


class Voucher(models.Model):
    """The server's own table."""

    id = models.TextField(primary_key=True)
    project_id = models.BigIntegerField()
    code = models.TextField()
    type = models.TextField()
    active = models.BooleanField()
    category = models.TextField()
    start_date = models.DateTimeField()
    expiration_date = models.DateTimeField()
    discount = models.JSONField()
    redemption_quantity = models.BigIntegerField()
    redeemed_quantity = models.BigIntegerField(default=0)
    additional_info = models.TextField()
    metadata = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"
        db_table = "vouchers"
        managed = False


class VoucherResource(resources.ModelResource):  # type: ignore[misc]
    """Bulk mode."""

    # As they are: the database reads the dates, and JSON is no text to be read again.
    start_date = fields.Field(column_name="start_date", attribute="start_date")
    expiration_date = fields.Field(column_name="expiration_date", attribute="expiration_date")
    discount = fields.Field(column_name="discount", attribute="discount")
    metadata = fields.Field(column_name="metadata", attribute="metadata")

    class Meta:
        model = Voucher
        exclude = ("created_at", "redeemed_quantity")
        import_id_fields = ("id",)
        use_bulk = True
        batch_size = _BATCH
        force_init_instance = True
        skip_diff = True
        use_transactions = True

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Columns of the table out of columns of the file."""
        row.update(values_of(row, kwargs["row_number"]))
        row["discount"], row["metadata"] = json.loads(row["discount"]), json.loads(row["metadata"])


def main() -> None:
    """Import the file."""
    started = time.perf_counter()
    rows = tablib.Dataset().load(Path(_path).read_text(), format="csv")
    rows.append_col([None] * len(rows), header="id")  # made in before_import_row, but looked for in the header
    VoucherResource().import_data(rows, raise_errors=True)
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
