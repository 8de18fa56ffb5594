"""A relay that holds one actor's round trips, and lets one pass at a time when it is told to."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from tests.interleavings.footprints import ANYTHING, Footprint, Footprints, Held, Strength, merged
from tests.interleavings.gates import gates_in
from tests.interleavings.names import Names
from tests.relay import SOCKET, Link, Relay, messages_in

_IDLE = b"I"  # what ReadyForQuery says of a session without a transaction
_ENDS_TRANSACTION = ("commit", "rollback", "end", "abort", "prepare transaction")
# Neither is seen by anybody else, and none of them takes a lock or looks at anything.
_SEEN_BY_NOBODY = ("begin", "start transaction", "savepoint", "release", "set ", "reset ", "show ", "deallocate", "")


class Session(Link):
    """A connection of the actor: where its transaction stands, and what that holds."""

    pid = 0
    status = _IDLE
    copies_by_parts = False  # the COPY in hand was sent in parts, so that a Sync follows its end
    copying = ""  # what the COPY in hand writes, as its statement says it
    locked: Held = {}  # noqa: RUF012 - replaced, never changed
    waits_for_lock = False  # and PostgreSQL has looked for a circle, which it does once for each wait
    dead = False


@dataclass
class Waiting:
    """A round trip that is held."""

    session: Session
    text: str
    footprint: Footprint
    passes: asyncio.Future[bool]


class Turnstile(Relay):
    """Holds round trips while it is `closed`; those that nobody else can see always pass."""

    held_back: ClassVar[bytes] = b"PBDECd"  # with CopyData: rows of a COPY come to the server with its end

    def __init__(
        self, server_directory: str, actor: int, footprints: Footprints, names: Names, changed: Callable[[], None]
    ) -> None:
        super().__init__(f"{server_directory}/{SOCKET}")
        self._actor = actor
        self._names = names
        self.closed = False
        self.waiting: Waiting | None = None
        self.errors: list[str] = []
        self._footprints = footprints
        self._changed = changed
        self._prepared: dict[tuple[Session, str], str] = {}

    @property
    def pids(self) -> list[int]:
        """The server's processes for this actor's connections."""
        return [session.pid for session in self._sessions if session.pid]

    @property
    def waiting_pids(self) -> set[int]:
        """Those that wait for a lock, and will not look for a circle any more."""
        return {session.pid for session in self._sessions if session.waits_for_lock}

    @property
    def _sessions(self) -> list[Session]:
        return [link for link in self._links if isinstance(link, Session)]

    def let_pass(self) -> None:
        """Let what is held go to the server."""
        assert self.waiting
        waiting, self.waiting = self.waiting, None
        _note_locks(waiting.session, waiting.text, waiting.footprint)
        waiting.passes.set_result(True)

    def open(self) -> None:
        """Hold nothing any more."""
        self.closed = False
        if self.waiting:
            self.let_pass()

    def link(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> Session:
        """A session of the actor."""
        return Session(client, server)

    def goes_with_the_next(self, link: Link, message_type: bytes) -> bool:
        """Also the end of a COPY that was sent in parts: it is one round trip with the Sync behind it."""
        assert isinstance(link, Session)
        return super().goes_with_the_next(link, message_type) or (message_type in b"cf" and link.copies_by_parts)

    async def may_pass(self, link: Link, request: bytes) -> bool:
        """Hold the round trip until it is let pass."""
        assert isinstance(link, Session)
        text = self._text(link, request)
        self._names.note(self._actor, request)
        footprint = self._footprint(link, text, request)
        if not self.closed or not footprint:
            _note_locks(link, text, footprint)
            return True
        assert self.waiting is None, f"two round trips at once: {self.waiting} and {text}"
        self.waiting = Waiting(link, text, footprint, asyncio.get_running_loop().create_future())
        self._changed()
        return await self.waiting.passes

    async def answer(self, link: Link, message_type: bytes, message: bytes) -> bool:
        """Hand the answer on, and note what it says of the session."""
        assert isinstance(link, Session)
        if message_type == b"K":
            link.pid = int.from_bytes(message[5:9])
        elif message_type == b"Z":
            link.status = message[5:6]
            link.copying, link.copies_by_parts = "", False
            link.waits_for_lock = False
            if link.status == _IDLE:
                link.locked = {}
        elif message_type == b"E":
            self.errors.append(_error_text(message))
        elif message_type == b"N":
            self._note_wait(link, _error_text(message))
        return await super().answer(link, message_type, message)

    def _note_wait(self, session: Session, notice: str) -> None:
        """What log_lock_waits tells: once PostgreSQL has looked for a circle, and when the wait is over."""
        if " still waiting for " in notice:
            session.waits_for_lock = True
            self._changed()
        elif " acquired " in notice or " failed to acquire " in notice:
            session.waits_for_lock = False

    def ended(self, link: Link) -> None:
        """What it held for this session cannot pass any more."""
        if self.waiting and self.waiting.session is link:
            waiting, self.waiting = self.waiting, None
            with suppress(asyncio.InvalidStateError):
                waiting.passes.set_result(False)
        self._changed()

    def _text(self, session: Session, request: bytes) -> str:
        """The statement; of the rows of a COPY, the COPY's, with a word in front."""
        for message_type, body in messages_in(request):
            if message_type == b"Q":
                text = body[:-1].decode()
            elif message_type == b"P":
                name, text = (part.decode() for part in body.split(b"\0")[:2])
                self._prepared[session, name] = text
            elif message_type == b"B":
                text = self._prepared[session, body.split(b"\0")[1].decode()]
            elif message_type in b"cf":
                return f"rows of {session.copying}"
            else:
                continue
            if re.match(r"\s*copy\b.*\bfrom\s+stdin", text, re.IGNORECASE | re.DOTALL):
                session.copying = text
                session.copies_by_parts = message_type != b"Q"
            return text
        return ""

    def _footprint(self, session: Session, text: str, request: bytes) -> Footprint:
        start = text.strip().lower()
        if start.startswith(_ENDS_TRANSACTION):
            return Footprint(published=session.locked)
        if start == "" or start.startswith(tuple(filter(None, _SEEN_BY_NOBODY))) or text == session.copying:
            return Footprint()
        actions = set(self._names.within(request, b"aa"))
        held = self._footprints.held_by(text.removeprefix("rows of "), actions, gates_in(text, request, self._names))
        published = _locks(held) if session.status == _IDLE else {}
        return Footprint(held, published)


def _locks(held: Held) -> Held:
    return {table: strength for table, strength in held.items() if strength > Strength.READ and table != ANYTHING}


def _note_locks(session: Session, text: str, footprint: Footprint) -> None:
    """What is locked from now on, until the transaction ends."""
    if not footprint.published:
        session.locked = merged(session.locked, _locks(footprint.touched))


def _error_text(message: bytes) -> str:
    fields = {part[:1]: part[1:] for part in message[5:].split(b"\0") if part}
    return fields.get(b"M", b"").decode()
