"""Times as a form has them: local ones, and the reader's time zone beside them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def in_utc(text: str, zone: str) -> str:
    """Return a time in UTC, as the API takes it; it refuses a text that is no time, which stays as it is."""
    try:
        local = datetime.fromisoformat(text)
        timestamp = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone or "UTC"))
    except (ValueError, ZoneInfoNotFoundError):
        return text
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
