"""When, within its dates, a voucher is valid: kept and shown, without effect of its own so far."""

from typing import Any

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem, actual


def timeframe(value: Any) -> dict[str, Any]:
    """Clean how often a voucher becomes valid, and for how long: {"interval": "P2D", "duration": "P1D"}."""
    checked = cleaning.json_object(value)
    for name in ("interval", "duration"):
        _check(checked, name, cleaning.text)
    return checked


def hours(value: Any) -> dict[str, Any]:
    """Clean hours of the day by weekday: {"daily": [{"days_of_week": [1], "start_time": "10:00", …}]}.

    Raises Problem for anything else.
    """
    checked = cleaning.json_object(value)
    _check(checked, "daily", cleaning.json_array)
    for at, span in enumerate(checked.get("daily") or []):
        if not isinstance(span, dict):
            raise Problem(f"daily[{at}] must be an object {actual(span)}")
        for name, clean in _SPAN.items():
            _check(span, name, clean)
    return checked


_SPAN: dict[str, Cleaner] = {
    "start_time": cleaning.text, "expiration_time": cleaning.text, "days_of_week": cleaning.days_of_week,
}  # fmt: skip


def rules(value: Any) -> list[Any]:
    """Clean the ids of validation rules. Raises Problem for anything else."""
    checked = cleaning.json_array(value)
    if not all(isinstance(rule, str) for rule in checked):
        raise Problem(f"must be an array of strings {actual(value)}")
    return checked


def _check(holder: dict[str, Any], name: str, clean: Cleaner) -> None:
    try:
        if holder.get(name) is not None:
            clean(holder[name])
    except Problem as problem:
        raise Problem(f"{name} {problem}") from None
