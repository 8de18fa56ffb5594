"""The chart of rows by minute, as numbers for the template to draw."""

from dataclasses import dataclass
from typing import Any

HEIGHT = 64
STEP, BAR = 10, 8  # units of the drawing from one minute to the next, and of a bar's width
_LEAST = 1.5  # so that a few rows beside many thousand can still be seen


@dataclass(frozen=True, slots=True)
class Bar:
    """A minute: the position of its bar, the heights of its two parts, and their counts."""

    x: int
    done_height: float
    failed_height: float
    done: int
    failed: int
    minute: str

    @property
    def failed_y(self) -> float:
        """The top of the failed rows' part, which is above the others'."""
        return HEIGHT - self.done_height - self.failed_height


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side, the latest last."""

    bars: list[Bar]
    total: int
    maximum: int

    @property
    def width(self) -> int:
        """The width of the drawing, in its own units."""
        return len(self.bars) * STEP


def chart_of(minutes: list[dict[str, Any]]) -> Chart:
    """Return the chart of what `/v1/throughput` answers."""
    counts = [minute["done_count"] + minute["failed_count"] for minute in minutes]
    maximum = max(counts, default=0)
    bars = [_bar(number, minute, maximum) for number, minute in enumerate(minutes)]
    return Chart(bars, sum(counts), maximum)


def _bar(number: int, minute: dict[str, Any], maximum: int) -> Bar:
    done, failed = minute["done_count"], minute["failed_count"]
    return Bar(number * STEP, _height(done, maximum), _height(failed, maximum), done, failed, minute["minute"])


def _height(count: int, maximum: int) -> float:
    # Two parts that are both of the least height must still fit.
    return round(max(_LEAST, count / maximum * (HEIGHT - _LEAST)), 1) if count else 0.0
