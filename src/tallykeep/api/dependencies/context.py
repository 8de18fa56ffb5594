"""The context of routes: everything they work with, created once for the application, and how a route gets it.

Routes never take a connection from a pool. They ask the context for the caller's share, by purpose.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.auditing.refusals import Refusals
from tallykeep.api.dependencies.key_cache import Checked, KeyCache
from tallykeep.api.dependencies.last_uses import LastUses
from tallykeep.api.dependencies.lock_waits import LockWaits
from tallykeep.api.dependencies.open_actions import OpenActions
from tallykeep.api.dependencies.shares import Pools, Share, Shares
from tallykeep.api.limits.quotas import Quotas, RowAllowance
from tallykeep.api.limits.rate_limits import RateLimits
from tallykeep.api.responses.ended_answers import EndedAnswers
from tallykeep.api.responses.entity_tags import Tagged
from tallykeep.core.action_type import ActionTypes
from tallykeep.core.concurrency.shared_reads import SharedReads
from tallykeep.core.concurrency.side_thread import SideThread
from tallykeep.core.concurrency.slots import Slots
from tallykeep.core.settings import Settings
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import Connection
from tallykeep.db.retry import in_transaction
from tallykeep.db.transient import is_transient
from tallykeep.engine.downloads.report_files import ReportLinks
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.sample import Samples
from tallykeep.engine.managing.action_control import ActionControl
from tallykeep.engine.reading.action_reader import ActionReader
from tallykeep.engine.reading.watch import BriefWatcher, Watcher
from tallykeep.tenants.audit.entries import add_entry_of_change
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.limits.wrong_credentials import WrongCredentials

Done = TypeVar("Done")

_DOWNLOAD_TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a route may need."""

    settings: Settings
    pools: Pools
    shares: Shares
    acceptance: Acceptance
    reader: ActionReader
    samples: Samples
    watcher: Watcher
    brief_watcher: BriefWatcher
    action_types: ActionTypes
    report_secret: bytes
    guard: Guard
    open_actions: OpenActions
    aside: SideThread
    ended_answers: EndedAnswers
    shared_reads: SharedReads[Tagged] = field(default_factory=SharedReads)
    brief_reads: SharedReads[dict[str, Any]] = field(default_factory=SharedReads)  # without failed rows
    rate_limits: RateLimits | None = None  # where requests are limited
    quotas: Quotas | None = None  # of rows
    wrong_credentials: WrongCredentials = field(default_factory=lambda: WrongCredentials(0))
    key_cache: KeyCache = field(default_factory=KeyCache)
    key_checks: SharedReads[Checked] = field(default_factory=SharedReads)
    last_uses: LastUses = field(default_factory=LastUses)
    refusals: Refusals = field(default_factory=Refusals)

    def reading(self, caller: Caller, *, much: bool = False) -> Share:
        """Return the caller's share of connections to read with.

        `much=True` draws on a smaller share, for queries that scan many rows.
        """
        few = self.shares.heavy_reads if much else None
        return Share(self.pools.reading, caller, self.shares.reads, few)

    def downloading(self, caller: Caller) -> Share:
        """Return the caller's connections for a download that has begun; it waits longer rather than break off."""
        shares = self.shares
        return Share(self.pools.reading, caller, shares.reads, shares.heavy_reads, _DOWNLOAD_TIMEOUT_SECONDS)

    @asynccontextmanager
    async def _writing(self, caller: Caller) -> AsyncIterator[Connection]:
        """Lend a connection to write resources with; raise ServiceUnavailableError where others keep them locked."""
        waits = LockWaits(self.pools.own)
        share = Share(self.pools.writing, caller, self.shares.writes)
        async with share.connection() as connection, waits.on(connection):
            yield connection

    @asynccontextmanager
    async def changing(self, request: Request, caller: Caller) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction, which ends with the entry of what the request has changed.

        Raises ServiceUnavailableError where others keep locked what it needs.
        """
        async with self._writing(caller) as connection, connection.transaction():
            yield connection
            await _tell(connection, request, caller)

    async def transact(self, request: Request, caller: Caller, work: Callable[[Connection], Awaitable[Done]]) -> Done:
        """Do the work in such a transaction; repeat it in a new one after a conflict with others.

        An answer that is read within the work sees what it wrote, even if someone deletes it immediately afterwards.
        """
        async with self._writing(caller) as connection:
            return await in_transaction(connection, partial(_done, connection, request, caller, work))

    def trying(self, caller: Caller) -> Share:
        """Return the caller's connections for work that may be rolled back."""
        return Share(self.pools.intake, caller, self.shares.intake)

    async def accepting(self, caller: Caller) -> Acceptance:
        """Return what accepts one submission of the caller, within its quotas; raise TooManyRequestsError if its
        project has too many open actions.
        """
        await self.open_actions.admit(caller)
        return self.acceptance.over(self.trying(caller), self._allowance(caller))

    @asynccontextmanager
    async def generating(self, caller: Caller, rows: int) -> AsyncIterator[RowAllowance | None]:
        """Take rows to be generated from the caller's quotas, and provide what holds them; None without quotas.

        Enter it before a transaction, because rows may have to be counted first. They are given back if nothing came of
        it. Raises TooManyRequestsError where these are too many.
        """
        allowance = self._allowance(caller) if rows else None
        if allowance is None:
            yield None
            return
        try:
            await allowance.hold(rows)
        except BaseException:
            allowance.give_back()
            raise
        try:
            yield allowance
        except Exception as error:
            if not is_transient(error):  # else it may have been committed after all
                allowance.give_back()
            raise
        finally:
            allowance.settle()

    def has_row_quotas(self, caller: Caller) -> bool:
        """Return whether there is a quota of rows that the caller's submissions count against."""
        return self.quotas is not None and self.quotas.are_there_for(caller)

    def _allowance(self, caller: Caller) -> RowAllowance | None:
        if self.quotas is None:
            return None
        return self.quotas.allowance(caller, self.reading(caller))

    def controlling(self, caller: Caller) -> ActionControl:
        """Return what the caller can do to existing actions, apart from retrying them."""
        writing = self.trying(caller)
        return ActionControl(
            self.reading(caller), writing, self.acceptance.over(writing), self.action_types, self.settings
        )

    async def retrying(self, caller: Caller) -> ActionControl:
        """Return what the caller can do to actions; raise TooManyRequestsError where it has too many open ones."""
        return replace(self.controlling(caller), acceptance=await self.accepting(caller))

    @staticmethod
    def slot(caller: Caller, slots: Slots) -> AbstractAsyncContextManager[None]:
        """Hold one of the caller's slots; raise TooManyRequestsError, ServiceUnavailableError."""
        return slots.hold(*caller.who)

    async def drain(self) -> None:
        """Replace the idle connections of all pools."""
        await self.pools.drain()

    def report_links(self, request: Request, caller: Caller) -> ReportLinks:
        """Return what makes the caller's links to reports: on the public URL, or on the address of this request."""
        base_url = f"{self.settings.public_url}/" if self.settings.public_url else str(request.base_url)
        lifetime = timedelta(days=self.settings.keep_reports_days)
        return ReportLinks(self.report_secret, base_url, lifetime, caller.key_kind, caller.key_id)


async def _done(
    connection: Connection, request: Request, caller: Caller, work: Callable[[Connection], Awaitable[Done]]
) -> Done:
    attempt_of(request).is_done = True
    done = await work(connection)
    await _tell(connection, request, caller)
    return done


async def _tell(connection: Connection, request: Request, caller: Caller) -> None:
    """Write the entry of what the request has changed, if it has."""
    attempt = attempt_of(request)
    if attempt.is_done:
        await add_entry_of_change(connection, attempt.entry(caller))


async def _context(request: Request) -> Context:  # not in a thread, as FastAPI would call a plain function
    context: Context = request.app.state.context
    return context


FromContext = Annotated[Context, Depends(_context)]
