"""What is taken out of every line of a log: credentials, cookies, signed links and what a URL asks for."""

import re
from collections.abc import MutableMapping
from typing import Any

REDACTED = "[redacted]"

# Fields of a line, and headers within a text, whose value is a credential.
_NAMES = (
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-app-token", "x-management-token", "x-app-id",
    "x-management-id", "x-csrf-token", "webhook-signature", "idempotency-key", "app_token", "management_token",
    "access_token", "refresh_token", "client_secret", "password", "token", "secret", "csrf_token",
)  # fmt: skip
_FIELDS = frozenset(name.replace("-", "_") for name in _NAMES)
_named = "|".join(re.sub("[-_]", "[_-]", name) for name in _NAMES)
# Each begins at a fixed text and takes what follows up to a blank or a quote, so that the time is linear.
_SECRETS = (
    (re.compile(r"(?i)\b((?:set-)?cookie['\"]?[:=,] ?[b(]?['\"]?)[^'\"\n]+"), rf"\1{REDACTED}"),
    (re.compile(rf"(?i)\b({_named})(['\"]?\)?[:=,] ?[b(]?['\"]?)[^'\"\n,;)&}}]+"), rf"\1\2{REDACTED}"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]+"), rf"\1 {REDACTED}"),
    (re.compile(r"\bwhsec_[\w+/=-]+"), REDACTED),
    (re.compile(r"(/v1/reports/)[^\s'\"?#)]+"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)(\btallykeep_\w{1,40}=)[^\s'\";,]+"), rf"\1{REDACTED}"),
    (re.compile(r"(://)[^\s/@'\"]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"\?(?=[\w%.\[\]-]{1,100}=)[^\s'\"]+"), f"?{REDACTED}"),
    # asyncio shows the result or the exception of a task that nobody waited for.
    (re.compile(r"\b(exception|result)=[^\n]+"), rf"\1={REDACTED}"),
)


def redact(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take credentials out of a line, by the names of its fields and by what stands in its texts."""
    for name, value in line.items():
        if name in _FIELDS:
            line[name] = REDACTED
        elif isinstance(value, str):
            line[name] = without_secrets(value)
    return line


def without_secrets(text: str) -> str:
    """Return the text without credentials, cookies, signed links and query strings."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def route_in_log(scope: MutableMapping[str, Any]) -> str:
    """Return the template of a request's path, for codes and ids of customers are parts of paths."""
    route = getattr(scope.get("route"), "path", None)
    return route or "/".join(scope["path"].split("/", 3)[:3])
