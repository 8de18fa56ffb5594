"""What refusals say of limits that whoever runs the server has set: which, whom to ask, and when it is over."""

_MINUTE, _HOUR = 60, 3600


def of_setting(name: str) -> str:
    """Return the remark on a limit: its setting, and who can raise it."""
    return f"(setting {name}; ask who runs this server to raise it)"


def of_quota(setting: str, own: int | None) -> str:
    """Return the remark on a quota, a project's `own` or the setting: which it is, and who can raise it."""
    return "(its own quota; ask who runs this server to raise it)" if own else of_setting(setting)


def in_words(seconds: int) -> str:
    """Return «44 seconds», «2 minutes 5 seconds», «5 hours 44 minutes»; of an hour or more, rounded up to minutes."""
    if seconds >= _HOUR:
        minutes = -(-seconds // _MINUTE)
        return _joined((minutes // _MINUTE, "hour"), (minutes % _MINUTE, "minute"))
    return _joined((seconds // _MINUTE, "minute"), (seconds % _MINUTE, "second"))


def _joined(*parts: tuple[int, str]) -> str:
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count)
