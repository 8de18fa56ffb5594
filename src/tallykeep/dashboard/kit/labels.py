"""What things are called on pages: states, numbers, sizes and spans of time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Tone = Literal["good", "bad", "mixed", "busy", "quiet"]

STATUSES = {"ENQUEUED": "Waiting", "IN_PROGRESS": "Running", "DONE": "Done", "FAILED": "Ended early"}
_ENDINGS = {"CANCELED": "Canceled", "STOPPED": "Stopped", "REJECTED": "Rejected", "GAVE_UP": "Given up"}

_SIZES = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class State:
    """How a task stands, in a word or two."""

    word: str
    tone: Tone


def state_of(action: dict[str, Any]) -> State:
    """How an action stands: what its status means for its rows."""
    status = action["status"]
    if status == "ENQUEUED":
        return State("Waiting", "quiet")
    if status == "IN_PROGRESS":
        return State("Running", "busy")
    if status == "FAILED":
        return State(_ENDINGS.get(action["ended_by"], "Failed"), "bad" if action["ended_by"] == "REJECTED" else "mixed")
    return _outcome(action)


def _outcome(action: dict[str, Any]) -> State:
    if not action["total_count"]:
        return State("No rows", "mixed")
    if not action["failed_count"]:
        return State("Done", "good")
    if not left(action):
        return State("Fixed", "good")
    return State("Some failed", "mixed") if action["done_count"] else State("All failed", "bad")


def left(action: dict[str, Any]) -> int:
    """Failed and unprocessed rows that no later task has brought in."""
    return int(action["failed_count"] + action["unprocessed_count"] - action["fixed_count"])


def ended(action: dict[str, Any]) -> bool:
    """Whether nothing will change any more."""
    return action["status"] in ("DONE", "FAILED")


def accounted(action: dict[str, Any]) -> int:
    """Rows with an outcome."""
    return int(action["done_count"] + action["failed_count"])


def seconds(action: dict[str, Any]) -> float | None:
    """How long it ran, or runs: from its start, or where that is too short to tell from its submission."""
    if action["started_at"] is None:
        return None
    end = timestamp(action["finished_at"]) if action["finished_at"] else datetime.now(UTC)
    ran = (end - timestamp(action["started_at"])).total_seconds()
    return ran if ran > 0.05 else (end - timestamp(action["created_at"])).total_seconds()


def rate(action: dict[str, Any]) -> str:
    """Rows a second over the whole run; empty where nothing can be said."""
    ran = seconds(action)
    if not ran or not accounted(action):
        return ""
    per_second = accounted(action) / ran
    return f"{per_second:,.0f} rows/s" if per_second >= 10 else f"{per_second:,.1f} rows/s"


def timestamp(text: str) -> datetime:
    """A moment of the wire format."""
    return datetime.fromisoformat(text)


def until(text: str | None) -> str:
    """When something ends, so that one can tell whether its last day counts: 2026-12-31, included."""
    if not text:
        return ""
    end = timestamp(text).astimezone(UTC)
    if (end.hour, end.minute, end.second) == (23, 59, 59):
        return f"{end:%Y-%m-%d}, included"
    return f"{end:%Y-%m-%d}, not included" if _is_midnight(end) else f"{end:%Y-%m-%d %H:%M} UTC"


def since(text: str | None) -> str:
    """When something begins: 2026-12-31."""
    if not text:
        return ""
    begin = timestamp(text).astimezone(UTC)
    return f"{begin:%Y-%m-%d}" if _is_midnight(begin) else f"{begin:%Y-%m-%d %H:%M} UTC"


def last_day(text: str | None) -> str:
    """The last day on which it holds, at least for a part of it: 2026-12-31."""
    return f"{timestamp(text).astimezone(UTC) - timedelta(microseconds=1):%Y-%m-%d}" if text else ""


def _is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def count(number: int) -> str:
    """A number with separators: 12,345."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """How many of what: 1 row, 12,345 rows."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def amount(smallest: float | None) -> str:
    """An amount given in the smallest unit: 14.50."""
    return "" if smallest is None else f"{smallest / 100:,.2f}"


def worth(voucher: dict[str, Any]) -> str:
    """What a voucher is worth, in a few words."""
    gift, card, discount = voucher.get("gift"), voucher.get("loyalty_card"), voucher.get("discount") or {}
    if gift:
        return amount(gift.get("amount"))
    if card:
        return counted(card.get("points") or 0, "point")
    for name, show in _DISCOUNTS.items():
        if discount.get(name) is not None:
            return show(discount[name])
    return str(discount.get("type") or "").capitalize()


_DISCOUNTS: dict[str, Callable[[float], str]] = {
    "amount_off": lambda off: f"{amount(off)} off",
    "percent_off": lambda off: f"{off:g} % off",
    "fixed_amount": lambda fixed: f"fixed at {amount(fixed)}",
    "unit_off": lambda off: f"{counted(round(off), 'unit')} more",
}


# Names of amounts in the smallest unit, wherever they stand.
AMOUNTS = (
    "price", "amount", "balance", "amount_off", "fixed_amount", "total_amount", "initial_amount", "discount_amount",
    "subtracted_amount", "redeemed_amount",
)  # fmt: skip


# What fields are called on pages, where the API's name would not tell.
_FIELDS = {
    "line_1": "street", "line_2": "street, second line", "quantity": "may be redeemed",
    "redeemed_quantity": "was redeemed",
    "redeemed_amount": "amount redeemed", "additional_info": "further information", "image_url": "image",
    "expiration_date": "valid until", "start_date": "valid from", "is_referral_code": "referral code",
    "customer_id": "customer", "campaign_id": "campaign id", "sku_id": "SKU", "product_id": "product",
    "amount_off": "amount off", "percent_off": "percent off", "unit_off": "units more", "source_id": "source id",
}  # fmt: skip


def field(name: str) -> str:
    """What a field of the API is called on pages."""
    return _FIELDS.get(name, name.replace("_", " "))


def in_sentence(label: str) -> str:
    """Return a label as it stands within a sentence: vouchers, but SKUs."""
    return label if label[1:2].isupper() else label[0].lower() + label[1:]


def constant(text: str) -> str:
    """A constant of the API, GIFT_VOUCHER, as people write it: Gift voucher."""
    return text.replace("_", " ").capitalize() if text.isupper() else text


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    """The names that any of these has, as the columns of a table."""
    return [name for name in dict.fromkeys(name for row in rows for name in row) if name not in ("object", "url")]


def without_title(reason: str, title: str | None) -> str:
    """A reason as it reads in its cell: without the column's title and the value, which are there already."""
    told = reason.removeprefix(f"{title}: ").partition(" (actual value is ")[0]
    return told.removeprefix(f"{title} ") if title else told


def size(number: int) -> str:
    """Bytes, in a unit that fits: 1.5 MB."""
    amount, unit = float(number), 0
    while amount >= 1000 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:,.0f} {_SIZES[unit]}" if unit == 0 or amount >= 100 else f"{amount:,.1f} {_SIZES[unit]}"


def duration(span: float | None) -> str:
    """A span of time, given in seconds: 0.2 s, 48 s, 3 min 20 s, 2 h 5 min."""
    if span is None:
        return ""
    if span < 10:
        return f"{span} s" if isinstance(span, int) else f"{span:.1f} s"
    whole = round(span)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def batch_state(batch: dict[str, Any], action_ended: bool) -> State:
    """How a batch stands."""
    if batch["status"] == "OPEN":
        if action_ended:
            return State("Unprocessed", "mixed")
        return State("In hand", "busy") if batch["attempts"] else State("Open", "quiet")
    if not batch["failed_count"] and not batch["unprocessed_count"]:
        return State("Done", "good")
    return State("Some failed", "mixed") if batch["done_count"] else State("None done", "bad")
