"""Labels of things on pages: states, numbers, sizes and durations."""

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
    """The state of a task, in a word or two."""

    word: str
    tone: Tone


def state_of(action: dict[str, Any]) -> State:
    """Return the state of an action: what its status means for its rows."""
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
    """Count the failed and unprocessed rows that no later task has imported."""
    return int(action["failed_count"] + action["unprocessed_count"] - action["fixed_count"])


def ended(action: dict[str, Any]) -> bool:
    """Return whether nothing will change any more."""
    return action["status"] in ("DONE", "FAILED")


def accounted(action: dict[str, Any]) -> int:
    """Count the rows that have an outcome."""
    return int(action["done_count"] + action["failed_count"])


def seconds(action: dict[str, Any]) -> float | None:
    """Return how long it ran, or has run: from its start, or from its submission where that is too short to measure."""
    if action["started_at"] is None:
        return None
    end = timestamp(action["finished_at"]) if action["finished_at"] else datetime.now(UTC)
    ran = (end - timestamp(action["started_at"])).total_seconds()
    return ran if ran > 0.05 else (end - timestamp(action["created_at"])).total_seconds()


def rate(action: dict[str, Any]) -> str:
    """Return the rows per second over the complete run; empty where they are unknown."""
    ran = seconds(action)
    if not ran or not accounted(action):
        return ""
    per_second = accounted(action) / ran
    return f"{per_second:,.0f} rows/s" if per_second >= 10 else f"{per_second:,.1f} rows/s"


def timestamp(text: str) -> datetime:
    """Read a timestamp of the wire format."""
    return datetime.fromisoformat(text)


def until(text: str | None) -> str:
    """Return an end, and whether its last day is included: 2026-12-31, included."""
    if not text:
        return ""
    end = timestamp(text).astimezone(UTC)
    if (end.hour, end.minute, end.second) == (23, 59, 59):
        return f"{end:%Y-%m-%d}, included"
    return f"{end:%Y-%m-%d}, not included" if _is_midnight(end) else f"{end:%Y-%m-%d %H:%M} UTC"


def since(text: str | None) -> str:
    """Return a begin: 2026-12-31."""
    if not text:
        return ""
    begin = timestamp(text).astimezone(UTC)
    return f"{begin:%Y-%m-%d}" if _is_midnight(begin) else f"{begin:%Y-%m-%d %H:%M} UTC"


def last_day(text: str | None) -> str:
    """Return the last day on which something is valid, at least in part: 2026-12-31."""
    return f"{timestamp(text).astimezone(UTC) - timedelta(microseconds=1):%Y-%m-%d}" if text else ""


def _is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def count(number: int) -> str:
    """Return a number with separators: 12,345."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: 1 row, 12,345 rows."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def amount(smallest: float | None) -> str:
    """Return an amount, given in the smallest unit: 14.50."""
    return "" if smallest is None else f"{smallest / 100:,.2f}"


def worth(voucher: dict[str, Any]) -> str:
    """Return what a voucher is worth, in a few words."""
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


# Names of amounts in the smallest unit, wherever they occur.
AMOUNTS = (
    "price", "amount", "balance", "amount_off", "fixed_amount", "total_amount", "initial_amount", "discount_amount",
    "subtracted_amount", "redeemed_amount",
)  # fmt: skip


# Labels of fields on pages, where the API's name is not clear.
_FIELDS = {
    "line_1": "street", "line_2": "street, second line", "quantity": "may be redeemed",
    "redeemed_quantity": "was redeemed",
    "redeemed_amount": "amount redeemed", "additional_info": "further information", "image_url": "image",
    "expiration_date": "valid until", "start_date": "valid from", "is_referral_code": "referral code",
    "customer_id": "customer", "campaign_id": "campaign id", "sku_id": "SKU", "product_id": "product",
    "amount_off": "amount off", "percent_off": "percent off", "unit_off": "units more", "source_id": "source id",
}  # fmt: skip


def field(name: str) -> str:
    """Return what pages call a field of the API."""
    return _FIELDS.get(name, name.replace("_", " "))


def in_sentence(label: str) -> str:
    """Return a label as it stands within a sentence: vouchers, but SKUs."""
    return label if label[1:2].isupper() else label[0].lower() + label[1:]


def constant(text: str) -> str:
    """Return a constant of the API, GIFT_VOUCHER, as people write it: Gift voucher."""
    return text.replace("_", " ").capitalize() if text.isupper() else text


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    """Return the names that any of the rows has, as the columns of a table."""
    return [name for name in dict.fromkeys(name for row in rows for name in row) if name not in ("object", "url")]


def without_title(reason: str, title: str | None) -> str:
    """Return a reason for its own cell: without the column's title and the value, which are shown there."""
    problem = reason.removeprefix(f"{title}: ").partition(" (actual value is ")[0]
    return problem.removeprefix(f"{title} ") if title else problem


def size(number: int) -> str:
    """Return bytes in a unit that fits: 1.5 MB."""
    amount, unit = float(number), 0
    while amount >= 1000 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:,.0f} {_SIZES[unit]}" if unit == 0 or amount >= 100 else f"{amount:,.1f} {_SIZES[unit]}"


def duration(span: float | None) -> str:
    """Return a span of time, given in seconds: 0.2 s, 48 s, 3 min 20 s, 2 h 5 min."""
    if span is None:
        return ""
    if span < 10:
        return f"{span} s" if isinstance(span, int) else f"{span:.1f} s"
    rounded = round(span)
    hours, minutes, rest = rounded // 3600, rounded % 3600 // 60, rounded % 60
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def batch_state(batch: dict[str, Any], action_ended: bool) -> State:
    """Return the state of a batch."""
    if batch["status"] == "OPEN":
        if action_ended:
            return State("Unprocessed", "mixed")
        return State("In hand", "busy") if batch["attempts"] else State("Open", "quiet")
    if not batch["failed_count"] and not batch["unprocessed_count"]:
        return State("Done", "good")
    return State("Some failed", "mixed") if batch["done_count"] else State("None done", "bad")
