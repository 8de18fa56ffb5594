"""Campaigns."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.categories import Category
from tallykeep.api.schemas.values import EmptyList, ListObject, Metadata, Time, TimeInput
from tallykeep.api.schemas.vouchers import (
    CodeConfig,
    DayOfWeek,
    Discount,
    Gift,
    LoyaltyCard,
    RedemptionInput,
    ValidityHours,
    ValidityTimeframe,
    VoucherType,
)

CampaignMode = Literal["AUTO_UPDATE", "STATIC", "STANDALONE"]
CampaignType = Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "LOYALTY_PROGRAM"]
GenerationStatus = Literal["IN_PROGRESS", "DONE", "MODIFYING"]


class VoucherTemplate(TypedDict, total=False):
    """The values that a campaign's vouchers have in common."""

    type: VoucherType
    discount: Discount | None
    gift: Gift | None
    loyalty_card: LoyaltyCard | None
    redemption: RedemptionInput | None
    code_config: CodeConfig | None
    is_referral_code: bool
    category: str | None
    category_id: str | None


class CampaignBase(TypedDict):
    """A campaign as lists show it."""

    id: str
    name: str
    description: NotRequired[str | None]
    campaign_type: CampaignType
    type: CampaignMode
    voucher: VoucherTemplate
    auto_join: bool
    join_once: bool
    use_voucher_metadata_schema: bool
    start_date: NotRequired[Time | None]
    expiration_date: NotRequired[Time | None]
    validity_timeframe: NotRequired[ValidityTimeframe | None]
    validity_day_of_week: NotRequired[list[DayOfWeek] | None]
    validity_hours: NotRequired[ValidityHours | None]
    validation_rules: NotRequired[list[str] | None]
    activity_duration_after_publishing: NotRequired[str | None]
    vouchers_count: int
    active: bool
    metadata: Metadata
    created_at: Time
    updated_at: Time | None
    creation_status: GenerationStatus
    vouchers_generation_status: GenerationStatus
    protected: bool
    category: str | None
    category_id: str | None
    categories: list[Category]
    object: Literal["campaign"]


class Campaign(CampaignBase):
    """A campaign."""

    validation_rules_assignments: EmptyList


class CampaignList(TypedDict):
    """One page of campaigns."""

    object: ListObject
    data_ref: Literal["campaigns"]
    campaigns: list[CampaignBase]
    total: int


class CampaignOptions(TypedDict, total=False):
    """The fields that any campaign may be given, new or not."""

    description: str | None
    start_date: TimeInput | None
    expiration_date: TimeInput | None
    category: str | None
    category_id: str | None
    metadata: Metadata | None
    active: bool | None
    type: CampaignMode | None
    auto_join: bool | None
    join_once: bool | None
    use_voucher_metadata_schema: bool | None
    activity_duration_after_publishing: str | None
    validity_timeframe: ValidityTimeframe | None
    validity_day_of_week: list[DayOfWeek] | None
    validity_hours: ValidityHours | None
    validation_rules: list[str] | None
    voucher: VoucherTemplate | None


class CampaignUpdate(CampaignOptions, total=False):
    """The changes to a campaign and its vouchers: fields left out stay."""

    discount: Discount | None
    gift: Gift | None
    loyalty_card: LoyaltyCard | None
    unset_metadata_fields: list[str] | None


class NewCampaign(CampaignOptions):
    """A campaign to be created."""

    name: str
    vouchers_count: NotRequired[Annotated[int, Field(ge=0, description="How many vouchers to generate right away.")]]
    campaign_type: NotRequired[CampaignType]
