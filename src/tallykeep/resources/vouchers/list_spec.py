"""The list of vouchers: what it can be filtered and ordered by."""

from tallykeep.db.queries import queries
from tallykeep.resources.lists.conditions import NEVER_SET, NEVER_TRUE, text, timestamp
from tallykeep.resources.lists.spec import BY_TIME, ListSpec, Order
from tallykeep.resources.vouchers.fields import FIELDS

_sql = queries(__package__, "read.sql")

VOUCHERS = ListSpec(
    noun="vouchers",
    matching=_sql.every_voucher,
    fields={
        "id": text(),
        **{name: filter_ for field in FIELDS for name, filter_ in field.filters.items()},
        "is_referral_code": NEVER_TRUE,
        "holder_id": NEVER_SET,
        "customer_id": NEVER_SET,
        "customer_source_id": NEVER_SET,
        "published_for_customer_id": NEVER_SET,
        "created_at": timestamp(),
        "created_date": timestamp("created_at"),
        "updated_at": timestamp(),
    },
    # Ids grow with time, so their index gives the order of creation.
    orders={"created_at": Order("id"), "updated_at": Order("updated_at", nullable=True), "code": Order("code")},
    shortcuts={
        "code": ("code", "$is"),
        "ids": ("id", "$in"),
        "category": ("category", "$is"),
        "campaign": ("campaign", "$is"),
        "campaign_id": ("campaign_id", "$is"),
        "customer": ("holder_id", "$is"),
        **BY_TIME,
    },
)
