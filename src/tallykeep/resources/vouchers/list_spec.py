"""The list of vouchers: what it can be filtered and ordered by.

The wire format leaves open which fields `filters` may name; these are those of the public guide to listing and of the
official SDKs' filters for vouchers, and of the wire format's exports of vouchers.
"""

from tallykeep.db.queries import queries
from tallykeep.resources.categories.list_spec import CATEGORY, CATEGORY_ID
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.lists.conditions import (
    ACTIVE,
    NEVER_SET,
    NEVER_TRUE,
    days_of_week,
    number,
    present,
    text,
    timestamp,
    word,
)
from tallykeep.resources.lists.spec import BY_TIME, Condition, Filter, ListSpec, Order
from tallykeep.resources.vouchers.domain import DISCOUNT_TYPES, VOUCHER_TYPES

_sql = queries(__package__, "read.sql")

_CAMPAIGN = text(_sql.campaign)
# By way of the campaign's id, which has an index.
_BY_CAMPAIGN = {**_CAMPAIGN.conditions, "$is": Condition(sql=_sql.is_campaign, read=cleaning.text)}

VOUCHERS = ListSpec(
    noun="vouchers",
    matching=_sql.every_voucher,
    fields={
        "id": text(),
        "code": text(),
        "type": word(*VOUCHER_TYPES),
        "voucher_type": word(*VOUCHER_TYPES, column="type"),
        "discount_type": word(*DISCOUNT_TYPES, column=_sql.discount_type),
        "discount_unit_type": text(_sql.discount_unit_type),
        "campaign": Filter(_BY_CAMPAIGN, _sql.campaign),
        "campaign_id": text(),
        "campaign_ids": text("campaign_id"),
        "category": CATEGORY,
        "categories": CATEGORY,
        "category_id": CATEGORY_ID,
        "category_ids": CATEGORY_ID,
        "active": ACTIVE,
        "validity_timeframe": present(_sql.validity_timeframe),
        "validity_day_of_week": days_of_week(_sql.days_of_week),
        "start_date": timestamp(),
        "expiration_date": timestamp(),
        "gift_balance": number(_sql.gift_balance),
        "loyalty_balance": number(_sql.loyalty_balance),
        "redemption_quantity": number(),
        "redemption.quantity": number("redemption_quantity"),
        "redemption_count": number("redeemed_quantity"),
        "redemption.redeemed_quantity": number("redeemed_quantity"),
        "redemption.redeemed_amount": number("redeemed_amount"),
        "additional_info": text(),
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
