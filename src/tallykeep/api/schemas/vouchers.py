"""Vouchers."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.categories import Category
from tallykeep.api.schemas.values import EmptyList, ListObject, Metadata, Time, TimeInput

VoucherType = Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD"]
DayOfWeek = Annotated[int, Field(ge=0, le=6, description="0 is Sunday.")]


class DiscountUnit(TypedDict, total=False):
    """One unit of a discount with several units."""

    unit_off: float | None
    unit_off_formula: str | None
    effect: str | None
    unit_type: str | None
    product: dict[str, Any] | None
    sku: dict[str, Any] | None


class Discount(TypedDict, total=False):
    """A discount; which fields it has depends on its type."""

    type: Literal["AMOUNT", "PERCENT", "FIXED", "UNIT", "SHIPPING"]
    effect: str | None
    amount_off: Annotated[float | None, Field(description="In cents.")]
    percent_off: float | None
    fixed_amount: Annotated[float | None, Field(description="In cents.")]
    unit_off: float | None
    unit_type: str | None
    units: list[DiscountUnit] | None
    amount_limit: float | None
    aggregated_amount_limit: float | None
    amount_off_formula: str | None
    percent_off_formula: str | None
    fixed_amount_formula: str | None
    unit_off_formula: str | None
    product: dict[str, Any] | None
    sku: dict[str, Any] | None


class Gift(TypedDict, total=False):
    """The value of a gift card, in cents."""

    amount: float
    balance: Annotated[float, Field(description="What is left of the amount.")]
    subtracted_amount: float
    effect: Literal["APPLY_TO_ORDER", "APPLY_TO_ITEMS"]


class LoyaltyCard(TypedDict, total=False):
    """The points of a loyalty card."""

    points: int
    balance: int
    subtracted_points: int
    expired_points: int
    pending_points: int
    next_expiration_date: str
    next_expiration_points: int


class ValidityTimeframe(TypedDict, total=False):
    """Valid for `duration` in every `interval`, both in ISO 8601: PT1H, P2D."""

    duration: str | None
    interval: str | None


class DailyHours(TypedDict, total=False):
    """Hours that apply on some days of the week."""

    start_time: str | None
    expiration_time: str | None
    days_of_week: list[DayOfWeek] | None


class ValidityHours(TypedDict, total=False):
    """The hours at which a voucher is valid."""

    daily: list[DailyHours] | None


class Assets(TypedDict):
    """Images of the code; always null."""

    qr: None
    barcode: None


class Redemption(TypedDict):
    """How often a voucher may be redeemed, and how often it was."""

    quantity: Annotated[int | None, Field(description="Null: any number of times.")]
    redeemed_quantity: int
    redeemed_amount: NotRequired[float]
    redeemed_points: NotRequired[int]
    object: ListObject
    url: str


class Publications(TypedDict):
    """The publications of a voucher; always empty."""

    object: ListObject
    count: int
    url: str


class VoucherBase(TypedDict):
    """A voucher as lists show it."""

    id: str
    code: str
    campaign: str | None
    campaign_id: str | None
    category: str | None
    category_id: str | None
    categories: list[Category]
    type: VoucherType
    discount: Discount | None
    gift: Gift | None
    loyalty_card: LoyaltyCard | None
    start_date: Time | None
    expiration_date: Time | None
    validity_timeframe: ValidityTimeframe | None
    validity_day_of_week: list[DayOfWeek] | None
    validity_hours: NotRequired[ValidityHours]
    validation_rules: NotRequired[list[str]]
    active: bool
    additional_info: str | None
    metadata: Metadata
    assets: Assets
    is_referral_code: bool
    created_at: Time
    updated_at: Time | None
    holder_id: None
    redemption: Redemption
    publish: Publications
    object: Literal["voucher"]


class Voucher(VoucherBase):
    """A voucher."""

    validation_rules_assignments: EmptyList


class VoucherList(TypedDict):
    """One page of vouchers."""

    object: ListObject
    data_ref: Literal["vouchers"]
    vouchers: list[VoucherBase]
    total: int


class RedemptionInput(TypedDict, total=False):
    """How often a voucher may be redeemed."""

    quantity: int | None
    redeemed_quantity: int


class CodeConfig(TypedDict, total=False):
    """The rule for generated codes; in a pattern, each # becomes a character of the charset."""

    length: int
    charset: str
    prefix: str
    postfix: str
    pattern: str


class VoucherOptions(TypedDict, total=False):
    """The fields that any voucher may be given."""

    category: str | None
    category_id: str | None
    start_date: TimeInput | None
    expiration_date: TimeInput | None
    validity_timeframe: ValidityTimeframe | None
    validity_day_of_week: list[DayOfWeek] | None
    validity_hours: ValidityHours | None
    validation_rules: list[str] | None
    active: bool | None
    additional_info: str | None
    metadata: Metadata | None
    redemption: RedemptionInput | None


class VoucherUpdate(VoucherOptions, total=False):
    """The changes to a voucher: fields left out stay, null clears, metadata is added to."""

    type: VoucherType
    gift: Gift | None
    discount: Discount | None
    loyalty_card: LoyaltyCard | None
    campaign: str | None
    campaign_id: str | None


class NewVoucher(VoucherUpdate, total=False):
    """A voucher to be created, standalone or in the campaign it names."""

    code: str
    code_config: CodeConfig | None


class VoucherRow(VoucherUpdate):
    """One row of an import of vouchers."""

    code: str


class CampaignVoucherRow(VoucherOptions):
    """One row of an import into a campaign, which determines what its vouchers are worth."""

    code: str
    gift: NotRequired[Gift | None]
    discount: NotRequired[Discount | None]
    loyalty_card: NotRequired[LoyaltyCard | None]


class CampaignVoucher(VoucherOptions, total=False):
    """A voucher to be added to a campaign; without a code, the campaign's rule makes one."""

    code: str
    gift: Gift | None
    discount: Discount | None
    loyalty_card: LoyaltyCard | None


class VoucherMetadataRow(TypedDict):
    """One row of a bulk update: the metadata to add to a voucher's."""

    code: str
    metadata: Metadata
