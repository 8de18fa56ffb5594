"""The deliverer: a task of the worker that sends events to webhooks, at least once each, beside the work on batches.

It sends several at a time, of each webhook and each project no more than their share, and holds one connection to the
database at most, none while it sends. Whatever ends it, an event that was claimed is due again after a lease.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString

import structlog
from cryptography.fernet import InvalidToken

from tallykeep import __version__
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Pool
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.webhooks.events import event_body
from tallykeep.engine.webhooks.sending import Answer, Sender
from tallykeep.engine.webhooks.signing import Seal, seal_of, signature_headers
from tallykeep.engine.webhooks.target_url import read_target_url

_sql = queries(__package__, "deliverer.sql")
_log = structlog.get_logger()

_AT_A_TIME = 64
_SHARE_OF_PROJECT = 16
_SHARE_OF_WEBHOOK = 4
_SCANNED = 50  # events of one webhook, to find some that wait for no other
_ATTEMPTS_IN_ORDER = 5  # of an event, until later ones of its action go ahead of it
_LEASE_FACTOR = 2
_POLL_SECONDS = 0.5
_GATHER_SECONDS = 0.02  # from an outcome to the next claim, so that others come along
_UPKEEP_SECONDS = 60.0
_STEP = 1_000

_FIRST_DELAY = timedelta(seconds=5)
_MAX_DELAY = timedelta(hours=6)
_JITTER = 0.25
_MAX_PAUSE = timedelta(seconds=60)  # of a webhook that fails
_GONE = 410

MAX_HISTORY = 30  # attempts of an event whose outcome is kept; within three days there are about 24

_WebhookKey = tuple[int, str]

_NOTE_DELIVERED: LiteralString = _sql.note_delivered.replace("{history}", _sql.history.strip())
_NOTE_FAILED: LiteralString = _sql.note_failed.replace("{history}", _sql.history.strip())
_NOTE_GONE: LiteralString = _sql.note_gone.replace("{history}", _sql.history.strip())

# What a pruner deletes, each by `step` and `age`: those that were kept long enough, and those of deleted webhooks.
DELIVERIES_TO_DELETE: tuple[LiteralString, ...] = (_sql.delete_old, _sql.delete_orphans)


@dataclass(slots=True)
class Deliverer:
    """Runs in every worker process; several at the same time do no harm."""

    pool: Pool
    sender: Sender
    allow_private: bool
    first_delay: timedelta = _FIRST_DELAY
    _in_hand: Counter[_WebhookKey] = field(default_factory=Counter)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _one_connection: asyncio.Lock = field(default_factory=asyncio.Lock)
    _seal: Seal | None = None

    async def run(self) -> None:
        """Deliver what is due, for ever; an outage or a defect only puts it off."""
        looping = asyncio.get_running_loop().time
        upkeep_at = looping()
        async with asyncio.TaskGroup() as sending:
            while True:
                try:
                    await self._send_due(sending)
                    if looping() >= upkeep_at:
                        upkeep_at = looping() + _UPKEEP_SECONDS
                        await self.keep_up()
                except Exception as error:
                    _report("deliveries are put off", error)
                await self._wait()

    async def _wait(self) -> None:
        """Wait until there is room for more, or for as long as new events may wait."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await self._freed.wait()
        if self._freed.is_set():
            self._freed.clear()
            await asyncio.sleep(_GATHER_SECONDS)

    async def deliver(self) -> int:
        """Send what is due now, as far as shares go, and return how many that were once all have an outcome."""
        async with asyncio.TaskGroup() as sending:
            return await self._send_due(sending)

    async def keep_up(self) -> None:
        """Give up what was not sent in time, and hasten what waits for a clock that was set back."""
        max_delay = _MAX_DELAY * (1 + 2 * _JITTER)
        async with self._one_connection, self.pool.connection() as connection:
            await connection.execute(_sql.give_up_expired, {"step": _STEP})
            await connection.execute(_sql.hasten_late, {"step": _STEP, "max_delay": max_delay})

    async def _send_due(self, sending: asyncio.TaskGroup) -> int:
        claimed = await self._claim()
        for delivery in claimed:
            self._in_hand[_key(delivery)] += 1
            sending.create_task(self._send(delivery))
        return len(claimed)

    async def _claim(self) -> list[dict[str, Any]]:
        free = _AT_A_TIME - self._in_hand.total()
        if free <= 0:
            return []
        params = {
            "project_ids": [project_id for project_id, _ in self._in_hand],
            "webhook_ids": [webhook_id for _, webhook_id in self._in_hand],
            "counts": list(self._in_hand.values()),
            "scanned": _SCANNED,
            "attempts_in_order": _ATTEMPTS_IN_ORDER,
            "share_of_webhook": _SHARE_OF_WEBHOOK,
            "share_of_project": _SHARE_OF_PROJECT,
            "free": free,
            "max_pause": _MAX_PAUSE,
            "lease": timedelta(seconds=_LEASE_FACTOR * self.sender.timeout_seconds),
        }
        async with self._one_connection, self.pool.connection() as connection:
            claimed = await (await connection.execute(_sql.claim_due, params)).fetchall()
            if claimed and self._seal is None:
                self._seal = await seal_of(connection)
        return claimed

    async def _send(self, delivery: dict[str, Any]) -> None:
        try:
            await self._note(delivery, await self._answer(delivery))
        except Exception as error:  # what became of it is not recorded, so it is sent once more
            _report("the outcome of a delivery was not recorded", error)
        finally:
            self._in_hand[_key(delivery)] -= 1
            self._in_hand += Counter()  # without those of which none is left
            self._freed.set()

    async def _answer(self, delivery: dict[str, Any]) -> Answer:
        """Return what became of an attempt; a defect of ours counts as a failure, so that it is not tried for ever."""
        try:
            return await self._attempt(delivery)
        except Exception as error:
            if is_transient(error):
                raise
            _log.exception("a delivery failed", event_id=delivery["event_id"])
            return Answer(None, "internal error; the server's log tells more")

    async def _attempt(self, delivery: dict[str, Any]) -> Answer:
        try:
            target = read_target_url(delivery["target_url"], allow_private=self.allow_private)
            secrets = self._secrets(delivery)
        except InvalidPayloadError as error:
            return Answer(None, error.details)
        except InvalidToken:
            return Answer(None, "the webhook's secret cannot be read; rotate it")
        body = event_body(delivery)
        signed = signature_headers(secrets, delivery["event_id"], delivery["timestamp"], body)
        headers = {"Content-Type": "application/json", "User-Agent": f"Tallykeep/{__version__}", **signed}
        return await self.sender.send(target, headers, body)

    def _secrets(self, delivery: dict[str, Any]) -> list[str]:
        if self._seal is None:
            return []
        sealed = (delivery["secret"], delivery["previous_secret"])
        return [self._seal.open(bytes(each)) for each in sealed if each is not None]

    async def _note(self, delivery: dict[str, Any], answer: Answer) -> None:
        names = ("project_id", "webhook_id", "event_id", "attempts", "target_url")
        outcome = {"status": answer.status, "error": answer.error, "max_history": MAX_HISTORY}
        noted = {name: delivery[name] for name in names} | outcome
        async with self._one_connection, self.pool.connection() as connection:
            if answer.is_success:
                await connection.execute(_NOTE_DELIVERED, noted)
            elif answer.status == _GONE:
                noted["error"] = "the receiver answered 410 Gone, so the webhook was disabled"
                await connection.execute(_NOTE_GONE, noted)
            else:
                delay = retry_delay(delivery["tries"], self.first_delay)
                await connection.execute(_NOTE_FAILED, {**noted, "delay": delay, "max_pause": _MAX_PAUSE})


def retry_delay(attempts: int, first_delay: timedelta = _FIRST_DELAY) -> timedelta:
    """Return the time until the next attempt: twice as long each time, at most 6 hours, a quarter more or less."""
    delay: timedelta = min(first_delay * 2.0 ** min(attempts - 1, 30), _MAX_DELAY)
    return delay * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # nosec B311


def _key(delivery: dict[str, Any]) -> _WebhookKey:
    return delivery["project_id"], delivery["webhook_id"]


def _report(what: str, error: Exception) -> None:
    with suppress(Exception):
        if is_transient(error):
            _log.info(what, reason=reason_of(error))
        else:
            _log.exception(what)
