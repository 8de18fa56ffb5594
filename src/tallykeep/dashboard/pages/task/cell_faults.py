"""The cells of a failed row that its reason is about: «Value: must be a number; Voucher Type is required»."""

from collections.abc import Sequence

_SEPARATOR = "; "


def columns_at_fault(reason: str, columns: Sequence[str]) -> set[int]:
    """Return the indexes of the columns whose titles begin one of the problems that the reason joins."""
    problems = [problem.lower() for problem in reason.split(_SEPARATOR)]
    return {number for number, title in enumerate(columns) if any(_is_of(problem, title) for problem in problems)}


def titles_at_fault(reason: str, titles: Sequence[str]) -> list[str]:
    """Return the titles that the reason names, whether there are such columns or not."""
    return [titles[number] for number in sorted(columns_at_fault(reason, titles))]


def _is_of(problem: str, title: str) -> bool:
    name = title.strip().lower()
    return bool(name) and problem.startswith((f"{name}: ", f"{name} "))
