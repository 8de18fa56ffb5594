"""The list of campaigns: what it can be filtered and ordered by (public API documentation, schema
ParameterFiltersListCampaigns)."""

from tallykeep.db.queries import queries
from tallykeep.resources.categories.list_spec import CATEGORY, CATEGORY_ID
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.filters import Condition, Filter
from tallykeep.resources.lists.conditions import ACTIVE, NEVER_TRUE, days_of_week, present, text, timestamp, word
from tallykeep.resources.lists.spec import BY_TIME, ListSpec, Order
from tallykeep.resources.vouchers.domain import VOUCHER_TYPES

_sql = queries(__package__, "store.sql")

_TYPE = cleaning.one_of("AUTO_UPDATE", "BULK", "STANDALONE", "STATIC")

_TYPES = Filter(
    {
        "$in": Condition(sql=_sql.is_of_type, read=_TYPE, many=True),
        "$not_in": Condition(sql=_sql.is_of_no_type, read=_TYPE, many=True),
    },
    "type",
)
_GENERATION = Filter(
    {
        "$active": Condition(sql=_sql.is_done),
        "$failed": Condition(sql=_sql.is_failed),
        "$in_progress": Condition(sql=_sql.is_busy),
        "$expired": Condition(sql=_sql.is_done_and_expired),
        "before_start": Condition(sql=_sql.is_done_before_start),
        "$before_start": Condition(sql=_sql.is_done_before_start),
    },
    _sql.campaign_status,
)

CAMPAIGNS = ListSpec(
    noun="campaigns",
    matching=_sql.every_campaign,
    fields={
        "id": text(),
        "name": text(),
        "campaigns": text("name"),
        "campaigns_id": text("id"),
        "campaign_type": word("PROMOTION", "GIFT_VOUCHERS", "REFERRAL_PROGRAM", "DISCOUNT_COUPONS", "LOYALTY_PROGRAM"),
        "campaign_status": word("DONE", "IN_PROGRESS", "FAILED", "DRAFT", "MODIFYING", column=_sql.campaign_status),
        "status": _GENERATION,
        "active": ACTIVE,
        "is_referral_code": NEVER_TRUE,
        "validity_timeframe": present(_sql.validity_timeframe),
        "validity_day_of_week": days_of_week(_sql.days_of_week),
        "voucher_type": word(*VOUCHER_TYPES, column=_sql.voucher_type),
        "categories": CATEGORY,
        "category_ids": CATEGORY_ID,
        "type": _TYPES,
        "created_date": timestamp("created_at"),
        "created_at": timestamp(),
        "updated_at": timestamp(),
        "start_date": timestamp(),
        "expiration_date": timestamp(),
    },
    orders={"created_at": Order("id"), "updated_at": Order("updated_at", nullable=True)},
    shortcuts={
        "campaign_type": ("campaign_type", "$is"),
        "campaign_status": ("campaign_status", "$is"),
        "is_referral_code": ("is_referral_code", "$is"),
        **BY_TIME,
    },
    refused={"access_settings": "is not supported by this version, which has no areas and stores; leave it out"},
)
