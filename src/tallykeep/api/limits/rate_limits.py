"""Rate limits: requests a minute of one key, and of all keys of a project; submissions are counted apart.

What is left goes with every answer, in the reference API's headers, and in the fields of the IETF's draft
draft-ietf-httpapi-ratelimit-headers-10. Parts of the limits are reserved in PostgreSQL, which all API processes share.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, get_args

from fastapi import Request

from tallykeep.api.auditing.events import event_of
from tallykeep.api.limits.wording import in_words, of_setting
from tallykeep.core.audit.events import Event
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connections
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.limits.windows import Limit, Window, Windows

SECONDS = 60
PROJECT_TIMES = 10  # how many times a key's limit is the project's, unless it was set
RATE_HEADERS = "rate_headers"  # in the request's state
_MAX_REMEMBERED = 10_000
_by_what_is_left = itemgetter(0)

Headers = list[tuple[bytes, bytes]]
CallType = Literal["api_calls", "bulk_api_calls"]  # as the reference API calls them in X-Rate-Limit-Type
_BULK = frozenset({Event.ACTION_SUBMIT, Event.ACTION_RETRY})
_SETTINGS = {"key": "TALLYKEEP_RATE_LIMIT", "project": "TALLYKEEP_PROJECT_RATE_LIMIT"}


@dataclass(frozen=True, slots=True)
class _Counted:
    """One of the limits of a request: by what it is counted, its name in the IETF's fields, and its window."""

    of: str
    policy: str
    window: Window


class RateLimits:
    """Counts requests; `limits` are by what they count: by `key`, by `project`, or by both."""

    def __init__(self, connections: Connections, limits: dict[str, Limit]) -> None:
        self._limits = limits
        self._windows = Windows(connections)
        self._counted: dict[tuple[int, str, str, CallType], list[_Counted]] = {}
        self._policies = {call_type: _policies(limits, call_type) for call_type in get_args(CallType)}

    async def count(self, request: Request, caller: Caller) -> None:
        """Count a request once, and note in its state which headers its answer has.

        Raises TooManyRequestsError where the key, or its project, has made as many already; the database's errors.
        """
        call_type: CallType = "bulk_api_calls" if event_of(request.scope) in _BULK else "api_calls"
        counted = self._counted_for(caller, call_type)
        full = await _take_all(counted)
        request.scope["state"][RATE_HEADERS] = self._headers(counted, call_type)
        if full is not None:
            raise _refusal(full, call_type, caller)

    def _counted_for(self, caller: Caller, call_type: CallType) -> list[_Counted]:
        """Return the limits of such a request; remembered, because that is quicker than to find them."""
        who = caller.project_id, caller.key_kind, caller.key_id, call_type
        counted = self._counted.get(who)
        if counted is None:
            if len(self._counted) >= _MAX_REMEMBERED:
                self._counted.clear()
            counted = [_Counted(of, _policy(of, call_type), self._window(of, call_type, caller)) for of in self._limits]
            self._counted[who] = counted
        return counted

    def _window(self, of: str, call_type: CallType, caller: Caller) -> Window:
        whose = f"{caller.key_kind} {caller.key_id}" if of == "key" else "project"
        return self._windows.of(caller.project_id, f"{call_type} of {whose}", self._limits[of])

    def _headers(self, counted: list[_Counted], call_type: CallType) -> Headers:
        """Return what the answer says of the limits; in the reference API's form of the one with the least left."""
        standings = [(each.window.left, each.window.seconds_left, each) for each in counted]
        left, seconds, tightest = min(standings, key=_by_what_is_left)
        fields = ", ".join([f'"{each.policy}";r={left};t={seconds}' for left, seconds, each in standings])
        return [
            (b"x-rate-limit-limit", b"%d" % tightest.window.limit.maximum),
            (b"x-rate-limit-remaining", b"%d" % left),
            (b"x-rate-limit-retry", b"%d" % seconds),
            (b"x-rate-limit-type", call_type.encode()),
            (b"ratelimit-policy", self._policies[call_type].encode()),
            (b"ratelimit", fields.encode()),
        ]


def rate_limits_of(connections: Connections, settings: Settings) -> RateLimits | None:
    """Return what counts requests by these settings; None where nothing is limited."""
    of_key, of_project = settings.rate_limit, settings.project_rate_limit
    if of_key and not of_project:
        of_project = of_key * PROJECT_TIMES
    limits = {of: Limit(maximum, SECONDS) for of, maximum in (("key", of_key), ("project", of_project)) if maximum}
    return RateLimits(connections, limits) if limits else None


async def _take_all(counted: list[_Counted]) -> _Counted | None:
    """Take one unit of each, or of none; return the one that has none left."""
    taken: list[tuple[Window, int]] = []
    for each in counted:
        if not await each.window.take():
            for window, number in taken:
                window.give_back(1, number)
            return each
        taken.append((each.window, each.window.number))
    return None


def _policies(limits: dict[str, Limit], call_type: CallType) -> str:
    return ", ".join(f'"{_policy(of, call_type)}";q={limit.maximum};w={SECONDS}' for of, limit in limits.items())


def _policy(of: str, call_type: CallType) -> str:
    """Return the name of a policy in the IETF's fields."""
    return of if call_type == "api_calls" else f"{of}-bulk"


def _refusal(full: _Counted, call_type: CallType, caller: Caller) -> TooManyRequestsError:
    what = "submissions" if call_type == "bulk_api_calls" else "requests"
    resource_id = caller.key_id if full.of == "key" else caller.project
    limit, seconds = full.window.limit.maximum, full.window.seconds_left
    refusal = TooManyRequestsError(
        f"The {full.of} has made its {limit} {what} of this minute {of_setting(_SETTINGS[full.of])}; nothing was"
        f" changed. Send it again in {in_words(seconds)}",
        key="rate_limit_exceeded", resource_id=resource_id, resource_type=full.of,
    )  # fmt: skip
    refusal.headers["Retry-After"] = str(seconds)
    return refusal
