"""An action type whose first batch stalls when it has written its rows, as its process would when it is stopped."""

import asyncio
from dataclasses import replace
from typing import Any

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType


class Stalled:
    """An operation that stops before it writes, as its process would when it is stopped."""

    def __init__(self, inner: Any, stopped: asyncio.Event, woken: asyncio.Event) -> None:
        self._inner, self._stopped, self._woken = inner, stopped, woken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self) -> Any:
        failures = await self._inner.write()
        if not self._stopped.is_set():
            self._stopped.set()
            await self._woken.wait()
        return failures


def stalling(stopped: asyncio.Event, woken: asyncio.Event) -> dict[str, ActionType]:
    """Voucher imports of which the first batch stalls when it has written its rows."""
    action_type = ACTION_TYPES["VOUCHERS.IMPORT_CSV"]

    async def begin(*arguments: Any) -> Stalled:
        return Stalled(await action_type.begin(*arguments), stopped, woken)

    return {action_type.name: replace(action_type, begin=begin)}
