"""The clients: each a thread with its own random numbers; its project and ledger may be another's as well."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.crash.nemesis.ledger import Counts, Entry, Ledger, Work
from tests.server import ENDED, Api

CAMPAIGN = "Fall"
_KNOWN_CUSTOMERS = 60  # of each project; met again and again
_SHARED_CODES = 100  # of each project
_MARKED_CODES = 40  # of these, the first ones; they are there from the beginning
_RACED = 40
_FILES_BY_KEYLESS = 3  # files by those among them that are sent without an idempotency key, the first one first
_MAX_PENDING = 4
_TIMEOUT_SECONDS = 300
_PAUSE = 0.05

Request = Callable[[dict[str, str]], httpx.Response]


class Client(threading.Thread):
    """Submits until told to stop, as much as the throttle allows; never gives up on an answer."""

    def __init__(self, api: Api, ledger: Ledger, name: str, seed: int, counts: Counts, throttle: "Throttle") -> None:
        super().__init__(name=name, daemon=True)
        self.api = api
        self.ledger = ledger
        self.counts = counts
        self.throttle = throttle
        self.crash: Exception | None = None
        self._random = random.Random(f"{seed} {name}")
        self._pending: list[Entry] = []
        self._files = 0

    def run(self) -> None:
        try:
            while self.throttle.wait_for_go():
                self._random.choices(
                    [
                        self._csv,
                        self._json,
                        self._three,
                        self._customers,
                        self._bulk,
                        self._generate,
                        self._purge,
                        self._share,
                        self._race,
                        self._mark,
                    ],
                    weights=[8, 6, 6, 5, 5, 3, 1, 6, 4, 6],
                )[0]()
        except Exception as error:
            self.crash = error

    def prepare(self) -> None:
        """Make the vouchers that are marked later on, once in a project."""
        entry = Entry(self._next_name(), Work.SHARED, _MARKED_CODES)
        rows = []
        for row in range(1, entry.rows + 1):
            code, note = self._shared(row - 1), f"{entry.name} {row}"
            entry.sets(row, f"{code} Note", note)
            rows.append({"code": code, "gift": {"amount": 1}, "metadata": {"Note": note}})
        self._submit(entry, rows, "/v1/vouchers/import")
        self._wait_for(entry)

    def _next_name(self) -> str:
        return f"{self.name}e{len(self.ledger.entries)}"

    def _size(self) -> int:
        return self._random.choice([40, 200, 900, 2_000])

    def _csv(self) -> None:
        """A file of vouchers, some of its rows without a type."""
        entry, lines = self._voucher_file(self._size())
        self._submit(entry, "Code,Voucher Type,Value,Note\n" + lines, "/v1/vouchers/importCSV")
        self._cancel_now_and_then(entry)

    def _voucher_file(self, size: int) -> tuple[Entry, str]:
        entry = Entry(self._next_name(), Work.VOUCHERS, size)
        lines = []
        for row in range(1, size + 1):
            code, good = f"{entry.name}-{row}", self._random.random() > 0.02
            lines.append(f"{code},{'GIFT_VOUCHER' if good else ''},1,{row}\n")
            if good:
                entry.written[code] = str(row)
            else:
                entry.failed.add(row)
        return entry, "".join(lines)

    def _json(self, size: int | None = None) -> None:
        """Vouchers as JSON, where a code that comes again is refused."""
        entry = Entry(self._next_name(), Work.VOUCHERS, size or self._size())
        rows: list[dict[str, Any]] = []
        for row in range(1, entry.rows + 1):
            voucher: dict[str, Any] = {
                "code": f"{entry.name}-{row}",
                "gift": {"amount": 1},
                "metadata": {"Note": str(row)},
            }
            chance = self._random.random()
            if chance < 0.01:
                del voucher["gift"]
            elif chance < 0.02 and entry.written:
                voucher["code"] = self._random.choice(list(entry.written))
            if chance < 0.01 or voucher["code"] in entry.written:
                entry.failed.add(row)
            else:
                entry.written[voucher["code"]] = str(row)
            rows.append(voucher)
        self._submit(entry, rows, "/v1/vouchers/import")
        self._cancel_now_and_then(entry)

    def _three(self) -> None:
        self._json(3)

    def _shared(self, number: int) -> str:
        return f"{self.ledger.name}s-{number}"

    def _share(self) -> None:
        """A file of vouchers that other imports write as well, and bulk updates."""
        entry = Entry(self._next_name(), Work.SHARED, self._random.choice([20, 200, 600]))
        lines = []
        for row in range(1, entry.rows + 1):
            code, value = self._shared(self._random.randrange(_SHARED_CODES)), f"{entry.name} {row}"
            entry.sets(row, f"{code} Note", value)
            entry.sets(row, f"{code} by {self.name}", value)
            lines.append(f"{code},GIFT_VOUCHER,1,{value},{value}\n")
        content = f"Code,Voucher Type,Value,Note,by {self.name}\n" + "".join(lines)
        self._submit(entry, content, "/v1/vouchers/importCSV")
        self._cancel_now_and_then(entry)

    def _race(self) -> None:
        """Vouchers as JSON, some of whose codes others create at the same time: one of them does."""
        numbers = self._random.sample(range(self.ledger.raced, self.ledger.raced + 2 * _RACED), _RACED)
        self.ledger.raced += _RACED // 2
        entry = Entry(self._next_name(), Work.RACED, len(numbers))
        entry.raced = {row: f"{self.ledger.name}r-{number}" for row, number in enumerate(numbers, 1)}
        rows = [
            {"code": code, "gift": {"amount": 1}, "metadata": {"Note": f"{entry.name} {row}"}}
            for row, code in entry.raced.items()
        ]
        self._submit(entry, rows, "/v1/vouchers/import")

    def _mark(self) -> None:
        """A bulk update of metadata, of which one key is everybody's and one the client's own."""
        codes = [self._shared(number) for number in self._random.sample(range(_MARKED_CODES), 15)]
        entry = Entry(self._next_name(), Work.MARKS, len(codes))
        rows = [{"code": code, "metadata": self._marks(entry, row, code)} for row, code in enumerate(codes, 1)]
        self._submit(entry, rows, "/v1/vouchers/bulk/async", with_key=True)

    def _marks(self, entry: Entry, row: int, key: str) -> dict[str, str]:
        marks = {"last": entry.name, f"by {self.name}": entry.name}
        for name, value in marks.items():
            entry.sets(row, f"{key} {name}", value)
        return marks

    def _customers(self) -> None:
        """Customers by CSV: some known, some new, some several times."""
        entry = Entry(self._next_name(), Work.CUSTOMERS, self._size() // 2)
        lines = []
        for row in range(1, entry.rows + 1):
            key = self._known() if self._random.random() < 0.3 else f"{entry.name}-{row}"
            entry.sets(row, key, f"{entry.name} {row}")
            lines.append(f"{key},{entry.name} {row}\n")
        self._submit(entry, "Source_id,Name\n" + "".join(lines), "/v1/customers/importCSV")

    def _bulk(self) -> None:
        """A bulk update, which is in a sequence with the others: the last one submitted wins."""
        entry = Entry(self._next_name(), Work.UPDATES, 0)
        keys = sorted({self._known() for _ in range(40)})
        entry.rows = len(keys)
        rows = [{"source_id": key, "metadata": self._marks(entry, row, key)} for row, key in enumerate(keys, 1)]
        self._submit(entry, rows, "/v1/customers/bulk/async", with_key=True)

    def _known(self) -> str:
        return f"{self.ledger.name}-{self._random.randrange(_KNOWN_CUSTOMERS)}"

    def _generate(self) -> None:
        entry = Entry(self._next_name(), Work.GENERATION, self._random.choice([5, 300, 1_200]), target=CAMPAIGN)
        path = f"/v1/campaigns/{CAMPAIGN}/vouchers?vouchers_count={entry.rows}"
        self._submit(entry, None, path, with_key=True)

    def _purge(self) -> None:
        """Vouchers with a metadata key of their own, and then a purge of that key."""
        entry, lines = self._voucher_file(200)
        title = f"purged{entry.name}"
        self._submit(entry, f"Code,Voucher Type,Value,Note,{title}\n" + lines.replace("\n", ",x\n"),
                     "/v1/vouchers/importCSV", with_key=True)  # fmt: skip
        self._wait_for(entry)
        purge = Entry(self._next_name(), Work.PURGE, len(entry.written), target=title)
        self._submit(purge, None, f"/v1/metadata-schemas/voucher/definitions/{title}/purge", with_key=True)

    def _submit(self, entry: Entry, body: Any, path: str, *, with_key: bool = False) -> None:
        """Send until an answer tells; without an idempotency key once, and then it stays in the dark."""
        self.ledger.entries.append(entry)
        self.counts.add("submissions")
        self.counts.add("rows", entry.rows)
        # Without a key only what can be found by its file's name.
        self._files += isinstance(body, str)
        if with_key or not isinstance(body, str) or self._files % _FILES_BY_KEYLESS != 1:
            entry.idempotency_key = entry.name
        send = self._request(entry, body, path)
        entry.started = time.monotonic()
        headers = {"Idempotency-Key": entry.idempotency_key} if entry.idempotency_key else {}
        answer = self._answered(lambda: send(headers), again=bool(headers))
        if answer is not None:
            entry.action_id = str(answer.json()["async_action_id"])
            self.counts.add("replayed", "Idempotent-Replayed" in answer.headers)
            entry.answered = time.monotonic()
            self._pending.append(entry)
        if len(self._pending) > _MAX_PENDING:
            self._wait_for(self._pending.pop(0))

    def _request(self, entry: Entry, body: Any, path: str) -> Request:
        if isinstance(body, str):
            file = {"file": (f"{entry.name}.csv", body)}
            return lambda headers: self.api.http.post(path, files=file, headers=headers)
        return lambda headers: self.api.http.post(path, json=body, headers=headers)

    def _answered(self, send: Callable[[], httpx.Response], *, again: bool = True) -> httpx.Response | None:
        """The answer that tells what became of it; None where there was none and the request cannot be repeated."""
        deadline, last = time.monotonic() + _TIMEOUT_SECONDS, ""
        while time.monotonic() < deadline:
            try:
                answer = send()
            except httpx.TransportError as error:
                last = repr(error)
            else:
                last = f"{answer.status_code} {answer.text}"
                if answer.status_code in (200, 202, 404):
                    return answer
                if answer.status_code == 409 and "send it again" not in answer.text:
                    return answer
                if answer.status_code not in (409, 429, 503):
                    self.counts.refusals.append(f"{answer.status_code} {answer.text}")
            self.counts.add("unclear")
            if not again:
                return None
            time.sleep(_PAUSE)
        raise AssertionError(f"no clear answer within {_TIMEOUT_SECONDS} seconds, the last one being {last}")

    def _cancel_now_and_then(self, entry: Entry) -> None:
        if entry.action_id is None or self._random.random() > 0.1:
            return
        path = f"/v1/async-actions/{entry.action_id}/cancel"
        answer = self._answered(lambda: self.api.http.post(path))
        if answer is not None and answer.status_code != 404:  # 404: this server cannot cancel
            entry.cancel_requested = True
            self.counts.add("cancels")

    def _wait_for(self, entry: Entry) -> None:
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            answer = self._answered(lambda: self.api.http.get(f"/v1/async-actions/{entry.action_id}"))
            if answer is not None and answer.json().get("status") in ENDED:
                entry.ended = time.monotonic()
                return
            time.sleep(_PAUSE)
        raise AssertionError(f"{entry.name} {entry.action_id} did not end within {_TIMEOUT_SECONDS} seconds")


class Throttle:
    """Spreads the load over the faults: by the time a share of the faults is through, so is that share of the rows."""

    def __init__(self, rows: int, faults: int, counts: Counts) -> None:
        self._rows = rows
        self._faults = faults
        self._counts = counts
        self._through = 0

    def fault_is_through(self) -> None:
        self._through += 1

    def wait_for_go(self) -> bool:
        """Wait until more is wanted; False when it is enough."""
        while True:
            if self._counts.rows >= self._rows and self._through >= self._faults:
                return False
            if self._counts.rows < self._rows * (self._through + 1) / self._faults or self._through >= self._faults:
                return True
            time.sleep(0.02)

    @property
    def is_behind(self) -> bool:
        """Whether the load is still to catch up with the faults."""
        return self._counts.rows < self._rows * self._through / self._faults
